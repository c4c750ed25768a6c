"""The app: one line to the controller, one look, a stack of screens; the terminal is restored on every way out."""

from __future__ import annotations

import asyncio
import functools
import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.console import RenderableType
from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.screen import Screen

from tui.bridge import RETRY_S, START_AFTER_S, Connect, Feed, RunFeed
from tui.driver import LET_GO_S, TerminalDriver
from tui.earlier import EarlierRuns
from tui.first_frame import FirstFrame
from tui.launch.variables import Variables
from tui.pages import Pages
from tui.pauses import WARM_AFTER_S, shorten
from tui.screens.board import BoardScreen
from tui.screens.key_taker import KeyTaker
from tui.screens.painted import PaintedScreen
from tui.terminal import end_if_gone, lend
from tui.view.look import Look
from tui.view.safe_text import safe
from tui.view.scene import Here
from tui.widgets.look import dress, wear

if TYPE_CHECKING:
    from runbooks.library import Library
    from runners.model import api
    from runners.model.inventory import Host
    from runners.model.plan import Plan
    from tui.view.chooser import Candidate

EXIT_BUG = 70
GONE_S = 1.0
"""How often the screen looks whether its terminal is still there."""


class OndutyApp(App[None], inherit_bindings=False):
    """onduty on the screen."""

    CSS_PATH = "styles/base.tcss"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = []
    TITLE = "onduty"

    def __init__(
        self,
        connect: Connect,
        library: Callable[[], Library],
        look: Look,
        *,
        run: str | None = None,
        first: FirstFrame | None = None,
        shelves: Callable[[Sequence[str]], Library] | None = None,
        now: Callable[[], float] = time.time,
        zone: tzinfo | None = None,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        """``first`` is what was drawn before, and where that comes from.

        ``shelves`` gives the pages at the places that a run names; without it ``library`` has them all.

        ``settle`` is called once, when the first screen stands and what is needed next is loaded.
        """
        driver = cast("type[Driver]", functools.partial(TerminalDriver, first=first))
        super().__init__(driver_class=driver, ansi_color=not look.theme.exact)
        # Before the first stylesheet is parsed: a theme that comes later has them all parsed again.
        wear(self, look)
        self.feed = Feed(connect, now, on_failure=self._failed_elsewhere)
        if first is not None and first.known is not None:
            self.feed.know(first.known.hello, first.known.summaries)
        self.pages = Pages(
            lambda places: shelves(places) if shelves is not None and places else library(),
            told=self.feed.told,
            broke=self.note_bug,
        )
        self.earlier = EarlierRuns(connect, told=self.feed.told, broke=self.note_bug)
        self.look = look
        self.variables = Variables()
        self.farewell = ""
        """Printed after the terminal was restored."""
        self.crash: Exception | None = None
        """What ended the screen."""
        self.broken: dict[str, str] = {}
        """What broke without ending it: kind and place, with the path of its report."""
        self._told_trouble = ""
        self._heard: dict[int, Any] = {}
        """What heard signals before."""
        self._first_run = run
        self._following: asyncio.Task[None] | None = None
        self._settle = settle
        self._zone = zone or datetime.now().astimezone().tzinfo

    @property
    def library(self) -> Library | None:
        """All pages; None until they were read, which takes longer than the first frame."""
        return self.pages.at(())

    def library_of(self, plan: Plan) -> Library | None:
        """The pages of the site that a run was started in; None until they were read."""
        return self.pages.at(plan.runbooks)

    def on_mount(self) -> None:
        """The list is open; open the run that was asked for on top of it."""
        loop = asyncio.get_running_loop()

        def told(number: int, frame: object) -> None:
            # Textual restores the terminal when it exits by itself, and leaves it as it is when it is killed. Its event
            # loop may wait for a terminal that takes nothing any more, and then ends nothing.
            if isinstance(self._driver, TerminalDriver):
                self._driver.end_within(LET_GO_S, 128 + number)
            loop.call_soon_threadsafe(self._told_to_end, number)

        def hung_up(number: int, frame: object) -> None:
            end_if_gone()
            told(number, frame)

        self._heard = {
            signal.SIGTERM: signal.signal(signal.SIGTERM, told),
            signal.SIGHUP: signal.signal(signal.SIGHUP, hung_up),
        }
        if isinstance(self._driver, TerminalDriver):
            # Who is in no session of the terminal's, as under setsid or nohup, is not told of its end.
            self.set_interval(GONE_S, end_if_gone)
        if self._first_run:
            self.open_run(self._first_run)

        # The frame is there before the first word of the controller.
        self.call_after_refresh(self._follow)

    def _follow(self) -> None:
        self._following = self.keep(self.feed.run)
        self.set_timer(WARM_AFTER_S, self._warm)

    def _warm(self) -> None:
        if not self.feed.loaded and not self.feed.trouble:
            # The first list comes first.
            self.set_timer(WARM_AFTER_S, self._warm)
            return
        # So that opening a run later does not wait for it.
        importlib.import_module("tui.screens.run")
        self._settle()

    async def on_event(self, event: events.Event) -> None:
        """Keys and what is pasted go to the screen at once; see ``KeyTaker``."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            screen = self.screen
            if isinstance(screen, KeyTaker):
                await screen.opened()
                taken = screen.takes_key(event) if isinstance(event, events.Key) else screen.takes_paste(event.text)
                if taken:
                    return
        await super().on_event(event)

    def on_unmount(self) -> None:
        """Hang up."""
        for number, heard in self._heard.items():
            signal.signal(number, heard)
        if self._following is not None:
            self._following.cancel()
        self.earlier.close()

    def get_default_screen(self) -> Screen[None]:
        """The list of runs."""
        return BoardScreen()

    def here(self, *, lag_s: float | None = None) -> Here:
        """What is true of this terminal now."""
        assert self._zone is not None
        return Here(
            now_utc=self.feed.now(), user=self.feed.user, lag_s=lag_s, stale_s=self.feed.stale_s(), zone=self._zone
        )

    def open_run(self, uid: str, *, runbook: bool = False) -> None:
        """The screen of one run."""
        from tui.screens.run import RunScreen

        self.push_screen(RunScreen(RunFeed(self.feed, uid), open_runbook=runbook))

    def choose_pipeline(self, run: api.RunSummary | None) -> None:
        """Choose what to start; ``run`` is the one that somebody looks at."""
        from tui.screens.chooser import ChooserScreen

        def chosen(origin: Candidate | None) -> None:
            if origin is not None:
                self.open_pipeline(origin)

        self.push_screen(ChooserScreen(run), chosen)

    def open_pipeline(self, origin: Candidate, *, part: str = "start") -> None:
        """The screen of one pipeline."""
        from tui.screens.pipeline import PipelineScreen

        self.push_screen(PipelineScreen(origin, part=part))

    def new_trouble(self) -> str:
        """Why the controller is still gone, once for each reason; the screens show for how long."""
        trouble, stale_s = self.feed.trouble, self.feed.stale_s()
        if not trouble:
            self._told_trouble = ""
        if not trouble or stale_s is None or stale_s <= START_AFTER_S or trouble == self._told_trouble:
            return ""
        self._told_trouble = trouble
        return trouble

    def _told_to_end(self, number: int) -> None:
        self.exit(return_code=128 + number)

    def _failed_elsewhere(self, run: api.RunSummary) -> None:
        """A job run of ``run`` failed; who looks at something else is told."""
        screen = next((one for one in reversed(self.screen_stack) if isinstance(one, PaintedScreen)), None)
        if screen is not None and not screen.shows(run.uid):
            where = f" in {run.environment}" if run.environment else ""
            screen.say("fail", f"{run.id}{where}: {run.what or 'failed'}\n{run.first_line}")

    # ----- look

    def dress(self, screen: Screen[Any]) -> None:
        """Give a screen this terminal's look."""
        dress(screen, self.look)

    def dim(self, dialog: Screen[Any]) -> None:
        """Dim everything below a dialog."""
        for screen in self.screen_stack:
            dress(screen, self.look if screen is dialog else self.look.dimmed)

    def undim(self) -> None:
        """A dialog closed."""
        for screen in self.screen_stack:
            dress(screen, self.look)

    # ----- the shell

    def run_shell(self, host: Host) -> int:
        """Lend this terminal to a shell on a host; returns its exit code once it ended."""
        from tui.wiring import shell_command

        name, target = safe(host.name), safe(host.target)
        where = name if name == target else f"{name} ({target})"
        # The screen is gone while this runs; a line says where one is and how to come back.
        with self.suspend(), self.batch_update():
            code = lend(shell_command(host), f"onduty: a shell on {where}; exit comes back")
            end_if_gone()  # it was closed under the shell, which alone was told
        self.refresh(layout=True)
        return code

    # ----- what goes wrong

    def keep(self, follow: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run ``follow`` until the task is cancelled, again when it breaks."""

        async def forever() -> None:
            while True:
                try:
                    await follow()
                except Exception as error:
                    self.note_bug(error)
                await asyncio.sleep(RETRY_S)

        return asyncio.create_task(forever())

    def note_bug(self, error: Exception) -> str:
        """Something broke and the rest goes on: returns the path of a report, written once for each place."""
        from tui.cli.problems import write_report

        frames = traceback.extract_tb(error.__traceback__)
        last = frames[-1] if frames else None
        place = f"{type(error).__name__} {last.filename}:{last.lineno}" if last else type(error).__name__
        if place not in self.broken:
            self.broken[place] = write_report(error, "the screen")
        return self.broken[place]

    def _handle_exception(self, error: Exception) -> None:
        """The screen cannot go on. Textual would print a traceback with the values of all variables."""
        if self._exit:
            # It is left: what is only being opened finds parts of itself gone.
            return
        self.crash = self.crash or error
        self._return_code = EXIT_BUG
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        error = sys.exception() if sys.version_info >= (3, 11) else sys.exc_info()[1]
        self._handle_exception(error if isinstance(error, Exception) else RuntimeError("the screen broke"))

    def panic(self, *renderables: RenderableType) -> None:
        """The screen cannot go on; what Textual wants to print is not printed."""
        self._fatal_error()


def run_app(look: Look, first: FirstFrame, run: str | None = None) -> int:
    """Open the screen; returns the exit code once it was left and the terminal is as it was."""
    from tui.bridge import Line
    from tui.wiring import controller_command, home, library, shelves

    line = Line(home(), controller_command, auth_sock=os.environ.get("SSH_AUTH_SOCK"))
    app = OndutyApp(line, library, look, run=run, first=first, shelves=shelves(), settle=shorten)
    app.run()
    signal.setitimer(signal.ITIMER_REAL, 0)  # the terminal took everything
    if app.crash is not None:
        from tui.cli.problems import print_bug

        return print_bug(app.crash, ["screen"])
    code = app.return_code or 0
    if code == 128 + signal.SIGHUP:
        # The terminal is gone: there is nobody to print to.
        return code
    for path in app.broken.values():
        print(f"onduty: a part of the screen broke; the report is in {path}", file=sys.stderr)
    if app.farewell:
        print(app.farewell)
    return code
