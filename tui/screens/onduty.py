"""What the screens may ask of the app, so that they need not import it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from textual.screen import Screen

if TYPE_CHECKING:
    from runbooks.library import Library
    from runners.model.api import RunSummary
    from runners.model.inventory import Host
    from runners.model.plan import Plan
    from tui.bridge import Feed
    from tui.earlier import EarlierRuns
    from tui.launch.variables import Variables
    from tui.pages import Pages
    from tui.view.chooser import Candidate
    from tui.view.look import Look
    from tui.view.scene import Here


class Onduty(Protocol):
    """The app as its screens see it."""

    feed: Feed
    look: Look
    farewell: str
    """Printed after the terminal was restored."""

    pages: Pages
    """The runbooks."""
    variables: Variables
    """Secrets of this terminal's environment that were read."""

    earlier: EarlierRuns
    """What earlier runs did."""

    @property
    def library(self) -> Library | None:
        """All pages; None until they were read."""
        ...

    def library_of(self, plan: Plan) -> Library | None:
        """The pages of the site that a run was started in; None until they were read."""
        ...

    def here(self, *, lag_s: float | None = None) -> Here:
        """What is true of this terminal now."""
        ...

    def open_run(self, uid: str, *, runbook: bool = False) -> None:
        """The screen of one run."""
        ...

    def choose_pipeline(self, run: RunSummary | None) -> None:
        """Choose what to start; ``run`` is the one that somebody looks at."""
        ...

    def open_pipeline(self, origin: Candidate, *, part: str = "start") -> None:
        """The screen of one pipeline."""
        ...

    def new_trouble(self) -> str:
        """Why the controller is still gone, once for each reason."""
        ...

    def dress(self, screen: Screen[Any]) -> None:
        """Give a screen this terminal's look."""
        ...

    def dim(self, dialog: Screen[Any]) -> None:
        """Dim everything below a dialog."""
        ...

    def undim(self) -> None:
        """A dialog closed."""
        ...

    def run_shell(self, host: Host) -> int:
        """Lend this terminal to a shell on a host; returns its exit code once it ended."""
        ...

    def keep(self, follow: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run ``follow`` until the task is cancelled, again when it breaks."""
        ...

    def note_bug(self, error: Exception) -> str:
        """Something broke and the rest goes on: returns the path of a report."""
        ...
