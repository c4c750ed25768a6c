"""The inventory of an earlier run, for the next run of its pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.inventories import Choice, short_path

if TYPE_CHECKING:
    from runners.model.snapshot import PlanAnswer


def inventory_of(pinned: PlanAnswer) -> Choice | None:
    """The file that the run's hosts were read from; None when none was noted, or it is there no more.

    With the text that the run pinned it may do what it was allowed to do then. With any other, and where the text is
    what a program printed, nobody named it: it counts as found.
    """
    noted = pinned.plan.inventory_path
    if not noted or not Path(noted).is_file():
        return None
    path = Path(noted)
    return Choice(path=path, shown=short_path(noted), found=not _has_text(path, pinned.inventory))


def _has_text(path: Path, text: str | None) -> bool:
    try:
        return text is not None and path.read_bytes() == text.encode()
    except OSError:
        return False
