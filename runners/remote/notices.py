"""What a helper or a follower says in lines: replies, reports about keys, and notices nobody asked for.

Lines are under 512 bytes, because several processes of the host write them into one channel. What is none of ours
(a start-up file may leave something running that prints) parses to None.
"""

from __future__ import annotations

from dataclasses import dataclass

from runners.remote.handshake import Opened, Ready, Refused, StateFolder, parse_opening
from runners.remote.result import RemoteResult, parse_result

PHASES = frozenset(["absent", "claimed", "running", "done", "lost", "unknown"])
"""``unknown``: the host could not look, so nothing is said about the key."""

LOST_REASONS = {"rebooted": "rebooted since", "gone": "the supervisor is gone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The end of the answer to one request."""

    number: int
    word: str
    """``ok``, ``started``, ``full`` or ``bad``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """What the disk says about one key."""

    number: int | None
    """The request that asked; None from a follower, which nobody asked."""
    key: str
    phase: str
    log_bytes: int
    result: RemoteResult | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkFolder:
    """Where a work folder is, for the request that asked."""

    number: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Pushed by a supervisor, after the result is on disk."""

    key: str
    result: RemoteResult


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelNotice:
    """A step of a cancel, or one survivor before the last step."""

    key: str
    step: str
    """``term``, ``kill``, ``gone``, ``survivor`` or ``survivors``."""
    pid: int = 0
    user: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleLine:
    """One line of a sample, for the request that asked."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomLine:
    """One line of ``df -Pk``, when it is done."""

    text: str


Notice = (
    Reply
    | KeyReport
    | WorkFolder
    | Finished
    | CancelNotice
    | SampleLine
    | RoomLine
    | Opened
    | StateFolder
    | Ready
    | Refused
)


class LineSplitter:
    """Bytes in, whole lines out."""

    MAX_BYTES = 65536
    """A longer line is noise; what came of it is dropped."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that are whole now, without their ends."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > self.MAX_BYTES:
            self._rest = b""
        return [line.decode("utf-8", "replace") for line in lines]


def parse_notice(line: str) -> Notice | None:
    """One line; None when it is none of ours."""
    try:
        if line.startswith("W "):
            _, number, path = line.split(" ", 2)
            return WorkFolder(number=int(number), path=path)
        match line.split(" ", 3):
            case ["A", number, word]:
                return Reply(number=int(number), word=word)
            case ["K", number, key, rest]:
                return _report(None if number == "-" else int(number), key, rest)
            case ["N", key, first, rest]:
                return Finished(key=key, result=parse_result(f"{first} {rest}"))
            case ["C", key, step, rest]:
                return _cancel(key, step, rest)
            case ["S", number, *rest]:
                return SampleLine(number=int(number), text=" ".join(rest))
            case ["M", *rest]:
                return RoomLine(text=" ".join(rest))
            case ["X", *_]:
                return parse_opening(line)
    except ValueError:
        pass
    return None


def _report(number: int | None, key: str, rest: str) -> KeyReport | None:
    phase, _, details = rest.partition(" ")
    if phase not in PHASES:
        return None
    if phase == "done":
        result = parse_result(details)
        return KeyReport(number=number, key=key, phase=phase, log_bytes=result.log_bytes, result=result, reason="")
    size, _, why = details.partition(" ")
    return KeyReport(
        number=number, key=key, phase=phase, log_bytes=int(size), result=None, reason=LOST_REASONS.get(why, why)
    )


def _cancel(key: str, step: str, rest: str) -> CancelNotice:
    if step != "survivor":
        return CancelNotice(key=key, step=step)
    pid, _, who = rest.partition(" ")
    user, _, command = who.partition(" ")
    return CancelNotice(key=key, step=step, pid=int(pid), user=user, command=command.strip())
