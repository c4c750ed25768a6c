"""``+``: which run to start. Typing filters, enter chooses; the form comes next, nothing is started here."""

from __future__ import annotations

import asyncio

from runners.model.api import RunSummary
from tui.launch.found import find_pipelines
from tui.screens.chosen_by_name import ChosenByName
from tui.view.chooser import Candidate, candidates, chooser_rows, matching
from tui.view.rows import Row


class ChooserScreen(ChosenByName["Candidate | None"], inherit_bindings=False):
    """Answers what was chosen, None for nothing."""

    def __init__(self, selected: RunSummary | None) -> None:
        """``selected`` is the run that somebody looks at."""
        super().__init__()
        self._selected = selected
        self._files: tuple[Candidate, ...] = ()
        self._trouble = ""
        self.is_read = False
        """Files were looked for."""

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
        self.at = next((at for at, one in enumerate(now) if chosen and self.at and _same(one, chosen)), 0)
        if self.is_attached:
            self.paint()

    def found(self) -> tuple[Candidate, ...]:
        """What matches what was typed."""
        return matching(candidates(self._files, self.onduty.feed.summaries, self._selected), self.query_text)

    def _chosen(self) -> Candidate | None:
        found = self.found()
        return found[self.at] if self.at < len(found) else None

    def rows(self, width: int) -> tuple[Row, ...]:
        """The field and what matches."""
        return chooser_rows(
            self.found(),
            self.query_text,
            self.at,
            width,
            self.onduty.look.glyphs,
            here=self.onduty.here(),
            is_read=self.is_read,
            trouble=self._trouble,
        )

    def how_many(self) -> int:
        """Pipelines and runs that match."""
        return len(self.found())

    def leave(self) -> None:
        """Nothing is started."""
        self.dismiss(None)

    def choose(self) -> None:
        """Answer it; where nothing matches, go on asking."""
        chosen = self._chosen()
        if chosen is not None:
            self.dismiss(chosen)


def _same(one: Candidate, other: Candidate) -> bool:
    return (one.name, one.again) == (other.name, other.again) and (not other.path or one.path == other.path)
