"""What every real host must keep, over SSH: on a real sshd and on the loopback fleet."""

from __future__ import annotations

import pytest

from runners.adapters.ssh import SshTransport
from runners.adapters.ssh_config import SshConfig
from runners.testing.host_contract import HostContract
from runners.testing.shell_contract import ShellContract
from tests.ssh.machines import Machine
from tests.ssh.test_ssh_contract import MachineLab


class HomeLab(MachineLab):
    """A machine whose disk and processes are this machine's."""

    def __init__(self, machine: Machine, transport: SshTransport) -> None:
        super().__init__(machine, transport)
        self.home = machine.home


class TestSshHosts(HostContract, ShellContract):
    @pytest.fixture
    def lab(self, machine: Machine, config: SshConfig) -> HomeLab:
        return HomeLab(machine, SshTransport(agent_path=lambda: None, config=config))
