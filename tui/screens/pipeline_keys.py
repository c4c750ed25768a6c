"""The keys of the pipeline screen outside of its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from runners.model.api import RunSummary
from tui.launch.words import command_of
from tui.screens.pipeline_start import PipelineStart
from tui.view.chooser import Candidate
from tui.view.form import START, at_field
from tui.view.form_rows import FormRows
from tui.view.narrow import tab_at
from tui.view.pipeline import PARTS
from tui.view.run_rows import RunRows
from tui.view.safe_text import safe, safe_lines
from tui.widgets.canvas import Canvas

if TYPE_CHECKING:
    from runners.model.api import PastRun, PipelineHistory


class PipelineKeys(PipelineStart, inherit_bindings=False):
    """What ``PipelineScreen`` does for each action."""

    history: PipelineHistory | None
    selected: str
    """uid of a row of the history."""
    form_rows: FormRows
    history_rows: RunRows

    @property
    def is_narrow(self) -> bool:
        """One pane at a time."""
        raise NotImplementedError

    @property
    def _main(self) -> Canvas:
        return self.query_one("#main", Canvas)

    # ----- the form

    def leave_form(self) -> None:
        """Keys are those of the screen again; what is filled in stays."""
        self.go(self.showing, inside=False)

    def show_field(self) -> None:
        """Scroll to the field with the focus, with what is said below it."""
        first, last = self.form_rows.row_of(self.form.focus), self.form_rows.last_row_of(self.form.focus)
        if first is not None and last is not None:
            self._main.reveal(last)
            self._main.reveal(first)

    def scroll_main(self, pages: float) -> None:
        """Down when positive."""
        self._main.scroll_pages(pages)

    # ----- where the keys go

    def go(self, part: str, *, inside: bool) -> None:
        """Show a part, with the keys in it or in the list of parts."""
        if part != self.showing:
            self._main.scroll_rows(-(10**6))
        self.showing, self.inside = part, inside
        self.settle()
        self.repaint()
        if self.is_typed_in:
            self.show_field()

    def settle(self) -> None:
        """The pane with the keys has the focus."""
        self.focus_pane("main" if self.inside or self.is_narrow else "about")

    @property
    def _chooses_part(self) -> bool:
        return not self.inside and not self.is_narrow

    def _past(self) -> PastRun | None:
        """The selected row of the history."""
        if self.showing != "history" or self.history is None:
            return None
        return next((run for run in self.history.runs if run.uid == self.selected), None)

    # ----- actions

    def why_not(self) -> Mapping[str, str]:
        """Each key that does nothing now, with the sentence why."""
        reasons: dict[str, str] = {}
        if reason := self.why_not_start():
            reasons["new-run"] = reason
        if self._past() is not None:
            reasons.pop("new-run", None)
        elif self.showing == "history" and self.inside:
            reasons["open"] = "this pipeline has not run yet"
            reasons["copy"] = reasons["open"]
        if self.draft is None and self._past() is None:
            reasons["copy"] = self.trouble or "it is being read"
        return reasons

    def do_new_run(self) -> None:
        """From a row of the history: as that run was. Else: fill in what is needed."""
        past = self._past() if self.inside or self.is_narrow else None
        if past is None:
            self.go("start", inside=True)
            return
        run = RunSummary(
            id=past.id, uid=past.uid, pipeline=self.history.pipeline if self.history else "", phase=past.phase,
            result=past.result, environment=past.environment, by=past.by, created_at=past.created_at,
            started_at=past.started_at, ended_at=past.ended_at,
        )  # fmt: skip
        self.onduty.open_pipeline(Candidate(name=run.pipeline, run=run, again=True))

    def do_definition(self) -> None:
        """The text."""
        self.go("definition", inside=True)

    def do_open(self) -> None:
        """Into the part; a row of the history opens its run."""
        past = self._past()
        if past is not None and not self._chooses_part:
            self.onduty.open_run(past.uid)
        else:
            self.go(self.showing, inside=True)

    def do_copy(self) -> None:
        """The command that starts the same, the text of the definition, the name of a run."""
        past = self._past()
        if past is not None:
            text, what = past.id, past.id
        elif self.draft is None:
            return
        elif self.showing == "definition":
            text, what = "\n".join(safe_lines(self.draft.definition)), "the definition"
        else:
            text = what = command_of(self.draft, self.values)
        self.app.copy_to_clipboard(text if self.showing == "definition" else safe(text))
        self.say("run", f"copied {what}")

    def do_pane(self, key: str) -> None:
        """A part by its number."""
        if int(key) > len(PARTS):
            self.say("warn", f"there are {len(PARTS)} parts: {', '.join(PARTS)}")
        else:
            part = PARTS[int(key) - 1]
            self.go(part, inside=part != "start" or not self.is_narrow)

    def do_next_pane(self) -> None:
        """The list of parts or the part; where one pane is shown the next part."""
        if self.is_narrow:
            self.go(PARTS[(PARTS.index(self.showing) + 1) % len(PARTS)], inside=False)
        else:
            self.go(self.showing, inside=not self.inside)

    def do_back(self) -> None:
        """Out of the part, then to where one came from."""
        if self.inside and not self.is_narrow:
            self.go(self.showing, inside=False)
        else:
            self.app.pop_screen()

    def do_quit(self) -> None:
        """To where one came from."""
        self.app.pop_screen()

    # ----- moving

    def move_rows(self, by: int) -> None:
        """Another part, another run of the history; else the part scrolls."""
        if self._chooses_part:
            at = PARTS.index(self.showing) + by
            self.go(PARTS[max(0, min(len(PARTS) - 1, at))], inside=False)
        elif order := self.history_rows.order() if self.showing == "history" else ():
            at = order.index(self.selected) if self.selected in order else 0
            self.selected = order[max(0, min(len(order) - 1, at + by))]
            if self.selected == order[0]:
                # The numbers above come into view with it.
                self._main.scroll_rows(-(10**6))
            self.paint()
        else:
            self._main.scroll_rows(by)

    def page_rows(self) -> int:
        """Of the part."""
        return self._main.body_height

    def move_pages(self, by: float) -> None:
        """Rows of the history; else the part scrolls, also while the keys choose one."""
        if self.showing == "history" and not self._chooses_part:
            super().move_pages(by)
        else:
            self.scroll_main(by)

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click on a part shows it, on a field types into it, on a run chooses it and then opens it."""
        name, row = message.canvas.id, message.row
        if name == "tabs":
            part = tab_at(PARTS, self.showing, message.canvas.size.width, self.onduty.look.glyphs, message.x)
            if part:
                self.go(part, inside=False)
        elif name == "about" and row < len(PARTS):
            self.go(PARTS[row], inside=False)
        elif name == "main" and self.showing == "start" and row < len(self.form_rows.items):
            self._click_field(self.form_rows.items[row])
        elif name == "main" and self.showing == "history" and row < len(self.history_rows.items):
            uid = self.history_rows.items[row]
            again = uid == self.selected and self.inside
            self.selected = uid or self.selected
            self.go("history", inside=True)
            if again and uid:
                self.onduty.open_run(uid)

    def _click_field(self, field: str | None) -> None:
        if field is None:
            return
        was = self.is_typed_in
        self.form = at_field(self.form, field)
        self.go("start", inside=True)
        if field == START and was:
            self.start()
