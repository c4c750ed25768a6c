"""The first words with a host: a hello that must come back, then the supervisor as one unit, then its own first words.

Start-up files of the login may print anything and may read what was meant for the shell. So nothing is believed, and
nothing that matters is sent, before the shell has answered a hello with a nonce that nobody could have printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from runners.remote.request import quote

Role = Literal["helper", "follower"]

PARTS: Mapping[Role, tuple[str, ...]] = {
    "helper": (
        *("record.sh", "workfolder.sh", "supervisor.sh", "limits.sh", "gauge.sh"),
        *("tree.sh", "sampler.sh", "helper.sh", "opening.sh"),
    ),
    "follower": ("record.sh", "follower.sh", "opening.sh"),
}
"""Which of this package's files a shell is given, in which order."""

REFUSALS = {
    "noproc": "it has no /proc, which the supervisor needs",
    "nosetsid": "it has no setsid program, which the supervisor needs",
    "nofolder": "none of ~/.local/state/onduty, /var/tmp/onduty-UID and /dev/shm/onduty-UID can be written "
    "(full, read-only, or somebody else's)",
}
"""Why the supervisor cannot serve, by its word for it."""


def hello(nonce: str) -> bytes:
    """Ask the shell to say ``nonce`` on a line of its own, on stdout and on stderr."""
    return f"{mark(nonce)}\n".encode()


def mark(nonce: str) -> str:
    """A command that says ``nonce`` on a line of its own, on stdout and on stderr."""
    return f"printf '\\n%s\\n' {halves(nonce)}; printf '\\n%s\\n' {halves(nonce)} >&2"


def halves(nonce: str) -> str:
    """A shell's word for it, in two halves, so that an echo of what we sent is not taken for the answer."""
    half = len(nonce) // 2
    return f"'{nonce[:half]}''{nonce[half:]}'"


def load(script: bytes, nonce: str, role: Role) -> bytes:
    """Define the role's functions as one quoted unit, whole or not at all, and open it."""
    return _unit(script) + f"\nod_open {nonce} {role} .\n".encode()


@lru_cache(maxsize=2)
def _unit(script: bytes) -> bytes:
    # The same for every shell of every host.
    return b"eval " + quote(compact(script))


def compact(script: bytes) -> bytes:
    """``script`` without indentation and comment lines; the supervisor has no text that they are part of."""
    lines = (line.strip() for line in script.splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith(b"#")) + b"\n"


class NoiseSkipper:
    """Drops everything up to the line that is the nonce."""

    def __init__(self, nonce: str) -> None:
        self._mark = f"\n{nonce}\n".encode()
        self._tail = b""

    def feed(self, data: bytes) -> bytes | None:
        """What follows the nonce; None while it has not come."""
        held = self._tail + data
        at = held.find(self._mark)
        if at < 0:
            self._tail = held[-len(self._mark) + 1 :]
            return None
        return held[at + len(self._mark) :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The supervisor is loaded."""

    nonce: str
    boot_id: str
    host_time_s: float
    """Seconds since 1970 by the host's clock, when it answered."""
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFolder:
    """Where new executions live on that host."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The follower takes commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The supervisor cannot serve there."""

    why: str


def parse_opening(line: str) -> Opened | StateFolder | Ready | Refused | None:
    """A line that starts with ``X``; None when it is none of ours."""
    match line.split(" ", 2):
        case ["X", "open", rest]:
            words = rest.split(" ")
            if len(words) == 4 and words[2].isdigit():
                return Opened(nonce=words[0], boot_id=words[1], host_time_s=int(words[2]) / 100, user=words[3])
        case ["X", "folder", path]:
            return StateFolder(path=path)
        case ["X", "ready"]:
            return Ready()
        case ["X", "refused", why]:
            return Refused(why=REFUSALS.get(why, why))
    return None
