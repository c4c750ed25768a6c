"""A flood: many jobs print together while somebody presses keys."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import BenchFailed, Row, percentile
from tests.bench.place import Place

JOBS = 50
LINES_PER_S = 100_000
_BUDGET_S = 0.1
_PATIENCE_S = 30.0
_BETWEEN_KEYS_S = 0.05
_CONTROL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_].*?\x1b\\|[ -/]*[0-~])", re.S)


def measure(place: Place) -> Iterator[Row]:
    """From a key to its bar on the terminal, while 50 jobs print 100,000 lines a second and the pane follows."""
    folder, seconds = place.folder / "flood", place.sizes.flood_s
    folder.mkdir()
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.flood_writer", str(folder), str(JOBS), str(LINES_PER_S), str(seconds)],
        env=place.environ,
        stdout=subprocess.PIPE,
    )
    screen = _Screen((sys.executable, "-m", "tests.bench.flood_screen", str(folder), str(JOBS)), place.environ)
    took_s: list[float] = []
    try:
        screen.until(b"following")
        while writer.poll() is None or not took_s:
            took_s.append(screen.press(b"/", b"esc"))
            screen.press(b"\x15\x1b", b"", quiet=True)
        peak = screen.peak_bytes()
    finally:
        screen.close()
        if writer.poll() is None:
            writer.kill()
        said = writer.communicate()[0]
    written = int(said or b"0")
    p95_s = percentile(took_s, 95)
    yield Row(
        what=f"{LINES_PER_S:,} lines/s from {JOBS} jobs, merged: key to repaint, p95",
        ours=p95_s * 1000,
        unit="ms",
        budget="100 ms",
        met=p95_s <= _BUDGET_S,
        note=f"{len(took_s)} keys, median {percentile(took_s, 50) * 1000:.0f} ms; {written:,} lines in {seconds:g} s",
    )
    yield Row(
        what=f"{LINES_PER_S:,} lines/s from {JOBS} jobs, merged: memory of the screen at its peak",
        ours=peak / 2**20,
        unit="MiB",
        budget="120 MiB",
        met=peak <= 120 * 2**20,
    )


class _Screen:
    """A program on a terminal of 120 x 40, and what it has drawn since the last key."""

    def __init__(self, argv: tuple[str, ...], environ: dict[str, str]) -> None:
        self._seen = b""
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
                os.execvpe(argv[0], list(argv), environ)
            finally:
                os._exit(127)

    def press(self, key: bytes, text: bytes, *, quiet: bool = False) -> float:
        """Seconds from a key until ``text`` is drawn; ``quiet``: only wait a moment, and forget what came."""
        self._drain(_BETWEEN_KEYS_S)
        self._seen = b""
        started_s = time.perf_counter()
        os.write(self._terminal, key)
        if quiet:
            # A lone escape is one only after a while (Textual's ESCDELAY).
            self._drain(0.25)
            return 0.0
        self.until(text)
        return time.perf_counter() - started_s

    def until(self, text: bytes) -> None:
        """Read until ``text`` was drawn. Raises ``BenchFailed`` when it never is."""
        end_s = time.perf_counter() + _PATIENCE_S
        while text not in _CONTROL.sub(b"", self._seen):
            left_s = end_s - time.perf_counter()
            if left_s <= 0 or not self._read(left_s):
                raise BenchFailed(f"the screen never showed {text!r}: {_CONTROL.sub(b'', self._seen)[-300:]!r}")

    def peak_bytes(self) -> int:
        """Most memory that the program had."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    def close(self) -> None:
        """End it."""
        os.kill(self._pid, 9)
        os.close(self._terminal)
        os.waitpid(self._pid, 0)

    def _drain(self, seconds: float) -> None:
        end_s = time.perf_counter() + seconds
        while (left_s := end_s - time.perf_counter()) > 0 and self._read(left_s):
            pass

    def _read(self, timeout_s: float) -> bool:
        if not select.select([self._terminal], [], [], timeout_s)[0]:
            return False
        try:
            self._seen += os.read(self._terminal, 65536)
        except OSError as error:
            raise BenchFailed("the screen has ended") from error
        return True
