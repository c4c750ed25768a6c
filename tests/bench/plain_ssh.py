"""The plain way over the same library: asyncssh with its stock settings on a connection that is kept open."""

from __future__ import annotations

import asyncssh

from tests.bench.measure import BenchFailed
from tests.ssh.sshd import Sshd

PACKET_BYTES = 256 << 10
WINDOW_BYTES = 4 << 20
READ_BYTES = 1 << 20


async def open_plain(daemon: Sshd, *, cipher: str | None = None) -> asyncssh.SSHClientConnection:
    """A connection; ``cipher`` None leaves the choice to the library."""
    host = daemon.host
    return await asyncssh.connect(
        host.address,
        host.port or 22,
        config=None,
        username=host.user,
        client_keys=[str(daemon.identity)],
        known_hosts=str(daemon.known_hosts),
        agent_path=None,
        encoding=None,
        encryption_algs=[cipher] if cipher else (),
    )


async def run_plain(connection: asyncssh.SSHClientConnection, command: str) -> bytes:
    """What ``command`` prints; raises ``BenchFailed`` unless it exits 0."""
    done = await connection.run(command, encoding=None)
    if done.exit_status != 0:
        raise BenchFailed(f"{command!r} ended with {done.exit_status} over a plain channel")
    assert isinstance(done.stdout, bytes)
    return done.stdout


async def read_plain(connection: asyncssh.SSHClientConnection, command: str) -> int:
    """How many bytes ``command`` printed; they are thrown away. Large packets and window, as ours."""
    process = await connection.create_process(command, encoding=None, max_pktsize=PACKET_BYTES, window=WINDOW_BYTES)
    count = 0
    while data := await process.stdout.read(READ_BYTES):
        count += len(data)
    await process.wait()
    return count
