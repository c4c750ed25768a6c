"""The seam to what lies beside the store: the folder of each run with its logs and files, and the room that is left.

A run leaves in three steps, so that a killed controller loses none that it still knows and leaves none lying: its
folder is marked, its rows are removed, its folder is removed. A marked folder whose rows are there is unmarked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class RunFolders(Protocol):
    """The folders of all runs of one user. Each method may take a while and leaves the loop free; all raise
    ``OSError``."""

    async def sizes(self) -> Mapping[str, int]:
        """Bytes on disk by uid of the run."""
        ...

    async def mark(self, uid: str) -> None:
        """Note that the run is about to go; nothing where it has no folder."""
        ...

    async def unmark(self, uid: str) -> None:
        """It stays after all."""
        ...

    async def marked(self) -> tuple[str, ...]:
        """Uids of the runs whose folder is marked."""
        ...

    async def remove(self, uid: str) -> None:
        """Remove a marked folder with everything in it; one without a mark stays."""
        ...

    def free_bytes(self) -> int:
        """Bytes that this user can still write where the state lies."""
        ...
