"""The list of runs: what fails, what waits for you, what runs, what is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from tui.screens.painted import PaintedScreen, bindings_of
from tui.view.board import Board, board_rows
from tui.view.headline import board_headline
from tui.view.key_bar import key_bar
from tui.view.layout import ScreenLayout, board_layout
from tui.view.scene import BoardScene
from tui.view.top_bar import board_bar
from tui.widgets.canvas import Canvas

_NO_RUN = "no run is selected; onduty run FILE starts one"


class BoardScreen(PaintedScreen):
    """The first screen."""

    NAME = "board"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("board")

    def __init__(self) -> None:
        super().__init__()
        self._selected = ""
        self._board = Board(rows=(), items=())

    def compose(self) -> Iterable[Widget]:
        """Its areas."""
        yield Canvas(id="bar", shade="bar")
        yield Canvas(id="headline", shade="ground", margins=(2, 1))
        yield Canvas(id="board", shade="ground", can_focus=True)
        yield Canvas(id="why", shade="panel")
        yield Canvas(id="runbook", shade="panel")
        yield Canvas(id="log", shade="ground")
        yield Canvas(id="keys", shade="bar")
        toasts = Canvas(id="toasts", shade="bar")
        toasts.styles.layer = "overlay"
        yield toasts

    def current_layout(self) -> ScreenLayout:
        """At the size of now."""
        return board_layout(self.size.width, self.size.height)

    def news(self) -> object:
        """The feed's version."""
        return self.onduty.feed.version

    def scene(self) -> BoardScene:
        """What is drawn."""
        summaries = self.onduty.feed.summaries
        if not any(run.uid == self._selected for run in summaries):
            self._selected = ""
        return BoardScene(here=self.here, summaries=summaries, selected=self._selected)

    def paint(self) -> None:
        """Everything."""
        scene, look, layout = self.scene(), self.onduty.look, self.current_layout()
        self.query_one("#bar", Canvas).set_rows([board_bar(scene, layout.width, look.glyphs)])
        self.query_one("#headline", Canvas).set_rows([board_headline(scene, look.glyphs)])
        self.query_one("#keys", Canvas).set_rows([key_bar("board", self.why_not(), layout.width, look.glyphs)])
        pane = layout.pane("board")
        if pane is None:
            return
        self._board = board_rows(scene, pane.area.width, look.glyphs)
        if not self._selected:
            first = next((uid for uid in self._board.items if uid), None)
            self._selected = first or ""
        canvas = self.query_one("#board", Canvas)
        canvas.set_shade("ground", (0, 0))
        canvas.set_rows(self._board.rows)
        place = self._board.index_of(self._selected) if self._selected else None
        if place is None:
            canvas.set_selection(None)
        else:
            canvas.set_selection(place[0], place[1], active=True)

    def why_not(self) -> Mapping[str, str]:
        """Without a run there is nothing to open."""
        if not self._selected:
            return {"open": _NO_RUN, "runbook": _NO_RUN, "copy": _NO_RUN}
        run = next((run for run in self.onduty.feed.summaries if run.uid == self._selected), None)
        if run is not None and not run.runbook:
            return {"runbook": "no page fits this run; no page is better than a wrong page"}
        return {}

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click selects, a click on the selected run opens it."""
        uid = self._board.items[message.row] if message.row < len(self._board.items) else None
        if uid is None:
            return
        if uid == self._selected:
            self.do_open()
        self._selected = uid
        self.paint()

    # Actions

    def _move(self, by: int, *, to: int | None = None) -> None:
        order = list(dict.fromkeys(uid for uid in self._board.items if uid))
        if not order:
            return
        at = order.index(self._selected) if self._selected in order else 0
        at = at + by if to is None else to % len(order)
        self._selected = order[max(0, min(len(order) - 1, at))]
        self.paint()

    def do_up(self) -> None:
        """One run up."""
        self._move(-1)

    def do_down(self) -> None:
        """One run down."""
        self._move(1)

    def do_top(self) -> None:
        """The first run."""
        self._move(0, to=0)

    def do_bottom(self) -> None:
        """The last run."""
        self._move(0, to=-1)

    def do_half_page_up(self) -> None:
        """Ten runs up."""
        self._move(-10)

    def do_half_page_down(self) -> None:
        """Ten runs down."""
        self._move(10)

    def do_open(self) -> None:
        """The run screen of the selected run."""
        self.onduty.open_run(self._selected)

    def do_runbook(self) -> None:
        """The page of the selected run's failure."""
        self.onduty.open_run(self._selected, runbook=True)

    def do_copy(self) -> None:
        """The name of the selected run."""
        run = next(run for run in self.onduty.feed.summaries if run.uid == self._selected)
        self.app.copy_to_clipboard(run.id)
        self.say("run", f"copied {run.id}")

    def do_back(self) -> None:
        """The root has nothing behind it."""
        self.say("warn", "this is the first screen; q leaves onduty, runs go on")

    def do_quit(self) -> None:
        """Leave; runs go on."""
        live = sum(1 for run in self.onduty.feed.summaries if run.ended_at is None)
        self.onduty.farewell = (
            f"{live} run{'s go' if live > 1 else ' goes'} on; onduty comes back to {'them' if live > 1 else 'it'}."
            if live
            else ""
        )
        self.app.exit()
