"""Hosts of a job by what they said (``u``): who said the same, and where the others differ."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from textual import events

from runners.model.errors import OndutyError
from tui.keys.actions import action, key_of
from tui.pauses import TURNS
from tui.screens.overlay import OverlayScreen
from tui.view.log_alike import Alike, HostOutput, alike
from tui.view.log_alike_rows import alike_rows
from tui.view.rows import BLANK, Row, Span, text_row, title_row
from tui.view.safe_text import own, safe
from tui.widgets.canvas import Canvas

_LOOK_S = 0.2
_WIDE = 84
"""Cells from which on the title has room for what was left out."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A host's log to go to."""

    job_run: str
    section: int
    line: int


class AlikeScreen(OverlayScreen["Chosen | None"]):
    """Compares in a thread; answers whose log to look at, or None."""

    WIDTH = 112
    HEAD = 2

    def __init__(self, job: str, outputs: list[HostOutput], silent: list[str], close: Callable[[], None]) -> None:
        """``close`` is called when nothing is read any more."""
        super().__init__()
        self._job, self._outputs, self._silent, self._close = job, outputs, silent, close
        self._groups: list[Alike] = []
        self._read = 0
        self._over = False
        self._trouble = ""
        self._left = False
        self._at = 0

    def on_mount(self) -> None:
        """Begin to read."""
        self.set_interval(_LOOK_S, self._look)
        self.run_worker(self._compare(), exit_on_error=False)

    def on_unmount(self) -> None:
        """Stop reading."""
        self._left = True

    async def _compare(self) -> None:
        def told(number: int) -> None:
            self._read = number

        def left() -> bool:
            TURNS.give_way()
            return self._left

        def compare() -> None:
            try:
                self._groups = alike(self._outputs, told, left)
            finally:
                self._close()

        try:
            await asyncio.to_thread(compare)
        except (OndutyError, OSError) as error:
            self._trouble = str(error)
        self._over = True
        if self.is_mounted and not self._left:
            self.paint()

    def _look(self) -> None:
        if not self._over:
            self.paint()

    def rows(self, width: int) -> tuple[Row, ...]:
        """Title and groups."""
        keys = (
            Span(own("enter"), "acc", bold=True),
            Span(own(" its log   "), "muted"),
            Span(own(f"{key_of('down')} {key_of('up')}"), "acc", bold=True),
            Span(own("   "), "muted"),
            Span(own("esc"), "acc", bold=True),
        )
        details = (own("by what they said"), *((own("times and pids left out"),) if width > _WIDE else ()))
        title = title_row(safe(self._job), details, keys, glyphs=self.onduty.look.glyphs)
        if self._trouble:
            return (title, BLANK, text_row(safe(self._trouble), "fail"))
        if not self._over:
            return (title, BLANK, text_row(own(f"comparing, {self._read} of {len(self._outputs)} hosts read")))
        return (title, BLANK, *alike_rows(self._groups, self._silent, self._at)[0])

    @property
    def is_over(self) -> bool:
        """All is compared."""
        return self._over

    @property
    def current_row(self) -> int | None:
        """The chosen group."""
        heads = alike_rows(self._groups, self._silent, self._at)[1]
        return heads[self._at] if self._at < len(heads) else None

    def takes_key(self, event: events.Key) -> bool:
        """Move, choose, leave."""
        if event.key == "ctrl+z":
            return False
        steps = {"down": 1, "up": -1}
        step = next((by for name, by in steps.items() if event.key in action(name).keys), 0)
        if event.key == "enter":
            self._choose()
        elif step:
            self._at = max(0, min(len(self._groups) - 1, self._at + step))
            self.paint()
        else:
            self.dismiss(None)
        return True

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click chooses a group."""
        heads = alike_rows(self._groups, self._silent, self._at)[1]
        under = [number for number, row in enumerate(heads) if row <= message.row]
        if self.is_top and under:
            self._at = under[-1]
            self._choose()

    def _choose(self) -> None:
        if not self._over or not self._groups:
            return
        group = self._groups[self._at]
        where = group.difference
        self.dismiss(Chosen(group.outputs[0].job_run, where.section if where else 0, where.line if where else 0))
