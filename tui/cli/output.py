"""What commands print: JSON for machines, safe and aligned text for people."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from tui.view.safe_text import SafeText, safe

_STEERS = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""What JSON leaves as it is and a terminal obeys or hides: DEL, C1, bidi and invisible characters."""


def json_for_terminals(document: bytes) -> bytes:
    """The same JSON, without a character that could steer the terminal it is printed on."""
    if document.isascii() and b"\x7f" not in document:
        return document
    return _STEERS.sub(lambda found: f"\\u{ord(found[0]):04x}", document.decode()).encode()


def print_json(value: object) -> None:
    """One JSON document, indented."""
    import msgspec

    from runners.model.wire import encode

    _print_bytes(msgspec.json.format(encode(value), indent=2))


def print_json_line(document: bytes) -> None:
    """One JSON document on one line, at once."""
    _print_bytes(document)


def _print_bytes(document: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(json_for_terminals(document) + b"\n")
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


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Printing stops without a word when the reader of our output is gone."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        forget_output()


def forget_output() -> None:
    """From here on what is printed goes nowhere: Python must not complain at exit about a reader that left."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                os.dup2(nowhere, stream.fileno())
