"""An inventory that stands in a file, with the variables beside it. Executes nothing."""

from __future__ import annotations

from pathlib import Path

from runners.adapters.text_file import read_utf8
from runners.adapters.vars_files import read_vars_files
from runners.ports.inventory_source import InventoryText


class FileInventory:
    """Implements ``InventorySource``."""

    def __init__(self, path: Path, shown: str) -> None:
        """``path`` is absolute; ``shown`` is how a person named it, for messages."""
        self._path = path
        self._shown = shown

    def read(self) -> InventoryText:
        """The file and what stands under ``group_vars/`` and ``host_vars/``; executes nothing."""
        text = read_utf8(self._path, self._shown)
        return InventoryText(path=str(self._path), text=text, files=read_vars_files(self._path.parent))
