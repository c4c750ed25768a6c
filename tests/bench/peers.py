"""What an engineer would reach for instead: the same command on the same hosts, as each tool does it best."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from tests.bench.measure import Spent, command
from tests.bench.place import Place
from tests.ssh.sshd import LOOPBACK, Sshd

PARALLEL = 50
"""Hosts at once, for every tool that asks."""
_NOT_HERE = "not installed here; make bench-peers"
_LIBRARY = """\
import sys
from pssh.clients import ParallelSSHClient
from pssh.config import HostConfig
identity, *ports = sys.argv[1:]
hosts = [HostConfig(port=int(port), private_key=identity) for port in ports]
client = ParallelSSHClient(["127.0.0.1"] * len(ports), host_config=hosts, pool_size=50, num_retries=1)
for output in client.run_command("echo hello"):
    assert list(output.stdout) == ["hello"], output
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One tool."""

    name: str
    once: Callable[[], Spent] | None
    """The whole command once; None: it is not installed."""
    limit: float | None = None
    """Our share of its time that the budget allows; None: no budget names it."""
    warm: bool = False
    """Its connections are open, as ours are then."""
    most_rounds: int = 100
    why_not: str = _NOT_HERE


class Peers:
    """Tools on one fleet."""

    def __init__(self, place: Place, hosts: list[Sshd], listeners: list[int]) -> None:
        self._place = place
        self._hosts = hosts
        self._listeners = listeners
        self._environ = place.environ
        self._config = place.ssh_config(hosts)
        self._masters: Path | None = None

    def others(self) -> Iterator[Peer]:
        """All but plain ``ssh`` under ``xargs``, in the order in which they are measured."""
        yield Peer(name="ssh over ControlMasters under xargs -P 50", once=self._over_masters, warm=True)
        yield Peer(name="pssh, the program", once=self._pssh())
        yield Peer(name="parallel-ssh, the library", once=self._library(), limit=1.0)
        yield Peer(name="pyinfra exec", once=self._pyinfra(), most_rounds=1)
        yield Peer(name="ansible ad hoc, 50 forks", once=self._ansible(), limit=1 / 5, most_rounds=1)

    def xargs(self) -> Spent:
        """``xargs -P 50 ssh``."""
        return self._xargs("-F", str(self._config))

    def close(self) -> None:
        """End the masters."""
        if self._masters is not None:
            self._to_masters("-O", "exit")
            shutil.rmtree(self._masters, ignore_errors=True)

    def _xargs(self, *options: str) -> Spent:
        names = "\n".join(host.name for host in self._hosts).encode()
        argv = ("xargs", "-P", str(PARALLEL), "-I", "HOST", "ssh", *options, "HOST", "echo hello")
        return command(argv, self._environ, stdin=names, server=self._listeners)

    def _over_masters(self) -> Spent:
        if self._masters is None:
            # A socket's path has 107 bytes (unix(7)), and OpenSSH takes some of them for itself.
            self._masters = Path(tempfile.mkdtemp(prefix="cm-"))
            self._to_masters("-M", "-N", "-f")
        return self._xargs(*self._master_options())

    def _master_options(self) -> tuple[str, ...]:
        return ("-F", str(self._config), "-S", f"{self._masters}/%h-%p")

    def _to_masters(self, *options: str) -> None:
        for host in self._hosts:
            argv = ("ssh", *self._master_options(), *options, host.name)
            subprocess.run(argv, env=self._environ, capture_output=True, check=True)

    def _pssh(self) -> Callable[[], Spent] | None:
        program = self._place.tool("parallel-ssh", "pssh")
        if program is None:
            return None
        names = self._place.folder / "pssh.hosts"
        names.write_text("".join(f"{host.name}\n" for host in self._hosts))
        argv = (program, "-p", str(PARALLEL), "-x", f"-F {self._config}", "-h", str(names), "-i", "echo hello")
        return lambda: command(argv, self._environ, server=self._listeners)

    def _library(self) -> Callable[[], Spent] | None:
        """Over libssh2; it checks no host keys."""
        python = self._place.tool("python3") if self._place.peers else None
        if python is None or subprocess.run([python, "-c", "import pssh"], capture_output=True).returncode != 0:
            return None
        argv = (python, "-c", _LIBRARY, str(self._hosts[0].identity), *(str(host.port) for host in self._hosts))
        return lambda: command(argv, self._environ, server=self._listeners)

    def _pyinfra(self) -> Callable[[], Spent] | None:
        program = self._place.tool("pyinfra") if self._place.peers else None
        if program is None:
            return None
        first = self._hosts[0].host
        # Its library does not read every key that OpenSSH writes.
        identity = self._place.folder / "pyinfra.key"
        identity.touch(mode=0o600)
        identity.write_bytes(asyncssh.read_private_key(self._hosts[0].identity).export_private_key("pkcs1-pem"))
        hosts = [
            (
                host.name,
                {
                    "ssh_hostname": LOOPBACK,
                    "ssh_port": host.port,
                    "ssh_user": first.user,
                    "ssh_key": str(identity),
                    "ssh_known_hosts_file": str(host.known_hosts),
                },
            )
            for host in self._hosts
        ]
        inventory = self._place.folder / "pyinfra_hosts.py"
        # What JSON says of strings and numbers Python reads as the same.
        inventory.write_text(f"fleet = [tuple(host) for host in {json.dumps(hosts)}]\n")
        argv = (program, "-y", "--parallel", str(PARALLEL), str(inventory), "exec", "--", "echo", "hello")
        return lambda: command(argv, self._environ, server=self._listeners)

    def _ansible(self) -> Callable[[], Spent] | None:
        """An ad-hoc command with as many forks, over a fresh ControlMaster for each host, as is its way."""
        program = self._place.tool("ansible")
        if program is None:
            return None
        hosts = self._place.folder / "ansible.hosts"
        hosts.write_text("".join(f"{host.name} ansible_python_interpreter=/usr/bin/python3\n" for host in self._hosts))
        rounds = iter(range(1000))

        def once() -> Spent:
            environ = {
                **self._environ,
                "PATH": f"{Path(program).parent}{os.pathsep}{self._environ['PATH']}",
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_SSH_ARGS": f"-F {self._config} -o ControlMaster=auto -o ControlPersist=5s",
                "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self._place.folder / f"cp{next(rounds)}"),
            }
            argv = (program, "all", "-i", str(hosts), "-f", str(PARALLEL), "-m", "command", "-a", "echo hello")
            return command(argv, environ, server=self._listeners)

        return once
