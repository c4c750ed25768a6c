"""What is told without colours: signs, words, bold and reverse; and what colours there are can be read as painted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.color import ColorType
from rich.style import Style

from tests.screens.desk import Desk, desk
from tests.screens.drawn import strips_of
from tests.screens.fake_controller import failed_controller
from tui.screens.confirm import ConfirmScreen
from tui.view.glyphs import ASCII
from tui.view.look import Look
from tui.view.theme import ANSI, DARK, HC, LIGHT, NONE, Theme, contrast

FAINT_AT_LEAST = 3.5
"""Disabled keys and old values; everything else is at 4.5 and above, which the palettes' own test holds."""


def painted(here: Desk) -> Iterator[tuple[str, Style]]:
    """Every piece of the screen that holds a letter or a digit, as it was painted."""
    for strip in strips_of(here.app):
        for segment in strip:
            if any(letter.isalnum() for letter in segment.text):
                yield segment.text, segment.style or Style()


def ratio(style: Style) -> float:
    assert style.color is not None
    assert style.bgcolor is not None
    fore, back = (colour.get_truecolor() for colour in (style.color, style.bgcolor))
    return contrast(*("#{:02X}{:02X}{:02X}".format(*colour) for colour in (fore, back)))


@pytest.mark.parametrize("theme", [DARK, LIGHT, HC], ids=lambda theme: theme.name)
async def test_every_word_on_every_screen_can_be_read(theme: Theme) -> None:
    least = 7.0 if theme is HC else FAINT_AT_LEAST
    async with desk(failed_controller(), look=Look(theme=theme)) as here:
        await here.sees("bind: address already in use")
        for keys in ((), ("tab",), ("o",), ("escape", "at"), ("escape", "q")):
            await here.press(*keys)
            pale = [(text, round(ratio(style), 2)) for text, style in painted(here) if ratio(style) < least]
            assert pale == [], keys


@pytest.mark.parametrize("theme", [ANSI, NONE], ids=lambda theme: theme.name)
async def test_themes_of_the_terminals_own_colours_set_no_others(theme: Theme) -> None:
    allowed = {ColorType.DEFAULT, ColorType.STANDARD} if theme is ANSI else {ColorType.DEFAULT}
    async with desk(failed_controller(), look=Look(theme=theme)) as here:
        await here.sees("bind: address already in use")
        for keys in ((), ("o",), ("escape", "r")):
            await here.press(*keys)
            found = {
                colour.type
                for _, style in painted(here)
                for colour in (style.color, style.bgcolor)
                if colour is not None
            }
            assert found <= allowed, keys


async def test_without_colours_the_failure_the_focus_and_the_selection_still_show() -> None:
    async with desk(failed_controller(), look=Look(theme=NONE, glyphs=ASCII)) as here:
        await here.sees("x 1 failed", "> ", "bind: address already in use")
        styles = dict(painted(here))
        assert next(style for text, style in styles.items() if "x 1 failed" in text).reverse
        assert any(style.bold for text, style in styles.items() if "address already in use" in text)
        await here.press("2")
        await here.until(lambda: "jobs ---" in here.rows[3], "the light rule where the focus is not")
        await here.press("1")
        await here.until(lambda: "jobs ===" in here.rows[3], "the heavy rule to move with the focus")
        marked = [row for row in here.rows if row.startswith(("|", " |"))]
        assert marked, "the selected row has an edge"


async def test_without_colours_the_button_with_the_focus_is_told_by_reverse() -> None:
    async with desk(failed_controller(), look=Look(theme=NONE, glyphs=ASCII)) as here:
        await here.press("r")
        await here.until(lambda: isinstance(here.app.screen, ConfirmScreen) and "No, go back" in here.text)
        buttons = {text.strip(): style for text, style in painted(here) if "No, go back" in text}
        assert all(style.reverse for style in buttons.values())
        await here.press("right")
        await here.until(
            lambda: not any(style.reverse for text, style in painted(here) if "No, go back" in text), "it to move"
        )
