"""Which hosts of a job said the same: logs without times, process numbers and their own names, line by line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from tui.view.log_source import LogSource

_LINES = 100
_LINE_BYTES = 64 * 1024
"""Longer lines are compared by so many bytes of them."""
_LEAST_NAME = 3
"""A shorter name of a host is left where it stands: it may be part of any word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOutput:
    """What one host said in its newest attempt."""

    job_run: str
    host: str
    also: tuple[str, ...] = ()
    """Other names that the host goes by, its address."""
    tasks: tuple[str, ...] = ()
    """Names of the executions."""
    sources: tuple[LogSource, ...] = ()
    """Their logs."""
    live: bool = False
    """More may come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where two hosts first said different things."""

    section: int
    """Which execution, from 0."""
    line: int
    """From 0 within it."""
    usual: bytes | None
    """What the host of the largest group said there; None: nothing any more."""
    other: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Hosts that said the same."""

    outputs: tuple[HostOutput, ...]
    difference: Difference | None = None
    """From the largest group; None: this is it."""


@cache
def _time() -> re.Pattern[bytes]:
    return re.compile(
        rb"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?"
        rb"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d"
        rb"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"
    )


@cache
def _process() -> re.Pattern[bytes]:
    return re.compile(rb"(?i)(\bpid[ =:#]{0,2})\d+|(?<=\w)\[\d+\](?=:)")


def plain(lines: Sequence[bytes], names: Sequence[str]) -> list[bytes]:
    """Lines without times, numbers of processes and the names of the host that said them."""
    text = _process().sub(rb"\1<pid>", _time().sub(b"<time>", b"\n".join(lines)))
    known = sorted((re.escape(name.encode()) for name in names if len(name) >= _LEAST_NAME), key=len, reverse=True)
    if known:
        text = re.sub(rb"(?<![\w-])(?:" + b"|".join(known) + rb")(?![\w-])", b"<host>", text)
    return text.split(b"\n")


def alike(
    outputs: Sequence[HostOutput], told: Callable[[int], None] = lambda _: None, stop: Callable[[], bool] = bool
) -> list[Alike]:
    """Hosts by what they said, the largest group first; reads every log once or twice, in a thread.

    ``told`` hears how many hosts were read. ``stop`` ends it early with what is there.
    """
    groups: dict[bytes, list[HostOutput]] = {}
    for number, output in enumerate(outputs):
        if stop():
            break
        groups.setdefault(_digest(output, stop), []).append(output)
        told(number + 1)
    ordered = sorted(groups.values(), key=len, reverse=True)
    if not ordered:
        return []
    usual = ordered[0][0]
    others = [
        Alike(outputs=tuple(group), difference=first_difference(usual, group[0])) for group in ordered[1:] if not stop()
    ]
    return [Alike(outputs=tuple(ordered[0])), *others]


def first_difference(usual: HostOutput, other: HostOutput) -> Difference | None:
    """Where they first differ; None when they do not."""
    for section in range(max(len(usual.sources), len(other.sources))):
        ours = _lines(usual, section)
        theirs = _lines(other, section)
        line = 0
        while True:
            mine, said = next(ours, None), next(theirs, None)
            if mine is None and said is None:
                break
            if mine is None or said is None or mine[0] != said[0]:
                return Difference(
                    section=section, line=line, usual=mine[1] if mine else None, other=said[1] if said else None
                )
            line += 1
    return None


def _digest(output: HostOutput, stop: Callable[[], bool]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for section in range(len(output.sources)):
        digest.update(b"\0")
        for text, _ in _lines(output, section):
            if stop():
                break
            digest.update(text)
            digest.update(b"\n")
    return digest.digest()


def _lines(output: HostOutput, section: int) -> Iterator[tuple[bytes, bytes]]:
    """(line as it is compared, line as it was said)."""
    if section >= len(output.sources):
        return
    source, names = output.sources[section], (output.host, *output.also)
    end = source.lines
    for first in range(0, end, _LINES):
        said = source.read_lines(first, min(_LINES, end - first), _LINE_BYTES)
        yield from zip(plain(said, names), said, strict=True)
