"""The screen of one host: opened from its run, looked at while it is open, left for a log."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.screens.desk import desk
from tests.screens.host_story import host_controller, host_desk, later
from tests.screens.job_logs import write_logs
from tests.screens.scenes import rollout
from tui.screens.host import HostScreen
from tui.screens.run import RunScreen
from tui.view.glyphs import ASCII
from tui.view.log_document import LineAt
from tui.view.look import Look
from tui.view.theme import NONE


async def test_it_is_looked_at_while_the_screen_is_open_and_no_longer() -> None:
    controller = host_controller()
    async with host_desk(controller) as here:
        await here.sees("web3", "cpu  44%", "what ran here", "12:03:08")
        assert controller.looked_at == ["web3"]
        later(controller, 60.0)
        await here.changed()
        screen = here.app.screen
        assert isinstance(screen, HostScreen)
        await here.until(lambda: screen.scene().readings[-1].at > controller.readings["web3"][-2].at)
        await here.press("escape")
        await here.until(lambda: not controller.looked_at)
        assert isinstance(here.app.screen, RunScreen)


async def test_enter_shows_the_log_of_the_chosen_execution_where_that_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = host_controller()
    async with desk(controller) as here:
        await here.sees("release@web3", "address already in use")
        for move, place in (("j", LineAt(0, 0)), ("k", LineAt(1, 6))):
            await here.press("H")
            await here.until(lambda: isinstance(here.app.screen, HostScreen))
            await here.press(move, "enter")
            await here.until(lambda: here.app.screen is here.run)
            assert here.run.choice.selected == rollout("web3")
            assert here.focus == "log"
            await here.sees("release@web3", "attempt 1")
            assert here.run.pager.current_place == place
            write_logs(controller.runs[0].sim, tmp_path, monkeypatch)
            await here.press("a")
            await here.sees("by time")


async def test_a_check_says_that_it_looks_and_then_what_it_found() -> None:
    controller = host_controller()
    controller.checking = asyncio.Event()
    async with host_desk(controller) as here:
        await here.press("K")
        await here.sees("checking")
        await here.press("K")
        await here.sees("web3 is being looked at")
        controller.checking.set()
        await here.sees("! its clock is 4 s", "eve db-seed/12")


async def test_the_shell_and_the_address_are_those_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    async with host_desk() as here:
        lent = here.lends(monkeypatch)
        await here.press("exclamation_mark", "c")
        await here.until(lambda: [host.name for host in lent] == ["web3"])
        assert [(one.intent, one.host) for one in here.controller.requests] == [("shell", "web3")]
        await here.sees("copied to the clipboard", "deploy@10.0.0.13")


async def test_narrow_it_has_tabs_and_digits_go_to_them() -> None:
    async with host_desk(size=(80, 24)) as here:
        await here.sees("1 facts", "cpu  44%")
        await here.press("3")
        await here.sees("restart of release")
        await here.press("tab")
        await here.sees("10.0.0.13")
        assert here.focus == "facts"


@pytest.mark.parametrize("size", [(200, 50), (100, 30), (60, 16), (40, 8)])
async def test_every_size_and_no_colour_show_it(size: tuple[int, int]) -> None:
    async with host_desk(size=size, look=Look(NONE, ASCII)) as here:
        assert "web3" in here.text
        assert here.text.isascii()
        for key in ("j", "G", "ctrl+d", "tab", "2", "g", "question_mark"):
            await here.press(key)
        await here.press("escape")


async def test_enter_on_the_host_pane_opens_it_too_and_a_host_without_a_job_is_shown_as_such() -> None:
    controller = host_controller()
    async with desk(controller) as here:
        await here.press("5", "enter")
        await here.until(lambda: isinstance(here.app.screen, HostScreen))
        await here.press("escape")
        await here.press("1", "G")
        await here.press("H")
        await here.until(lambda: isinstance(here.app.screen, HostScreen))
        await here.sees("This run sent nothing to this host yet.")
        await here.press("enter")
        await here.sees("this run sent nothing to this host yet")
