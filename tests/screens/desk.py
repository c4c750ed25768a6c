"""The real app over a controller in memory: what the tests of the screens sit at."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any

import pytest
from textual.pilot import Pilot

import tui.wiring
from runbooks.library import load_built_in
from runners.model.inventory import Host
from tests.screens.drawn import rows_of
from tests.screens.fake_controller import FakeController, memory_logs
from tests.screens.logs import MemoryLog
from tui.app import OndutyApp
from tui.screens.dialog import DialogScreen
from tui.screens.painted import PaintedScreen
from tui.screens.run import RunScreen
from tui.view.look import Look

LIBRARY = load_built_in()
DEADLINE_S = 10.0
POLL_S = 0.002


class Desk:
    """An open app, its controller, and eyes."""

    def __init__(self, app: OndutyApp, pilot: Pilot[None], controller: FakeController) -> None:
        self.app = app
        self.pilot = pilot
        self.controller = controller

    @property
    def text(self) -> str:
        """What is on the screen, row by row."""
        return "\n".join(self.rows)

    @property
    def rows(self) -> list[str]:
        return rows_of(self.app)

    @property
    def run(self) -> RunScreen:
        """The run's screen, which may be below another one."""
        return next(one for one in reversed(self.app.screen_stack) if isinstance(one, RunScreen))

    @property
    def painted(self) -> PaintedScreen:
        """The topmost screen that is no dialog."""
        return next(one for one in reversed(self.app.screen_stack) if isinstance(one, PaintedScreen))

    @property
    def focus(self) -> str:
        return self.painted.focused_pane()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    @property
    def listens(self) -> bool:
        """There is a dialog on top, and it was drawn: keys are meant for it."""
        screen = self.app.screen
        return isinstance(screen, DialogScreen) and screen.listens

    def lends(self, patch: pytest.MonkeyPatch, code: int = 0) -> list[Host]:
        """From now on a shell ends at once with that code; the list tells on which hosts one was opened."""
        lent: list[Host] = []

        def run_shell(host: Host) -> int:
            lent.append(host)
            return code

        patch.setattr(self.app, "run_shell", run_shell)
        return lent

    async def settle(self) -> None:
        """Return once what was on its way when this was called has arrived and is drawn."""
        # Nothing is waited for; the frame that a timer would draw a moment later is drawn.
        await self.pilot.pause(0)

    async def type(self, text: str) -> None:
        await self.press(*["space" if letter == " " else letter for letter in text])

    async def until(self, condition: Callable[[], Any], what: str = "") -> None:
        """Wait for something to be true; the test's own limit is longer."""
        end = time.monotonic() + DEADLINE_S
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"never: {what or condition}\n{self.text}")
            await self.settle()
            if condition():
                return
            # The look for news that a timer would take up to a tenth of a second later.
            self.painted.look_for_news()
            await self.settle()
            await asyncio.sleep(POLL_S)

    async def sees(self, *texts: str) -> None:
        """Wait until all of these are on the screen."""
        await self.until(lambda: all(text in self.text for text in texts), f"to see {texts}")

    async def toasted(self, words: str) -> None:
        """Wait until a toast of the run's screen says so."""
        await self.until(lambda: any(words in toast.text for toast in self.run.toasts), words)

    async def sees_no(self, *texts: str) -> None:
        await self.until(lambda: not any(text in self.text for text in texts), f"no longer to see {texts}")

    def row_of(self, text: str, pane: str) -> int:
        """Row of a pane, from its top, that shows ``text``."""
        region = self.painted.query_one(f"#{pane}").region
        for y in range(region.y, region.bottom):
            if text in self.rows[y][region.x : region.right]:
                return y - region.y
        raise AssertionError(f"{pane} does not show {text!r}\n{self.text}")

    async def changed(self) -> None:
        """The controller has news."""
        await self.controller.changed()
        await self.pilot.pause()


@asynccontextmanager
async def desk(
    controller: FakeController,
    *,
    run: str | None = "u1",
    size: tuple[int, int] = (120, 36),
    look: Look | None = None,
    logs: dict[str, MemoryLog] | None = None,
    breaks: bool = False,
) -> AsyncIterator[Desk]:
    """The app, open at a run (None: at the list). ``breaks``: something is meant to break."""
    found = dict(logs or {})

    def reader(uid: str, key: str) -> Any:
        if key not in found:
            found.update({new: log for new, log in memory_logs(controller.run(uid).sim).items() if new not in found})
        return found[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tui.wiring, "log_reader", reader)
        app = OndutyApp(controller.connect, lambda: LIBRARY, look or Look(), run=run, now=controller.now, zone=UTC)
        async with app.run_test(size=size) as pilot:
            here = Desk(app, pilot, controller)
            await here.until(lambda: app.feed.loaded or app.feed.trouble, "the controller to be heard")
            if run is not None and not controller.down:
                await here.until(lambda: here.run.choice.tree.rows or here.run.feed.trouble, "the run to be drawn")
            await here.until(lambda: here.text.strip() and app.pages.are_read, "anything")
            yield here
        if not breaks:
            assert app.broken == {}
            assert app.crash is None
