"""Where a controller keeps its state, and how long socket paths are reached.

``$ONDUTY_HOME``, else ``$XDG_STATE_HOME/onduty/<machine id>``: a home folder that several machines share still has one
controller per machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SOCKET_NAME = "controller.sock"
MAX_SOCKET_PATH_BYTES = 107
"""sun_path in unix(7), less the final NUL."""


def state_home(environ: Mapping[str, str]) -> Path:
    """The folder of this user's controller on this machine. Nothing is created."""
    if given := environ.get("ONDUTY_HOME"):
        return Path(given).expanduser().absolute()
    base = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or Path.home()) / ".local" / "state")
    return Path(base) / "onduty" / _machine_id()


def prepare_home(home: Path) -> Path:
    """Create the folder, 0700; ``PermissionError`` when it belongs to somebody else."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    stat = home.stat()
    if stat.st_uid != os.getuid():
        raise PermissionError(f"{home} belongs to uid {stat.st_uid}, not to you; set ONDUTY_HOME to a folder of yours")
    if stat.st_mode & 0o077:
        home.chmod(0o700)
    return home


class SocketPath:
    """A path of the socket that fits into ``sun_path``, however deep the folder is. Hold it while you use it."""

    def __init__(self, home: Path) -> None:
        full = str(home / SOCKET_NAME)
        self._fd: int | None = None
        if len(os.fsencode(full)) > MAX_SOCKET_PATH_BYTES:
            self._fd = os.open(home, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            full = f"/proc/self/fd/{self._fd}/{SOCKET_NAME}"
        self.path = full

    def close(self) -> None:
        """Let go of the folder."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _machine_id() -> str:
    for name in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            text = Path(name).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text:
            return text
    return os.uname().nodename
