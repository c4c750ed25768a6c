"""The table, as text that is also Markdown, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from tests.bench.measure import LeftOut, Row

HEADINGS = ("what", "ours", "peer", "theirs", "ratio", "budget", "met")
_MET = {True: "yes", False: "NO", None: ""}


def lines_of(rows: Sequence[Row | LeftOut]) -> list[str]:
    """The table and, below it, what it leaves unsaid."""
    cells = [HEADINGS, *(_cells(row) for row in rows if isinstance(row, Row))]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = [_line(line, widths) for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"- {row.what}: {row.note}" for row in rows if isinstance(row, Row) and row.note]
    left_out = [f"- left out: {row.what} ({row.why})" for row in rows if isinstance(row, LeftOut)]
    return [*lines, *(["", *notes, *left_out] if notes or left_out else [])]


def document_of(rows: Sequence[Row | LeftOut], circumstances: Mapping[str, str]) -> dict[str, object]:
    """The same for programs."""
    return {
        "circumstances": dict(circumstances),
        "rows": [{**asdict(row), "ratio": row.ratio} for row in rows if isinstance(row, Row)],
        "left_out": [asdict(row) for row in rows if isinstance(row, LeftOut)],
    }


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        _figure(row.ours, row.unit),
        row.peer,
        _figure(row.theirs, row.unit) if row.theirs is not None else "",
        f"{row.ratio:.2f}" if row.ratio is not None else "",
        row.budget,
        _MET[row.met],
    )


def _figure(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"
