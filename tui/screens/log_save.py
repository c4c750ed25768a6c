"""Writing a log as shown to a file of one's own: safe text, never over a file that is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tui.screens.new_file import new_file
from tui.view.durations import size
from tui.view.safe_text import SafeText, own


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
        self.path, file = new_file(folder, stem, "log")
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
