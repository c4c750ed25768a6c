"""The real command on a pty without a terminal behind it: every byte that it writes is kept, and pyte draws them."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from typing import IO, Any

import pyte

from tests.screens.test_hostile_output import TitledScreen
from tests.terminal.tmux import DEADLINE_S, ROOT


class OnPty:
    """``onduty`` on a pty of its own."""

    def __init__(
        self,
        *words: str,
        environ: Mapping[str, str],
        size: tuple[int, int] = (120, 36),
        module: str = "tui.cli",
        errors: IO[bytes] | None = None,
    ) -> None:
        """``errors``: where what it writes to its standard error goes, else to the pty as well."""
        self.main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            stdin=side,
            stdout=side,
            stderr=errors or side,
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **environ},
            start_new_session=True,
        )
        os.close(side)
        self.drawn = b""
        self.screen = TitledScreen(*size)
        self._stream = pyte.ByteStream(self.screen)

    def hang_up(self) -> int:
        """Close the terminal; returns the exit code of what ran there, which has no session and is told nothing."""
        os.close(self.main)
        self.main = -1
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.main >= 0:
            os.close(self.main)

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def press(self, keys: bytes) -> None:
        """Bytes as a terminal sends them."""
        os.write(self.main, keys)

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Read and draw until something is true."""
        end = time.monotonic() + DEADLINE_S
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"never: {what}\n{self.text}")
            if select.select([self.main], [], [], 0.2)[0]:
                try:
                    block = os.read(self.main, 65536)
                except OSError:  # Linux: the other side is closed
                    block = b""
                if not block and self.process.poll() is not None:
                    if condition():
                        return
                    raise AssertionError(f"it ended before {what}\n{self.text}")
                self.drawn += block
                self._stream.feed(block)

    def reads(self, condition: Callable[[bytes], Any], seconds: float = DEADLINE_S) -> bytes:
        """Read without drawing, which takes longer than the screen does, until what came since satisfies something.

        Returns that; also when ``seconds`` are over.
        """
        came, end = b"", time.monotonic() + seconds
        while not condition(came) and (left := end - time.monotonic()) > 0:
            if select.select([self.main], [], [], left)[0]:
                came += os.read(self.main, 65536)
        return came

    def reads_the_rest(self) -> bytes:
        """What a program that ended has left to read."""
        left = b""
        try:
            while block := os.read(self.main, 65536):
                left += block
        except OSError:  # Linux: the other side is closed
            pass
        return left

    def sees(self, *texts: str) -> None:
        self.until(lambda: all(text in self.text for text in texts), f"{texts}")

    def sees_no(self, *texts: str) -> None:
        self.until(lambda: not any(text in self.text for text in texts), f"no {texts}")

    def ends(self) -> int:
        """Read to the end; returns the exit code."""
        end = time.monotonic() + DEADLINE_S
        while self.process.poll() is None and time.monotonic() < end:
            if select.select([self.main], [], [], 0.1)[0]:
                try:
                    self.drawn += os.read(self.main, 65536)
                except OSError:
                    break
        return self.process.wait(timeout=10)
