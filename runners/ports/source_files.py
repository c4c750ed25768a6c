"""The seam to the files of this machine that uploads send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from runners.model.kinds import PinnedSource


class SourceFiles(Protocol):
    """Reads them. Both methods block: call them in a thread."""

    def pin(self, folder: str, src: str) -> PinnedSource:
        """What ``src``, relative to ``folder``, is now, by content.

        A link that stands in ``src`` itself is followed; links below it are refused, never followed. Raises
        ``SourceRefused`` with a sentence.
        """
        ...

    def read(self, folder: str, src: str, path: str) -> Iterator[bytes]:
        """The bytes of one file of a source, in pieces. Raises ``OSError``."""
        ...
