"""What a host of the loopback fleet does with a session: a real shell, on pipes or on a real terminal.

As sshd does it (session.c): the login shell with ``-c`` and the command, its own session, three pipes; or, for an
interactive shell, a new terminal as the controlling one. A lost connection closes the pipes and signals nobody; a
lost terminal hangs up, because the kernel says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping

import asyncssh

SHELL = "/bin/sh"
_READ_BYTES = 128 << 10
_STDERR = asyncssh.EXTENDED_DATA_STDERR
# A session leader without a terminal gets the first one it opens: no code runs between fork and exec.
_TAKE_TERMINAL = 'exec <"$0" >"$0" 2>"$0"; exec "$@"'


class ShellSession(asyncssh.SSHServerSession[bytes]):
    """One session channel of one host."""

    def __init__(
        self,
        *,
        home: str,
        env: Mapping[str, str],
        on_command: Callable[[str | None], None],
        track: Callable[[asyncio.Task[None]], None],
    ) -> None:
        """``on_command`` hears the exec line (None: an interactive shell); ``track`` gets the task that waits for the
        shell, which outlives the connection."""
        self._home = home
        self._env = dict(env)
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._command: str | None = None
        self._terminal: tuple[str, int, int] | None = None
        self._master: int | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._stdin: asyncio.WriteTransport | None = None
        self._stdin_closed = False
        self._early: list[bytes] = []
        self._early_eof = False
        self._outputs: list[_Output] = []
        self._on_command = on_command
        self._track = track

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        width, height, _, _ = term_size
        self._terminal = (term_type or "dumb", width, height)
        return True

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        if self._master is not None:
            _set_size(self._master, width, height)

    def shell_requested(self) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    def session_started(self) -> None:
        self._track(asyncio.get_running_loop().create_task(self._run()))

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if self._stdin is None:
            self._early.append(data)
        elif not self._stdin_closed:
            self._stdin.write(data)

    def eof_received(self) -> bool:
        if self._stdin is None:
            self._early_eof = True
        elif self._master is None and not self._stdin_closed:
            self._stdin.close()
        return True

    def pause_writing(self) -> None:
        for output in self._outputs:
            output.pause()

    def resume_writing(self) -> None:
        for output in self._outputs:
            output.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel = None
        self._let_go()

    async def _run(self) -> None:
        channel = self._channel
        if channel is None:
            return
        self._on_command(self._command)
        try:
            status = await (self._run_on_pipes() if self._terminal is None else self._run_on_terminal())
        except OSError as problem:
            if self._channel is not None:
                channel.write(f"{problem}\n".encode(), _STDERR)
            status = 126
        for output in self._outputs:
            await output.ended.wait()
        if self._channel is not None:
            if status < 0:
                channel.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
            else:
                channel.exit(status)

    async def _run_on_pipes(self) -> int:
        command = [SHELL, "-l"] if self._command is None else [SHELL, "-c", self._command]
        ends: list[int] = []
        try:
            for _ in range(3):
                ends += os.pipe()
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=ends[0],
                stdout=ends[3],
                stderr=ends[5],
                cwd=self._home,
                env=self._env,
                start_new_session=True,
            )
            await self._feed(ends[1])
            await self._drain(ends[2], None)
            await self._drain(ends[4], _STDERR)
        finally:
            for end in (*ends[:1], *ends[3:4], *ends[5:6]):
                os.close(end)
        return await self._process.wait()

    async def _run_on_terminal(self) -> int:
        assert self._terminal is not None
        term, width, height = self._terminal
        self._master, slave = pty.openpty()
        try:
            _set_size(self._master, width, height)
            command = [SHELL, "-l"] if self._command is None else [SHELL, "-c", self._command]
            self._process = await asyncio.create_subprocess_exec(
                SHELL,
                "-c",
                _TAKE_TERMINAL,
                os.ttyname(slave),
                *command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self._home,
                env=self._env | {"TERM": term},
                start_new_session=True,
            )
            await self._feed(os.dup(self._master))
            await self._drain(os.dup(self._master), None)
            status = await self._process.wait()
        finally:
            # While we hold the slave the terminal cannot hang up before the shell has opened it.
            os.close(slave)
        return status

    async def _feed(self, descriptor: int) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_write_pipe(
            lambda: _Brake(self._brake, self._stdin_ended), os.fdopen(descriptor, "wb", 0)
        )
        if self._channel is None:
            transport.close()
            return
        self._stdin = transport
        for data in self._early:
            transport.write(data)
        self._early.clear()
        if self._early_eof and self._master is None:
            transport.close()

    async def _drain(self, descriptor: int, datatype: asyncssh.DataType) -> None:
        output = _Output(lambda data: self._emit(data, datatype))
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: output, os.fdopen(descriptor, "rb", 0))
        self._outputs.append(output)
        if self._channel is None:
            output.close()

    def _emit(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.write(data, datatype)

    def _brake(self, on: bool) -> None:
        if self._channel is None:
            return
        if on:
            self._channel.pause_reading()
        else:
            self._channel.resume_reading()

    def _stdin_ended(self) -> None:
        self._stdin_closed = True

    def _let_go(self) -> None:
        """Close our ends of pipes and terminal; what runs on is not ours to signal."""
        if self._stdin is not None and not self._stdin_closed:
            # Not close(): that would wait until a process that never reads has taken everything.
            self._stdin.abort()
        for output in self._outputs:
            output.close()
        if self._master is not None:
            os.close(self._master)
            self._master = None


class _Brake(asyncio.BaseProtocol):
    """Stops reading from the client while the shell does not take its input."""

    def __init__(self, brake: Callable[[bool], None], ended: Callable[[], None]) -> None:
        self._brake = brake
        self._ended = ended

    def pause_writing(self) -> None:
        self._brake(True)

    def resume_writing(self) -> None:
        # Later, not now: the pipe calls this in the middle of a write, and an end of file that is delivered inside it
        # closes the pipe over what is still buffered (asyncio, unix_events._write_ready).
        asyncio.get_running_loop().call_soon(self._brake, False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended()


class _Output(asyncio.Protocol):
    """One of the shell's outputs, read no faster than the client takes it."""

    def __init__(self, emit: Callable[[bytes], None]) -> None:
        self._emit = emit
        self._transport: asyncio.ReadTransport | None = None
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.ReadTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._emit(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.ended.set()

    def pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _set_size(descriptor: int, width: int, height: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
