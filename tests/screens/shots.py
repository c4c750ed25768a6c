"""Pictures of the real app: ``python -m tests.screens.shots DIR [NAME…] [LOOK…] [WIDTHxHEIGHT…]``, as SVG and PNG.

``python -m tests.screens.shots --live RUN FILE.png`` takes one of a run that a real controller has, at 120x36: start
``onduty demo``, then name its run with ONDUTY_HOME set to the demo's state folder.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.screens.desk import LIBRARY, Desk
from tests.screens.fake_controller import FakeController
from tests.screens.moments import MOMENTS, moment
from tests.screens.picture import picture_svg, save_picture
from tui.view.glyphs import ASCII
from tui.view.look import Look
from tui.view.theme import ANSI, DARK, HC, LIGHT, NONE

LIVE_WIDTH = 1200
"""Pixels."""
SIZES = ("200x50", "160x44", "120x36", "80x24")
LOOKS = {"dark": Look(DARK), "light": Look(LIGHT)}
FEW_LOOKS = {"hc": Look(HC), "ansi": Look(ANSI), "ascii-nocolor": Look(NONE, ASCII)}
"""Only of the first moment, unless asked for."""


async def shoot(name: str, size: str, look: Look, path: Path) -> None:
    """One picture."""
    width, height = (int(part) for part in size.split("x"))
    async with moment(name, (width, height), look) as here:
        save_picture(here.app, path)


async def shoot_live(run: str) -> str:
    """The screen of a run that a real controller has, as SVG."""
    from tui.app import OndutyApp
    from tui.bridge import Line
    from tui.wiring import controller_command, home

    line = Line(home(), controller_command)
    client, _ = await line(start=True)
    async with client:
        uid = await client.find(run)
    app = OndutyApp(line, lambda: LIBRARY, LOOKS["dark"], run=uid)
    async with app.run_test(size=(120, 36)) as pilot:
        here = Desk(app, pilot, FakeController())
        await here.sees("failed in restart", "address already in use", "port-in-use")
        await pilot.pause()
        return picture_svg(app)


def main(words: Sequence[str]) -> None:
    """See the module."""
    if words and words[0] == "--live":
        svg = asyncio.run(shoot_live(words[1]))
        # Small enough to be read over a phone; the SVG itself needs a font that not every reader has.
        program = ("rsvg-convert", "-w", str(LIVE_WIDTH), "-o", words[2])
        subprocess.run(program, input=svg.encode(), check=True)
        return
    folder, kinds = Path(words[0]), {**LOOKS, **FEW_LOOKS}
    sizes = [word for word in words[1:] if re.fullmatch(r"\d+x\d+", word)]
    some = [word for word in words[1:] if word in kinds]
    wanted = [word for word in words[1:] if word not in (*sizes, *some)]
    if unknown := [word for word in wanted if word not in MOMENTS]:
        sys.exit(f"no moment {', '.join(unknown)}; there are {', '.join(MOMENTS)}")
    for name in wanted or MOMENTS:
        looks = {kind: kinds[kind] for kind in some or (kinds if name == next(iter(MOMENTS)) else LOOKS)}
        for kind, look in looks.items():
            for size in sizes or SIZES:
                path = folder / f"{name}-{size}-{kind}"
                asyncio.run(shoot(name, size, look, path))
                print(path)


if __name__ == "__main__":
    os.environ.setdefault("TZ", "UTC")
    main(sys.argv[1:])
