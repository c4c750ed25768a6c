"""What this installation is made of, and the folder where its state lies."""

from __future__ import annotations

import os
import re
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tui.cli.finding import Finding, bad, ok, warn

LEAST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 64 * 1024 * 1024
FEW_FREE_BYTES = 1024**3
MANY_LOGS_BYTES = 10 * 1024**3
COUNTING_S = 1.0
"""A folder with very many files is counted for no longer."""
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)\s*$")


def installation() -> Iterator[Finding]:
    """Python, SQLite, the packages that it needs."""
    import sqlite3

    from tui.cli.version import version

    python = ".".join(map(str, sys.version_info[:3]))
    text = f"onduty {version()}, Python {python}, SQLite {sqlite3.sqlite_version}, {sys.executable}"
    if sys.version_info < LEAST_PYTHON:
        yield bad("python", text, "install Python 3.11 or newer")
    else:
        yield ok("python", text)
    yield packages(_required())


def _required() -> Sequence[str]:
    """``textual>=8.2`` …, as this installation's own metadata has them; empty where it has none."""
    from importlib import metadata

    try:
        found = metadata.requires("onduty") or []
    except metadata.PackageNotFoundError:
        return ()
    return [one for one in found if "extra ==" not in one]


def packages(required: Sequence[str]) -> Finding:
    """Whether each package is there, and new enough."""
    from importlib import metadata

    there: list[str] = []
    wrong: list[str] = []
    for requirement in required:
        found = _REQUIREMENT.match(requirement.partition(";")[0].strip())
        if found is None:
            continue
        name, least = found[1], found[2]
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        there.append(f"{name} {version}")
        if _release(version) < _release(least):
            wrong.append(f"{name} is {version}, {least} is needed")
    if wrong:
        return bad("packages", "; ".join(wrong), "install onduty again")
    if not there:
        return warn("packages", "this installation does not say what it needs", "install onduty with pip or pipx")
    return ok("packages", ", ".join(there))


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])


def state_folder(home: Path, *, uid: int) -> Iterator[Finding]:
    """Where it lies, whose it is, what it lies on, how much room there is, how much is kept."""
    from tui.wiring import filesystem_of

    given = "ONDUTY_HOME" if os.environ.get("ONDUTY_HOME") else "the default"
    try:
        found = home.stat()
    except FileNotFoundError:
        found = None
        near = _nearest(home)
        if near.is_dir() and os.access(near, os.W_OK | os.X_OK):
            yield ok("state folder", f"{home} ({given}) is not there yet; the first run makes it")
        else:
            yield bad("state folder", f"{home} ({given}) cannot be made: {near} cannot be written", f"ls -ld {near}")
    except OSError as error:
        yield bad("state folder", f"{home}: {error.strerror}", f"ls -ld {home}")
        return
    if found is not None:
        yield _owned(home, found, given, uid)
    near = _nearest(home)
    kind, why_not = filesystem_of(near)
    if why_not:
        yield bad("filesystem", why_not, f"ONDUTY_HOME=/var/tmp/onduty-home-{uid} onduty")
    else:
        yield ok("filesystem", kind or "unknown")
    yield _room(near)
    if found is not None:
        yield kept(home / "runs", time.monotonic() + COUNTING_S)


def _owned(home: Path, found: os.stat_result, given: str, uid: int) -> Finding:
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISDIR(found.st_mode):
        return bad("state folder", f"{home} is no folder", "set ONDUTY_HOME to a folder of yours")
    if found.st_uid != uid:
        return bad("state folder", f"{home} belongs to uid {found.st_uid}", "set ONDUTY_HOME to a folder of yours")
    if mode & 0o077:
        return warn("state folder", f"{home} has mode {mode:04o}: others may look into it", f"chmod 700 {home}")
    if not os.access(home, os.W_OK | os.X_OK):
        return bad("state folder", f"{home} cannot be written (mode {mode:04o})", f"chmod 700 {home}")
    return ok("state folder", f"{home} ({given}), yours, mode {mode:04o}")


def _nearest(folder: Path) -> Path:
    return next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))


def _room(folder: Path) -> Finding:
    from tui.view.durations import size

    try:
        found = os.statvfs(folder)
    except OSError as error:
        return bad("free disk", f"{folder}: {error.strerror}")
    free_bytes = found.f_bavail * found.f_frsize
    text = f"{size(free_bytes)} free"
    if free_bytes < LEAST_FREE_BYTES:
        return bad("free disk", f"{text}: new work is refused soon", f"df -h {folder}")
    if free_bytes < FEW_FREE_BYTES:
        return warn("free disk", text, f"df -h {folder}")
    return ok("free disk", text)


def kept(runs: Path, until_s: float) -> Finding:
    """How much the logs of all runs take. ``until_s``: monotonic time of the last look."""
    from tui.view.durations import size

    total_bytes, count, whole = 0, 0, True
    folders = [runs]
    while folders:
        if time.monotonic() > until_s:
            whole = False
            break
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
                    else:
                        total_bytes += entry.stat(follow_symlinks=False).st_size
                        count += 1
        except OSError:
            continue
    text = f"{'' if whole else 'at least '}{size(total_bytes)} in {count} files below {runs}"
    if total_bytes > MANY_LOGS_BYTES:
        return warn("logs", text, f"du -s {runs}/* | sort -n")
    return ok("logs", text)
