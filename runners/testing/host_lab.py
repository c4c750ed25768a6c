"""A real host whose disk and processes can be looked at from here, and the looks that contracts take at it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from runners.testing.transport_contract import KEY, TransportLab

POLL_S = 0.01


class HostLab(TransportLab, Protocol):
    """A lab whose host has its disk and its processes on this machine."""

    home: Path
    """The login's home on that host, made for this test alone."""


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that tells nobody: a process, a file."""
    while not condition():  # noqa: ASYNC110  # there is no event to wait for
        await asyncio.sleep(POLL_S)


def noise_of(size_bytes: int) -> bytes:
    """Bytes of all values, the same each time."""
    return random.Random(size_bytes).randbytes(size_bytes)  # noqa: S311  # protects nothing


def processes_of(home: Path) -> dict[int, str]:
    """Processes that were started with this home, and their command lines."""
    wanted = f"HOME={home}".encode()
    found = {}
    for pid, folder in processes():
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found[pid] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found


def alive(pid: int) -> bool:
    """Whether that process lives; a zombie does not."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def state_files(lab: HostLab, key: str = KEY) -> dict[str, Path]:
    """The files of one execution, by suffix."""
    folder = lab.home / ".local/state/onduty/1"
    return {path.suffix: path for path in folder.glob(f"{key}.?")}


def leave_elsewhere(folder: Path, key: str, files: Mapping[str, Path]) -> None:
    """Copy the files of an execution, under another key, to where a host keeps them whose home is full."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for suffix, path in files.items():
        (folder / f"{key}{suffix}").write_bytes(path.read_bytes())


def processes() -> Iterator[tuple[int, Path]]:
    """Every process of this machine: its id, its folder under /proc."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            yield int(folder.name), folder
