"""The transport over SSH keeps the promises of every transport, on a real sshd and on the loopback fleet."""

from __future__ import annotations

import pytest

from runners.adapters.ssh import SshTransport
from runners.adapters.ssh_config import SshConfig
from runners.testing.behaviour import Step, as_shell
from runners.testing.transport_contract import TransportContract
from tests.ssh.machines import Machine


class MachineLab:
    """One host behind SSH whose connections a test may cut."""

    def __init__(self, machine: Machine, transport: SshTransport) -> None:
        self.host = machine.host
        self.transport = transport
        self._machine = machine
        self._gates = machine.home / "gates"
        self._gates.mkdir()

    def script(self, *steps: Step) -> str:
        return f'echo run >>"{self._gates}/ledger-$ONDUTY_KEY"\n' + as_shell(steps, str(self._gates))

    def release(self, gate: str = "gate") -> None:
        (self._gates / gate).touch()

    def times_run(self, key: str) -> int:
        ledger = self._gates / f"ledger-{key}"
        return ledger.read_text().count("run\n") if ledger.exists() else 0

    async def cut(self) -> None:
        await self._machine.drop_connections()


class TestSshTransport(TransportContract):
    @pytest.fixture
    def lab(self, machine: Machine, config: SshConfig) -> MachineLab:
        return MachineLab(machine, SshTransport(agent_path=lambda: None, config=config))
