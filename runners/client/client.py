"""Calls of the controller's API, typed. One ``ControllerClient`` per command or screen."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

from runners.client.http import Answer, LineBroken, SocketHttp
from runners.client.place import SocketPath
from runners.model import api
from runners.model.errors import ActionRefused, ControllerUnreachable, InputRefused, NotFound, OndutyError
from runners.model.wire import decode, encode, event_from_json

if TYPE_CHECKING:
    from runners.model.events import Event
    from runners.model.host_check import HostCheck
    from runners.model.inventory import Host
    from runners.model.metrics import HostReading
    from runners.model.preview import Preview
    from runners.model.snapshot import PlanAnswer, RunSnapshot

T = TypeVar("T")

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 60.0
"""Intents wait for a durable commit, never for a host."""
STATUS_SILENCE_S = 10.0
"""The controller sends a status line at least every 2 s; longer silence is a dead controller.
So it does while it looks at hosts."""


PERSON = "onduty-person"
"""Tells the controller that somebody is at a terminal, who can be asked for a password."""


class ProblemsFound(InputRefused):
    """The texts of a run have problems; ``problems`` lists them all."""

    def __init__(self, message: str, problems: Sequence[str], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class StreamDropped(OndutyError):
    """The controller let go of a reader that was too slow; follow again from the last event that was read."""


class ControllerClient:
    """An open line to one controller. Every call raises ``ControllerUnreachable`` when it does not answer."""

    def __init__(self, home: Path) -> None:
        """Made inside the event loop that will use it."""
        self.home = home
        self._socket = SocketPath(home)
        self._http = SocketHttp(
            self._socket.path,
            headers={PERSON: "1"} if _at_a_terminal() else None,
            connect_timeout_s=CONNECT_TIMEOUT_S,
            write_timeout_s=ANSWER_TIMEOUT_S,
        )

    async def __aenter__(self) -> ControllerClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up."""
        await self._http.close()
        self._socket.close()

    async def hello(self, *, auth_sock: str | None = None, version: str | None = None) -> api.Hello:
        """Who answers; offers this terminal's SSH agent, and says which onduty asks."""
        params = {name: value for name, value in (("auth_sock", auth_sock), ("version", version)) if value}
        return await self._get("/v1/hello", api.Hello, params)

    async def runs(self, limit: int = 100) -> list[api.RunSummary]:
        """The newest runs first."""
        return await self._get("/v1/runs", list[api.RunSummary], {"limit": limit})

    async def history(self, pipeline: str, limit: int = 20, environment: str = "") -> api.PipelineHistory:
        """Earlier runs of a pipeline, newest first, and how they usually go; of one environment, when it is named."""
        params = {"limit": limit, **({"environment": environment} if environment else {})}
        return await self._get(f"/v1/pipelines/{pipeline}/history", api.PipelineHistory, params)

    async def usual(self, uid: str) -> api.Usual:
        """How long runs like this one usually take."""
        return await self._get(f"/v1/runs/{uid}/usual", api.Usual)

    async def before(self, uid: str, job_run: str = "") -> api.Before:
        """What changed since the last good run, and whether the failure of ``stage/job@host`` was seen before."""
        return await self._get(f"/v1/runs/{uid}/before", api.Before, {"job": job_run} if job_run else {})

    async def start_run(self, request: api.StartRun) -> api.RunStarted:
        """Plan and start; raises ``ProblemsFound`` and nothing was started."""
        return await self._post("/v1/runs", request, api.RunStarted)

    async def find(self, ref: str) -> str:
        """The uid of ``name/number``, a uid or ``last``."""
        return (await self._get("/v1/find", api.RunStarted, {"ref": ref})).uid

    async def document(self, uid: str) -> api.RunAt:
        """The document of one run, and the seq it was read at."""
        return await self._get(f"/v1/runs/{uid}", api.RunAt, {"brief": 1})

    async def snapshot(self, uid: str) -> RunSnapshot:
        """State and document of one run."""
        from runners.model.snapshot import RunSnapshot

        return await self._get(f"/v1/runs/{uid}", RunSnapshot)

    async def definition(self, uid: str) -> PlanAnswer:
        """The pinned plan and the texts it was made from."""
        from runners.model.snapshot import PlanAnswer

        return await self._get(f"/v1/runs/{uid}/definition", PlanAnswer)

    async def act(self, uid: str, request: api.IntentRequest) -> api.IntentAnswer:
        """Ask for something; returns once it is durable, raises ``ActionRefused`` with the reason."""
        return await self._post(f"/v1/runs/{uid}/intents", request, api.IntentAnswer)

    async def give_secrets(self, uid: str, request: api.GiveSecrets) -> api.IntentAnswer:
        """Give a run its secrets; returns once it is durable that it has them."""
        return await self._post(f"/v1/runs/{uid}/secrets", request, api.IntentAnswer)

    async def preview(self, uid: str, request: api.IntentRequest) -> Preview:
        """What it would do now, or why it would be refused; nothing happens."""
        from runners.model.preview import Preview

        return await self._post(f"/v1/runs/{uid}/intents?preview=1", request, Preview)

    async def hosts(self) -> list[api.HostStatus]:
        """Connections as they are now."""
        return await self._get("/v1/hosts", list[api.HostStatus])

    async def self_check(self) -> api.SelfCheck:
        """What only the controller can say of itself."""
        return await self._get("/v1/self", api.SelfCheck)

    async def check_hosts(self, hosts: Sequence[Host]) -> AsyncGenerator[HostCheck, None]:
        """Look at these hosts now; each one as it comes. Nothing there is changed."""
        from runners.model.host_check import HostCheck

        body = encode(list(hosts))
        async with self._stream("/v1/hosts/check", {}, read_timeout_s=STATUS_SILENCE_S, body=body) as lines:
            async for line in lines:
                if line != b"{}":
                    yield decode(line, HostCheck)

    async def hosts_trusted(self, names: Sequence[str]) -> None:
        """Tell that keys were recorded: who waits for them tries again at once."""
        await self._send("POST", "/v1/hosts/trusted", content=encode(list(names)))

    async def login(self, request: api.LoginRequest, *, auth_sock: str | None = None) -> api.LoginReply:
        """Answer a login that waits, or try it now; offers this terminal's SSH agent. Waits for what the host says.

        Raises ``ActionRefused`` when somebody else answered first, and ``NotFound`` where nothing waits.
        """
        path = "/v1/hosts/login" + (f"?{urlencode({'auth_sock': auth_sock})}" if auth_sock else "")
        return await self._post(path, request, api.LoginReply)

    async def stop_controller(self) -> None:
        """Ask it to end. Jobs on hosts go on."""
        await self._send("POST", "/v1/controller/stop", content=b"{}")

    async def log(self, uid: str, key: str, offset: int, max_bytes: int) -> bytes:
        """Bytes of one execution's log."""
        return await self._send("GET", f"/v1/runs/{uid}/logs/{key}", params={"from": offset, "bytes": max_bytes})

    async def readings(self, uid: str, host: str) -> list[HostReading]:
        """How a host was while a run was on it, oldest first."""
        from runners.model.metrics import HostReading

        return await self._get(f"/v1/runs/{uid}/hosts/{quote(host, safe='')}/readings", list[HostReading])

    async def follow_readings(self, uid: str, host: str) -> AsyncGenerator[HostReading, None]:
        """As ``readings``, then each one as it comes; while this is open the host is looked at often."""
        from runners.model.metrics import HostReading

        path = f"/v1/runs/{uid}/hosts/{quote(host, safe='')}/readings"
        async with self._stream(path, {"follow": 1}, read_timeout_s=STATUS_SILENCE_S) as lines:
            async for line in lines:
                if line != b"{}":
                    yield decode(line, HostReading)

    async def events(
        self, uid: str, after: int = 0, *, follow: bool = True, watch: bool = False
    ) -> AsyncGenerator[Event, None]:
        """Events after ``after``; with ``follow`` it goes on until the controller ends.

        ``watch`` tells others that somebody looks. Raises ``StreamDropped`` when we were too slow.
        """
        async with aclosing(self.event_lines(uid, after, follow=follow, watch=watch)) as lines:
            async for line in lines:
                yield event_from_json(line)

    async def event_lines(
        self, uid: str, after: int = 0, *, follow: bool = False, watch: bool = False
    ) -> AsyncGenerator[bytes, None]:
        """As ``events``, each as the line of JSON that was written."""
        params = {"after": after, "follow": int(follow), "watch": int(watch)}
        async with self._stream(f"/v1/runs/{uid}/stream", params, read_timeout_s=None) as lines:
            async for line in lines:
                if line.startswith(b'{"dropped"'):
                    raise StreamDropped("this reader was too slow and was let go; follow again from the last event")
                yield line

    async def status(self, run: str = "") -> AsyncGenerator[api.Status, None]:
        """What is true only now, as it changes; with the uid of a ``run`` what is true of that alone."""
        params = {"run": run} if run else {}
        async with self._stream("/v1/status/stream", params, read_timeout_s=STATUS_SILENCE_S) as lines:
            async for line in lines:
                yield decode(line, api.Status)

    @asynccontextmanager
    async def _stream(
        self, path: str, params: dict[str, Any], *, read_timeout_s: float | None, body: bytes | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        method = "GET" if body is None else "POST"
        try:
            async with self._http.ask(method, path, params, content=body, read_timeout_s=read_timeout_s) as answer:
                if answer.status >= 400:
                    raise _error_of(answer.status, await answer.content())
                async with aclosing(_lines(answer)) as lines:
                    yield lines
        except LineBroken as error:
            raise _unreachable(self.home, error) from error

    async def _get(self, path: str, kind: type[T], params: dict[str, Any] | None = None) -> T:
        return decode(await self._send("GET", path, params=params), kind)

    async def _post(self, path: str, body: object, kind: type[T]) -> T:
        return decode(await self._send("POST", path, content=encode(body)), kind)

    async def _send(
        self, method: str, path: str, *, params: dict[str, Any] | None = None, content: bytes | None = None
    ) -> bytes:
        try:
            async with self._http.ask(method, path, params, content=content, read_timeout_s=ANSWER_TIMEOUT_S) as answer:
                body = await answer.content()
        except LineBroken as error:
            raise _unreachable(self.home, error) from error
        if answer.status >= 400:
            raise _error_of(answer.status, body)
        return body


def _at_a_terminal() -> bool:
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


async def _lines(answer: Answer) -> AsyncGenerator[bytes, None]:
    rest = b""
    async with aclosing(answer.chunks()) as chunks:
        async for chunk in chunks:
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                if line:
                    yield line


def _unreachable(home: Path, error: Exception) -> ControllerUnreachable:
    return ControllerUnreachable(
        f"the controller of {home} does not answer ({error or type(error).__name__}); runs on hosts go on without it",
        hint="onduty controller status",
    )


def _error_of(status: int, body: bytes) -> OndutyError:
    try:
        problem = decode(body, api.ProblemDetails)
    except ValueError:
        return OndutyError(f"the controller answered {status} without a reason")
    if problem.problems:
        return ProblemsFound(problem.detail, problem.problems, hint=problem.hint)
    kinds: dict[str, type[OndutyError]] = {
        "refused": ActionRefused,
        "not_found": NotFound,
        "input": InputRefused,
        "controller": ControllerUnreachable,
    }
    error = kinds.get(problem.type, OndutyError)(problem.detail, hint=problem.hint)
    error.kind, error.exit_code = problem.type, problem.exit_code
    return error
