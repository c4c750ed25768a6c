"""A person's own keys: what they press, and every place that names a key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.screens.desk import desk
from tests.screens.fake_controller import failed_controller
from tui.keys.actions import ACTIONS, key_of, wear
from tui.screens.confirm import ConfirmScreen
from tui.screens.help import HelpScreen
from tui.screens.palette import PaletteScreen
from tui.screens.runbook import RunbookScreen
from tui.screens.text import TextScreen
from tui.settings_file import read_settings


@pytest.fixture(autouse=True)
def _own_keys() -> Iterator[None]:
    text = """keys:
      retry: i
      runbook: O
      definition: Z
      help: f1
      palette: [";"]
      down: I
      back: b
      quit: Q
      copy: Y
      note: none
    """
    settings, problems = read_settings(text, "settings.yaml")
    assert problems == ()
    wear(settings.actions)
    yield
    wear()


async def test_the_new_key_acts_and_the_old_one_is_none() -> None:
    controller = failed_controller()
    async with desk(controller) as here:
        await here.sees("bind: address already in use")
        await here.press("r", "o", "y", "question_mark")
        assert here.app.screen is here.run
        await here.press("i")
        await here.until(lambda: isinstance(here.app.screen, ConfirmScreen))
        await here.press("escape")
        await here.until(lambda: here.app.screen is here.run)
        await here.press("O")
        await here.until(lambda: isinstance(here.app.screen, RunbookScreen))
        await here.press("b")
        await here.until(lambda: here.app.screen is here.run)


async def test_bar_panes_help_and_palette_name_the_new_keys() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        keys = here.rows[-1]
        assert "i retry" in keys
        assert "O runbook" in keys
        assert "; actions" in keys
        assert "f1 help" in keys
        assert " note" not in keys
        await here.sees("i retry   S skip")
        await here.press("f1")
        await here.until(lambda: isinstance(here.app.screen, HelpScreen))
        await here.sees("i       run what failed again", "I k scroll")
        await here.press("I")
        assert isinstance(here.app.screen, HelpScreen)
        await here.press("j")
        await here.until(lambda: here.app.screen is here.run)
        await here.press("semicolon")
        await here.until(lambda: isinstance(here.app.screen, PaletteScreen))
        await here.type("note")
        await here.press("enter")
        await here.until(lambda: isinstance(here.app.screen, ConfirmScreen))


async def test_a_text_to_read_has_the_new_keys() -> None:
    async with desk(failed_controller()) as here:
        await here.press("Z")
        await here.until(lambda: isinstance(here.app.screen, TextScreen))
        await here.sees("b back   I k scroll")
        await here.press("I")
        await here.press("Q")
        await here.until(lambda: here.app.screen is here.run)


def test_a_sentence_names_an_action_without_a_key_by_its_name() -> None:
    assert key_of("note") == "; note"
    assert key_of("retry") == "i"
    wear()
    assert [key_of(one.name) for one in ACTIONS] == [one.key for one in ACTIONS]
