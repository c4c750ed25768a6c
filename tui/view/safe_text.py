"""The one door through which text from hosts, files and people reaches a terminal.

Files keep every byte; a screen gets ``SafeText``: printable characters alone, one line, no way to steer the terminal.
Nothing here or behind it parses markup. What would only steer or make noise (escape sequences, bells) leaves no
trace; what would change how the text around it reads (a backspace, a carriage return, a bidi override, a hidden
space) leaves a visible mark, so that a line can neither hide a word nor pose as another one.

Sequences are recognised as ECMA-48 and xterm's ctlseqs write them, in their 7-bit and their 8-bit form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NewType

from msgspec import Struct
from msgspec.structs import replace
from rich.cells import get_character_cell_size

SafeText = NewType("SafeText", str)
"""Text that went through ``safe`` (or is a literal of our own, see ``own``): one line without C0, DEL, C1, bidi,
zero-width or private characters and lone surrogates. The type checker keeps anything else off the screen."""

REPLACEMENT = "\ufffd"
TAB_CELLS = 8
MAX_MARKS = 3
"""Combining marks kept on one base character; more would grow into the rows above and below."""

_STRING_BODY = r"[^\x00-\x08\x0a-\x1f\x7f-\x9f]*"
_STRING_END = r"(?:\x07|\x1b\\|\x9c)"
_CSI = r"(?:\x1b\[|\x9b)"
_DROPPED = (
    "\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200c-\u200f\u2060-\u2065\u206a-\u206f\ufe00-\ufe0f\ufeff"
    "\U0001d173-\U0001d17a\U000e0100-\U000e01ef"
)
_SHOWN = (
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u200b\u2028-\u202e\u2066-\u2069\u3164\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff\U000f0000-\U0010ffff"
    + "".join(chr(plane * 0x10000 + last) for plane in range(1, 15) for last in (0xFFFE, 0xFFFF))
)

_TOKEN = (
    rf"(?P<sgr>{_CSI}[0-9;:]*m)"
    rf"|{_CSI}[0-?]*[ -/]*[@-~]"
    rf"|(?:\x1b[\]PX^_k]|[\x90\x98\x9d\x9e\x9f]){_STRING_BODY}{_STRING_END}"
    # No end in sight: the terminal would swallow the rest of the line, and with it what somebody must read.
    rf"|(?P<open>\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])"
    rf"|{_CSI}[0-?]*[ -/]*"
    r"|\x1b[ -/]+[0-~]?"
    r"|\x1b[0-~]?"
    rf"|(?P<tab>\t)|(?P<control>[\x01-\x06\x08-\x1f\x7f])|[\x00\x07\x80-\x9f]|[{_DROPPED}]|(?P<shown>[{_SHOWN}])"
)


@cache
def _token() -> re.Pattern[str]:
    """Made when a text first needs it: few do, and it takes longer than most commands need for everything else."""
    return re.compile(_TOKEN)


class SgrStyle(Struct, frozen=True):
    """What a host asked for with SGR (ECMA-48 8.3.117), as far as we ever honour it."""

    fg: int | tuple[int, int, int] | None = None
    """0-255 from the palette, red green blue, or None for the default."""
    bg: int | tuple[int, int, int] | None = None
    bold: bool = False
    reverse: bool = False


PLAIN = SgrStyle()


def own(text: str) -> SafeText:
    """Say that ``text`` is a literal of this program. Never for anything that was read, typed or received."""
    return SafeText(text)


def safe(text: str | bytes) -> SafeText:
    """Make one line of text fit for a terminal.

    Bytes are read as UTF-8, what is not UTF-8 becomes U+FFFD. A newline at the end goes, one inside becomes a visible
    ``␊``; use ``safe_lines`` for texts of several lines. Never raises; ``safe(safe(x)) == safe(x)``; linear time.
    """
    decoded = _decode(text)
    if decoded.isascii() and decoded.isprintable():
        return SafeText(decoded)
    return SafeText("".join(piece for piece, _ in _pieces(decoded)))


def safe_lines(text: str | bytes) -> list[SafeText]:
    """Split at newlines and make each line safe. A newline at the end does not make an empty line."""
    decoded = _decode(text)
    if not decoded:
        return []
    return [safe(line) for line in decoded.removesuffix("\n").split("\n")]


def safe_line(line: str | bytes) -> list[tuple[SafeText, SgrStyle]]:
    """As ``safe``, with the SGR style of each part beside it.

    The sequences themselves are read here and dropped; what a screen does with a style is its own choice. A line starts
    plain: a colour left on by an earlier line does not reach it.
    """
    decoded = _decode(line)
    if decoded.isascii() and decoded.isprintable():
        return [(SafeText(decoded), PLAIN)] if decoded else []
    merged: list[tuple[SafeText, SgrStyle]] = []
    for piece, style in _pieces(decoded):
        if merged and merged[-1][1] == style:
            merged[-1] = (SafeText(merged[-1][0] + piece), style)
        elif piece:
            merged.append((SafeText(piece), style))
    return merged


def _decode(text: str | bytes) -> str:
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return decoded.rstrip("\r\n") if decoded.endswith(("\n", "\r")) else decoded


def _pieces(text: str) -> Iterator[tuple[str, SgrStyle]]:
    """Yield printable pieces in order; tabs are blanks up to the next eighth cell of the whole line."""
    style = PLAIN
    column = 0
    marks = MAX_MARKS + 1  # a mark at the start has nothing to sit on
    position = 0

    for match in _token().finditer(text):
        if match.start() > position:
            piece, width, marks = _measured(text[position : match.start()], marks)
            column += width
            yield piece, style
        position = match.end()
        kind = match.lastgroup
        if kind is None:
            continue
        if kind == "sgr":
            style = _sgr(style, match.group())
            continue
        if kind == "tab":
            replacement = " " * (TAB_CELLS - column % TAB_CELLS)
        elif kind == "control":
            code = ord(match.group())
            replacement = "\u2421" if code == 0x7F else chr(0x2400 + code)
        elif kind == "open":
            replacement = "\u241b"
        else:
            replacement = REPLACEMENT
        column += len(replacement)
        marks = 0
        yield replacement, style
    if position < len(text):
        yield _measured(text[position:], marks)[0], style


def _measured(text: str, marks: int) -> tuple[str, int, int]:
    """Return the text with its combining marks bounded, its cells, and how many marks the last character carries."""
    if text.isascii():
        return text, len(text), 0
    kept: list[str] = []
    cells = 0
    for character in text:
        size = get_character_cell_size(character)
        if size:
            marks = 0
        elif marks > MAX_MARKS:
            # Nothing to sit on: a dotted circle carries it, as Unicode 2.11 advises.
            kept.append("\u25cc")
            cells += 1
            marks = 1
        elif marks == MAX_MARKS:
            continue
        else:
            marks += 1
        kept.append(character)
        cells += size
    return "".join(kept), cells, marks


_RESETS = {"22": "bold", "27": "reverse", "39": "fg", "49": "bg"}


def _sgr(style: SgrStyle, sequence: str) -> SgrStyle:
    """Apply one SGR sequence; parameters that we never honour change nothing."""
    body = sequence[2:-1] if sequence.startswith("\x1b") else sequence[1:-1]
    parameters = body.replace(":", ";").split(";")[:64]
    at = 0
    while at < len(parameters):
        parameter = parameters[at].lstrip("0")
        at += 1
        if parameter == "":
            style = PLAIN
        elif parameter == "1":
            style = replace(style, bold=True)
        elif parameter == "7":
            style = replace(style, reverse=True)
        elif parameter in _RESETS:
            name = _RESETS[parameter]
            style = replace(style, **{name: getattr(PLAIN, name)})
        elif parameter in ("38", "48"):
            colour, at = _colour(parameters, at)
            if colour is not None:
                style = replace(style, fg=colour) if parameter == "38" else replace(style, bg=colour)
        elif len(parameter) <= 3:
            number = int(parameter)
            if 30 <= number <= 37:
                style = replace(style, fg=number - 30)
            elif 40 <= number <= 47:
                style = replace(style, bg=number - 40)
            elif 90 <= number <= 97:
                style = replace(style, fg=number - 82)
            elif 100 <= number <= 107:
                style = replace(style, bg=number - 92)
    return style


def _colour(parameters: list[str], at: int) -> tuple[int | tuple[int, int, int] | None, int]:
    """Read ``5;N`` or ``2;R;G;B`` at ``at``; also ``2::R:G:B`` with its empty colour space."""
    mode = parameters[at].lstrip("0") if at < len(parameters) else ""
    if mode == "5":
        numbers = _numbers(parameters[at + 1 : at + 2], 1)
        return (numbers[0] if numbers else None), at + 2
    if mode == "2":
        first = at + 1
        if first < len(parameters) and parameters[first] == "" and len(parameters) >= first + 4:
            first += 1
        numbers = _numbers(parameters[first : first + 3], 3)
        return ((numbers[0], numbers[1], numbers[2]) if numbers else None), first + 3
    return None, at


def _numbers(texts: list[str], wanted: int) -> list[int] | None:
    if len(texts) != wanted or not all(len(text.lstrip("0")) <= 3 for text in texts):
        return None
    numbers = [int(text or "0") for text in texts]
    return numbers if all(number <= 255 for number in numbers) else None
