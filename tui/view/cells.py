"""Measure, cut, pad and wrap safe text by terminal cells, never by code points.

LOOK section 7: hosts and runs are cut in the middle (the end tells them apart), paths at the left, sentences, commands
and log lines at the right, ids keep 4 + 4. A column narrower than ``LEAST_CELLS`` is dropped by whoever lays it out.
"""

from __future__ import annotations

from rich.cells import cell_len, split_text

from tui.view.safe_text import SafeText

CUT = "\u22ef"
"""The cut mark of the Unicode glyph set; ASCII mode passes ``~``."""
LEAST_CELLS = 5


def cells(text: str) -> int:
    """Cells that ``text`` takes on the screen."""
    # Safe text has no sign without a cell but those that are none of ASCII.
    return len(text) if text.isascii() else cell_len(text)


def take(text: SafeText, width: int) -> SafeText:
    """At most ``width`` cells from the left, without a mark. A wide character that would be halved is left out."""
    if width <= 0:
        return SafeText("")
    start = _start(text, width)
    if cell_len(start) <= width:
        return text
    left = split_text(start, width)[0]
    return SafeText(left if start.startswith(left) else left[:-1])


def _start(text: str, width: int) -> str:
    """A start of ``text`` wider than ``width`` cells, or all of it: a long text is not measured for each row."""
    size = 4 * width + 64
    while size < len(text):
        start = text[:size]
        # Some cells more, so that what is cut off here is no part of a character that counts.
        if cell_len(start) > width + 8:
            return start
        size *= 2
    return text


def drop(text: SafeText, width: int) -> SafeText:
    """What is left after ``width`` cells from the left; a wide character that would be halved goes whole."""
    if width <= 0:
        return text
    if cell_len(text) <= width:
        return SafeText("")
    right = split_text(text, width)[1]
    return SafeText(right if text.endswith(right) else right[1:])


def cut_right(text: SafeText, width: int, mark: str = CUT) -> SafeText:
    """Keep the start: sentences, commands, log lines."""
    if cell_len(_start(text, max(0, width))) <= width:
        return text
    if width <= 0:
        return SafeText("")
    return SafeText(take(text, width - 1) + mark)


def cut_words(text: SafeText, width: int, mark: str = CUT) -> SafeText:
    """Keep the start and end it after a whole word when that costs less than a third of the width."""
    if cell_len(_start(text, max(0, width))) <= width:
        return text
    kept = take(text, width - 1)
    following = text[len(kept) : len(kept) + 1]
    space = kept.rfind(" ")
    if following != " " and cell_len(kept[: max(space, 0)]) * 3 > width * 2:
        kept = SafeText(kept[:space])
    return cut_right(SafeText(kept.rstrip(" ,;:") + mark), width, mark) if width > 0 else SafeText("")


def cut_left(text: SafeText, width: int, mark: str = CUT) -> SafeText:
    """Keep the end."""
    length = cell_len(text)
    if length <= width:
        return text
    if width <= 0:
        return SafeText("")
    return SafeText(mark + drop(text, length - width + 1))


def cut_path(text: SafeText, width: int, mark: str = CUT) -> SafeText:
    """Keep the end, from a slash on when one is there: ``⋯/net/port-in-use.md``."""
    if cell_len(text) <= width:
        return text
    kept = cut_left(text, width, mark)
    slash = kept.find("/")
    return SafeText(mark + kept[slash:]) if 0 < slash < len(kept) - 1 else kept


def cut_middle(text: SafeText, width: int, mark: str = CUT) -> SafeText:
    """Keep both ends: hosts and runs (``ip-10-0-4⋯compute-7``). An odd cell goes to the end, which tells them apart."""
    length = cell_len(text)
    if length <= width:
        return text
    if width <= 0:
        return SafeText("")
    head = (width - 1) // 2
    return SafeText(take(text, head) + mark + drop(text, length - (width - 1 - head)))


def pad(text: SafeText, width: int, *, right: bool = False) -> SafeText:
    """Fill with blanks up to ``width`` cells (at the left with ``right=True``). Longer text comes back as it is."""
    blanks = " " * max(0, width - cell_len(text))
    return SafeText(blanks + text if right else text + blanks)


def wrap(text: SafeText, width: int, *, indent: int = 0) -> list[SafeText]:
    """Break into lines of at most ``width`` cells, at blanks where there are any.

    Later lines start with ``indent`` blanks. A word longer than a line is broken hard. An empty text is one empty line.
    """
    width = max(1, width)
    indent = min(indent, width - 1)
    lines: list[SafeText] = []
    rest = text
    room = width
    prefix = ""
    while cell_len(_start(rest, room)) > room:
        kept = take(rest, room)
        space = kept.rfind(" ")
        if rest[len(kept) : len(kept) + 1] != " " and space > 0 and kept[:space].strip():
            kept = SafeText(kept[:space])
        if not kept:  # one wide character in a one-cell column
            break
        lines.append(SafeText(prefix + kept.rstrip(" ")))
        rest = SafeText(rest[len(kept) :].lstrip(" "))
        prefix, room = " " * indent, width - indent
    if rest or not lines:
        lines.append(SafeText(prefix + take(rest, room)))
    return lines
