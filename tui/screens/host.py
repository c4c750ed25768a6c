"""One host of a run: how it is and was, what ran there, the line to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import BindingType
from textual.widget import Widget

from runners.model.errors import OndutyError
from runners.model.inventory import Host
from tui.host_feed import HostFeed
from tui.screens.login_key import LoginKey
from tui.screens.painted import bindings_of
from tui.screens.shell import open_shell
from tui.view.host_executions import HEADS, execution_rows, executions_title
from tui.view.host_facts import address_of, brief_rows, facts_rows, facts_title
from tui.view.host_graphs import host_graph_rows
from tui.view.host_headline import host_headline
from tui.view.host_scene import Done, HostScene, executions
from tui.view.key_bar import key_bar
from tui.view.layout import HOST_TABS, ScreenLayout, SizeClass, host_layout
from tui.view.logins import open_logins
from tui.view.narrow import tab_at, tab_bar
from tui.view.safe_text import safe
from tui.view.scene import RunScene
from tui.view.top_bar import run_bar
from tui.widgets.canvas import Canvas

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.model.host_check import HostCheck

NOTHING_RAN = "this run sent nothing to this host yet"


class HostScreen(LoginKey, inherit_bindings=False):
    """Arrows choose an execution, enter shows its log; escape goes back."""

    NAME = "host"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("host")

    def __init__(
        self,
        feed: HostFeed,
        scene: Callable[[], RunScene],
        news: Callable[[], object],
        *,
        show: Callable[[str, int, str], None],
    ) -> None:
        """``show`` shows the log of a job run's attempt, at an execution of it, once this screen is gone."""
        super().__init__()
        self._feed = feed
        self._scene = scene
        self._news = news
        self._show_log = show
        self._following: asyncio.Task[None] | None = None
        self._selected = ""
        self._tab = "graphs"
        self._check: HostCheck | None = None
        self._checked_utc = 0.0
        self._checking = False

    # ----- life

    def compose(self) -> Iterable[Widget]:
        """Its areas."""
        yield Canvas(id="bar", shade="bar")
        yield Canvas(id="headline", shade="ground", margins=(2, 1))
        yield Canvas(id="tabs", shade="panel", margins=(0, 0))
        yield Canvas(id="facts", shade="panel", can_focus=True)
        yield Canvas(id="graphs", shade="ground", can_focus=True)
        yield Canvas(id="executions", shade="ground", can_focus=True)
        yield Canvas(id="keys", shade="bar")
        yield self.toast_canvas()

    def on_mount(self) -> None:
        """Have the host looked at for as long as the screen is open."""
        self._following = self.onduty.keep(self._feed.run)
        self.focus_pane("executions")
        self._settle_focus()

    def on_unmount(self) -> None:
        """Let go of it."""
        if self._following is not None:
            self._following.cancel()

    def on_resize(self, event: events.Resize) -> None:
        """Another size may not have the pane that had the focus."""
        self._settle_focus()

    def current_layout(self) -> ScreenLayout:
        """At the size of now."""
        return host_layout(self.size.width, self.size.height, tab=self._tab)

    def news(self) -> object:
        """The run goes on, and readings come."""
        return self._news(), self._feed.version, self._checking

    def shows(self, uid: str) -> bool:
        """Its own run is in the top bar."""
        return uid == self._feed.uid

    # ----- what is drawn

    def scene(self) -> HostScene:
        """The moment."""
        return HostScene(
            run=self._scene(),
            name=self._feed.host,
            readings=self._feed.readings,
            check=self._check,
            checked_utc=self._checked_utc,
            checking=self._checking,
            selected=self._selected,
            trouble=self._feed.trouble,
        )

    def paint(self) -> None:
        """Everything."""
        scene = self.scene()
        self.part("headline", lambda: self._paint_edges(scene))
        self.part("facts", lambda: self._paint_facts(scene))
        self.part("graphs", lambda: self._paint_graphs(scene))
        self.part("executions", lambda: self._paint_executions(scene))

    def _paint_edges(self, scene: HostScene) -> None:
        layout, glyphs = self.current_layout(), self.onduty.look.glyphs
        kind = layout.size_class
        self.query_one("#bar", Canvas).set_rows(
            [run_bar(scene.run, layout.width, layout.height, glyphs, page=safe(scene.name))]
        )
        self.query_one("#headline", Canvas).set_rows([host_headline(scene, glyphs)])
        extra = (*(("next-pane",) if kind is SizeClass.NARROW else ()), "shell", "copy", "back")
        keys = key_bar("host", self.why_not(), layout.width, glyphs, extra=extra, least=kind is SizeClass.TINY)
        self.query_one("#keys", Canvas).set_rows([keys])
        if layout.tabs is not None:
            self.query_one("#tabs", Canvas).set_rows([tab_bar(HOST_TABS, self._tab, layout.width, glyphs)])

    def _paint_facts(self, scene: HostScene) -> None:
        if width := self.width_of("facts"):
            glyphs = self.onduty.look.glyphs
            title = facts_title(scene, glyphs, focused=self.focused_pane() == "facts")
            tiny = self.current_layout().size_class is SizeClass.TINY
            self.set_pane("facts", title, brief_rows(scene, width) if tiny else facts_rows(scene, width, glyphs))

    def _paint_graphs(self, scene: HostScene) -> None:
        if width := self.width_of("graphs"):
            self.set_pane("graphs", None, host_graph_rows(scene, width, self.onduty.look.glyphs))

    def _paint_executions(self, scene: HostScene) -> None:
        width, glyphs = self.width_of("executions"), self.onduty.look.glyphs
        if not width:
            return
        found, has_focus = executions(scene), self.focused_pane() == "executions"
        title = executions_title(scene, found, glyphs, focused=has_focus)
        self.set_pane("executions", title, execution_rows(scene, found, width, glyphs))
        at = self._at(found)
        self.query_one("#executions", Canvas).set_selection(None if at is None else at + HEADS, active=has_focus)

    def _at(self, found: tuple[Done, ...]) -> int | None:
        """The selected one; the newest until one was chosen."""
        keys = [one.key for one in found]
        return keys.index(self._selected) if self._selected in keys else 0 if keys else None

    def why_not(self) -> Mapping[str, str]:
        """Each key that does nothing now."""
        reasons: dict[str, str] = {}
        scene = self.scene()
        if not executions(scene):
            reasons["open"] = NOTHING_RAN
        if not open_logins(self.onduty.feed.hosts.values(), scene.name):
            reasons["login"] = f"{scene.name} asks for no login"
        if self._checking:
            reasons["check"] = f"{scene.name} is being looked at; what comes of it is shown at the left"
        elif self.onduty.feed.trouble:
            reasons["check"] = self.onduty.feed.trouble
        if self.current_layout().size_class is SizeClass.TINY:
            small = "this terminal is too small for it; 60 columns and 16 rows are enough"
            reasons |= dict.fromkeys(("next-pane", "pane", "open"), small)
        return reasons

    def login_first(self) -> tuple[str, str]:
        """This host's."""
        return "", self.scene().name

    # ----- what its keys do

    def do_shell(self) -> None:
        """A shell on the host, in this terminal."""
        open_shell(self, self._feed.uid, self._host())

    def do_copy(self) -> None:
        """The host's address, as ssh takes it."""
        text = safe(address_of(self.scene()))
        self.app.copy_to_clipboard(text)
        self.say("run", f"copied to the clipboard\n{text}")

    def do_check(self) -> None:
        """Look at it now over a login of its own; nothing there is changed."""
        self._checking = True
        self.run_worker(self._look_at_it(), group="check", exclusive=True)
        self.paint()

    async def _look_at_it(self) -> None:
        async def look(client: ControllerClient) -> HostCheck | None:
            async for check in client.check_hosts([self._host()]):
                return check
            return None

        try:
            self._check = await self.onduty.feed.ask(look)
            self._checked_utc = self.here.now_utc
        except OndutyError as error:
            self.say("warn", f"{error.message}\n{error.hint}")
        else:
            problems = self._check.problems if self._check is not None else ()
            words = problems[0] if problems else "nothing is wrong with it"
            self.say("warn" if problems else "run", f"{self._feed.host}: {words}")
        finally:
            self._checking = False
        self.paint()

    def do_open(self) -> None:
        """The log of the selected execution, on the run's screen."""
        found = executions(self.scene())
        at = self._at(found)
        if at is None:
            self.say("warn", NOTHING_RAN)
            return
        done = found[at]
        self.app.pop_screen()
        self._show_log(done.place.run.id, done.attempt, done.key)

    def _host(self) -> Host:
        return self.scene().host or Host(name=self._feed.host)

    # ----- moving

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click on a tab shows it; on an execution it selects, on the selected one it opens."""
        if message.canvas.id == "tabs":
            if name := tab_at(HOST_TABS, self._tab, message.canvas.size.width, self.onduty.look.glyphs, message.x):
                self._show(name)
        elif message.canvas.id == "executions":
            found = executions(self.scene())
            at = message.row - HEADS
            again = at == self._at(found) and self.focused_pane() == "executions"
            self.focus_pane("executions")
            if again:
                self.action_do("open", "enter")
            elif 0 <= at < len(found):
                self._selected = found[at].key
                self.paint()

    def move_rows(self, by: int) -> None:
        """Another execution in their list; elsewhere the pane scrolls."""
        name = self.focused_pane()
        if name != "executions":
            self.query_one(f"#{name or 'facts'}", Canvas).scroll_rows(by)
            return
        found = executions(self.scene())
        at = self._at(found)
        if at is not None:
            self._selected = found[max(0, min(len(found) - 1, at + by))].key
            self.paint()

    def page_rows(self) -> int:
        """Of the pane with the focus."""
        return self.query_one(f"#{self.focused_pane() or 'facts'}", Canvas).body_height

    # ----- panes

    def do_next_pane(self) -> None:
        """Around the panes."""
        shown = HOST_TABS if self.current_layout().size_class is SizeClass.NARROW else ("facts", "executions")
        current = self.focused_pane()
        self._show(shown[(shown.index(current) + 1) % len(shown)] if current in shown else shown[0])

    def do_pane(self, key: str) -> None:
        """1 to 3."""
        if int(key) <= len(HOST_TABS):
            self._show(HOST_TABS[int(key) - 1])

    def _show(self, name: str) -> None:
        self._tab = name
        self.focus_pane(name)
        self.repaint()

    def _settle_focus(self) -> None:
        if not self.size:
            return
        kind = self.current_layout().size_class
        if kind is SizeClass.NARROW:
            self.focus_pane(self._tab)
        elif kind is not SizeClass.TINY and self.focused_pane() not in ("facts", "executions"):
            self.focus_pane("executions")

    # ----- leaving

    def do_back(self) -> None:
        """Back to the run."""
        self.app.pop_screen()

    def do_quit(self) -> None:
        """Back to the run."""
        self.app.pop_screen()
