"""The variable files beside an Ansible inventory, read as they are: what they mean is decided by ``spec.ansible``."""

from __future__ import annotations

import os
from pathlib import Path

from runners.adapters.text_file import read_utf8
from runners.model.errors import InputRefused

FOLDERS = ("group_vars", "host_vars")
MAX_TOTAL_BYTES = 8 * 1024 * 1024
"""They travel with every run."""


def read_vars_files(folder: Path) -> dict[str, str]:
    """Texts under ``group_vars/`` and ``host_vars/`` by their path from ``folder``; hidden files are left out.

    Raises ``InputRefused`` for a file that cannot be read or is not UTF-8, and when all together are too long.
    """
    found: dict[str, str] = {}
    seen: set[str] = set()
    total = 0
    for kind in FOLDERS:
        for place, folders, files in os.walk(folder / kind, followlinks=True):
            # A link may lead back to where it stands.
            real = os.path.realpath(place)
            folders[:] = [] if real in seen else sorted(name for name in folders if not name.startswith("."))
            seen.add(real)
            if files:
                # Few inventories have any, and every command that reads one would load Ansible's reader for them.
                from runners.spec.ansible import is_read
            for name in sorted(files):
                path = Path(place) / name
                is_top = path.parent == folder / kind and not name.startswith(".")
                if not path.is_file() or not (is_top or is_read(name)):
                    continue
                text = read_utf8(path, str(path))
                total += len(text)
                if total > MAX_TOTAL_BYTES:
                    raise InputRefused(
                        f"{folder / kind}: more than {MAX_TOTAL_BYTES // (1024 * 1024)} MiB of variables; "
                        "nothing was started"
                    )
                found[str(path.relative_to(folder))] = text
    return found
