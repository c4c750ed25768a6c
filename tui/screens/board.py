"""The list of runs: what fails, what waits for you, what runs, what is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from textual import events
from textual.binding import BindingType
from textual.widget import Widget

from runners.model.phases import BAD
from tui.keys.actions import key_of
from tui.screens.login_key import LoginKey
from tui.screens.painted import bindings_of
from tui.view.board_find import found_runs
from tui.view.board_frame import READING_PAGE, board_why_not, edges, find_row, list_pane, selected_run, side_panes
from tui.view.layout import Area, ScreenLayout, board_layout
from tui.view.logins import next_login
from tui.view.rows import BLANK, Row, text_row
from tui.view.run_rows import RunRows
from tui.view.safe_text import own, safe
from tui.view.scene import BoardScene
from tui.widgets.bar_keys import BarKeys
from tui.widgets.canvas import Canvas
from tui.widgets.log_bar import LogBar, Purpose, Typed

if TYPE_CHECKING:
    from runners.model.api import Before


class BoardScreen(BarKeys, LoginKey, inherit_bindings=False):
    """The first screen."""

    NAME = "board"
    LEAVE = "{quit} leaves onduty"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("board")

    def __init__(self) -> None:
        super().__init__()
        self._selected = ""
        self._board = RunRows()
        self._bar = LogBar()
        self._told_version = False

    def compose(self) -> Iterable[Widget]:
        """Its areas."""
        yield Canvas(id="bar", shade="bar")
        yield Canvas(id="headline", shade="ground", margins=(2, 1))
        yield Canvas(id="board", shade="ground", can_focus=True)
        yield Canvas(id="why", shade="panel")
        yield Canvas(id="runbook", shade="panel")
        yield Canvas(id="find", shade="bar", margins=(0, 0))
        yield Canvas(id="keys", shade="bar")
        yield self.toast_canvas()

    def on_mount(self) -> None:
        """The list has the focus, always."""
        self.focus_pane("board")

    def current_layout(self) -> ScreenLayout:
        """At the size of now."""
        return board_layout(self.size.width, self.size.height)

    def area_of(self, name: str) -> Area | None:
        """While somebody looks for a run the bar takes the last row of the list."""
        listed = super().area_of("board")
        finds = listed is not None and (self._bar.typing or bool(self._bar.text))
        if name == "find":
            return Area(listed.x, listed.bottom - 1, listed.width, 1) if listed and finds else None
        if name == "board" and listed and finds:
            return Area(listed.x, listed.y, listed.width, listed.height - 1)
        return super().area_of(name)

    def news(self) -> object:
        """The feed's version."""
        return self.onduty.feed.version

    def shows(self, uid: str) -> bool:
        """Every run is here."""
        return True

    def scene(self) -> BoardScene:
        """What is drawn."""
        feed = self.onduty.feed
        if not any(run.uid == self._selected for run in found_runs(feed.summaries, self._bar.text)):
            self._selected = ""
        return BoardScene(
            here=self.here,
            summaries=feed.summaries,
            selected=self._selected,
            statuses=feed.statuses,
            loaded=feed.loaded,
            query=self._bar.text,
        )

    def _before(self, scene: BoardScene) -> Before | None:
        """What went before the selected run, where it failed."""
        run = self.onduty.feed.summary(scene.selected)
        if run is None or not any(run.counts.get(phase.value) for phase in BAD):
            return None
        return self.onduty.earlier.before(run.uid, "", f"{run.what} {run.first_line}")

    def paint(self) -> None:
        """Everything."""
        self.part("board", self._paint_board)
        self.part("headline", self._paint_edges)
        self.part("why", self._paint_side)
        self._compare_versions()

    def _paint_edges(self) -> None:
        scene, glyphs = self.scene(), self.onduty.look.glyphs
        for name, pane in edges(scene, self.current_layout(), glyphs, self.why_not(), asks=self._asks).items():
            self.query_one(f"#{name}", Canvas).set_pane(pane)

    def _paint_board(self) -> None:
        layout, glyphs, trouble = self.current_layout(), self.onduty.look.glyphs, self.onduty.feed.trouble
        if layout.pane("board") is None:
            return
        pane, self._board = list_pane(self.scene(), layout, glyphs, trouble)
        self._selected = self._selected or self._board.first()
        self.query_one("#board", Canvas).set_pane(pane)
        row = find_row(self.scene(), glyphs, typing=self._bar.typing)
        self.query_one("#find", Canvas).set_rows([row])

    def _paint_side(self) -> None:
        """The selected run beside the list, on wide screens."""
        layout, glyphs = self.current_layout(), self.onduty.look.glyphs
        if layout.pane("why") is None:
            return
        scene = self.scene()
        scene = replace(scene, before=self._before(scene))
        for name, pane in side_panes(scene, layout, glyphs, self._page_rows(scene)).items():
            self.query_one(f"#{name}", Canvas).set_pane(pane)

    def _page_rows(self, scene: BoardScene) -> Sequence[Row]:
        """What the runbook of the selected run says to do."""
        run = selected_run(scene)
        library = self.onduty.library
        if run is None or not run.runbook:
            return ()
        page = library.get(run.runbook) if library is not None else None
        if page is None:
            missing = own("This page is not on this machine: onduty runbook list")
            return (text_row(missing),) if self.onduty.pages.are_read else READING_PAGE
        from runbooks.fill import FilledCommand
        from tui.view.runbook_pane import reviewed, step_rows

        rows: list[Row] = []
        for step in page.steps:
            rows += step_rows(step, FilledCommand(text=step.command), self.width_of("runbook"), self.onduty.look.glyphs)
        today = datetime.fromtimestamp(scene.here.now_utc, scene.here.zone).date()
        return (*rows, BLANK, text_row(reviewed(page, today)))

    def _compare_versions(self) -> None:
        hello = self.onduty.feed.hello
        if hello is None or self._told_version:
            return
        from tui.cli.version import version

        self._told_version = True
        if hello.version != version():
            self.say(
                "warn",
                f"the controller is version {hello.version}, this is {version()}\n"
                "a restart loses nothing: onduty controller restart",
            )

    def why_not(self) -> Mapping[str, str]:
        """Without a run there is nothing to open."""
        return board_why_not(self.onduty.feed.summary(self._selected), asks=self._asks)

    @property
    def _asks(self) -> bool:
        return next_login(self.onduty.feed.hosts.values()) is not None

    def login_first(self) -> tuple[str, str]:
        """What the selected run waits for, else the oldest."""
        run = self.onduty.feed.summary(self._selected)
        mine = run is not None and next_login(self.onduty.feed.hosts.values(), run=run.id) is not None
        return run.id if run is not None and mine else "", ""

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click selects, a click on the selected run opens it."""
        if message.canvas.id != "board" or not self._board.order():
            return
        row = message.row + 1
        uid = self._board.items[row] if row < len(self._board.items) else None
        if uid is None:
            return
        if uid == self._selected:
            self.do_open()
        self._selected = uid
        self.paint()

    # Find

    def do_find(self) -> None:
        """Type what a run has in its line: others are not listed."""
        self._bar.open(Purpose.FIND, self._bar.text)
        self.repaint()

    def takes_key(self, event: events.Key) -> bool:
        """Up and down go through what is found while it is typed."""
        if self._bar.typing and event.key in ("up", "down"):
            self.move_rows(1 if event.key == "down" else -1)
            return True
        return super().takes_key(event)

    def _typed(self, typed: Typed) -> None:
        if typed in (Typed.LEFT, Typed.DONE):
            self._bar.close()
        if typed is Typed.LEFT:
            self._bar.text = ""
        if typed is not Typed.NOTHING:
            self.repaint()

    # Actions

    def move_rows(self, by: int) -> None:
        """Another run."""
        order = self._board.order()
        if not order:
            return
        at = order.index(self._selected) if self._selected in order else 0
        self._selected = order[max(0, min(len(order) - 1, at + by))]
        self.paint()

    def page_rows(self) -> int:
        """Of the list."""
        return self.query_one("#board", Canvas).body_height

    def do_open(self) -> None:
        """The run screen of the selected run."""
        self.onduty.open_run(self._selected)

    def do_runbook(self) -> None:
        """The page of the selected run's failure."""
        self.onduty.open_run(self._selected, runbook=True)

    def do_new_run(self) -> None:
        """Choose a pipeline, or the selected run again."""
        self.onduty.choose_pipeline(self.onduty.feed.summary(self._selected))

    def do_pipeline(self) -> None:
        """What the selected run is a run of."""
        from tui.view.chooser import Candidate

        run = self.onduty.feed.summary(self._selected)
        if run is not None:
            self.onduty.open_pipeline(Candidate(name=run.pipeline, run=run), part="definition")

    def do_copy(self) -> None:
        """The name of the selected run."""
        run = self.onduty.feed.summary(self._selected)
        if run is not None:
            self.app.copy_to_clipboard(safe(run.id))
            self.say("run", f"copied {run.id}")

    def do_back(self) -> None:
        """All runs again; behind them there is nothing."""
        if self._bar.text:
            self._typed(Typed.LEFT)
            return
        self.say("warn", f"this is the first screen; {key_of('quit')} leaves onduty, runs go on")

    def do_quit(self) -> None:
        """Leave; runs go on."""
        live = sum(1 for run in self.onduty.feed.summaries if run.ended_at is None)
        if live:
            runs, them = ("runs have", "them") if live > 1 else ("run has", "it")
            self.onduty.farewell = f"{live} {runs} not ended; onduty comes back to {them}."
        self.app.exit()
