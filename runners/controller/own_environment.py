"""Forget a variable of our own environment: in what we start from now on, and in what others can read of us."""

from __future__ import annotations

import contextlib
import os

_ENV_START, _ENV_END = 49, 50
"""Fields of ``/proc/PID/stat`` (proc(5), fields 50 and 51), counted from 0."""


def forget(name: str) -> None:
    """Take the variable out, also of the block that this process was started with.

    Linux shows that block as ``/proc/PID/environ`` whatever a process unset since (proc(5)), so its value is
    overwritten there. Where there is no such file, or it cannot be written, what we start is all that is kept clean.
    """
    os.environ.pop(name, None)
    with contextlib.suppress(OSError, ValueError, IndexError):
        _blank(name.encode("utf-8", "surrogateescape") + b"=")


def _blank(prefix: bytes) -> None:
    with open("/proc/self/stat", "rb") as file:
        # The second field is the program's name in parentheses, which may hold anything.
        fields = [b"", b"", *file.read().rpartition(b")")[2].split()]
    start, end = int(fields[_ENV_START]), int(fields[_ENV_END])
    memory = os.open("/proc/self/mem", os.O_RDWR | os.O_CLOEXEC)
    try:
        at = start
        for entry in os.pread(memory, end - start, start).split(b"\0"):
            if entry.startswith(prefix):
                os.pwrite(memory, bytes(len(entry) - len(prefix)), at + len(prefix))
            at += len(entry) + 1
    finally:
        os.close(memory)
