"""The seam to the files that runs brought home: ``runs/<uid>/files/<job run>.<attempt>/…``, private to the user."""

from __future__ import annotations

from typing import Protocol


class Landing(Protocol):
    """One file while it arrives: nobody sees it under its name before it is whole."""

    async def write(self, data: bytes) -> None:
        """Append. Raises ``OSError``."""
        ...

    async def keep(self) -> str:
        """Put it on disk under its name, in place of what was there; its absolute path. Raises ``OSError``."""
        ...

    async def drop(self) -> None:
        """Remove what came. Harmless after ``keep``."""
        ...


class RunFiles(Protocol):
    """Everything that runs brought home."""

    def place(self, run: str, attempt: str, path: str) -> str:
        """The absolute path that it would have. ``ValueError`` for one that leads out of the run's own folder."""
        ...

    async def land(self, run: str, attempt: str, path: str) -> Landing:
        """Begin a file. Raises ``ValueError`` as ``place`` does, and ``OSError``."""
        ...
