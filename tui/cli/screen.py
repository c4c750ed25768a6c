"""``onduty`` alone: the screen, or with ``--plain`` text that is only added to."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.settings import Settings
    from tui.view.look import Look


def open_screen(run: str | None = None, *, plain: bool = False) -> int:
    """Open the screen, at a run when one is given; 2 when there is no terminal."""
    from tui.wiring import settings

    if plain or (settings().plain and sys.stdin.isatty()):
        from tui.cli.plain import open_plain

        return open_plain()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _refuse("the screen needs a terminal; every command works without one", "onduty --plain")
    from tui.pauses import put_off
    from tui.terminal import why_no_screen

    put_off()
    if why_not := why_no_screen(os.environ):
        return _refuse(why_not, "onduty --plain")
    try:
        look = _look(settings())
    except KeyError as error:
        from tui.view.safe_text import safe

        return _refuse(f"ONDUTY_THEME={safe(str(error.args[0]))}: there are dark, light, hc, ansi and none")
    for name in ("COLUMNS", "LINES"):
        # What was exported is the size of that moment, and would be believed after every resize.
        os.environ.pop(name, None)
    from tui.first_frame import FirstFrame

    with FirstFrame(look) as first:
        if run is None:
            first.draw()
        from tui.app import run_app

        return run_app(look, first, run)


def _look(settings: Settings) -> Look:
    """Palette and signs; the keys are worn as well."""
    from tui.keys.actions import wear
    from tui.view.look import pick_look

    wear(settings.actions)
    return pick_look(os.environ, sys.stdout.encoding or "", settings)


def _refuse(why: str, instead: str = "") -> int:
    print(f"onduty: {why}" + (f"\n  try: {instead}" if instead else ""), file=sys.stderr)
    return 2
