"""What is asked of a host before work goes there, and what its lines mean.

One shell unit (``record.sh`` for reading records, ``check.sh``) and a few pieces that are asked for one by one, so that
one that hangs (a dead network disk, a slow sudo) costs its own answer and no other. Nothing there is changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from runners.remote.handshake import REFUSALS, compact
from runners.remote.request import quote

PARTS = ("record.sh", "check.sh")
PIECES = ("facts", "rooms", "sudo")
"""In this order; the clock is asked before, on its own."""

_ROOM = re.compile(r"\s(\d+)\s+(\d+)\s+(-?\d+)\s+(\d+|-)%?\s")
"""Blocks, used, available and the share, as ``df -Pk`` has them (POSIX df); the names around may hold blanks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundExecution:
    """Something of onduty that lives under the account that was logged in to."""

    key: str
    label: str
    """``alice deploy-api/42 rollout/release@web3``, as that host has it: make it safe before showing it."""
    since_utc: float
    """By the host's clock."""


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a host said so far. None, or empty: it has not, or cannot say."""

    user: str = ""
    shell: str = ""
    """Path of the program that ``sh`` is: ``/usr/bin/dash``."""
    tools: str = ""
    """``GNU``, ``busybox`` or ``other``."""
    missing: list[str] = field(default_factory=list)
    """Why no job can run there, in words."""
    state_dir: str = ""
    """Where executions would live."""
    state_free_bytes: int | None = None
    home_free_bytes: int | None = None
    sudo: str = ""
    """``root``, ``yes``, ``no`` or ``none``: whether it works without a password; the account may be root itself, and
    there may be no sudo."""
    sudo_words: str = ""
    """What sudo said to a no."""
    executions: list[FoundExecution] = field(default_factory=list)
    clock_s: float | None = None
    """Seconds since 1970 when the clock was asked."""
    pieces: set[str] = field(default_factory=set)
    """Which were answered to their end."""

    def take(self, line: str) -> None:
        """Take one line; what is none of ours, or does not fit, changes nothing."""
        mark, _, rest = line.partition(" ")
        if mark != "C":
            return
        name, _, value = rest.partition(" ")
        value = value.strip()
        match name:
            case "over":
                self.pieces.add(value)
            case "user":
                self.user = value
            case "shell":
                self.shell = value
            case "tools":
                self.tools = value
            case "missing":
                self.missing.append(REFUSALS.get(value, value))
            case "folder":
                self.state_dir = value
            case "state_room":
                self.state_free_bytes = free_bytes(value)
            case "home_room":
                self.home_free_bytes = free_bytes(value)
            case "sudo":
                self.sudo, _, self.sudo_words = value.partition(" ")
            case "live":
                self._live(value)
            case "clock":
                whole, _, fraction = value.partition(".")
                # busybox has no %N and prints it, or nothing.
                digits = fraction if fraction.isascii() and fraction.isdigit() else "0"
                if whole.isascii() and whole.isdigit():
                    self.clock_s = float(f"{whole}.{digits}")

    def _live(self, value: str) -> None:
        key, _, rest = value.partition(" ")
        since, _, label = rest.partition(" ")
        if since.isascii() and since.isdigit():
            self.executions.append(FoundExecution(key=key, label=label, since_utc=int(since) / 100))


def free_bytes(line: str) -> int | None:
    """What is available by one line of ``df -Pk``; None when it is none."""
    found = _ROOM.search(f" {line} ")
    return max(0, int(found[3])) * 1024 if found else None


def unit(script: bytes) -> bytes:
    """Define the functions as one quoted unit, whole or not at all."""
    return b"eval " + quote(compact(script)) + b"\nod_check begin .\n"


def ask(piece: str) -> bytes:
    """Ask for one piece."""
    return f"od_check {piece} .\n".encode()
