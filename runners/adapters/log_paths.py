"""Where the logs of one user lie: ``<root>/runs/<uid>/logs/<key>.log`` with its index ``.idx`` beside it."""

from __future__ import annotations

import os
from pathlib import Path

from runners.ports.log_store import check_log_name


def log_paths(root: Path, run: str, key: str) -> tuple[Path, Path]:
    """The log and its index. ``ValueError`` for a run or key that is no plain file name."""
    check_log_name(run, key)
    folder = root / "runs" / run / "logs"
    return folder / f"{key}.log", folder / f"{key}.idx"


def make_private(folder: Path) -> None:
    """Create a folder and what is missing above it, each 0700. What exists is left as it is."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_private(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """fsync a folder, so that the names in it survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
