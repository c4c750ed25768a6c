"""A fleet of SSH hosts on loopback: real SSH, real shells, throw-away keys, a home folder for each host.

Tests cut its connections and stop its hosts; ``onduty demo`` runs it as a process of its own
(``python -m runners.testing.fleet --dir DIR --hosts web1,web2``), which writes ``inventory.yaml``, ``known_hosts``,
``id`` and ``fleet.json`` into DIR and lives until SIGTERM or until DIR is removed. Everybody who can read DIR/id can
log in, as the person who runs it: DIR is 0700, and the hosts listen on 127.0.0.1 only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import getpass
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import psutil

from runners.model.inventory import Host
from runners.testing.fleet_files import KEY_TYPE, key_in, ports_in, public_text, write_private
from runners.testing.fleet_logins import AskingServer, Asks
from runners.testing.fleet_shell import SHELL, ShellSession

LOOPBACK = "127.0.0.1"
MAX_SESSIONS = 10
"""sshd's stock ``MaxSessions``."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FOLDER_CHECK_S = 5.0


@dataclass(slots=True, kw_only=True)
class FleetHost:
    """One host of the fleet."""

    name: str
    home: Path
    key: asyncssh.SSHKey
    port: int = 0
    """0 until it was started for the first time; kept when it is started again."""
    commands: list[str | None] = field(default_factory=list)
    """Every exec line that was executed, in order; None for an interactive shell."""
    logins: list[str] = field(default_factory=list)
    """Every user name that began to log in, in order."""
    connections: set[asyncssh.SSHServerConnection] = field(default_factory=set)
    shells: set[asyncio.Task[None]] = field(default_factory=set)
    listener: asyncssh.SSHAcceptor | None = None
    asks: Asks | None = None
    """What whoever logs in is asked; counts for those who come from then on, its ``grace_s`` from the next start."""

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` of its host key."""
        return self.key.get_fingerprint("sha256")


class Fleet:
    """Hosts in this process. ``start`` and ``stop`` without a name mean all of them and the files around them."""

    def __init__(
        self,
        folder: Path,
        hosts: Sequence[str],
        *,
        groups: Mapping[str, Sequence[str]] | None = None,
        variables: Mapping[str, Mapping[str, str]] | None = None,
        environment: str | None = None,
        user: str | None = None,
    ) -> None:
        """Nothing is written yet. ``user`` is the login that the inventory names; every name is let in.

        ``variables`` are the inventory's ``vars`` by host.
        """
        self.folder = folder.absolute()
        self._names = tuple(hosts)
        self._groups = dict(groups or {})
        self._variables = dict(variables or {})
        self._environment = environment
        self._user = user or getpass.getuser()
        self._hosts: dict[str, FleetHost] = {}
        self._client_key: asyncssh.SSHKey | None = None

    @property
    def inventory(self) -> Path:
        """The inventory file that names all hosts."""
        return self.folder / "inventory.yaml"

    @property
    def known_hosts(self) -> Path:
        """Lists the key of every host."""
        return self.folder / "known_hosts"

    @property
    def identity(self) -> Path:
        """The one private key that every host lets in."""
        return self.folder / "id"

    def __getitem__(self, name: str) -> FleetHost:
        return self._hosts[name]

    def host(self, name: str) -> Host:
        """What a transport needs to reach the host."""
        return Host(
            name=name,
            address=LOOPBACK,
            port=self._hosts[name].port,
            user=self._user,
            identity=str(self.identity),
            known_hosts=str(self.known_hosts),
        )

    async def start(self, name: str | None = None) -> None:
        """Start one host again, on its old port, or everything. A host that runs is left alone.

        Raises ``OSError`` when its port is taken.
        """
        if name is not None:
            await self._listen(self._hosts[name])
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # It may have been made by somebody who only wanted to furnish the homes.
        self.folder.chmod(0o700)
        self._client_key = key_in(self.identity)
        ports = ports_in(self.folder / "fleet.json")
        for each in self._names:
            if each not in self._hosts:
                home = self.folder / "hosts" / each
                home.mkdir(mode=0o700, parents=True, exist_ok=True)
                key = key_in(self.folder / "keys" / each)
                self._hosts[each] = FleetHost(name=each, home=home, key=key, port=ports.get(each, 0))
            try:
                await self._listen(self._hosts[each])
            except OSError:
                self._hosts[each].port = 0
                await self._listen(self._hosts[each])
        self._write_files()

    async def stop(self, name: str | None = None) -> None:
        """Stop one host, whose jobs run on, or everything: then jobs are killed too. Stopping twice is fine."""
        if name is not None:
            await self._unlisten(self._hosts[name])
            return
        for host in self._hosts.values():
            await self._unlisten(host)
        await asyncio.gather(*(self._kill_jobs(host) for host in self._hosts.values()))
        (self.folder / "fleet.json").unlink(missing_ok=True)

    async def drop_connections(self, name: str) -> int:
        """Cut every connection of the host, as a broken link would; what runs there runs on. How many there were."""
        connections = list(self._hosts[name].connections)
        for connection in connections:
            connection.abort()
        for connection in connections:
            await connection.wait_closed()
        return len(connections)

    async def change_host_key(self, name: str) -> FleetHost:
        """Let the host show another key from now on, without anybody being told."""
        host = self._hosts[name]
        await self._unlisten(host)
        host.key = asyncssh.generate_private_key(KEY_TYPE)
        await self._listen(host)
        return host

    async def _listen(self, host: FleetHost) -> None:
        if host.listener is not None:
            return
        assert self._client_key is not None
        accepted = self._client_key.public_data
        host.listener = await asyncssh.listen(
            LOOPBACK,
            host.port,
            server_factory=lambda: _Server(host, self._user, accepted),
            server_host_keys=[host.key],
            config=None,
            encoding=None,
            line_editor=False,
            gss_host=None,
            agent_forwarding=False,
            x11_forwarding=False,
            max_pktsize=256 << 10,
            login_timeout=host.asks.grace_s if host.asks is not None else 120,
        )
        host.port = host.listener.get_port()

    async def _unlisten(self, host: FleetHost) -> None:
        listener, host.listener = host.listener, None
        if listener is not None:
            listener.close()
        await self.drop_connections(host.name)
        if listener is not None:
            await listener.wait_closed()

    async def _kill_jobs(self, host: FleetHost) -> None:
        """Kill what lives in the host's home: the folder is ours alone, so nothing else can have it as HOME."""
        while processes := await asyncio.to_thread(_living_in, str(host.home)):
            for process in processes:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            await asyncio.sleep(0.01)
        if host.shells:
            await asyncio.wait(host.shells)

    def _write_files(self) -> None:
        lines = [f"[{LOOPBACK}]:{host.port} {public_text(host.key)}" for host in self._hosts.values()]
        write_private(self.known_hosts, "\n".join(lines) + "\n")
        write_private(self.inventory, self._inventory_text())
        hosts = {host.name: {"port": host.port, "home": str(host.home)} for host in self._hosts.values()}
        write_private(self.folder / "fleet.json", json.dumps({"pid": os.getpid(), "hosts": hosts}, indent=2) + "\n")

    def _inventory_text(self) -> str:
        # JSON strings are YAML strings, whatever the folder is called.
        lines = ["# written by the loopback fleet; throw-away keys, this machine only"]
        if self._environment:
            lines.append(f"environment: {json.dumps(self._environment)}")
        defaults = {"user": self._user, "identity": str(self.identity), "known_hosts": str(self.known_hosts)}
        lines.append("defaults:")
        lines += [f"  {key}: {json.dumps(value)}" for key, value in defaults.items()]
        lines.append("hosts:")
        lines += [f"  {json.dumps(host.name)}: {self._host_text(host)}" for host in self._hosts.values()]
        if self._groups:
            lines.append("groups:")
            lines += [f"  {json.dumps(name)}: {json.dumps(list(hosts))}" for name, hosts in self._groups.items()]
        return "\n".join(lines) + "\n"

    def _host_text(self, host: FleetHost) -> str:
        keys = [f"address: {LOOPBACK}", f"port: {host.port}"]
        own = self._variables.get(host.name)
        if own:
            keys.append(f"vars: {json.dumps(dict(own))}")
        return f"{{{', '.join(keys)}}}"


class _Server(AskingServer):
    """One connection to one host."""

    def __init__(self, host: FleetHost, user: str, accepted: bytes) -> None:
        super().__init__(host.asks)
        self._host = host
        self._user = user
        self._accepted = accepted
        self._connection: asyncssh.SSHServerConnection | None = None
        self._sessions = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._host.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._host.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        self._host.logins.append(username)
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key.public_data == self._accepted

    def session_requested(self) -> ShellSession:
        if self._sessions >= MAX_SESSIONS:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, "no more sessions")
        self._sessions += 1
        return ShellSession(
            home=str(self._host.home),
            env=self._environment(),
            on_command=self._host.commands.append,
            track=self._track,
        )

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        """As sshd's ``AllowTcpForwarding``, to this machine alone."""
        return dest_host in (LOOPBACK, "localhost")

    def _track(self, shell: asyncio.Task[None]) -> None:
        self._host.shells.add(shell)
        shell.add_done_callback(self._shell_ended)

    def _shell_ended(self, shell: asyncio.Task[None]) -> None:
        self._sessions -= 1
        self._host.shells.discard(shell)

    def _environment(self) -> dict[str, str]:
        """What sshd sets for a session (session.c, do_setup_env)."""
        return {
            "USER": self._user,
            "LOGNAME": self._user,
            "HOME": str(self._host.home),
            "PATH": PATH,
            "SHELL": SHELL,
            "PS1": f"{self._host.name}:$PWD$ ",
            "SSH_CONNECTION": f"{LOOPBACK} 0 {LOOPBACK} {self._host.port}",
        }


def _living_in(home: str) -> list[psutil.Process]:
    """Processes of ours that were started in this home; zombies have no environment any more."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOME") == home:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


async def serve(fleet: Fleet, ready_fd: int | None) -> int:
    """Run the fleet until SIGTERM, SIGINT or the end of its folder; report through ``ready_fd``."""
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    # The terminal that started it may go away.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        await fleet.start()
    except (OSError, ValueError) as problem:
        _report(ready_fd, f"error: {problem}")
        await fleet.stop()
        return 1
    _report(ready_fd, "ready")
    while not ending.is_set() and (fleet.folder / "fleet.json").exists():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FOLDER_CHECK_S):
                await ending.wait()
    await fleet.stop()
    return 0


def _report(ready_fd: int | None, line: str) -> None:
    if ready_fd is None:
        print(line, flush=True)
        return
    with contextlib.suppress(OSError), os.fdopen(ready_fd, "w") as pipe:
        pipe.write(line + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a fleet as a process. Returns the exit status: 0 stopped, 1 not started."""
    parser = argparse.ArgumentParser(prog="python -m runners.testing.fleet", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="folder of the fleet, created 0700")
    parser.add_argument("--hosts", required=True, help="names, separated by commas")
    parser.add_argument("--group", action="append", default=[], metavar="NAME=HOST,HOST")
    parser.add_argument("--var", action="append", default=[], metavar="HOST:NAME=VALUE")
    parser.add_argument("--environment", help="the inventory's environment")
    parser.add_argument("--ready-fd", type=int, help="gets 'ready' or 'error: …', one line, then it is closed")
    chosen = parser.parse_args(arguments)
    groups = {name: hosts.split(",") for name, _, hosts in (group.partition("=") for group in chosen.group)}
    variables: dict[str, dict[str, str]] = {}
    for place, _, value in (each.partition("=") for each in chosen.var):
        host, _, name = place.partition(":")
        variables.setdefault(host, {})[name] = value
    os.umask(0o077)
    chosen.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(chosen.dir / "fleet.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _report(chosen.ready_fd, f"error: a fleet runs in {chosen.dir} already")
            return 1
        fleet = Fleet(
            chosen.dir, chosen.hosts.split(","), groups=groups, variables=variables, environment=chosen.environment
        )
        return asyncio.run(serve(fleet, chosen.ready_fd))


if __name__ == "__main__":
    sys.exit(main())
