"""What is said to a courier, and what it answers. See ``courier.sh``."""

from __future__ import annotations

from collections.abc import Iterable

from runners.remote.handshake import compact
from runners.remote.request import quote

PARTS = ("courier.sh",)
TRAILER_BYTES = 1 + 32 + 1 + 64 + 1
"""What follows a file's bytes: newline, nonce, blank, sha256, newline."""

REFUSALS = {
    "isfolder": "is a folder there; write it with / at its end to send into it",
    "nofolder": "its folder cannot be made there",
    "nowrite": "cannot be written there (no permission, or the disk is full)",
    "short": "could not be written whole (disk full?)",
    "othersum": "arrived with another sha256 than it has here; it was not put into place",
    "norename": "cannot be put into place there",
    "noread": "cannot be read there",
    "special": "is neither a file nor a folder",
    "missing": "is not there, or cannot be read",
    "newline": "has files with a newline in their name, which cannot be fetched",
    "nowork": "its work folder cannot be made (disk full?)",
    "nodir": "the folder is not there, or cannot be entered",
    "nosum": "it has no sha256sum program",
}
"""Why a host would not, by the courier's word for it."""


class RequestRefused(ValueError):
    """What was to be said cannot be."""


def load(script: bytes, nonce: str, workfolder: str, folder: str | None) -> bytes:
    """Define the courier as one quoted unit, whole or not at all, and start it."""
    words = [quote(word.encode("utf-8", "surrogateescape")) for word in (nonce, workfolder, folder or "")]
    return b"eval " + quote(compact(script)) + b"\noc_open " + b" ".join(words) + b" .\n"


def request(verb: str, *arguments: str) -> bytes:
    """One request. Raises ``RequestRefused`` for an argument that is no line."""
    for argument in arguments:
        if "\n" in argument or "\0" in argument:
            raise RequestRefused("a path holds a newline or a NUL")
    return "".join(f"{word}\n" for word in (verb, *arguments)).encode("utf-8", "surrogateescape")


def anchored(path: str) -> str:
    """The same path, never taken for an option."""
    return path if path.startswith("/") else f"./{path}"


def trailer_of(tail: bytes, nonce: str) -> str | None:
    """The sha256 when ``tail`` is the end of a file's bytes; None while more come."""
    mark = b"\n" + nonce.encode() + b" "
    if len(tail) == TRAILER_BYTES and tail.startswith(mark) and tail.endswith(b"\n"):
        return tail[len(mark) : -1].decode("ascii", "replace")
    return None


def parse_listing(lines: Iterable[str]) -> tuple[list[tuple[str, int]], list[str]]:
    """Files of a folder with their sizes in bytes, and what is left out. Raises ``ValueError`` for any other line."""
    files: list[tuple[str, int]] = []
    left_out: list[str] = []
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "f":
            size, _, path = rest.partition(" ")
            files.append((path.removeprefix("./"), int(size)))
        elif kind == "l":
            left_out.append(rest.removeprefix("./"))
        else:
            raise ValueError(f"no line of a listing: {line!r}")
    return sorted(files), sorted(left_out)
