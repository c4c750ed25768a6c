"""Files moved over SSH: to a real sshd and to the loopback fleet."""

from __future__ import annotations

import pytest

from runners.adapters.ssh import SshTransport
from runners.adapters.ssh_config import SshConfig
from runners.testing.courier_contract import CourierContract
from tests.ssh.machines import Machine
from tests.ssh.test_ssh_host_contract import HomeLab


class TestSshCourier(CourierContract):
    @pytest.fixture
    def lab(self, machine: Machine, config: SshConfig) -> HomeLab:
        return HomeLab(machine, SshTransport(agent_path=lambda: None, config=config))
