"""``onduty`` alone: the screen."""

from __future__ import annotations

import sys


def open_screen(run: str | None = None) -> int:
    """Open the screen, at a run when one is given; 2 when there is no terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(
            "onduty: the screen needs a terminal; every command works without one\n  try: onduty --help",
            file=sys.stderr,
        )
        return 2
    from tui.app import run_app

    return run_app(run)
