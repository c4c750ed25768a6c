"""The hosts that an SSH configuration names, with the files it includes. Executes nothing."""

from __future__ import annotations

from pathlib import Path

from runners.adapters.ssh_config_scan import scan_config
from runners.adapters.text_file import read_utf8
from runners.ports.inventory_source import InventoryText


class SshConfigInventory:
    """Implements ``InventorySource``."""

    def __init__(self, path: Path, shown: str, *, home: Path) -> None:
        """``path`` is absolute; ``home`` is where ``Include`` looks (ssh_config(5): ``~/.ssh``)."""
        self._path = path
        self._shown = shown
        self._home = home

    def read(self) -> InventoryText:
        """The file and what it includes; executes nothing."""
        text = read_utf8(self._path, self._shown)
        included: dict[str, str] = {}
        for name, stamp in scan_config([self._path], home=self._home).stamps:
            path = Path(name)
            if stamp != (0, 0, 0) and path != self._path and path.is_file():
                included[name] = read_utf8(path, name)
        return InventoryText(path=str(self._path), text=text, files=included)
