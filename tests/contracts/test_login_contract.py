"""The contract of ``Logins``, kept by the fake. That of SSH is in ``tests/ssh/test_ssh_logins.py``."""

from __future__ import annotations

import pytest

from runners.model.inventory import Host
from runners.testing.fake_transport import FakeTransport
from runners.testing.login_contract import LoginContract, LoginLab


class FakeLab:
    gate = Host(name="gate")
    behind = (Host(name="app1"), Host(name="app2"))

    def __init__(self) -> None:
        self.transport = FakeTransport()
        self.transport.ask_login("gate")
        self.transport.ask_login("bastion", behind=[host.name for host in self.behind])

    async def hang_up(self) -> None:
        self.transport.logins.hang_up("gate")


class TestFakeLogins(LoginContract):
    @pytest.fixture
    def lab(self) -> LoginLab:
        return FakeLab()
