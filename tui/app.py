"""The app: one line to the controller, one look, a stack of screens; the terminal is restored on every way out."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.screen import Screen

from runbooks.library import Library
from runners.model.inventory import Host
from tui.bridge import Connect, Feed, RunFeed
from tui.screens.board import BoardScreen
from tui.screens.run import RunScreen
from tui.view.glyphs import pick_glyphs
from tui.view.safe_text import safe
from tui.view.scene import Here
from tui.view.theme import pick_theme
from tui.widgets.look import Look, dress, wear


class OndutyApp(App[None]):
    """onduty on the screen."""

    CSS_PATH = "styles/base.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []
    TITLE = "onduty"

    def __init__(self, connect: Connect, library: Library, look: Look, *, run: str | None = None) -> None:
        super().__init__(ansi_color=not look.theme.exact)
        self.feed = Feed(connect)
        self.library = library
        self.look = look
        self.farewell = ""
        """Printed after the terminal was restored."""
        self._first_run = run
        self._following: asyncio.Task[None] | None = None
        self._zone = datetime.now().astimezone().tzinfo

    def on_mount(self) -> None:
        """Open the list, and the run that was asked for on top of it."""
        wear(self, self.look)
        for number in (signal.SIGTERM, signal.SIGHUP):
            # Textual restores the terminal when it exits by itself, and leaves it as it is when it is killed.
            asyncio.get_running_loop().add_signal_handler(number, self.exit)
        self._following = asyncio.create_task(self.feed.run())
        self.push_screen(BoardScreen())
        if self._first_run:
            self.open_run(self._first_run)

    def on_unmount(self) -> None:
        """Hang up."""
        if self._following is not None:
            self._following.cancel()

    def get_default_screen(self) -> Screen[None]:
        """A blank one under the list of runs."""
        return Screen(id="_default")

    def here(self, *, lag_s: float | None = None) -> Here:
        """What is true of this terminal now."""
        assert self._zone is not None
        return Here(now_utc=time.time(), user=self.feed.user, lag_s=lag_s, stale_s=self.feed.stale_s(), zone=self._zone)

    def open_run(self, uid: str, *, runbook: bool = False) -> None:
        """The screen of one run."""
        self.push_screen(RunScreen(RunFeed(self.feed, uid), open_runbook=runbook))

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

        command = shell_command(host)
        with self.suspend(), self.batch_update():
            # The screen is gone while this runs; a line says where one is and how to come back.
            print(f"\nshell on {safe(host.name)} ({safe(host.target)}); exit comes back to onduty\n", flush=True)
            environment = dict(os.environ)
            try:
                code = subprocess.run(command, env=environment, check=False).returncode
            except OSError as error:
                print(f"{safe(command[0])}: {error.strerror}", file=sys.stderr)
                code = 255
        self.refresh(layout=True)
        return code


def pick_look(environ: Mapping[str, str], encoding: str) -> Look:
    """The look for this terminal, from its environment.

    ``ONDUTY_THEME`` is dark, light, hc, ansi or none; ``ONDUTY_ASCII`` asks for signs in ASCII; NO_COLOR as
    no-color.org has it.
    """
    term = environ.get("TERM", "")
    truecolour = environ.get("COLORTERM", "") in ("truecolor", "24bit")
    colours = 256 if truecolour or "256" in term or "direct" in term else 0 if term in ("dumb", "vt100", "") else 8
    theme = pick_theme(environ.get("ONDUTY_THEME") or None, no_color=bool(environ.get("NO_COLOR")), colours=colours)
    ascii_only = bool(environ.get("ONDUTY_ASCII")) or encoding.lower().replace("-", "") not in ("utf8",)
    return replace(Look(), theme=theme, glyphs=pick_glyphs(ascii_only=ascii_only))


def run_app(run: str | None = None) -> int:
    """Open the screen; returns the exit code once it was left and the terminal is as it was."""
    from runners.client.start import connect
    from tui.wiring import controller_command, home, library

    place, command = home(), controller_command()
    try:
        look = pick_look(os.environ, sys.stdout.encoding or "")
    except KeyError as error:
        print(
            f"onduty: ONDUTY_THEME={safe(str(error.args[0]))}: there are dark, light, hc, ansi and none",
            file=sys.stderr,
        )
        return 2
    app = OndutyApp(
        lambda: connect(place, command, auth_sock=os.environ.get("SSH_AUTH_SOCK")), library(), look, run=run
    )
    app.run()
    if app.farewell:
        print(app.farewell)
    return app.return_code or 0
