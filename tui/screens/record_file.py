"""Saving the record of a run to a file of one's own."""

from __future__ import annotations

from pathlib import Path

from tui.screens.new_file import new_file


def save_record(folder: Path, run: str, text: str) -> Path:
    """Write ``text`` to ``deploy-api-42-record.md`` in ``folder``, or to the next free name; returns its path.

    Raises ``OSError``; a file that cannot be finished is removed.
    """
    path, file = new_file(folder, f"{run}-record", "md")
    try:
        with file:
            file.write(text.encode(errors="backslashreplace"))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path
