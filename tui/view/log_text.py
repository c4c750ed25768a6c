"""The lines of a log as plain text, for the clipboard and for files: safe to print, nothing of it hidden.

What would steer a terminal is gone as on the screen; a carriage return stays as a visible sign, so that each state of
a progress bar is there. Colours are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo

from tui.view.durations import clock
from tui.view.log_document import Document, LineAt
from tui.view.log_filtered import FilteredDocument
from tui.view.log_source import LogSource
from tui.view.safe_text import SafeText, safe

_LINES = 500
"""Read at once."""
_PIECE_BYTES = 64 * 1024
"""A longer line is read in pieces of so many bytes."""

Gutter = Callable[[int], SafeText] | None


def shown_runs(document: Document, first: LineAt, last: LineAt) -> Iterator[tuple[LineAt, int]]:
    """Shown lines from ``first`` to ``last`` as (first line, number of neighbours), at most 500 of them each."""
    for section in range(first.section, min(last.section, len(document.sizes) - 1) + 1):
        line = first.line if section == first.section else 0
        end = last.line + 1 if section == last.section else document.sizes[section]
        end = min(end, document.sizes[section])
        while line < end:
            count = min(_LINES, end - line)
            if isinstance(document, FilteredDocument):
                start = document.next(LineAt(section, line))
                if start is None or start.section != section or start.line >= end:
                    break
                line, count = start.line, 1
                while count < _LINES and line + count < end and document.shows(LineAt(section, line + count)):
                    count += 1
            yield LineAt(section, line), count
            line += count


def text_of(
    runs: Iterator[tuple[LineAt, int]],
    sources: Sequence[LogSource],
    gutters: Sequence[Gutter] = (),
    *,
    heads: Sequence[str] = (),
    zone: tzinfo | None = None,
) -> Iterator[tuple[str, int]]:
    """(text, lines that it ends) piece by piece. ``zone``: with the time before each line; None: without.

    ``heads``: said on a line of its own above the lines of each execution.
    """
    section = -1
    for first, count in runs:
        if heads and first.section != section:
            section = first.section
            yield f"--- {heads[section]}\n", 0
        source = sources[first.section]
        gutter = gutters[first.section] if gutters else None
        for offset, raw in enumerate(source.read_lines(first.line, count, _PIECE_BYTES)):
            line = first.line + offset
            at_utc = source.time_of_line(line) if zone is not None else None
            lead = f"{clock(at_utc, zone)}  " if at_utc is not None and zone is not None else ""
            lead += f"{gutter(line)}  " if gutter is not None else ""
            at = len(raw)
            yield lead + safe(raw), int(at < _PIECE_BYTES)
            while len(raw) == _PIECE_BYTES:
                raw = source.read_part(line, at, _PIECE_BYTES)
                at += len(raw)
                yield safe(raw), int(len(raw) < _PIECE_BYTES)
