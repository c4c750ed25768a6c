"""Where a benchmark runs: a throw-away folder, real sshd's, controllers of its own. Nothing of it outlives the run."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from runners.client.client import ControllerClient
from runners.client.start import ControllerCommand, connect
from tests.bench.measure import cpu_below_s
from tests.bench.sizes import Sizes
from tests.ssh.sshd import LOOPBACK, Sshd, SshdFarm, can_log_in, find_sshd, make_privilege_separation_folder

REPOSITORY = Path(__file__).parents[2]
STOP_TIMEOUT_S = 20.0
ONDUTY = (sys.executable, "-m", "tui.cli")


@dataclass(slots=True)
class Place:
    """One run of the suite."""

    folder: Path
    sizes: Sizes
    peers: Path | None = None
    """A virtual environment with other tools."""
    progress: Callable[[str], None] = lambda _: None
    _farm: SshdFarm | None = None
    _controllers: list[Controller] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        """For programs: no home, agent or settings of the person who measures."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        return {**kept, "HOME": str(home), "TERM": "xterm-256color", "PYTHONPATH": str(REPOSITORY)}

    def why_no_sshd(self) -> str:
        """Why there are no real hosts here; empty when there are."""
        if find_sshd() is None:
            return "openssh-server is not installed"
        return can_log_in()

    def hosts(self, count: int) -> list[Sshd]:
        """That many sshd's; the same ones for every entry."""
        if self._farm is None:
            make_privilege_separation_folder()
            self._farm = SshdFarm(self.folder / "sshd")
        missing = range(len(self._farm.daemons), count)
        if missing:
            self.progress(f"starting {len(missing)} sshd")
        for number in missing:
            self._farm.start(f"h{number}")
        return list(self._farm.daemons.values())[:count]

    def ssh_config(self, hosts: list[Sshd]) -> Path:
        """For ``ssh -F``: every host by its name, nothing of the machine's own settings."""
        path = self.folder / f"ssh_config.{len(hosts)}"
        first = hosts[0]
        lines = [
            f"Host {' '.join(host.name for host in hosts)}",
            f"  HostName {LOOPBACK}",
            f"  User {getpass.getuser()}",
            f"  IdentityFile {first.identity}",
            "  IdentitiesOnly yes",
            "  IdentityAgent none",
            f"  UserKnownHostsFile {first.known_hosts}",
            "  GlobalKnownHostsFile /dev/null",
            "  BatchMode yes",
        ]
        for host in hosts:
            lines += [f"Host {host.name}", f"  Port {host.port}"]
        path.write_text("\n".join(lines) + "\n")
        return path

    def controller(self, name: str) -> Controller:
        """A controller with a state folder of its own; not started."""
        found = Controller(self.folder / "controllers" / name, self.environ)
        self._controllers.append(found)
        return found

    def tool(self, *names: str) -> str | None:
        """Another tool's program, from the peers' environment or from PATH."""
        where = f"{self.peers / 'bin'}{os.pathsep}" if self.peers else ""
        for name in names:
            if found := shutil.which(name, path=where + os.environ.get("PATH", "")):
                return found
        return None

    def close(self) -> None:
        """End everything that was started here."""
        for controller in self._controllers:
            controller.stop()
        if self._farm is not None:
            self._farm.stop()


@dataclass(slots=True)
class Controller:
    """One controller process."""

    home: Path
    base: dict[str, str]

    @property
    def environ(self) -> dict[str, str]:
        """For commands that are to talk to it."""
        return {**self.base, "ONDUTY_HOME": str(self.home)}

    def start(self) -> None:
        """Start it and return once it answers."""
        start = ControllerCommand(argv=(*ONDUTY, "controller", "run"), environ=self.environ)

        async def find() -> None:
            client, _ = await connect(self.home, start)
            await client.close()

        with warnings.catch_warnings():
            # It is meant to outlive who started it; here that is us, and we end it in ``stop``.
            warnings.simplefilter("ignore", ResourceWarning)
            asyncio.run(find())

    def process(self) -> psutil.Process | None:
        """The process that answers; None when none does."""

        async def ask() -> int:
            async with ControllerClient(self.home) as client:
                return (await client.hello()).pid

        if not (self.home / "controller.sock").exists():
            return None
        return psutil.Process(asyncio.run(ask()))

    def cpu_s(self) -> float:
        """Processor seconds since it was started; 0 when none runs."""
        process = self.process()
        return cpu_below_s([process.pid]) if process else 0.0

    def stop(self) -> None:
        """End it and return once it is gone."""
        process = self.process()
        if process is None:
            return

        async def ask() -> None:
            async with ControllerClient(self.home) as client:
                await client.stop_controller()

        asyncio.run(ask())
        process.wait(STOP_TIMEOUT_S)
