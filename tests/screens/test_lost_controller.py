"""The controller goes away and comes back while a screen is open: old news says its age, nothing freezes."""

from __future__ import annotations

from pathlib import Path

import pytest

import tui.bridge
from runners.client import start
from runners.client.client import ControllerClient
from runners.client.start import ControllerCommand
from runners.model import api
from runners.model.errors import ControllerUnreachable
from tests.screens.desk import desk
from tests.screens.fake_controller import FakeController, failed_controller
from tests.screens.scenes import finish, rollout
from tui.bridge import Line


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tui.bridge, "RETRY_S", 0.01)


async def test_what_is_shown_stays_and_says_how_old_it_is() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await here.sees("bind: address already in use")
        await controller.go_down()
        await here.sees("no controller for", "bind: address already in use", "web3 failed in restart")
        await here.sees("connection refused")
        await controller.come_back()
        await here.sees_no("no controller for")


async def test_what_happened_meanwhile_is_there_when_it_comes_back() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await here.sees("✗ 1 failed")
        await controller.go_down()
        await here.sees("no controller for")
        finish(controller.runs[0].sim, rollout("web7"), 1.0)
        finish(controller.runs[0].sim, rollout("web7"), 1.0, 1)
        await controller.come_back()
        await here.sees("✗ 2 failed")


async def test_a_controller_that_was_there_is_waited_for_before_another_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    controller = failed_controller()
    async with desk(controller, run=None) as here:
        await here.sees("deploy-api/42")
        controller.starts.clear()
        await controller.go_down()
        await here.until(lambda: controller.starts)
        assert controller.starts[0] is False
        monkeypatch.setattr(tui.bridge, "START_AFTER_S", 0.0)
        await here.until(lambda: controller.starts[-1] is True)
        await controller.come_back()
        await here.sees_no("no controller for")


async def test_without_any_controller_the_list_says_why_and_that_it_tries_again() -> None:
    controller = FakeController()
    await controller.go_down("permission denied")
    async with desk(controller, run=None) as here:
        await here.sees("The controller does not answer.", "permission denied", "onduty controller status")
        await controller.come_back()
        await here.sees("No runs yet.")


async def test_a_state_folder_that_was_removed_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "state"
    line = Line(home, lambda: ControllerCommand(argv=("/bin/false",), environ={}))

    async def found(*_: object, **__: object) -> tuple[ControllerClient, api.Hello]:
        hello = api.Hello(version="0", protocol=api.PROTOCOL, pid=1, home=str(home), user="alice", started_at="")
        return ControllerClient(home), hello

    monkeypatch.setattr(start, "connect", found)
    client, _ = await line(start=True)
    await client.close()
    with pytest.raises(ControllerUnreachable, match="was removed"):
        await line(start=True)
    assert not home.exists()
