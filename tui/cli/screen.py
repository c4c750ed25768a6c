"""``onduty`` alone: the screen, or with ``--plain`` text that is only added to."""

from __future__ import annotations

import sys


def open_screen(run: str | None = None, *, plain: bool = False) -> int:
    """Open the screen, at a run when one is given; 2 when there is no terminal."""
    from tui.wiring import settings

    if plain or (settings().plain and sys.stdin.isatty()):
        from tui.cli.plain import open_plain

        return open_plain()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(
            "onduty: the screen needs a terminal; every command works without one\n  try: onduty --plain",
            file=sys.stderr,
        )
        return 2
    from tui.pauses import put_off

    put_off()
    from tui.app import run_app

    return run_app(run)
