"""Hosts over SSH: one connection for everything, strict host keys, keys and agent; a person is asked elsewhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from asyncssh.public_key import SSHKey

from runners.adapters.host_check import inspect_shells
from runners.adapters.interactive import interactive_command
from runners.adapters.known_hosts import KeyStanding, KnownHosts, fingerprint, holds, key_type, record_key
from runners.adapters.shell_channel import ShellLost
from runners.adapters.ssh_config import SshConfig, SshOptions
from runners.adapters.ssh_dial import AgentPath, Dialler
from runners.adapters.ssh_handshake import Connection
from runners.adapters.ssh_login import changed_key, unreachable
from runners.adapters.ssh_pending import PendingLogins
from runners.adapters.ssh_shell_channel import SshShell, open_shell
from runners.adapters.ssh_streams import SshStreams
from runners.adapters.supervised import open_session
from runners.model.errors import HostRefused, SessionLost
from runners.model.inventory import Host
from runners.ports.transport import HostInspection, HostSession, SessionSink


def agent_of_the_environment() -> str | None:
    """The agent that this process was started with."""
    return os.environ.get("SSH_AUTH_SOCK")


class SshTransport:
    """Opens sessions over SSH; keeps what ``Transport`` promises.

    One object serves all hosts: files are read once, and the caps on handshakes and ``ssh -G`` are shared.
    """

    def __init__(
        self,
        *,
        agent_path: AgentPath = agent_of_the_environment,
        config: SshConfig | None = None,
        known_hosts: KnownHosts | None = None,
        person_there: Callable[[], bool] = lambda: True,
    ) -> None:
        """``agent_path`` is asked for every connection: the agent that came with a terminal leaves with it.

        ``person_there``: whether somebody is at a terminal, who can be asked for a password after keys were refused.
        """
        self._config = config or SshConfig()
        self._known_hosts = known_hosts or KnownHosts()
        self._dialler = Dialler(self._known_hosts, agent_path, person_there)
        self.logins = PendingLogins(self._dialler, self._config.resolve)

    async def resolve(self, host: Host) -> SshOptions:
        """How ``host`` is reached, with a ``notice`` for the person. Raises ``HostRefused``."""
        return await self._config.resolve(host)

    async def connect(self, host: Host, sink: SessionSink) -> HostSession:
        """Open a session within the connect timeout; see ``Transport.connect`` for what is raised."""
        options = await self._config.resolve(host)
        connection = await self.logins.connection(options)
        shells = _Shells(connection)
        try:
            session = await open_session(
                host, shells.open, sink, connect_s=connection.connect_s, open_stream=SshStreams(connection).open
            )
        except (ShellLost, SessionLost) as lost:
            await _end(connection)
            raise unreachable(options, f"let us in and then lost the session ({lost})") from None
        except BaseException:
            await _end(connection)
            raise
        # The handshake and the first exec are over: from here on delayed acknowledgements save packets.
        if connection.socket is not None:
            connection.socket.quick = False
        shells.end_with_the_last_one()
        return session

    async def inspect(self, host: Host) -> HostInspection:
        """As the promise says."""
        options = await self._config.resolve(host)
        connection = await self._dialler.dial(options)
        try:
            said = await inspect_shells(lambda: open_shell(connection))
        except ShellLost as lost:
            raise unreachable(options, f"let us in and then went silent ({lost})") from None
        finally:
            await _end(connection)
        key = connection.ssh.get_server_host_key()
        return replace(
            said,
            connect_s=connection.connect_s,
            key_type=key_type(key) if key is not None else "",
            fingerprint=fingerprint(key) if key is not None else "",
        )

    async def scan_keys(self, host: Host) -> list[tuple[str, str, SSHKey]]:
        """The host's keys as (type, ``SHA256:…``, key), one of each type it has. Sends nothing but the key exchange.

        Raises ``HostUnreachable`` or ``HostRefused``.
        """
        options = await self._config.resolve(host)
        return [(key_type(key), fingerprint(key), key) for key in await self._dialler.scan(options)]

    async def unknown_hop(self, host: Host) -> Host | None:
        """The first host on the way to ``host`` of which no key is on record; None when all are known.

        It can be scanned and trusted like any host. Raises ``HostRefused``.
        """
        options = await self._config.resolve(host)
        for position, hop in enumerate(options.hops):
            record = await self._dialler.look_up(hop)
            if not (record.keys or record.portless_keys or record.authorities or hop.accept_new):
                before = tuple(one.declared for one in options.hops[:position] if one.declared is not None)
                assert hop.declared is not None, "every hop is resolved from a host"
                return replace(hop.declared, jump=before)
        return None

    async def trust_keys(self, host: Host, keys: Sequence[SSHKey]) -> tuple[str, int]:
        """Record ``keys`` for ``host``; return the file and how many lines were added (0: all were there).

        Raises ``HostKeyChanged`` when other keys are on record, and ``HostRefused`` when the file cannot be written
        or there is none; then nothing was written.
        """
        options = await self._config.resolve(host)
        record = await self._dialler.look_up(options)
        recorded_types = {key_type(key) for key in record.keys}
        agrees = any(holds(record.keys, key) for key in keys)
        for key in keys:
            standing = record.judge(key)
            if standing is KeyStanding.REVOKED:
                raise changed_key(options, record, key, revoked=True)
            # A host on record may add a key of a new type, but only beside one that is known.
            if standing is KeyStanding.CHANGED and (not agrees or key_type(key) in recorded_types):
                raise changed_key(options, record, key)
        if not options.known_hosts:
            raise HostRefused(f"{host.name} has no known_hosts file (UserKnownHostsFile none); nothing was written")
        path = options.known_hosts[0]
        new = [key for key in keys if not holds(record.keys, key)]

        def write() -> int:
            return sum(record_key(path, options.record_name, key, hashed=options.hash_known_hosts) for key in new)

        try:
            return path, await asyncio.to_thread(write)
        except OSError as problem:
            raise HostRefused(f"{path} cannot be written ({problem.strerror}); {host.name} is not trusted") from None

    async def interactive_command(self, host: Host) -> list[str]:
        """The program and arguments of a shell on ``host`` in the person's own terminal."""
        return interactive_command(host, ssh_program=self._config.program)


class _Shells:
    """The shells of one session. The connection lives as long as they do."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._watchers: set[asyncio.Task[None]] = set()
        self._ends_with_the_last = False

    async def open(self) -> SshShell:
        shell = await open_shell(self._connection)
        watcher = asyncio.create_task(shell.wait_closed(), name=f"shell of {self._connection.login.options.host}")
        self._watchers.add(watcher)
        watcher.add_done_callback(self._forget)
        return shell

    def end_with_the_last_one(self) -> None:
        self._ends_with_the_last = True
        self._end_when_empty()

    def _forget(self, watcher: asyncio.Task[None]) -> None:
        self._watchers.discard(watcher)
        self._end_when_empty()

    def _end_when_empty(self) -> None:
        if self._ends_with_the_last and not self._watchers:
            self._connection.ssh.close()


async def _end(connection: Connection) -> None:
    connection.ssh.abort()
    await connection.ssh.wait_closed()
