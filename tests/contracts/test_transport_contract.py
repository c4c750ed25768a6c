"""The fake transport and this machine keep the same promises, the latter under each shell that hosts may have."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from runners.adapters.local import LocalShell, LocalTransport
from runners.model.inventory import LOCAL, Host
from runners.testing.behaviour import Step, as_shell
from runners.testing.fake_transport import FakeTransport
from runners.testing.host_contract import HostContract
from runners.testing.shell_contract import ShellContract
from runners.testing.sudo_contract import SudoContract
from runners.testing.transport_contract import TransportContract

SHELLS: dict[str, tuple[str, ...]] = {
    "dash": ("dash",),
    "busybox": ("busybox", "sh"),
    "bash": ("bash", "--posix"),
}


class FakeLab:
    """A scripted host in memory."""

    def __init__(self) -> None:
        self.host = Host(name="web1")
        self.transport = FakeTransport()
        self._scripts = 0
        self.user = "root"

    def refuse_sudo(self) -> None:
        self.transport.refuse_sudo(self.host.name)

    def allow_sudo(self) -> None:
        self.transport.allow_sudo(self.host.name)

    def script(self, *steps: Step) -> str:
        self._scripts += 1
        text = f"script {self._scripts}."
        self.transport.on(text, steps)
        return text

    def release(self, gate: str = "gate") -> None:
        self.transport.release(gate)

    def times_run(self, key: str) -> int:
        return sum(1 for start in self.transport.ledger if start.key == key)

    async def cut(self) -> None:
        self.transport.drop(self.host.name)


class CuttableLocal(LocalTransport):
    """Remembers its shells, so that a test can cut them off."""

    def __init__(self, home: Path, shell: Sequence[str], *, deadline_s: float = 20.0, path: str = "") -> None:
        env = {"HOME": str(home), "PATH": path or os.environ["PATH"], "USER": "tester"}
        super().__init__(env=env, shell=shell, deadline_s=deadline_s)
        self.shells: list[LocalShell] = []

    async def open_shell(self) -> LocalShell:
        shell = await super().open_shell()
        self.shells.append(shell)
        return shell


class LocalLab:
    """This machine with a home of its own."""

    def __init__(self, folder: Path, shell: Sequence[str], *, path: str = "") -> None:
        self.host = Host(name=LOCAL)
        self.home = folder / "home"
        self.home.mkdir()
        self._gates = folder / "gates"
        self._gates.mkdir()
        self.transport = CuttableLocal(self.home, shell, path=path)

    def script(self, *steps: Step) -> str:
        return f'echo run >>"{self._gates}/ledger-$ONDUTY_KEY"\n' + as_shell(steps, str(self._gates))

    def release(self, gate: str = "gate") -> None:
        (self._gates / gate).touch()

    def times_run(self, key: str) -> int:
        ledger = self._gates / f"ledger-{key}"
        return ledger.read_text().count("run\n") if ledger.exists() else 0

    async def cut(self) -> None:
        for shell in self.transport.shells:
            shell.cut()


@asynccontextmanager
async def local_lab(folder: Path, name: str) -> AsyncIterator[LocalLab]:
    """This machine under one of ``SHELLS``."""
    shell = SHELLS[name]
    if shutil.which(shell[0]) is None:
        pytest.skip(f"NOT TESTED UNDER {name}: it is not installed")
    lab = LocalLab(folder, shell)
    yield lab
    for opened in lab.transport.shells:
        opened.close()
        await opened.wait_closed()


class TestFakeTransport(TransportContract, SudoContract):
    @pytest.fixture
    def lab(self) -> FakeLab:
        return FakeLab()


class TestLocalTransport(TransportContract, HostContract, ShellContract):
    @pytest_asyncio.fixture(params=SHELLS)
    async def lab(self, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[LocalLab]:
        async with local_lab(tmp_path, request.param) as lab:
            yield lab
