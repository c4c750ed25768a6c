"""What commands print: JSON for machines, safe and aligned text for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from tui.view.safe_text import SafeText, safe


def print_json(value: object) -> None:
    """One JSON document, indented."""
    import msgspec

    from runners.model.wire import encode

    sys.stdout.buffer.write(msgspec.json.format(encode(value), indent=2) + b"\n")
    sys.stdout.buffer.flush()


def print_line(text: str) -> None:
    """One line, safe for the terminal, written at once."""
    sys.stdout.write(safe(text) + "\n")
    sys.stdout.flush()


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns two blanks apart; the last one is not padded."""
    from rich.cells import cell_len

    table: list[list[SafeText]] = [[safe(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(cell_len(row[column]) for row in table) for column in range(len(heads))]
    for row in table:
        cells = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())
