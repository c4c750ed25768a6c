"""The rows of the why pane: a label with its value, and the words that several of them use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tui.view.cells import LEAST_CELLS, cells, cut_middle
from tui.view.rows import Span
from tui.view.safe_text import SafeText, own, safe

if TYPE_CHECKING:
    from tui.view.glyphs import Glyphs
    from tui.view.scene import RunScene


@dataclass(frozen=True, slots=True, kw_only=True)
class Pane:
    """What facts are told from and for: a scene, and the cells that a value has."""

    scene: RunScene
    room: int
    glyphs: Glyphs
    tight: bool = False
    """What can be said in one row is."""

    @property
    def now_utc(self) -> float:
        """UTC seconds."""
        return self.scene.here.now_utc


_MOST_CHARACTERS = 8
"""For a cell, before a value is measured: it may be 128 KiB."""

Fact = tuple[str, Sequence[Span]]
"""A label and its value."""


def text(words: SafeText) -> tuple[Span, ...]:
    """A plain value."""
    return (Span(words),)


def attempts_left(left: int) -> str:
    """``2 attempts left``."""
    return f"{left} attempt{'s' if left != 1 else ''} left"


def names_in(room: int, hosts: Sequence[str], reserve: int = 0) -> SafeText:
    """As many names as fit one row of ``room`` cells, then how many more; one that is longer is cut in the middle."""
    room -= reserve
    shown: list[str] = []
    for number, host in enumerate(hosts):
        left = len(hosts) - number - 1
        more = f" and {left} more" if left else ""
        if shown and cells(" ".join([*shown, safe(host)]) + more) > room:
            return own(f"{' '.join(shown)} and {len(hosts) - len(shown)} more")
        name = safe(host)
        spare = max(LEAST_CELLS, room - cells(more))
        shown.append(name if shown or cells(name) <= spare else cut_middle(name, spare))
    return own(" ".join(shown))


@lru_cache(maxsize=1024)
def clipped(value: str, most: int = 24) -> SafeText:
    """A value inside a sentence; of a long one its ends, which tell it from others."""
    end = most * _MOST_CHARACTERS
    words = safe(value if len(value) <= 2 * end else value[:end] + value[-end:])
    return words if cells(words) <= most else cut_middle(words, most)


def fitting(room: int, *wordings: str) -> SafeText:
    """The first wording, of parts that are safe, that fits one row of ``room`` cells; the last when none does."""
    return own(next((words for words in wordings if cells(words) <= room), wordings[-1]))
