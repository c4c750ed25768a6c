"""Whatever a file, a person or a host supplies is text on every screen, and on the terminal behind it."""

from __future__ import annotations

import re

import pytest
from textual.drivers.headless_driver import HeadlessDriver

from tests.screens.drawn import strips_of
from tests.screens.hostile_screens import Tour, app_over, evil_from, hostile_controller

HIDDEN = {*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x061C, 0xFEFF, 0x2028, 0x2029}
MEDIUM, NARROW = (120, 36), (80, 24)
OURS = re.compile(r"\x1b\[[0-9;]*[mH]|\x1b\[\?(?:25|2026)[hl]|\x1b\]22;default\x07|\n")
"""Colours, places, the cursor, frames that are drawn at once, the pointer: what Textual says to a terminal."""


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes to the terminal."""
    found: list[str] = []
    monkeypatch.setattr(HeadlessDriver, "is_headless", False)
    monkeypatch.setattr(HeadlessDriver, "write", lambda self, data: found.append(data))
    return found


@pytest.mark.parametrize(("first", "size", "whole"), [("osc", MEDIUM, True), ("markup", NARROW, False)])
async def test_nothing_hostile_is_more_than_text_on_any_screen(
    first: str, size: tuple[int, int], whole: bool, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = evil_from(first)
    controller = hostile_controller(evil)
    app = app_over(controller, monkeypatch)
    seen: dict[str, str] = {}

    def visit(place: str) -> None:
        strips = strips_of(app)
        seen[place] = "\n".join(segment.text for strip in strips for segment in strip)
        for strip in strips:
            for segment in strip:
                bad = [hex(ord(one)) for one in segment.text if not one.isprintable() or ord(one) in HIDDEN]
                assert not bad, (place, bad, segment.text)
                style = segment.style
                assert style is None or not (style.meta or style.link or style.blink or style.conceal), (place, style)

    async with app.run_test(size=size) as pilot:
        somebody = Tour(app, pilot, controller, visit)
        if whole:
            await somebody.starts()
        await somebody.looks()
        if whole:
            await somebody.opens()
        assert app.is_running
    assert app.crash is None
    assert app.broken == {}
    assert {"board", "run", "pane log", "pane why"} <= {*seen}
    assert not whole or {
        "dialog r s",
        "dialog B",
        "dialog M",
        "dialog L",
        "screen at",
        "screen d",
        "screen T",
        "screen D",
        "screen host",
        "screen host, facts",
        "refused",
        "no controller",
    } <= {*seen}
    places = [
        place
        for place in (
            "board",
            "pane why",
            "dialog r",
            "dialog B",
            "screen at",
            "screen o",
            "screen d",
            "screen T",
            "screen D",
            "screen host",
        )
        if place in seen
    ]
    assert all("[/x] [" in seen[place] for place in places), places
    # Nothing is left of what was written but text.
    assert not [one for one in {*OURS.sub("", "".join(written))} if not one.isprintable()]
