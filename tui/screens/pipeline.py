"""One pipeline: start it, its plan, its definition, what ran before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from runners.model.errors import OndutyError
from tui.screens.painted import bindings_of
from tui.screens.pipeline_keys import PipelineKeys
from tui.view.chooser import Candidate
from tui.view.durations import count, share
from tui.view.form_rows import FormRows, form_keys, form_rows, problem_rows
from tui.view.history import history_rows
from tui.view.key_bar import key_bar
from tui.view.layout import ScreenLayout, SizeClass, full_layout
from tui.view.narrow import tab_bar
from tui.view.pipeline import PARTS, PipelineScene, about_rows, pipeline_bar, pipeline_headline
from tui.view.plan_rows import definition_rows, plan_rows
from tui.view.rows import Row, text_row, title_row
from tui.view.run_rows import RunRows
from tui.view.safe_text import own, safe
from tui.widgets.canvas import Canvas

if TYPE_CHECKING:
    from runners.model.api import PipelineHistory

MOST_RUNS = 100
"""Rows of the history."""
_NARROW = (SizeClass.NARROW, SizeClass.TINY)


class PipelineScreen(PipelineKeys, inherit_bindings=False):
    """Digits and arrows choose a part; enter goes into it, escape comes out."""

    NAME = "pipeline"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("pipeline")

    def __init__(self, origin: Candidate, *, part: str = "start") -> None:
        super().__init__()
        self.origin = origin
        self.showing = part
        self.inside = part == "start"
        self.history: PipelineHistory | None = None
        self._history_of: object = None
        """What the list of runs said of this pipeline when its history was asked for."""
        self.selected = ""
        """uid of a row of the history."""
        self.form_rows = FormRows(rows=(), items=())
        self.history_rows = RunRows()
        self._cached: tuple[object, tuple[Row, ...]] = (None, ())
        self.init_form()

    def compose(self) -> Iterable[Widget]:
        """Its areas."""
        yield Canvas(id="bar", shade="bar")
        yield Canvas(id="headline", shade="ground", margins=(2, 1))
        yield Canvas(id="tabs", shade="panel", margins=(0, 0))
        yield Canvas(id="about", shade="panel", can_focus=True)
        yield Canvas(id="main", shade="ground", can_focus=True)
        yield Canvas(id="keys", shade="bar")
        yield self.toast_canvas()

    def on_mount(self) -> None:
        """Read the file and what ran before."""
        self.settle()
        self.read()
        self._ask_history()

    # ----- what is drawn

    @property
    def is_narrow(self) -> bool:
        """One pane at a time."""
        return self.current_layout().size_class in _NARROW

    def current_layout(self) -> ScreenLayout:
        """Left panel and the rest; tabs when narrow."""
        return full_layout(self.size.width, self.size.height, left="about", main="main", tab="main")

    def news(self) -> object:
        """Runs come and go while it is looked at."""
        return self.onduty.feed.version

    def shows(self, uid: str) -> bool:
        """A run of this pipeline in its history."""
        return (
            self.showing == "history" and self.history is not None and any(run.uid == uid for run in self.history.runs)
        )

    def scene(self) -> PipelineScene:
        """What the edges are drawn from."""
        draft, feed = self.draft, self.onduty.feed
        definition = draft.pipeline if draft is not None else None
        name = draft.name if draft is not None else self.origin.name
        environment = draft.environment if draft is not None else None
        if self.plan is None and self.planned_for is not None and self.planned_for[0] == self.form.inventory:
            # Another value of a param changes no environment, and where it would run is always there.
            environment = self.planned_for[1]
        return PipelineScene(
            here=self.here,
            name=name,
            part=self.showing,
            file=draft.shown if draft is not None and not draft.run else self.origin.shown,
            pinned=draft.run if draft is not None else "",
            description=definition.description if definition else "",
            owner=definition.owner if definition else "",
            environment=self.plan.environment if self.plan is not None else environment,
            last=next((run for run in feed.summaries if run.pipeline == name), None),
            plan=self.plan,
            problems=self.problems,
            missing=tuple(one.label for one in self.form.missing),
            wrong=tuple(one.label for one in self.form.wrong),
            is_read=draft is not None or bool(self.trouble),
            trouble=self.trouble,
            history=self.history,
            facts=self._part_facts(),
        )

    def _part_facts(self) -> Mapping[str, str]:
        """A word beside each part."""
        facts: dict[str, str] = {}
        if self.plan is not None:
            facts["plan"] = count(self.plan.job_run_count(), "job run")
        if self.draft is not None:
            facts["definition"] = count(self.draft.definition.rstrip("\n").count("\n") + 1, "line")
        if self.history is not None and self.history.runs:
            rate = self.history.success_rate
            facts["history"] = (
                f"{share(rate * 100)} passed" if rate is not None else count(len(self.history.runs), "run")
            )
        return facts

    def paint(self) -> None:
        """Everything."""
        self._refresh_history()
        self._choose_row()
        self.part("headline", self._paint_edges)
        self.part("about", self._paint_about)
        self.part("main", self._paint_main)

    def _paint_edges(self) -> None:
        layout, glyphs, scene = self.current_layout(), self.onduty.look.glyphs, self.scene()
        least = layout.size_class is SizeClass.TINY
        self.query_one("#bar", Canvas).set_rows([pipeline_bar(scene, layout.width, layout.height, glyphs)])
        self.query_one("#headline", Canvas).set_rows([pipeline_headline(scene)])
        keys = (
            form_keys(self.form)
            if self.is_typed_in
            else key_bar(
                "pipeline",
                self.why_not(),
                layout.width,
                glyphs,
                extra=("new-run", "copy", "back", *(("next-pane",) if self.is_narrow else ())),
                least=least,
            )
        )
        self.query_one("#keys", Canvas).set_rows([keys])
        if layout.tabs:
            self.query_one("#tabs", Canvas).set_rows([tab_bar(PARTS, self.showing, layout.width, glyphs)])

    def _paint_about(self) -> None:
        width = self.width_of("about")
        if not width or self.is_narrow:
            return
        glyphs, active = self.onduty.look.glyphs, not self.inside
        title = title_row(safe(self.scene().name), focused=active, glyphs=glyphs)
        self.set_pane("about", title, about_rows(self.scene(), width, glyphs, active=active))

    def _paint_main(self) -> None:
        width = self.width_of("main")
        if not width:
            return
        glyphs, canvas = self.onduty.look.glyphs, self.query_one("#main", Canvas)
        details, rows = self._shown(width)
        focused = self.inside or self.is_narrow
        title = title_row(own(self.showing), tuple(details), focused=focused, glyphs=glyphs)
        self.set_pane("main", title, rows)
        place = self.history_rows.index_of(self.selected) if self.showing == "history" and self.selected else None
        if place is None:
            canvas.set_selection(None)
        else:
            canvas.set_selection(*place, active=focused)

    def _shown(self, width: int) -> tuple[list[str], tuple[Row, ...]]:
        """Details for the title, and the rows of the part."""
        glyphs, draft = self.onduty.look.glyphs, self.draft
        if self.showing == "history":
            return self._shown_history(width)
        if self.trouble:
            return [], problem_rows((self.trouble,), width, glyphs)
        if draft is None:
            return [], ()
        source = safe(draft.shown)
        if self.showing == "start":
            self.form_rows = form_rows(self.form_scene(), width, glyphs)
            return [source], self.form_rows.rows
        if self.showing == "definition":
            text, bad = draft.definition, draft.problems
            return [source], self._kept((text, bad, width), lambda: definition_rows(text, bad, width, glyphs))
        if self.plan is None:
            if self.problems:
                return [source], problem_rows(self.problems, width, glyphs)
            said = self.remark or "The plan is there once every value is. 1 leads to them."
            return [source], (text_row(own(said)),)
        plan = self.plan
        return [source], self._kept((id(plan), width), lambda: plan_rows(plan, width, glyphs))

    def _kept(self, of: object, make: Callable[[], tuple[Row, ...]]) -> tuple[Row, ...]:
        """Rows that were made of the same before: a screen is painted every second."""
        if self._cached[0] != of:
            self._cached = of, make()
        return self._cached[1]

    def _shown_history(self, width: int) -> tuple[list[str], tuple[Row, ...]]:
        history = self.history
        self.history_rows = history_rows(history, self.here, width, self.onduty.look.glyphs)
        order = self.history_rows.order()
        return [count(len(order), "run")] if order else [], self.history_rows.rows

    # ----- what ran before

    def _choose_row(self) -> None:
        """The newest run, until another is chosen."""
        runs = self.history.runs if self.history is not None else ()
        if not any(run.uid == self.selected for run in runs):
            self.selected = runs[0].uid if runs else ""

    def _refresh_history(self) -> None:
        name = self.draft.name if self.draft is not None else self.origin.name
        known = [(run.uid, run.phase) for run in self.onduty.feed.summaries if run.pipeline == name]
        if known != self._history_of:
            self._history_of = known
            self._ask_history()

    def _ask_history(self) -> None:
        self.run_worker(self._read_history(), group="history", exclusive=True)

    async def _read_history(self) -> None:
        name = self.draft.name if self.draft is not None else self.origin.name
        try:
            self.history = await self.onduty.feed.ask(lambda client: client.history(name, MOST_RUNS))
        except OndutyError as error:
            if self.showing == "history":
                self.say("warn", f"{error.message}\n{error.hint}")
            return
        if self.is_attached:
            self.paint()
