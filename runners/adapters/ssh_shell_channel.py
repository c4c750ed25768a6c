"""An ``exec sh`` channel on an SSH connection, as the session protocol wants it: bytes, flow control, an end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import cast

import asyncssh
from asyncssh.stream import SSHClientStreamSession

from runners.adapters.shell_channel import ShellLost
from runners.adapters.ssh_handshake import Connection
from runners.adapters.ssh_login import reason
from runners.model.errors import HostRefused

REMOTE_COMMAND = "exec sh"
"""The whole exec line: the login shell replaces itself, whatever it is."""
WINDOW_BYTES = 4 << 20
"""What may be on its way or unread; the brake on a host that writes faster than we store."""
MAX_PACKET_BYTES = 256 << 10
"""Large packets carry a third more per second than the default 32 KiB."""
OPEN_TIMEOUT_S = 10.0
OPEN_ATTEMPTS = 5
FIRST_REOPEN_DELAY_S = 0.05


class _ShellSession(SSHClientStreamSession[bytes]):
    """The library's streams, and the moment when the shell itself ended.

    Supervisors hold copies of the helper's stdout, so its channel stays open after it died; only the exit status tells.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ended = asyncio.Event()

    def exit_status_received(self, status: int) -> None:
        super().exit_status_received(status)
        self.ended.set()

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        super().exit_signal_received(signal, core_dumped, msg, lang)
        self.ended.set()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.ended.set()


class SshShell:
    """One shell on the host; see ``ShellChannel`` for the promises."""

    def __init__(
        self, channel: asyncssh.SSHClientChannel[bytes], session: _ShellSession, lost_cause: Callable[[], str]
    ) -> None:
        self._channel = channel
        self._session = session
        self._stdin = asyncssh.SSHWriter[bytes](session, channel)
        self._stdout = asyncssh.SSHReader[bytes](session, channel)
        self._stderr = asyncssh.SSHReader[bytes](session, channel, asyncssh.EXTENDED_DATA_STDERR)
        self._lost_cause = lost_cause

    async def write(self, data: bytes) -> None:
        """Send ``data`` and return once the window has taken nearly all of it. Raises ``ShellLost``."""
        try:
            self._stdin.write(data)
            await self._stdin.drain()
        except (OSError, asyncssh.Error) as problem:
            raise ShellLost(self._lost_cause() or reason(problem)) from None
        if self._channel.is_closing() or self._session.ended.is_set():
            raise ShellLost(self._lost_cause() or "the shell ended")

    async def read_stdout(self, max_bytes: int) -> bytes:
        """The next bytes; ``b""`` at the end."""
        return await _read(self._stdout, max_bytes)

    async def read_stderr(self, max_bytes: int) -> bytes:
        """As ``read_stdout``, for stderr."""
        return await _read(self._stderr, max_bytes)

    def close(self) -> None:
        """Close the channel without waiting for the host to agree."""
        self._channel.close()
        self._session.ended.set()

    async def wait_closed(self) -> None:
        """Return when the shell or the channel is gone, or ``close`` was called."""
        await self._session.ended.wait()


async def open_shell(connection: Connection) -> SshShell:
    """Open one more ``exec sh``.

    sshd frees session slots late, and a refused channel proves that nothing started, so a refusal is tried again a
    few times. Raises ``ShellLost`` when the connection is gone and ``HostRefused`` when the host keeps refusing.
    """
    delay_s = FIRST_REOPEN_DELAY_S
    for attempt in range(1, OPEN_ATTEMPTS + 1):
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                channel, session = await connection.ssh.create_session(
                    _ShellSession,
                    REMOTE_COMMAND,
                    request_pty=False,
                    env=None,
                    send_env=None,
                    encoding=None,
                    window=WINDOW_BYTES,
                    max_pktsize=MAX_PACKET_BYTES,
                )
        except TimeoutError:
            raise ShellLost(f"no shell opened within {OPEN_TIMEOUT_S:g} s") from None
        except asyncssh.ChannelOpenError as problem:
            if connection.ssh.is_closed() or connection.login.lost_cause:
                raise ShellLost(connection.login.lost_cause or reason(problem)) from None
            if attempt == OPEN_ATTEMPTS:
                raise HostRefused(
                    f"{connection.login.options.label} does not open a shell ({reason(problem)}); "
                    "nothing was started there"
                ) from None
        except (OSError, asyncssh.Error) as problem:
            raise ShellLost(connection.login.lost_cause or reason(problem)) from None
        else:
            return SshShell(channel, cast(_ShellSession, session), lambda: connection.login.lost_cause)
        await asyncio.sleep(random.uniform(delay_s / 2, delay_s))  # noqa: S311  # spreads load, protects nothing
        delay_s *= 2
    raise AssertionError("the last attempt returns or raises")


async def _read(stream: asyncssh.SSHReader[bytes], max_bytes: int) -> bytes:
    try:
        return await stream.read(max_bytes)
    except (OSError, asyncssh.Error):
        # A broken connection ends the stream; who waits for the end learns the cause from the channel.
        return b""
