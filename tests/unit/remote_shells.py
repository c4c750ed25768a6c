"""The shells that hosts may have, and the supervisor loaded into one of them without any transport."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

import pytest

from runners.adapters.opened_shell import script_of
from runners.remote.handshake import load
from runners.testing.host_lab import processes_of

SUPERVISOR = script_of("helper")

_COMMANDS = (("dash",), ("busybox", "sh"), ("bash", "--posix"))
INSTALLED = tuple(command for command in _COMMANDS if shutil.which(command[0]) is not None)
SHELLS = [
    pytest.param(command, id=command[0], marks=pytest.mark.skipif(command not in INSTALLED, reason=why))
    for command in _COMMANDS
    for why in [f"NOT TESTED UNDER {command[0]}: it is not installed"]
]


class LoadedShell:
    """One shell that has loaded the supervisor; lines in, lines out."""

    def __init__(self, shell: tuple[str, ...], home: Path, path: str = "") -> None:
        home.mkdir(exist_ok=True)
        self.home = home
        self.state = home / ".local/state/onduty/1"
        self._process = subprocess.Popen(
            shell,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=home,
            env={"HOME": str(home), "PATH": path or os.environ["PATH"], "USER": "tester"},
            start_new_session=True,
        )
        self.send(load(SUPERVISOR, "nonce", "helper"))
        self.first_words = [self.line(), self.line()]

    def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def line(self) -> str:
        """The next line it says; empty at its end."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().rstrip("\n")

    def raw(self, size_bytes: int) -> bytes:
        """Bytes from its stderr."""
        assert self._process.stderr is not None
        return self._process.stderr.read(size_bytes)

    def first_pid(self) -> int:
        """The process that was started."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            # What it never read is still in our buffer.
            with contextlib.suppress(BrokenPipeError):
                if stream is not None:
                    stream.close()
        # A failed test leaves its jobs running; they hold the outputs of the shell.
        for pid in processes_of(self.home):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
