"""Blocks of a log, split into lines for showing."""

from __future__ import annotations


def split_lines(block: bytes, max_line_bytes: int) -> tuple[list[bytes], bytes]:
    """Split ``block`` at its newlines: (whole lines without the newline, each cut to ``max_line_bytes``; the rest).

    Only ``\\n`` ends a line: a carriage return stays in its line, as do form feeds and the Unicode separators.
    """
    lines = block.split(b"\n")
    rest = lines.pop()
    # Most blocks have no long line: look once before cutting each.
    if lines and max(map(len, lines)) > max_line_bytes:
        lines = [line[:max_line_bytes] for line in lines]
    return lines, rest


def window(line: bytes, start: int, width_bytes: int) -> bytes:
    """The part of a long line that is on screen, as bytes.

    Widened at both ends by what completes a UTF-8 character that the cut would split (at most 3 bytes a side).
    """
    start = max(0, min(start, len(line)))
    end = min(start + width_bytes, len(line))
    return line[_character_start(line, start) : _character_end(line, end)]


def _is_continuation(byte: int) -> bool:
    return byte & 0xC0 == 0x80


def _character_start(line: bytes, at: int) -> int:
    low = max(0, at - 3)
    begin = at
    while low < begin < len(line) and _is_continuation(line[begin]):
        begin -= 1
    # Four continuation bytes in a row are no character: stay where the caller cut.
    return at if begin < len(line) and _is_continuation(line[begin]) else begin


def _character_end(line: bytes, at: int) -> int:
    high = min(len(line), at + 3)
    end = at
    while end < high and _is_continuation(line[end]):
        end += 1
    return end
