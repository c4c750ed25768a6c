"""A runbook page over the whole screen: outline left, the step right, values filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from runbooks.fill import fill
from runbooks.page import Page
from runners.model.inventory import Host
from tui.keys.actions import key_of
from tui.screens.painted import PaintedScreen, bindings_of
from tui.screens.shell import open_shell
from tui.view.facts import looked_at
from tui.view.headline import run_headline
from tui.view.key_bar import key_bar
from tui.view.layout import ScreenLayout, SizeClass, full_layout
from tui.view.narrow import tab_at, tab_bar
from tui.view.rows import title_row
from tui.view.runbook_page import (
    opening_stop,
    outline_row_of,
    outline_rows,
    page_rows,
    page_title,
    stops,
)
from tui.view.runbook_pane import fill_facts
from tui.view.safe_text import safe, safe_lines
from tui.view.scene import RunScene
from tui.view.top_bar import run_bar
from tui.widgets.canvas import Canvas

TABS = ("outline", "page")


class RunbookScreen(PaintedScreen, inherit_bindings=False):
    """Arrows choose a step; escape goes back."""

    NAME = "runbook"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("runbook")

    def __init__(
        self,
        uid: str,
        scene: Callable[[], RunScene],
        news: Callable[[], object],
        page: Page,
        *,
        why_not_below: Callable[[], Mapping[str, str]],
        retry_below: Callable[[], None],
    ) -> None:
        """``why_not_below`` and ``retry_below`` are those of the run's screen, which lies under this one."""
        super().__init__()
        self._why_not_below = why_not_below
        self._retry_below = retry_below
        self._uid = uid
        self._scene = scene
        self._news = news
        self._page = page
        self._stop = opening_stop(page)
        self._tab = "page"

    def compose(self) -> Iterable[Widget]:
        """Its areas."""
        yield Canvas(id="bar", shade="bar")
        yield Canvas(id="headline", shade="ground", margins=(2, 1))
        yield Canvas(id="tabs", shade="panel", margins=(0, 0))
        yield Canvas(id="outline", shade="panel", can_focus=True)
        yield Canvas(id="page", shade="ground", can_focus=True)
        yield Canvas(id="keys", shade="bar")
        yield self.toast_canvas()

    def on_mount(self) -> None:
        """The steps have the focus."""
        self.focus_pane("outline")

    def current_layout(self) -> ScreenLayout:
        """Left panel and the rest; tabs when narrow."""
        return full_layout(self.size.width, self.size.height, left="outline", main="page", tab=self._tab)

    def news(self) -> object:
        """The run goes on while the page is read."""
        return self._news()

    def shows(self, uid: str) -> bool:
        """The run of the page is in the headline."""
        return uid == self._uid

    def paint(self) -> None:
        """Everything."""
        self.part("headline", self._paint_edges)
        self.part("outline", self._paint_outline)
        self.part("page", self._paint_page)

    def _paint_edges(self) -> None:
        layout, glyphs, scene = self.current_layout(), self.onduty.look.glyphs, self._scene()
        least = layout.size_class is SizeClass.TINY
        extra: tuple[str, ...] = ("next-pane",) if layout.size_class is SizeClass.NARROW else ()
        self.query_one("#bar", Canvas).set_rows([run_bar(scene, layout.width, layout.height, glyphs)])
        self.query_one("#headline", Canvas).set_rows([run_headline(scene, glyphs)])
        extra = (*extra, "shell", "copy", "down", "back")
        keys = key_bar("runbook", self.why_not(), layout.width, glyphs, extra=extra, least=least)
        self.query_one("#keys", Canvas).set_rows([keys])
        if layout.size_class is SizeClass.NARROW:
            self.query_one("#tabs", Canvas).set_rows([tab_bar(TABS, self._tab, layout.width, glyphs)])

    def _paint_outline(self) -> None:
        if not self.width_of("outline"):
            return
        glyphs, page, width, scene = self.onduty.look.glyphs, self._page, self.width_of("outline"), self._scene()
        today = datetime.fromtimestamp(scene.here.now_utc, scene.here.zone).date()
        title = title_row(safe(page.id), focused=True, glyphs=glyphs)
        self.set_pane("outline", title, outline_rows(page, self._stop, width, glyphs, today=today))
        self.query_one("#outline", Canvas).reveal(outline_row_of(page, self._stop, width, glyphs))

    def _paint_page(self) -> None:
        if not self.width_of("page"):
            return
        glyphs, scene = self.onduty.look.glyphs, self._scene()
        title = page_title(scene, self._page, glyphs)
        self.set_pane("page", title, page_rows(scene, self._page, self._stop, self.width_of("page"), glyphs))

    def why_not(self) -> Mapping[str, str]:
        """What cannot be done of the run; where both panes are shown there is no other one."""
        reasons = {name: why for name, why in self._why_not_below().items() if name in ("retry", "shell")}
        if self.current_layout().size_class is SizeClass.NARROW:
            return reasons
        down, up = key_of("half-page-down"), key_of("half-page-up")
        both = f"both panes are shown; arrows choose a step, {down} and {up} scroll the page"
        return {**reasons, "next-pane": both}

    def action_say_where(self, name: str) -> None:
        """Enter would run the step, people expect."""
        if name != "open":
            super().action_say_where(name)
        elif self.is_top:
            member = looked_at(self._scene())
            shell = f"{key_of('shell')} opens a shell" + (f" on {member.run.host}" if member is not None else "")
            self.say("warn", f"no step is run from here\n{key_of('copy')} copies its command, {shell}")

    def do_retry(self) -> None:
        """The preview, over the screen of the run."""
        self.app.pop_screen()
        self._retry_below()

    def do_shell(self) -> None:
        """A shell on the host of the failure, in this terminal; then the page again."""
        scene = self._scene()
        member = looked_at(scene)
        assert member is not None
        open_shell(self, self._uid, scene.state.plan.hosts.get(member.run.host) or Host(name=member.run.host))

    def do_copy(self) -> None:
        """The command of the step, with what is known filled in."""
        step = next((step for step in self._page.steps if step.number == self._stop), None)
        scene = self._scene()
        member = looked_at(scene)
        if step is None:
            self.say("warn", "this is no step with a command; arrows choose one")
            return
        command = fill(step.command, fill_facts(scene, member)).text if member is not None else step.command
        self.app.copy_to_clipboard("\n".join(safe_lines(command)))
        self.say("run", f"copied the command of {step.name}")

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click on a tab shows it; on a step of the outline it goes there."""
        glyphs = self.onduty.look.glyphs
        if message.canvas.id == "tabs":
            name = tab_at(TABS, self._tab, message.canvas.size.width, glyphs, message.x)
            if name:
                self._show(name)
        elif message.canvas.id == "outline":
            width = self.width_of("outline")
            rows = {outline_row_of(self._page, stop, width, glyphs): stop for stop in range(stops(self._page))}
            if message.row in rows:
                self._go_to(rows[message.row])

    def _go_to(self, stop: int) -> None:
        self._stop = max(0, min(stops(self._page) - 1, stop))
        self.query_one("#page", Canvas).scroll_rows(-(10**6))
        self.paint()

    def move_rows(self, by: int) -> None:
        """Another step; before the first stands what the failure means."""
        self._go_to(self._stop + by)

    def move_pages(self, by: float) -> None:
        """Scroll the page; the step stays."""
        self.query_one("#page", Canvas).scroll_pages(by)

    def do_next_pane(self) -> None:
        """The other pane."""
        self._show("outline" if self._tab == "page" else "page")

    def _show(self, name: str) -> None:
        self._tab = name
        self.repaint()

    def do_back(self) -> None:
        """Back to the run."""
        self.app.pop_screen()

    def do_quit(self) -> None:
        """Back to the run."""
        self.app.pop_screen()
