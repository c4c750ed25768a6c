"""One controller per state folder: an ``flock`` for life, and a socket that only its holder may replace."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

from runners.model.errors import OndutyError


class AnotherController(OndutyError):
    """The lock of this state folder is held. Nothing was touched."""

    exit_code = 4
    kind = "controller"


class Ownership:
    """The lock of one state folder. Lost with the process, whatever ends it."""

    def __init__(self, home: Path) -> None:
        self._path = home / "controller.lock"
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            raise AnotherController(
                f"another controller (pid {holder}) owns {home}", hint="onduty controller status"
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next one in."""
        os.close(self._fd)


def bind_socket(path: str) -> socket.socket:
    """Listen on ``path``, 0600 from the first moment. A stale socket is removed: only the lock's holder calls this."""
    with_mask = os.umask(0o177)
    try:
        Path(path).unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.bind(path)
    finally:
        os.umask(with_mask)
    sock.listen(128)
    sock.setblocking(False)
    return sock
