"""Writing a log as shown to a file of one's own: safe text, never over a file that is there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tui.view.durations import size
from tui.view.safe_text import SafeText, own

_MOST_NAMES = 1000
_NAME_CHARS = 150


@dataclass(slots=True)
class Saving:
    """One file being written; a thread counts, the screen reads."""

    lines: int = 0
    size_bytes: int = 0
    path: Path | None = None
    stopped: bool = False
    """Somebody left: the file goes again."""

    @property
    def words(self) -> SafeText:
        """For the title while it goes on."""
        return own(f"saving {size(self.size_bytes)}")

    def write(self, folder: Path, stem: str, pieces: Iterator[tuple[str, int]]) -> None:
        """Write ``pieces`` (text, lines it ends) to a new file in ``folder``; in a thread.

        Raises ``OSError``; what was written of a file that cannot be finished is removed.
        """
        file = self._new(folder, stem)
        assert self.path is not None
        try:
            with file:
                for text, ends in pieces:
                    if self.stopped:
                        break
                    data = (text + "\n" * ends).encode()
                    file.write(data)
                    self.lines += ends
                    self.size_bytes += len(data)
        except BaseException:
            self.path.unlink(missing_ok=True)
            raise
        if self.stopped:
            self.path.unlink(missing_ok=True)

    def _new(self, folder: Path, stem: str) -> IO[bytes]:
        name = re.sub(r"[^A-Za-z0-9._@-]+", "-", stem).strip("-.")[:_NAME_CHARS] or "log"
        for number in range(1, _MOST_NAMES):
            path = folder / (f"{name}.log" if number == 1 else f"{name}-{number}.log")
            try:
                fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except FileExistsError:
                continue
            self.path = path
            return os.fdopen(fd, "wb")
        raise FileExistsError(f"{folder / name}.log and {_MOST_NAMES - 2} more are there already")
