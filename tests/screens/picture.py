"""Pictures of the screen, so that people can look at it: any app at any size, as SVG and as PNG.

The PNG is drawn cell by cell from the painted strips in DejaVu Sans Mono, 12 x 24 pixels a cell, with the box lines a
terminal would draw. ``python -m tests.screens.picture`` is not a thing: call ``shoot`` from a test or a script.
"""

from __future__ import annotations

import asyncio
import html
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rich.color import Color
from rich.terminal_theme import TerminalTheme
from textual.app import App
from textual.pilot import Pilot

from tests.screens.drawn import strips_of

CELL_WIDTH, CELL_HEIGHT = 12, 24
_TERMINAL = TerminalTheme(
    (0, 0, 0),
    (208, 208, 208),
    [
        (0, 0, 0),
        (205, 60, 60),
        (60, 180, 80),
        (200, 160, 40),
        (80, 120, 230),
        (190, 90, 190),
        (60, 180, 190),
        (208, 208, 208),
    ],
    [
        (110, 110, 110),
        (240, 90, 90),
        (90, 220, 110),
        (240, 210, 80),
        (120, 160, 255),
        (230, 130, 230),
        (100, 220, 230),
        (255, 255, 255),
    ],
)
_LINES = {"─": 1.2, "━": 3.2, "╌": 1.2, "╍": 3.2}
_DASHED = {"╌": "4 2", "╍": "4 2", "╎": "7 4"}
_UPRIGHT = {"│": 1.2, "┃": 3.6, "╎": 1.4}


def picture_svg(app: App[Any]) -> str:
    """The screen as it is now, as SVG with one rectangle and one text per run of cells."""
    width, height = app.size
    default_bg = "#000000" if app.current_theme.dark else "#FFFFFF"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * CELL_WIDTH}" height="{height * CELL_HEIGHT}">'
        f'<rect width="100%" height="100%" fill="{default_bg}"/>'
        '<g font-family="DejaVu Sans Mono" font-size="19.9" xml:space="preserve">'
    ]
    for y, strip in enumerate(strips_of(app)):
        x = 0
        for segment in strip:
            cells = segment.cell_length
            style = segment.style
            fg, bg = "#D0D0D0", default_bg
            bold = False
            if style is not None:
                fg = _hex(style.color, foreground=True)
                bg = _hex(style.bgcolor, foreground=False) if style.bgcolor is not None else bg
                if style.reverse:
                    fg, bg = bg, fg
                bold = bool(style.bold)
            if bg != default_bg:
                parts.append(
                    f'<rect x="{x * CELL_WIDTH}" y="{y * CELL_HEIGHT}" width="{cells * CELL_WIDTH + 0.3}"'
                    f' height="{CELL_HEIGHT + 0.3}" fill="{bg}"/>'
                )
            parts.append(_text(segment.text, x, y, fg, bold))
            if style is not None and style.underline:
                top = y * CELL_HEIGHT + 22
                parts.append(
                    f'<rect x="{x * CELL_WIDTH}" y="{top}" width="{cells * CELL_WIDTH}" height="1.2" fill="{fg}"/>'
                )
            x += cells
    parts.append("</g></svg>")
    return "".join(parts)


def save_picture(app: App[Any], path: Path) -> Path:
    """Write ``path`` (.svg and .png beside it); returns the PNG, or the SVG where rsvg-convert is missing."""
    svg = path.with_suffix(".svg")
    svg.parent.mkdir(parents=True, exist_ok=True)
    svg.write_text(picture_svg(app), encoding="utf-8")
    program = shutil.which("rsvg-convert")
    if program is None:
        return svg
    png = path.with_suffix(".png")
    subprocess.run([program, "-o", str(png), str(svg)], check=True)
    return png


def shoot(
    make_app: Callable[[], App[Any]],
    path: Path,
    *,
    size: tuple[int, int] = (120, 36),
    steps: Callable[[Pilot[Any]], Awaitable[None]] | None = None,
) -> Path:
    """Run an app without a terminal, let ``steps`` press keys, and save what it shows."""

    async def run() -> Path:
        app = make_app()
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            if steps is not None:
                await steps(pilot)
            await pilot.pause()
            return save_picture(app, path)

    return asyncio.run(run())


def _hex(color: Color | None, *, foreground: bool) -> str:
    triplet = (color or Color.default()).get_truecolor(_TERMINAL, foreground=foreground)
    return triplet.hex


def _text(text: str, x: int, y: int, fg: str, bold: bool) -> str:
    out: list[str] = []
    plain = ""
    start = x
    middle = y * CELL_HEIGHT + CELL_HEIGHT / 2

    def flush() -> None:
        nonlocal plain
        if plain.strip():
            weight = ' font-weight="bold"' if bold else ""
            xs = " ".join(str((start + number) * CELL_WIDTH) for number in range(len(plain)))
            out.append(f'<text x="{xs}" y="{y * CELL_HEIGHT + 18.5}" fill="{fg}"{weight}>{html.escape(plain)}</text>')
        plain = ""

    at = x
    for character in text:
        if character in _LINES:
            flush()
            dash = f' stroke-dasharray="{_DASHED[character]}"' if character in _DASHED else ""
            out.append(
                f'<line x1="{at * CELL_WIDTH}" x2="{(at + 1) * CELL_WIDTH}" y1="{middle}" y2="{middle}" stroke="{fg}"'
                f' stroke-width="{_LINES[character]}"{dash}/>'
            )
        elif character in _UPRIGHT:
            flush()
            dash = f' stroke-dasharray="{_DASHED[character]}"' if character in _DASHED else ""
            across = at * CELL_WIDTH + CELL_WIDTH / 2
            out.append(
                f'<line x1="{across}" x2="{across}" y1="{y * CELL_HEIGHT}" y2="{(y + 1) * CELL_HEIGHT}" stroke="{fg}"'
                f' stroke-width="{_UPRIGHT[character]}"{dash}/>'
            )
        elif 0x2800 < ord(character) < 0x2900:
            flush()
            out.extend(_braille(ord(character) - 0x2800, at, y, fg))
        else:
            if not plain:
                start = at
            plain += character
        at += 1
    flush()
    return "".join(out)


_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))


def _braille(bits: int, x: int, y: int, fg: str) -> list[str]:
    return [
        f'<circle cx="{x * CELL_WIDTH + 3 + 6 * column}" cy="{y * CELL_HEIGHT + 3 + 6 * row}" r="1.7" fill="{fg}"/>'
        for bit, (column, row) in enumerate(_DOTS)
        if bits >> bit & 1
    ]
