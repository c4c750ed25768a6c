"""Actions by name, and the help of a screen: both from the one table."""

from __future__ import annotations

import pytest

from tests.screens.desk import desk
from tests.screens.fake_controller import FakeController, FakeRun, failed_controller
from tests.screens.scenes import healthy_run
from tui.keys.actions import on_screen
from tui.screens.confirm import ConfirmScreen
from tui.screens.help import HelpScreen
from tui.screens.palette import PaletteScreen


async def test_the_palette_finds_an_action_by_a_part_of_its_name_and_does_it() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await here.press("colon")
        await here.until(lambda: isinstance(here.app.screen, PaletteScreen))
        await here.type("retr")
        await here.sees("retry", "run what failed again")
        await here.press("enter")
        await here.until(lambda: isinstance(here.app.screen, ConfirmScreen))
        assert controller.requests == []


async def test_the_palette_says_why_not_and_choosing_it_says_the_same() -> None:
    async with desk(FakeController(FakeRun(healthy_run(), "u1", "deploy-api/42"))) as here:
        await here.sees("web9")
        await here.press("colon")
        await here.type("attempts")
        await here.sees("not now: there is no earlier attempt")
        await here.press("enter")
        await here.until(lambda: any("earlier attempt" in toast.text for toast in here.run.toasts))


async def test_a_name_that_is_none_does_nothing() -> None:
    async with desk(failed_controller()) as here:
        await here.press("colon")
        await here.type("xyzzy")
        await here.sees("No action has that name.")
        await here.press("enter")
        assert here.painted.NAME == "run"
        await here.press("colon", "escape")
        assert here.app.screen is here.run


async def test_the_palette_keeps_the_chosen_row_in_view_on_a_small_terminal() -> None:
    async with desk(failed_controller(), size=(80, 16)) as here:
        await here.press("colon")
        await here.until(lambda: isinstance(here.app.screen, PaletteScreen))
        for _ in range(30):
            await here.press("down")
        await here.until(lambda: any("┃" in row for row in here.rows[2:]))
        assert ":  " in here.rows[1]
        assert "enter do" in here.rows[1]


@pytest.mark.parametrize("size", [(120, 36), (160, 44), (80, 24)])
async def test_help_has_every_key_of_the_screen(size: tuple[int, int]) -> None:
    async with desk(failed_controller(), size=size) as here:
        await here.press("question_mark")
        await here.until(lambda: isinstance(here.app.screen, HelpScreen))
        seen = here.text
        for _ in range(8):
            await here.press("pagedown")
            seen += here.text
        for one in on_screen("run"):
            assert any(one.key in row.split() or f" {one.key} " in row for row in seen.split("\n")), one.name
        await here.press("x")
        assert here.app.screen is here.run


async def test_help_and_palette_stay_in_the_middle_when_the_terminal_changes() -> None:
    async with desk(failed_controller()) as here:
        await here.press("question_mark")
        await here.pilot.resize_terminal(80, 24)
        await here.until(lambda: here.app.screen.size.width == 80)
        await here.sees("run what failed again")
        await here.press("escape")
        await here.sees("1 jobs")
