"""A canvas paints exactly its rows in exactly its palette, and only what changed."""

from __future__ import annotations

from pathlib import Path

import pyte
import pytest
from textual.app import App, ComposeResult
from textual.strip import Strip

import tui.styles
from tests.screens.drawn import strips_of
from tui.view.glyphs import ASCII
from tui.view.look import Look
from tui.view.rows import BLANK, Row, Span, title_row
from tui.view.safe_text import SafeText, own
from tui.view.theme import ANSI, DARK, HC, LIGHT, NONE, Theme
from tui.widgets.canvas import Canvas
from tui.widgets.look import wear

ROWS = tuple(Row(left=(Span(own(f"web{number}")),), right=(Span(own("41s"), "muted"),)) for number in range(10))
HEAD = (BLANK, title_row(own("jobs"), glyphs=Look().glyphs))


class Painted(App[None]):
    CSS_PATH = Path(tui.styles.__file__).with_name("base.tcss")

    def __init__(self, look: Look) -> None:
        super().__init__(ansi_color=not look.theme.exact)
        self.look = look
        self.canvas = Canvas(shade="panel", look=look)

    def compose(self) -> ComposeResult:
        yield self.canvas

    def on_mount(self) -> None:
        wear(self, self.look)
        self.canvas.set_rows(ROWS, HEAD)


def lines(app: App[None]) -> list[str]:
    return [strip.text for strip in strips_of(app)]


def strips(app: App[None]) -> list[Strip]:
    return strips_of(app)


async def test_rows_stand_between_the_margins_of_their_shade() -> None:
    app = Painted(Look())
    async with app.run_test(size=(20, 6)) as pilot:
        await pilot.pause()
        assert lines(app) == [
            " " * 20,
            "  jobs ───────────  ",
            "  web0         41s  ",
            "  web1         41s  ",
            "  web2         41s  ",
            "  web3         41s  ",
        ]
        style = next(iter(strips(app)[2])).style
        assert style is not None
        assert style.bgcolor is not None
        assert style.bgcolor.triplet is not None
        assert style.bgcolor.triplet.hex.upper() == DARK.colours["panel"]


async def test_the_selection_is_brought_into_view_and_has_an_edge_in_the_focused_pane_only() -> None:
    app = Painted(Look())
    async with app.run_test(size=(20, 6)) as pilot:
        app.canvas.set_selection(7)
        await pilot.pause()
        assert lines(app)[1] == "  jobs ───────────  "
        assert lines(app)[5] == "┃ web7         41s  "
        app.canvas.set_selection(7, active=False)
        await pilot.pause()
        assert lines(app)[5] == "  web7         41s  "
        app.canvas.set_selection(2, 2)
        await pilot.pause()
        assert lines(app)[2:4] == ["┃ web2         41s  ", "┃ web3         41s  "]


async def test_the_wheel_scrolls_no_further_than_the_last_row() -> None:
    app = Painted(Look())
    async with app.run_test(size=(20, 6)) as pilot:
        app.canvas.scroll_rows(99)
        await pilot.pause()
        assert lines(app)[5] == "  web9         41s  "
        app.canvas.set_rows(ROWS[:2], HEAD)
        await pilot.pause()
        assert lines(app)[2:] == ["  web0         41s  ", "  web1         41s  ", " " * 20, " " * 20]


async def test_a_clicked_row_is_told() -> None:
    picked: list[int] = []

    class Clicked(Painted):
        def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
            picked.append(message.row)

    app = Clicked(Look())
    async with app.run_test(size=(20, 6)) as pilot:
        await pilot.click(Canvas, offset=(3, 4))
        await pilot.click(Canvas, offset=(3, 0))
        await pilot.pause()
    assert picked == [2]


@pytest.mark.parametrize("theme", [DARK, LIGHT, HC])
async def test_every_cell_has_a_colour_of_the_palette(theme: Theme) -> None:
    look = Look(theme)
    app = Painted(look)
    async with app.run_test(size=(20, 14)) as pilot:
        await pilot.pause()
        known = {colour.lower() for colour in look.theme.colours.values()}
        for strip in strips(app):
            for segment in strip:
                assert segment.style is not None
                assert segment.style.bgcolor is not None
                assert segment.style.bgcolor.triplet is not None
                assert segment.style.bgcolor.triplet.hex in known


@pytest.mark.parametrize("theme", [ANSI, NONE])
async def test_without_exact_colours_the_terminals_own_background_stays(theme: Theme) -> None:
    app = Painted(Look(theme, ASCII))
    async with app.run_test(size=(20, 14)) as pilot:
        app.canvas.set_selection(1)
        await pilot.pause()
        for strip in strips(app):
            for segment in strip:
                assert segment.style is not None
                assert segment.style.bgcolor is None or segment.style.bgcolor.is_default
        assert lines(app)[3] == "| web1         41s  "
        assert all(segment.style and segment.style.reverse for segment in strips(app)[3])


async def test_text_that_was_never_made_safe_still_cannot_reach_the_terminal() -> None:
    app = Painted(Look())
    async with app.run_test(size=(60, 6)) as pilot:
        app.canvas.set_rows(
            [
                Row(
                    left=(
                        Span(
                            SafeText("a\x1b]52;c;AAAA\x07\x9b6nb [/x] [@click=app.bell]c"),
                        ),
                    )
                )
            ]
        )
        await pilot.pause()
        shown = lines(app)[0]
        screen = pyte.Screen(80, 2)
        pyte.Stream(screen).feed(shown)
        assert "\x1b" not in shown
        assert "[/x] [@click=app.bell]c" in screen.display[0]
