"""The seam to wherever an inventory comes from: its text, and the texts that belong to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryText:
    """An inventory as it was read; what it means is decided by ``spec.inventory``, here and in the controller alike."""

    path: str
    """Absolute path of the file that was named; its folder is the inventory's."""
    text: str
    files: Mapping[str, str] = field(default_factory=dict)
    """What belongs to it: variable files beside it by their path from its folder, included files by their absolute
    path, and what its command printed under ``spec.inventory.PRINTED``."""


class InventorySource(Protocol):
    """One way to come by an inventory."""

    def read(self) -> InventoryText:
        """Read it now. Raises ``InputRefused`` with a sentence when it cannot be read; nothing was started then.

        Only a source that says so executes anything.
        """
        ...
