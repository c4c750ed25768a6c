"""Real Debian sshd's on loopback: throw-away keys, stock limits, a home folder for each.

Runs as root and as any other user: without PAM an sshd serves the user that started it. Each one is a process of its
own that stays in the foreground and that only this harness ends.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import psutil

from runners.model.inventory import Host
from runners.testing.ports import service_port

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 10.0


def find_sshd() -> str | None:
    """Absolute path of sshd, which insists on being called by it; None when it is not installed."""
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@dataclass(slots=True, kw_only=True)
class Sshd:
    """One sshd. ``host`` is what a transport needs to reach it."""

    name: str
    folder: Path
    home: Path
    port: int
    identity: Path
    known_hosts: Path
    host_key: asyncssh.SSHKey
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    told_port: int | None = None
    """The port that people are told: of a proxy before it. None: its own."""

    @property
    def host(self) -> Host:
        return Host(
            name=self.name,
            address=LOOPBACK,
            port=self.told_port or self.port,
            user=getpass.getuser(),
            identity=str(self.identity),
            known_hosts=str(self.known_hosts),
        )

    @property
    def fingerprint(self) -> str:
        return self.host_key.get_fingerprint("sha256")

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def start(self) -> None:
        """Start it and return once it listens."""
        sshd = find_sshd()
        assert sshd is not None, "ask find_sshd first"
        config = self.folder / "sshd_config"
        config.write_text(self._config())
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [sshd, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        _wait_until_it_listens(self)

    def stop(self) -> None:
        """End the listener. Connections and jobs live on, as when a real one is stopped."""
        process, self.process = self.process, None
        if process is not None:
            process.terminate()
            process.wait(START_TIMEOUT_S)

    def stand_behind(self, port: int) -> None:
        """From now on people are told this port, where the same key is shown."""
        self.told_port = port
        _know(self.known_hosts, port, self.host_key)

    def drop_connections(self) -> int:
        """Kill the processes behind every open connection; jobs are left alone. How many there were."""
        found = self.connection_processes()
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=START_TIMEOUT_S)
        return len(found)

    def connection_processes(self) -> list[psutil.Process]:
        """sshd's own processes below the listener: not the shells, which have another name."""
        if self.process is None:
            return []
        try:
            below = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [process for process in below if _is_sshd(process)]

    def show_another_key(self) -> None:
        """Restart with a new host key that nobody was told about."""
        self.stop()
        self.host_key = _write_key(self.folder / "host_key")
        self.start()

    def _config(self) -> str:
        lines = [
            # First, because sshd takes the first value that it reads.
            *self.options,
            f"ListenAddress {LOOPBACK}",
            f"Port {self.port}",
            f"HostKey {self.folder / 'host_key'}",
            f"AuthorizedKeysFile {self.folder / 'authorized_keys'}",
            "PidFile none",
            "UsePAM no",
            "StrictModes no",
            "PermitRootLogin yes",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "MaxSessions 10",
            "MaxStartups 10:30:100",
            "PrintMotd no",
            "LogLevel VERBOSE",
            f"SetEnv HOME={self.home}",
        ]
        return "\n".join(lines) + "\n"


@dataclass(slots=True)
class SshdFarm:
    """All sshd's of one test, under one folder."""

    folder: Path
    daemons: dict[str, Sshd] = field(default_factory=dict)

    def start(self, name: str, *options: str) -> Sshd:
        """Start one more. ``options`` are lines of sshd_config."""
        folder = self.folder / name
        home = folder / "home"
        home.mkdir(mode=0o700, parents=True)
        identity = self.folder / "id"
        if not identity.exists():
            _write_key(identity)
        key = _write_key(folder / "host_key")
        shutil.copyfile(f"{identity}.pub", folder / "authorized_keys")
        daemon = Sshd(
            name=name,
            folder=folder,
            home=home,
            port=service_port(),
            identity=identity,
            known_hosts=self.folder / "known_hosts",
            host_key=key,
            options=options,
        )
        _know(daemon.known_hosts, daemon.port, key)
        self.daemons[name] = daemon
        daemon.start()
        return daemon

    def stop(self) -> None:
        """End everything that was started here, jobs included."""
        for daemon in self.daemons.values():
            daemon.drop_connections()
            daemon.stop()
            _kill_living_in(daemon.home)


def _is_sshd(process: psutil.Process) -> bool:
    try:
        return process.name().startswith("sshd")
    except psutil.NoSuchProcess:
        return False


@contextmanager
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, and nobody can meanwhile."""
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))
        yield int(held.getsockname()[1])


def make_privilege_separation_folder() -> None:
    """As root sshd wants /run/sshd, which Debian's service would make."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)


def can_log_in() -> str:
    """Why this user cannot be logged in to; empty when nothing is in the way."""
    shell = pwd.getpwuid(os.geteuid()).pw_shell
    return "" if os.access(shell or "/bin/sh", os.X_OK) else f"the login shell {shell} cannot be executed"


def _wait_until_it_listens(daemon: Sshd) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert daemon.process is not None
        if daemon.process.poll() is not None:
            raise RuntimeError(f"sshd ended with {daemon.process.returncode}: {daemon.log}")
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, daemon.port), timeout=1) as probe:
            if probe.recv(4).startswith(b"SSH-"):
                return
        time.sleep(0.01)
    raise RuntimeError(f"sshd does not listen after {START_TIMEOUT_S:g} s: {daemon.log}")


def _know(known_hosts: Path, port: int, key: asyncssh.SSHKey) -> None:
    public = " ".join(key.export_public_key().decode().split()[:2])
    with open(known_hosts, "a") as known:
        known.write(f"[{LOOPBACK}]:{port} {public}\n")


def _write_key(path: Path) -> asyncssh.SSHKey:
    key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(key.export_private_key())
    path.with_name(f"{path.name}.pub").write_bytes(key.export_public_key())
    return key


def _kill_living_in(home: Path) -> None:
    """Kill what has the throw-away home as its HOME; nothing but our own jobs can."""
    while found := list(_living_in(str(home))):
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        # Whoever inherited them may reap them late, so they are not waited for: a zombie has no environment.
        time.sleep(0.01)


def _living_in(home: str) -> Iterable[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get("HOME") == home:
                yield process
