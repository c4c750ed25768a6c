"""A command of a person on a pseudo terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import termios

from tests.person import Person


def _take_terminal() -> None:
    """Make standard input the controlling terminal: secrets are asked for on /dev/tty."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, person: Person, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process: subprocess.Popen[bytes] = person.start(
            *words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, preexec_fn=_take_terminal
        )
        os.close(theirs)
        self.text = ""

    def read_until(self, words: str) -> str:
        """Everything up to ``words``."""
        while words not in self.text:
            try:
                self.text += os.read(self._ours, 4096).decode(errors="replace")
            except OSError:  # EIO: nobody holds the other end any more (pty(7))
                raise AssertionError(f"ended before it said {words!r}:\n{self.text}") from None
        return self.text

    def read_to_end(self) -> str:
        """Everything until the command lets go of the terminal."""
        with contextlib.suppress(OSError):  # EIO: nobody holds the other end any more (pty(7))
            while data := os.read(self._ours, 4096):
                self.text += data.decode(errors="replace")
        return self.text

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def interrupt(self) -> None:
        """Ctrl-c until it is heard: a signal between the prompt and the read waits in Python for the read to end."""
        while self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)

    def end(self) -> int:
        code = self.process.wait(60)
        os.close(self._ours)
        return code
