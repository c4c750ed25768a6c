"""What every moment looks like, written down: ``python -m tests.screens.snapshots [NAME…]`` writes ``snapshots/``.

One file for each moment with a part for each size: the screen row by row. The part of one size also says what each
row is painted with, as runs of cells: ``muted:12`` are twelve cells in ``muted``, ``fail+bold@sel:3`` three in bold
``fail`` on ``sel``; blank cells are named by their background alone. Tokens, not colours: a file holds for every
palette.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.segment import Segment
from textual.strip import Strip

from tests.screens.desk import Desk
from tests.screens.drawn import strips_of
from tests.screens.moments import MOMENTS, moment
from tui.view.look import Look
from tui.view.theme import BACKGROUNDS, DARK, TOKENS, Theme, behind_dialog

FOLDER = Path(__file__).parent / "snapshots"
SIZES = ((160, 44), (120, 36), (80, 24))
_MOVING = ("run-lost", "toasts", "run-log", "filter", "marked", "hosts-merged", "hosts-alike")
"""How long a controller is gone, or a toast stays, is real time; a pane that was just focused is painted soon after."""
STEADY = tuple(name for name in MOMENTS if name not in _MOVING)
"""Moments that stand still."""
PAINTED = (120, 36)
"""The size of which the colours are written down as well."""


def paint_of(here: Desk, theme: Theme) -> list[str]:
    """What each row is painted with."""
    names = _Names(theme)
    return [" ".join(_runs(strip, names)) for strip in strips_of(here.app)]


class _Names:
    """Colours back to tokens."""

    def __init__(self, theme: Theme) -> None:
        dimmed = behind_dialog(theme)
        self.fg = {dimmed.colours[token].lower(): f"dim-{token}" for token in TOKENS}
        self.bg = {dimmed.colours[token].lower(): f"dim-{token}" for token in reversed(BACKGROUNDS)}
        self.fg |= {theme.colours[token].lower(): token for token in TOKENS}
        # Dark dims towards its ground, which therefore stays what it is; light does not.
        self.bg[dimmed.colours["ground"].lower()] = "ground"
        self.bg |= {theme.colours[token].lower(): token for token in reversed(BACKGROUNDS)}

    def name(self, segment: Segment) -> str:
        """``fail+bold@sel``; ``@sel`` for blank cells; on ``ground`` without it."""
        style = segment.style
        assert style is not None
        assert style.color is not None
        assert style.bgcolor is not None
        fg, bg = style.color.get_truecolor().hex, style.bgcolor.get_truecolor().hex
        on = self.bg.get(bg)
        if on is None:
            # Reversed: the token is the background.
            return f"{self.fg.get(bg, bg)}+reverse{'+bold' if style.bold else ''}"
        where = "" if on == "ground" else f"@{on}"
        if not segment.text.strip():
            return where or "@ground"
        marks = ("+bold" if style.bold else "") + ("+underline" if style.underline else "")
        return f"{self.fg.get(fg, fg)}{marks}{where}"


def _runs(strip: Strip, names: _Names) -> Iterator[str]:
    pieces = ((names.name(segment), segment.cell_length) for segment in strip if segment.cell_length)
    for name, group in itertools.groupby(pieces, key=lambda piece: piece[0]):
        yield f"{name}:{sum(length for _, length in group)}"


async def part(name: str, size: tuple[int, int], theme: Theme = DARK) -> list[str]:
    """One moment at one size, as it looks now."""
    async with moment(name, size, Look(theme)) as here:
        painted = ["---", *paint_of(here, theme)] if size == PAINTED else []
        return [f"=== {size[0]}x{size[1]}", *here.rows, *painted]


async def snapshot(name: str) -> str:
    """The file of one moment, as it looks now."""
    return "\n".join([line for size in SIZES for line in await part(name, size)]) + "\n"


def written(name: str, size: tuple[int, int]) -> list[str]:
    """What the file of a moment has for a size."""
    lines = path_of(name).read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("=== ")]
    first = lines.index(f"=== {size[0]}x{size[1]}")
    return lines[first : next((start for start in starts if start > first), len(lines))]


def path_of(name: str) -> Path:
    """Where a moment is written down."""
    return FOLDER / f"{name}.txt"


def main(names: Sequence[str]) -> None:
    """Write what is asked for, or everything."""
    FOLDER.mkdir(exist_ok=True)
    for name in names or STEADY:
        path_of(name).write_text(asyncio.run(snapshot(name)), encoding="utf-8")
        print(path_of(name))


if __name__ == "__main__":
    main(sys.argv[1:])
