"""The controller's own machine: the same supervisor, over child processes instead of SSH.

Shells get a session of their own, so neither ctrl-c in a terminal nor ``kill -9`` of the controller reaches what runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Mapping, Sequence
from typing import cast

from runners.adapters.conversation import REQUEST_DEADLINE_S
from runners.adapters.host_check import inspect_shells
from runners.adapters.shell_channel import ShellLost
from runners.adapters.supervised import open_session
from runners.adapters.to_the_end import owned
from runners.model.errors import HostRefused, HostUnreachable
from runners.model.inventory import Host
from runners.ports.logins import NoLogins
from runners.ports.transport import HostInspection, HostSession, SessionSink

_BUFFER_BYTES = 1 << 20
_WRITE_BYTES = 1 << 20
_PATIENCE_S = 0.5
"""How long a closed shell may take to end by itself: killed in the middle of a start it would leave half of one."""
_LOGIN_VARIABLES = frozenset(["HOME", "LANG", "LANGUAGE", "LOGNAME", "MAIL", "PATH", "SHELL", "TMPDIR", "TZ", "USER"])


def login_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What a login would have of ``environment``: a job must not depend on the terminal that started the controller."""
    return {
        name: value
        for name, value in environment.items()
        if name in _LOGIN_VARIABLES or name.startswith(("LC_", "XDG_"))
    }


class LocalTransport:
    """Opens sessions with this machine; keeps what ``Transport`` promises."""

    def __init__(
        self,
        *,
        env: Mapping[str, str] | None = None,
        shell: Sequence[str] = ("sh",),
        deadline_s: float = REQUEST_DEADLINE_S,
    ) -> None:
        """``env`` is the login's whole environment; its HOME is where executions live. None: taken from ours."""
        self._env = login_environment(os.environ) if env is None else dict(env)
        self._shell = tuple(shell)
        self._deadline_s = deadline_s
        self.logins = NoLogins()

    async def connect(self, host: Host, sink: SessionSink) -> HostSession:
        """As the promise says."""

        try:
            return await open_session(host, self.open_shell, sink, connect_s=0.0, deadline_s=self._deadline_s)
        except ShellLost as lost:
            raise HostUnreachable(f"no shell on this machine ({lost}); nothing was started") from None

    async def inspect(self, host: Host) -> HostInspection:
        """As the promise says."""
        try:
            return await inspect_shells(self.open_shell)
        except ShellLost as lost:
            raise HostUnreachable(f"no shell on this machine ({lost}); it was only looked at") from None

    async def open_shell(self) -> LocalShell:
        """Start one more shell. Raises ``HostRefused``."""
        return await LocalShell.open(self._shell, self._env)


class LocalShell(asyncio.SubprocessProtocol):
    """One shell on this machine; see ``ShellChannel`` for the promises."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._outputs = {
            1: asyncio.StreamReader(limit=_BUFFER_BYTES, loop=loop),
            2: asyncio.StreamReader(limit=_BUFFER_BYTES, loop=loop),
        }
        self._gone = asyncio.Event()
        self._exited = asyncio.Event()
        self._left = asyncio.Event()
        """It was reaped and its pipes are closed."""
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed = False
        """Nobody reads its output any more."""
        self._transport: asyncio.SubprocessTransport | None = None
        self._killer: asyncio.TimerHandle | None = None
        self._closer: asyncio.TimerHandle | None = None

    @classmethod
    async def open(cls, command: Sequence[str], env: Mapping[str, str]) -> LocalShell:
        """Start ``command``. Raises ``HostRefused`` when it cannot be started."""
        loop = asyncio.get_running_loop()
        starting = loop.subprocess_exec(cls, *command, env=dict(env), cwd=env.get("HOME", "/"), start_new_session=True)
        try:
            _, shell = await owned(starting, lambda started: started[1]._undone())
        except OSError as problem:
            raise HostRefused(
                f"{command[0]} cannot be started on this machine ({problem.strerror}); nothing was started"
            ) from None
        return shell

    @property
    def pid(self) -> int:
        """The shell's process."""
        assert self._transport is not None
        return self._transport.get_pid()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = process = cast(asyncio.SubprocessTransport, transport)
        for number, reader in self._outputs.items():
            if (pipe := process.get_pipe_transport(number)) is not None:
                reader.set_transport(pipe)
                # Larger pipes mean fewer turns of the loop for a flood. The user's share of them may be used up, the
                # system may know no such thing, and who asked for this shell may have closed it already.
                with contextlib.suppress(OSError, AttributeError, ValueError):
                    fcntl.fcntl(pipe.get_extra_info("pipe"), fcntl.F_SETPIPE_SZ, _BUFFER_BYTES)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        # Once it was closed nobody waits for more: whoever follows takes it up again where it stopped.
        if not self._closed:
            self._outputs[fd].feed_data(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd in self._outputs:
            self._outputs[fd].feed_eof()
        else:
            # Nobody reads our requests any more; what it said before may still be in the pipes.
            self._refuse_writes()

    def process_exited(self) -> None:
        self._exited.set()
        self._refuse_writes()
        if self._transport is not None and self._closed:
            self._transport.close()
        elif self._transport is not None:
            # Its last words are in the pipes, which end with it unless something that it started holds them.
            self._closer = asyncio.get_running_loop().call_later(_PATIENCE_S, self._transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._closer is not None:
            self._closer.cancel()
        self._end()
        if self._transport is not None:
            self._transport.close()
        self._left.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def write(self, data: bytes) -> None:
        """Send ``data`` and return once the pipe has taken nearly all of it. Raises ``ShellLost``."""
        assert self._transport is not None
        stdin = cast("asyncio.WriteTransport | None", self._transport.get_pipe_transport(0))
        for at in range(0, len(data), _WRITE_BYTES):
            if self._gone.is_set() or stdin is None:
                raise ShellLost("the shell ended")
            stdin.write(data[at : at + _WRITE_BYTES])
            await self._writable.wait()
        if self._gone.is_set():
            raise ShellLost("the shell ended")

    async def read_stdout(self, max_bytes: int) -> bytes:
        """The next bytes; ``b""`` at the end."""
        return await self._outputs[1].read(max_bytes)

    async def read_stderr(self, max_bytes: int) -> bytes:
        """As ``read_stdout``, for stderr."""
        return await self._outputs[2].read(max_bytes)

    def cut(self) -> None:
        """Close the pipes and let the shell find out, as a lost connection does."""
        if self._transport is not None:
            for number in (0, 1, 2):
                if (pipe := self._transport.get_pipe_transport(number)) is not None:
                    pipe.close()

    def close(self) -> None:
        """Close the pipes, which ends the shell once it has done what it was told; what it started runs on."""
        self.cut()
        self._end()
        if self._exited.is_set() and self._transport is not None:
            self._transport.close()
        elif self._killer is None:
            self._killer = asyncio.get_running_loop().call_later(_PATIENCE_S, self._kill)

    def _kill(self) -> None:
        if self._transport is not None and not self._exited.is_set():
            self._transport.kill()

    async def wait_closed(self) -> None:
        """Return when the shell is gone."""
        await self._exited.wait()

    async def _undone(self) -> None:
        """End it at once: it was told nothing yet. Return when nothing of it is left here."""
        assert self._transport is not None
        self._closed = True
        self._transport.close()
        await self._left.wait()

    def _refuse_writes(self) -> None:
        self._gone.set()
        self._writable.set()

    def _end(self) -> None:
        self._closed = True
        self._refuse_writes()
        for reader in self._outputs.values():
            if not reader.at_eof():
                reader.feed_eof()
