"""A file of one's own, for what a person saves: never over one that is there, for nobody else to read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import IO

_MOST_NAMES = 1000
_NAME_CHARS = 150


def new_file(folder: Path, stem: str, ending: str) -> tuple[Path, IO[bytes]]:
    """Open ``stem.ending`` in ``folder`` for writing, or ``stem-2.ending`` …, whichever is free; what is not fit for a
    file's name becomes a dash. Raises ``OSError``.
    """
    name = re.sub(r"[^A-Za-z0-9._@-]+", "-", stem).strip("-.")[:_NAME_CHARS] or "onduty"
    for number in range(1, _MOST_NAMES):
        path = folder / (f"{name}.{ending}" if number == 1 else f"{name}-{number}.{ending}")
        try:
            # Made by us or not at all: a link in its place is not followed.
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
        return path, os.fdopen(fd, "wb")
    raise FileExistsError(f"{folder / name}.{ending} and {_MOST_NAMES - 2} more are there already")
