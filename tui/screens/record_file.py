"""Saving the record of a run to a file of one's own, never over one that is there."""

from __future__ import annotations

import re
from pathlib import Path

_MOST_NAMES = 1000
_NAME_CHARS = 150


def save_record(folder: Path, run: str, text: str) -> Path:
    """Write ``text`` to ``deploy-api-42-record.md`` in ``folder``, or to the next free name; returns its path.

    Raises ``OSError``; a file that cannot be finished is removed.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", run).strip("-.")[:_NAME_CHARS] or "run"
    for number in range(1, _MOST_NAMES):
        path = folder / (f"{name}-record.md" if number == 1 else f"{name}-record-{number}.md")
        try:
            file = path.open("x", encoding="utf-8", errors="backslashreplace")
        except FileExistsError:
            continue
        try:
            with file:
                file.write(text)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path
    raise FileExistsError(f"{folder / name}-record.md and {_MOST_NAMES - 2} more are there already")
