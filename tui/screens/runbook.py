"""A runbook page over the whole screen: outline left, the step right, values filled in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from runbooks.page import Page
from tui.screens.painted import PaintedScreen, bindings_of
from tui.view.headline import run_headline
from tui.view.key_bar import key_bar
from tui.view.layout import ScreenLayout, SizeClass, full_layout
from tui.view.narrow import tab_bar
from tui.view.rows import title_row
from tui.view.runbook_page import outline_rows, page_rows
from tui.view.safe_text import own, safe
from tui.view.scene import RunScene
from tui.view.top_bar import run_bar
from tui.widgets.canvas import Canvas

TABS = ("outline", "page")


class RunbookScreen(PaintedScreen):
    """Arrows choose a step; escape goes back."""

    NAME = "runbook"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("runbook")

    def __init__(self, scene: RunScene, page: Page) -> None:
        super().__init__()
        self._scene = scene
        self._page = page
        self._step = next((step.number for step in page.steps), 0)
        self._tab = "page"

    def compose(self) -> Iterable[Widget]:
        """Its areas."""
        yield Canvas(id="bar", shade="bar")
        yield Canvas(id="headline", shade="ground", margins=(2, 1))
        yield Canvas(id="tabs", shade="panel", margins=(0, 0))
        yield Canvas(id="outline", shade="panel")
        yield Canvas(id="page", shade="ground", can_focus=True)
        yield Canvas(id="keys", shade="bar")
        toasts = Canvas(id="toasts", shade="bar")
        toasts.styles.layer = "overlay"
        yield toasts

    def current_layout(self) -> ScreenLayout:
        """Left panel and the rest; tabs when narrow."""
        return full_layout(self.size.width, self.size.height, left="outline", main="page", tab=self._tab)

    def news(self) -> object:
        """The page does not change while it is open."""
        return self._step, self._tab

    def paint(self) -> None:
        """Everything."""
        layout, glyphs, scene, page = self.current_layout(), self.onduty.look.glyphs, self._scene, self._page
        self.query_one("#bar", Canvas).set_rows([run_bar(scene, layout.width, layout.height, glyphs)])
        self.query_one("#headline", Canvas).set_rows([run_headline(scene, glyphs)])
        self.query_one("#keys", Canvas).set_rows([key_bar("runbook", self.why_not(), layout.width, glyphs)])
        if layout.size_class is SizeClass.NARROW:
            self.query_one("#tabs", Canvas).set_rows([tab_bar(TABS, self._tab, layout.width, glyphs)])
        today = datetime.fromtimestamp(scene.here.now_utc, scene.here.zone).date()
        if layout.pane("outline"):
            title = title_row(safe(page.id), glyphs=glyphs)
            rows = outline_rows(page, self._step, self.width_of("outline"), glyphs, today=today)
            self.set_pane("outline", title, rows)
        if layout.pane("page"):
            title = title_row(own("page"), (safe(page.title),), focused=True, glyphs=glyphs)
            self.set_pane("page", title, page_rows(scene, page, self._step, self.width_of("page"), glyphs))

    def _go(self, by: int) -> None:
        numbers = [step.number for step in self._page.steps]
        if numbers:
            at = numbers.index(self._step) if self._step in numbers else 0
            self._step = numbers[max(0, min(len(numbers) - 1, at + by))]
            self.paint()

    def do_up(self) -> None:
        """The step before."""
        self._go(-1)

    def do_down(self) -> None:
        """The next step."""
        self._go(1)

    def do_top(self) -> None:
        """The first step."""
        self._go(-1000)

    def do_bottom(self) -> None:
        """The last step."""
        self._go(1000)

    def do_half_page_up(self) -> None:
        """Scroll the page."""
        self.query_one("#page", Canvas).scroll_rows(-10)

    def do_half_page_down(self) -> None:
        """Scroll the page."""
        self.query_one("#page", Canvas).scroll_rows(10)

    def do_next_pane(self) -> None:
        """The other tab, when there are tabs."""
        self._tab = "outline" if self._tab == "page" else "page"
        self.repaint()

    def do_back(self) -> None:
        """Back to the run."""
        self.app.pop_screen()

    def do_quit(self) -> None:
        """Back to the run."""
        self.app.pop_screen()
