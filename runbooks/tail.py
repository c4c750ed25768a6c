"""The last lines of a failed execution, as patterns read them.

Lines come from hosts. For matching they are reduced to what a person would see: no colours, no control characters, of a
line that was drawn over itself only the last state. The result is shorter than ``MAX_LINE_CHARS`` per line, so the
work for one failure is bounded whatever a host sends. It is still remote text: make it safe before it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MAX_LINES = 200
MAX_LINE_CHARS = 4096

# ECMA-48 control sequences, then control strings (OSC and its kin), then two-character escapes. C1 forms included.
# The classes inside a branch are disjoint and every end is optional, so no branch gives back what it took: linear with
# the standard library too, and ten times cheaper a line than a call of RE2.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = dict.fromkeys((*range(9), *range(10, 32), *range(127, 160)))


def clean_line(line: str) -> str:
    """Return ``line`` without escapes and control characters (tabs stay), cut in the middle to ``MAX_LINE_CHARS``."""
    if len(line) > MAX_LINE_CHARS:
        half = MAX_LINE_CHARS // 2 - 2
        line = f"{line[:half]} ⋯ {line[-half:]}"
    if not line.isprintable():
        line = line.encode("utf-8", "replace").decode()
        line = _ESCAPES.sub("", line)
        states = [state for state in line.split("\r") if state.strip()]
        line = (states[-1] if states else "").translate(_CONTROLS)
    return line.rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMatch:
    """Where a pattern matched."""

    index: int
    """Line number in the tail, from 0."""
    text: str
    """The characters that matched, never empty."""


class Tail:
    """Clean lines, searchable at once."""

    def __init__(self, lines: Sequence[str]) -> None:
        """Take the last ``MAX_LINES`` of ``lines``; indexes count in what was given."""
        self._skipped = max(0, len(lines) - MAX_LINES)
        self.lines = tuple(clean_line(line).replace("\n", " ") for line in lines[self._skipped :])
        self._data = "\n".join(self.lines).encode("utf-8", "replace")

    def line(self, index: int) -> str:
        """The clean line at an index of the lines that were given."""
        return self.lines[index - self._skipped]

    def without(self, pattern: Any) -> Tail:
        """The same lines with every match of ``pattern`` taken out of them; indexes stay."""
        other = Tail(())
        other._skipped, other._data = self._skipped, pattern.sub(b"", self._data)
        other.lines = tuple(other._data.decode("utf-8", "replace").split("\n"))
        return other

    def matches(self, pattern: Any) -> Iterator[LogMatch]:
        """The first match of ``pattern`` (see ``compile_pattern``) in each line that has one, oldest line first."""
        position, index = 0, self._skipped
        while position <= len(self._data):
            found = pattern.search(self._data, position)
            if found is None:
                return
            start, end = found.span()
            index += self._data.count(b"\n", position, start)
            if end > start:
                yield LogMatch(index=index, text=self._data[start:end].decode("utf-8", "replace"))
            newline = self._data.find(b"\n", start)
            if newline < 0:
                return
            position, index = newline + 1, index + 1

    def first(self, pattern: Any) -> LogMatch | None:
        """The first match, or None."""
        return next(self.matches(pattern), None)

    def last_index(self) -> int | None:
        """Index of the last line that is not blank; None when there is none."""
        blank_from_end = (n for n in range(len(self.lines) - 1, -1, -1) if self.lines[n].strip())
        found = next(blank_from_end, None)
        return None if found is None else found + self._skipped
