"""Connections from a host to somewhere, over its SSH connection (RFC 4254, 7.2, direct-tcpip)."""

from __future__ import annotations

import asyncssh

from runners.adapters.ssh_handshake import Connection
from runners.adapters.ssh_login import reason
from runners.model.errors import SessionLost
from runners.ports.byte_stream import StreamRefused


class SshStreams:
    """Opens them; jump hosts are in the connection already."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def open(self, host: str, port: int) -> SshStream:
        """Connect from the host. Raises ``StreamRefused``, and ``SessionLost`` when the connection is gone."""
        try:
            reader, writer = await self._connection.ssh.open_connection(host, port, encoding=None)
        except asyncssh.ChannelOpenError as problem:
            if self._connection.ssh.is_closed() or self._connection.login.lost_cause:
                raise SessionLost(self._connection.login.lost_cause or reason(problem)) from None
            raise StreamRefused(_words(problem, self._connection.login.options.label)) from None
        except (OSError, asyncssh.Error) as problem:
            raise SessionLost(self._connection.login.lost_cause or reason(problem)) from None
        return SshStream(reader, writer)


class SshStream:
    """One channel; see ``ByteStream`` for the promises."""

    def __init__(self, reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
        self._reader = reader
        self._writer = writer

    async def receive(self, max_bytes: int) -> bytes:
        """The next bytes; ``b""`` at the end."""
        try:
            return await self._reader.read(max_bytes)
        except asyncssh.Error as problem:
            raise ConnectionResetError(104, reason(problem)) from None

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except asyncssh.Error as problem:
            raise ConnectionResetError(104, reason(problem)) from None

    async def close(self) -> None:
        """Close without waiting for the host to agree."""
        self._writer.close()


def _words(problem: asyncssh.ChannelOpenError, label: str) -> str:
    if problem.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
        return f"{label} allows no forwarding (AllowTcpForwarding)"
    # OpenSSH says nothing but "Connection refused", "open failed" or a resolver's words here.
    return problem.reason or "Connection refused"
