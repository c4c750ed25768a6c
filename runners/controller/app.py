"""The routes of the API. Each one asks the engine; none decides anything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from runners.controller.answers import json_of as _json
from runners.controller.answers import number as _number
from runners.controller.credentials import Agents, forget_variables
from runners.controller.intent_words import intent_of
from runners.controller.past_routes import PastRoutes
from runners.controller.people import HEADER, People
from runners.controller.planning import plan_again, plan_request
from runners.engine.engine import Engine
from runners.model import api
from runners.model.errors import ControllerUnreachable, InputRefused, OndutyError
from runners.model.intents import Intent
from runners.model.inventory import Host
from runners.model.snapshot import RunSnapshot
from runners.model.wire import decode, encode, event_to_json

MAX_LOG_ANSWER_BYTES = 4 * 1024 * 1024
SIGN_OF_LIFE_S = 2.0
SELF_CHECK_S = 2.0
"""The store looks through itself for no longer: commits wait meanwhile."""

T = TypeVar("T")

log = logging.getLogger("onduty.controller")

_STATUS = {"refused": 409, "not_found": 404, "input": 422, "controller": 503, "bug": 500}
EXIT_BUG = 70


class _Stopping(ControllerUnreachable):
    """Answered while the controller ends. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__("the controller is stopping; nothing was changed", hint="onduty controller status")


class Routes:
    """The API over one engine."""

    def __init__(
        self,
        engine: Engine,
        *,
        hello: Callable[[str], api.Hello],
        agents: Agents,
        stop: Callable[[], None],
        people: People | None = None,
    ) -> None:
        self._engine = engine
        self._past = PastRoutes(engine)
        self._hello = hello
        self._agents = agents
        self._stop = stop
        self._people = people or People()
        self.open_streams = 0
        """Clients that follow something; while there are any the controller is not idle."""
        self.requests = 0
        """Asked since the start; while it moves the controller is not idle."""
        self.stopping = False
        """Whoever asks from now on is sent to the next controller."""

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/v1/hello", self._answer(self.hello)),
                Route("/v1/runs", self._answer(self.runs)),
                Route("/v1/runs", self._answer(self.start_run), methods=["POST"]),
                Route("/v1/pipelines/{name}/history", self._answer(self._past.history)),
                Route("/v1/runs/{uid}/usual", self._answer(self._past.usual)),
                Route("/v1/runs/{uid}/before", self._answer(self._past.before)),
                Route("/v1/find", self._answer(self.find)),
                Route("/v1/runs/{uid}", self._answer(self.snapshot)),
                Route("/v1/runs/{uid}/definition", self._answer(self.definition)),
                Route("/v1/runs/{uid}/stream", self._answer(self.stream)),
                Route("/v1/runs/{uid}/intents", self._answer(self.act), methods=["POST"]),
                Route("/v1/runs/{uid}/secrets", self._answer(self.give_secrets), methods=["POST"]),
                Route("/v1/runs/{uid}/logs/{key}", self._answer(self.log)),
                Route("/v1/runs/{uid}/hosts/{host:path}/readings", self._answer(self.readings)),
                Route("/v1/status/stream", self._answer(self.status)),
                Route("/v1/hosts", self._answer(self.hosts)),
                Route("/v1/self", self._answer(self.self_check)),
                Route("/v1/hosts/check", self._answer(self.hosts_check), methods=["POST"]),
                Route("/v1/hosts/login", self._answer(self.hosts_login), methods=["POST"]),
                Route("/v1/hosts/trusted", self._answer(self.hosts_trusted), methods=["POST"]),
                Route("/v1/controller/stop", self._answer(self.stop), methods=["POST"]),
            ],
            exception_handlers={HTTPException: _no_such_route},
        )

    def _answer(self, handler: Callable[[Request], object]) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            self.requests += 1
            if request.headers.get(HEADER):
                self._people.seen()
            try:
                if self.stopping:
                    raise _Stopping()
                return await handler(request)  # type: ignore[misc,no-any-return]
            except OndutyError as error:
                problem = problem_of(error)
            except Exception as error:
                if self.stopping:
                    # Its stores were closed below it; the next controller answers the same question.
                    problem = problem_of(_Stopping())
                else:
                    log.exception("%s %s failed", request.method, request.url.path)
                    problem = _bug(error)
            return _problem(problem, _STATUS.get(problem.type, 400))

        return endpoint

    async def hello(self, request: Request) -> Response:
        """Versions and identity; takes the caller's SSH agent."""
        self._take_agent(request.query_params.get("auth_sock"))
        return _json(self._hello(_user(request)))

    def _take_agent(self, path: str | None) -> None:
        if path and self._agents.offer(path):
            self._engine.hosts.credentials_changed()
        elif path:
            self._engine.hosts.agent_offered()

    async def runs(self, request: Request) -> Response:
        """Newest first."""
        return _json(await self._engine.records.runs(_number(request, "limit", 100)))

    async def find(self, request: Request) -> Response:
        """``name/number``, uid or ``last``."""
        uid = await self._engine.records.find(request.query_params.get("ref", ""))
        return _json(api.RunStarted(id=(await self._engine.records.state(uid)).name, uid=uid))

    async def start_run(self, request: Request) -> Response:
        """Plan the texts and start."""
        body = _body(await request.body(), api.StartRun)
        self._take_agent(body.auth_sock)
        definition, inventory = body.definition, body.inventory
        if body.again:
            pinned = await self._engine.records.definition(body.again)
            name = (await self._engine.records.state(body.again)).name
            definition, inventory = pinned.definition, pinned.inventory
            plan = await asyncio.to_thread(plan_again, body, name, pinned, self._engine.pin_source)
        else:
            plan = await asyncio.to_thread(plan_request, body, self._engine.pin_source)
        forget_variables(plan)
        state = await self._engine.create_run(
            plan,
            definition=definition,
            inventory=inventory,
            actor=_user(request),
            request_id=body.id,
            secrets=body.secrets,
        )
        return _json(api.RunStarted(id=state.name, uid=state.uid))

    async def snapshot(self, request: Request) -> Response:
        """Everything at one seq; with ``?brief=1`` the document alone."""
        uid = request.path_params["uid"]
        state = await self._engine.records.state(uid)
        document = self._engine.records.describe(state)
        if request.query_params.get("brief") == "1":
            return _json(api.RunAt(document=document, state=api.Seq(seq=state.seq)))
        return _json(RunSnapshot(document=document, state=state))

    async def definition(self, request: Request) -> Response:
        """The pinned plan and texts."""
        return _json(await self._engine.records.definition(request.path_params["uid"]))

    async def stream(self, request: Request) -> Response:
        """Events as NDJSON."""
        uid = request.path_params["uid"]
        await self._engine.records.state(uid)
        after = _number(request, "after", 0)
        follow = request.query_params.get("follow", "1") != "0"
        watching = request.query_params.get("watch") == "1"
        actor = _user(request)

        async def lines() -> AsyncIterator[bytes]:
            seen = after
            with self._following(request), self._engine.watch(uid, actor) if watching else nullcontext():
                async for piece in self._engine.records.event_pieces(uid, after, follow=follow):
                    if piece is None:
                        yield b'{"dropped": true, "after": %d}\n' % seen
                        return
                    seen = piece[-1].seq
                    yield b"".join(event_to_json(event) + b"\n" for event in piece)

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def act(self, request: Request) -> Response:
        """An intent; durable when this returns."""
        uid = request.path_params["uid"]
        body = _body(await request.body(), api.IntentRequest)
        intent = await self._intent(uid, body)
        if request.query_params.get("preview") == "1":
            return _json(await self._engine.preview(uid, intent))
        return _json(await self._engine.submit(uid, intent, _user(request)))

    async def give_secrets(self, request: Request) -> Response:
        """Values for a run; what it waited for is known when this returns."""
        uid = request.path_params["uid"]
        body = _body(await request.body(), api.GiveSecrets)
        answer = await self._engine.give_secrets(
            uid, intent_id=body.id, names=body.names, values=body.values, actor=_user(request)
        )
        return _json(answer)

    async def _intent(self, uid: str, body: api.IntentRequest) -> Intent:
        return intent_of(body, await self._engine.records.resolve_targets(uid, body.targets, body.intent))

    async def log(self, request: Request) -> Response:
        """Bytes of one execution."""
        size = min(_number(request, "bytes", MAX_LOG_ANSWER_BYTES), MAX_LOG_ANSWER_BYTES)
        data = await self._engine.records.read_log(
            request.path_params["uid"], request.path_params["key"], _number(request, "from", 0), size
        )
        return Response(data, media_type="application/octet-stream")

    async def readings(self, request: Request) -> Response:
        """How a host was while a run was on it; with ``?follow=1`` as NDJSON, each one as it comes.

        While it is followed the host is looked at often. An empty line's object is a sign of life.
        """
        uid, host = request.path_params["uid"], request.path_params["host"]
        known = await self._engine.hosts.readings(uid, host)
        if request.query_params.get("follow") != "1":
            return _json(known)

        async def lines() -> AsyncIterator[bytes]:
            self.open_streams += 1
            try:
                async for readings in self._engine.hosts.follow(uid, host, SIGN_OF_LIFE_S):
                    yield b"{}\n" if readings is None else b"".join(encode(one) + b"\n" for one in readings) or b"{}\n"
            finally:
                self.open_streams -= 1

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def status(self, request: Request) -> Response:
        """What is true only now, as NDJSON; with ``?run=UID`` of that run alone."""
        run = request.query_params.get("run", "")

        async def lines() -> AsyncIterator[bytes]:
            with self._following(request):
                async for status in self._engine.status_changes(SIGN_OF_LIFE_S, run=run):
                    yield encode(status) + b"\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def hosts(self, request: Request) -> Response:
        """Connections as they are."""
        return _json(self._engine.hosts.statuses())

    async def self_check(self, request: Request) -> Response:
        """Whether what is stored is sound, and what goes on."""
        try:
            found = await self._engine.check_store(SELF_CHECK_S)
        except OndutyError as error:
            found = error.message
        kept = self._engine.kept()
        return _json(
            api.SelfCheck(
                database=found,
                trouble=self._engine.trouble,
                live_runs=len(self._engine.records.live_runs()),
                hosts_connected=sum(host.phase == "connected" for host in self._engine.hosts.statuses()),
                agent=self._agents.current(),
                free_bytes=kept.free_bytes,
                least_free_bytes=kept.retention.least_free_bytes,
                kept_runs=kept.runs,
                kept_bytes=kept.size_bytes,
                kept_at=api.rfc3339(kept.looked_at),
                keeps_s=kept.retention.age_s,
                keeps_bytes=kept.retention.most_bytes,
                removed_runs=kept.removed,
                keeping_trouble=kept.trouble,
                logins_waiting=self._engine.logins.waiting,
            )
        )

    async def hosts_check(self, request: Request) -> Response:
        """Look at hosts, as NDJSON, each one as it comes; an empty object now and then is a sign of life."""
        hosts = _body(await request.body(), list[Host])

        async def lines() -> AsyncIterator[bytes]:
            with self._following(request):
                async for check in self._engine.hosts.check(hosts, SIGN_OF_LIFE_S):
                    yield b"{}\n" if check is None else encode(check) + b"\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def hosts_trusted(self, request: Request) -> Response:
        """Keys were recorded by the client."""
        self._engine.hosts.trusted(_body(await request.body(), list[str]))
        return _json({})

    async def hosts_login(self, request: Request) -> Response:
        """What a person does about a login that waits; answers go to the host that asked and nowhere else."""
        body = _body(await request.body(), api.LoginRequest)
        self._take_agent(request.query_params.get("auth_sock"))
        return _json(await self._engine.logins.act(body, _user(request)))

    @contextmanager
    def _following(self, request: Request) -> Iterator[None]:
        self.open_streams += 1
        try:
            with self._people.attend() if request.headers.get(HEADER) else nullcontext():
                yield
        finally:
            self.open_streams -= 1

    async def stop(self, request: Request) -> Response:
        """End; jobs on hosts go on."""
        self._stop()
        return _json({})


def problem_of(error: OndutyError) -> api.ProblemDetails:
    """RFC 9457 form of an error."""
    return api.ProblemDetails(
        type=error.kind,
        title=type(error).__name__,
        detail=error.message,
        hint=error.hint,
        problems=tuple(getattr(error, "problems", ())),
        exit_code=error.exit_code,
    )


def _bug(error: Exception) -> api.ProblemDetails:
    return api.ProblemDetails(
        type="bug",
        title=type(error).__name__,
        detail=f"this is a bug in the controller ({type(error).__name__}); what was durable stays, runs go on",
        hint="onduty controller status",
        exit_code=EXIT_BUG,
    )


async def _no_such_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = {404: "there is no such thing", 405: f"{request.method} is not possible"}.get(status, "refused")
    problem = api.ProblemDetails(
        type="not_found",
        title=f"HTTP {status}",
        detail=f"{request.url.path}: {words} in API version 1; nothing was done",
        hint="onduty controller restart",
        exit_code=InputRefused.exit_code,
    )
    return _problem(problem, status)


def _problem(problem: api.ProblemDetails, status: int) -> Response:
    return Response(encode(problem), status, media_type="application/problem+json")


def _body(data: bytes, kind: type[T]) -> T:
    try:
        return decode(data, kind)
    except ValueError as error:
        raise InputRefused(f"the request does not fit: {error}") from None


def _user(request: Request) -> str:
    return request.client.host if request.client else "unknown"
