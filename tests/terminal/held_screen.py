"""``onduty``, the screen's library held back until the file named by ``$HELD_BY``, a fifo, was opened and closed.

What is written into it is raised instead of loading the library.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import tui.first_frame
from tui.cli.__main__ import main


class _Holds(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "tui.app" and (said := Path(os.environ["HELD_BY"]).read_text()):
            raise ImportError(said)
        return None


if __name__ == "__main__":
    tui.first_frame.PATIENCE_S = 60.0  # however busy the machine is
    sys.meta_path.insert(0, _Holds())
    sys.exit(main(sys.argv[1:]))
