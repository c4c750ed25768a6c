"""The seam to the bytes of one execution's log, as a pane needs it. ``runners/adapters/log_reader.py`` keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Hit(Protocol):
    """Where a search matched."""

    @property
    def line(self) -> int:
        """Line of the match, from 0."""
        ...


class LogSource(Protocol):
    """One log that may still grow. Lines count from 0. May be read from several threads at once."""

    @property
    def lines(self) -> int:
        """Lines that can be read as of the last ``refresh``; the last one may have no newline yet."""
        ...

    def refresh(self) -> bool:
        """Look for more; True when there is some. Costs microseconds when there is none."""
        ...

    def read_lines(self, first: int, count: int, max_line_bytes: int = 4096) -> list[bytes]:
        """At most ``count`` lines from ``first``, without newlines, each cut to ``max_line_bytes``."""
        ...

    def read_part(self, line: int, start_bytes: int, max_bytes: int) -> bytes:
        """At most ``max_bytes`` of one line from ``start_bytes`` on; a negative start counts from the line's end."""
        ...

    def time_of_line(self, line: int, /) -> float | None:
        """When the line came, seconds since 1970; None when that is not known."""
        ...

    def search(
        self,
        pattern: bytes,
        start_line: int = 0,
        backwards: bool = False,
        *,
        ignore_case: bool = False,
        stop: Callable[[], bool] = ...,
    ) -> Hit | None:
        """First line from ``start_line`` on (backwards: last one up to it) that matches an RE2 pattern.

        None when there is none or ``stop`` said so. Raises ``InputRefused`` for a pattern that RE2 does not take. May
        take seconds: never call it from the event loop.
        """
        ...

    def matching(
        self,
        pattern: bytes,
        first: int,
        end: int,
        *,
        ignore_case: bool = False,
        stop: Callable[[], bool] = ...,
    ) -> int | None:
        """Which of the lines ``first … end-1`` match an RE2 pattern: bit 0 is ``first``; None when ``stop`` said so.

        As ``search`` otherwise.
        """
        ...
