"""``+``: which run to start. Typing filters, enter chooses; the form comes next, nothing is started here."""

from __future__ import annotations

import asyncio

from textual import events

from runners.model.api import RunSummary
from tui.launch.found import find_pipelines
from tui.screens.overlay import OverlayScreen
from tui.view.chooser import Candidate, candidates, chooser_rows, matching
from tui.view.rows import Row
from tui.widgets.canvas import Canvas

MOST_QUERY = 80


class ChooserScreen(OverlayScreen["Candidate | None"]):
    """Answers what was chosen, None for nothing."""

    HEAD = 1

    def __init__(self, selected: RunSummary | None) -> None:
        """``selected`` is the run that somebody looks at."""
        super().__init__()
        self._selected = selected
        self._files: tuple[Candidate, ...] = ()
        self._trouble = ""
        self.is_read = False
        """Files were looked for."""
        self._query = ""
        self._at = 0

    def on_mount(self) -> None:
        """Pipelines that ran are there at once; files are looked for meanwhile."""
        self.run_worker(self._look(), exclusive=True)

    async def _look(self) -> None:
        found = await asyncio.to_thread(find_pipelines)
        chosen = self._chosen()
        self._files = tuple(
            Candidate(name=one.name, path=one.path, shown=one.shown, of_site=one.of_site) for one in found.pipelines
        )
        self._trouble, self.is_read = found.trouble, True
        now = self.found()
        # Who has moved already stays where they are.
        self._at = next((at for at, one in enumerate(now) if chosen and self._at and _same(one, chosen)), 0)
        if self.is_attached:
            self.paint()

    def found(self) -> tuple[Candidate, ...]:
        """What matches what was typed."""
        return matching(candidates(self._files, self.onduty.feed.summaries, self._selected), self._query)

    def _chosen(self) -> Candidate | None:
        found = self.found()
        return found[self._at] if self._at < len(found) else None

    def rows(self, width: int) -> tuple[Row, ...]:
        """The field and what matches."""
        return chooser_rows(
            self.found(),
            self._query,
            self._at,
            width,
            self.onduty.look.glyphs,
            here=self.onduty.here(),
            is_read=self.is_read,
            trouble=self._trouble,
        )

    @property
    def current_row(self) -> int | None:
        """The chosen one."""
        return self._at

    def takes_key(self, event: events.Key) -> bool:
        """Type, move, choose."""
        if event.key == "ctrl+z":
            return False
        if event.key in ("escape", "ctrl+c"):
            self.dismiss(None)
            return True
        if event.key == "enter":
            self._choose()
            return True
        if event.key in ("up", "down", "tab", "shift+tab"):
            step = 1 if event.key in ("down", "tab") else -1
            self._at = max(0, min(len(self.found()) - 1, self._at + step))
        elif event.key == "backspace":
            self._query, self._at = self._query[:-1], 0
        elif event.key == "ctrl+u":
            self._query, self._at = "", 0
        elif event.is_printable and event.character:
            self._query, self._at = (self._query + event.character)[:MOST_QUERY], 0
        self.paint()
        return True

    def _choose(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.dismiss(chosen)

    def takes_paste(self, text: str) -> bool:
        """The first line."""
        self._query, self._at = (self._query + (text.splitlines() or [""])[0])[:MOST_QUERY], 0
        self.paint()
        return True

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click chooses."""
        if self.is_top and message.row < len(self.found()):
            self._at = message.row
            self._choose()


def _same(one: Candidate, other: Candidate) -> bool:
    return (one.name, one.again) == (other.name, other.again) and (not other.path or one.path == other.path)
