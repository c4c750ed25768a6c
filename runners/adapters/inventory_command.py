"""An inventory that a program prints, as Ansible's ``--list`` asks for it. This source executes the program."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from runners.model.errors import InputRefused
from runners.ports.inventory_source import InventoryText

TIMEOUT_S = 60.0
MAX_PRINTED_BYTES = 8 * 1024 * 1024
_POLL_S = 0.2
_SAID_CHARS = 300


class CommandInventory:
    """Implements ``InventorySource``: runs a program in the folder of its inventory, without a shell."""

    def __init__(self, argv: Sequence[str], folder: Path, *, timeout_s: float = TIMEOUT_S) -> None:
        """``argv`` as it is executed; a program with a slash is looked for from ``folder``, any other on PATH."""
        self._argv = tuple(argv)
        self._folder = folder
        self._timeout_s = timeout_s

    def read(self) -> InventoryText:
        """What the program prints. Raises ``InputRefused`` when it cannot be started, fails, hangs or floods."""
        shown = " ".join(self._argv)
        program = self._program()
        try:
            process = subprocess.Popen(
                [program, *self._argv[1:]],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as problem:
            raise InputRefused(f"{shown}: {problem.strerror}; nothing was started") from None
        try:
            out, err, why = self._collect(process)
        finally:
            _end(process)
        if why:
            raise InputRefused(f"{shown}: {why}; nothing was started")
        if process.returncode != 0:
            said = _printable(err)
            raise InputRefused(
                f"{shown}: ended with {process.returncode}{f' ({said})' if said else ''}; nothing was started"
            )
        try:
            text = out.decode("utf-8")
        except UnicodeDecodeError as problem:
            raise InputRefused(f"{shown}: printed no UTF-8 (byte {problem.start}); nothing was started") from None
        return InventoryText(path=str(self._folder / Path(self._argv[0]).name), text=text)

    def _program(self) -> str:
        name = self._argv[0]
        if "/" in name:
            return str(self._folder / Path(name).expanduser())
        found = shutil.which(name)
        if found is None:
            raise InputRefused(f"{name}: no such program on PATH; nothing was started")
        return found

    def _collect(self, process: subprocess.Popen[bytes]) -> tuple[bytes, bytes, str]:
        """Both streams to their ends, and why the program has to be stopped; empty when it ended by itself."""
        assert process.stdout is not None
        assert process.stderr is not None
        streams = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
        deadline = time.monotonic() + self._timeout_s
        with selectors.DefaultSelector() as selector:
            for descriptor in streams:
                selector.register(descriptor, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(_POLL_S)
                for key, _ in ready:
                    chunk = os.read(key.fd, 65536)
                    if not chunk:
                        selector.unregister(key.fd)
                    streams[key.fd] += chunk
                    if len(streams[key.fd]) > MAX_PRINTED_BYTES:
                        return b"", b"", f"printed more than {MAX_PRINTED_BYTES // (1024 * 1024)} MiB"
                # What it left behind may hold the pipes open for ever.
                if not ready and process.poll() is not None:
                    break
                if time.monotonic() > deadline:
                    return b"", b"", f"did not end within {self._timeout_s:g} s"
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return b"", b"", f"did not end within {self._timeout_s:g} s"
        out, err = (bytes(stream) for stream in streams.values())
        return out, err, ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind: the program, what it started in its session, and the pipes."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _printable(raw: bytes) -> str:
    """The last line that says something, made printable."""
    lines = [line for line in raw.decode("utf-8", "replace").splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    return "".join(char if char.isprintable() else " " for char in last).strip()[:_SAID_CHARS]
