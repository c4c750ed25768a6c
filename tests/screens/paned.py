"""A log pane alone on the screen, and what it shows."""

from __future__ import annotations

import asyncio
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.screens.desk import DEADLINE_S, POLL_S
from tests.screens.drawn import rows_of
from tui.view.look import Look
from tui.widgets.log_pane import LogPane
from tui.widgets.log_view import LogView
from tui.widgets.look import wear


class Paned(App[None]):
    """A log pane alone on the screen."""

    def __init__(self, view: LogView | None = None) -> None:
        super().__init__()
        self.view = view
        self.pane = LogPane(id="log")
        self.ends: list[bool] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        wear(self, Look())
        if self.view is not None:
            self.pane.show(self.view)
        self.pane.focus()

    def on_log_pane_no_more_errors(self, message: LogPane.NoMoreErrors) -> None:
        self.ends.append(message.forwards)


def shown(app: App[Any]) -> list[str]:
    return rows_of(app)


def title(app: App[Any]) -> str:
    return shown(app)[1]


async def settled(pilot: Pilot[Any]) -> None:
    """Let searches end and what they found be drawn."""
    pane = pilot.app.query_one(LogPane)
    async with asyncio.timeout(DEADLINE_S):
        await pilot.pause()
        while not pane.is_settled:
            pane.look_for_news()
            await pilot.pause(POLL_S)


async def drawn(pilot: Pilot[Any], text: str) -> None:
    """Wait until the last row has it."""
    async with asyncio.timeout(DEADLINE_S):
        while text not in shown(pilot.app)[-1]:
            await pilot.pause()
