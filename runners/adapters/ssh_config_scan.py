"""The files an SSH configuration consists of: did they change, and would reading them execute something."""

from __future__ import annotations

import glob
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_INCLUDE_DEPTH = 16
"""As in OpenSSH's readconf.c."""
MAX_CONFIG_BYTES = 4 << 20

_MATCH_EXEC = re.compile(r"""^\s*"?match"?[\s=].*\bexec\b""", re.IGNORECASE)
_INCLUDE = re.compile(r"""^\s*"?include"?[\s=]+(.+)$""", re.IGNORECASE)

Stamp = tuple[int, int, int]
"""Modification time in ns, size, inode; zeros for what is not there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfigScan:
    """What one reading of the files found."""

    stamps: tuple[tuple[str, Stamp], ...]
    """Every file that was read, and every folder in which an ``Include`` pattern looks."""
    match_exec: str | None
    """``file:line`` of the first ``Match exec``; None when there is none."""

    def is_current(self) -> bool:
        """Whether nothing changed since."""
        return all(_stamp(path) == stamp for path, stamp in self.stamps)


def scan_config(files: Sequence[Path], *, home: Path) -> ConfigScan:
    """Read ``files`` and what they include, without evaluating anything. Missing files are empty files."""
    stamps: dict[str, Stamp] = {}
    found: list[str] = []
    for file in files:
        base = Path("/etc/ssh") if file.is_relative_to("/etc/ssh") else home / ".ssh"
        _scan_file(file, base, home, stamps, found, depth=0)
    return ConfigScan(stamps=tuple(stamps.items()), match_exec=found[0] if found else None)


def _scan_file(file: Path, base: Path, home: Path, stamps: dict[str, Stamp], found: list[str], *, depth: int) -> None:
    path = str(file)
    if path in stamps or depth > MAX_INCLUDE_DEPTH:
        return
    stamps[path] = _stamp(path)
    try:
        with open(path, "rb") as handle:
            text = handle.read(MAX_CONFIG_BYTES).decode(errors="replace")
    except OSError:
        # ssh itself says what is wrong with a file that it cannot read.
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if _MATCH_EXEC.match(line):
            found.append(f"{path}:{number}")
        elif include := _INCLUDE.match(line):
            for pattern in _words(include[1]):
                _scan_pattern(pattern, base, home, stamps, found, depth=depth + 1)


def _scan_pattern(
    pattern: str, base: Path, home: Path, stamps: dict[str, Stamp], found: list[str], *, depth: int
) -> None:
    if pattern == "~" or pattern.startswith("~/"):
        pattern = str(home) + pattern[1:]
    full = os.path.join(base, os.path.expanduser(pattern))
    folder = os.path.dirname(full)
    if not glob.has_magic(folder):
        stamps.setdefault(folder, _stamp(folder))
    for name in sorted(glob.glob(full)):
        _scan_file(Path(name), base, home, stamps, found, depth=depth)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def _stamp(path: str) -> Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)
