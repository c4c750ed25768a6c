"""``onduty --plain``: the runs as text that is only ever added to; a typed line is a command.

For screen readers, dumb terminals and logs: no cursor is moved, no line is drawn over, nothing is told by colour or
sign. What changes a run is previewed first and asked for, as on the screen.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, tzinfo

from runners.client.client import ControllerClient
from runners.model.errors import OndutyError
from tui.bridge import Feed, Line
from tui.cli.output import print_line
from tui.view.durations import clock
from tui.view.plain import Heard, News, news, nothing_lives, state_lines

LOOK_S = 0.2
"""How often what the controller said is looked at."""
EXIT_INTERRUPTED = 130
WELCOME = "onduty, plain. News are added below. What you type is a command; help says which, q leaves, runs go on."
SILENT = "The controller does not answer: "
HELP = """\
enter alone            all runs as they are now
show last              one run, whole
logs last              its output; logs last JOB@HOST --follow
retry last             what failed again; also skip, cancel, rollback, pause, resume, note
runbook show PAGE      what to do about it
run FILE               start a pipeline
q                      leave; runs go on
Every command of onduty can be typed: --help lists them. What changes a run is shown first and asked for."""
ASKED_FIRST = ("retry", "skip", "cancel", "rollback", "pause", "resume")
LEAVE = ("q", "quit", "exit")
YES = ("y", "yes")


def open_plain() -> int:
    """Tell until the person leaves; without a terminal, until no run goes on by itself."""
    told = Teller()
    if not sys.stdin.isatty():
        return told.follow_alone()
    return told.converse()


class Teller:
    """Prints what the controller says, and holds it back while something else is printed."""

    def __init__(self) -> None:
        from tui.wiring import controller_command, home

        self._feed = Feed(Line(home(), controller_command, auth_sock=os.environ.get("SSH_AUTH_SOCK")))
        self._heard: Heard | None = None
        self._trouble = ""
        self._turn = threading.Lock()
        """Held by who prints more than one line."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._known = threading.Event()
        """Something was said: the runs, or why they cannot be told."""

    # ----- telling

    def say(self, lines: Iterable[str]) -> None:
        """Print lines together."""
        with self._turn, suppress(BrokenPipeError):
            for line in lines:
                print_line(line)

    def _now(self) -> str:
        return clock(self._feed.now(), _zone())

    def say_state(self) -> None:
        """All runs as they are now."""
        if self._heard is None:
            self.say([f"{SILENT}{self._trouble}" if self._trouble else "Nothing was heard yet."])
            return
        self.say([f"{self._now()}, all runs:", *state_lines(self._heard, self._feed.now())])
        if self._trouble:
            self.say([f"This is old. {SILENT}{self._trouble}"])

    async def _look(self) -> None:
        """Compare what is said now with what was told."""
        feed = self._feed
        if feed.trouble != self._trouble and (not feed.trouble or feed.stale_s() is not None or not feed.loaded):
            self._trouble = feed.trouble
            said = f"{SILENT}{feed.trouble}" if feed.trouble else "The controller answers again."
            self.say([f"{self._now()} {said}"])
            self._known.set()
        if not feed.loaded:
            return
        behind = {host.name: host.behind for host in feed.hosts.values() if host.behind}
        now = Heard(runs=feed.summaries, statuses=feed.statuses, behind=behind)
        before, self._heard = self._heard, now
        if before is None:
            self.say_state()
            self._known.set()
            return
        for one in news(before, now):
            self.say([f"{self._now()} {one.text}", *await self._next(one)])

    async def _next(self, one: News) -> Sequence[str]:
        """The commands that help a run that waits."""
        if not one.needs:
            return ()

        async def steps(client: ControllerClient) -> Sequence[str]:
            return (await client.document(await client.find(one.needs))).document.next

        with suppress(OndutyError):
            return [f"  next: {step.removeprefix('onduty ')}" for step in await self._feed.ask(steps)]
        return ()

    async def _tell(self, *, alone: bool) -> None:
        """Follow the controller; ``alone``: until no run goes on by itself."""
        following = asyncio.create_task(self._feed.run())
        try:
            version = -1
            while True:
                if self._feed.version != version or self._feed.trouble != self._trouble:
                    version = self._feed.version
                    await self._look()
                if alone and self._heard is not None and not self._feed.trouble and nothing_lives(self._heard):
                    return
                await asyncio.sleep(LOOK_S)
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    # ----- alone: into a file, in CI

    def follow_alone(self) -> int:
        """Tell until no run goes on by itself."""
        from tui.cli.session import run_async

        run_async(self._tell(alone=True))
        self.say(["No run goes on by itself."])
        return 0

    # ----- with a person

    def converse(self) -> int:
        """Tell, and do what is typed, until the person leaves."""
        self.say([WELCOME])
        thread = threading.Thread(target=self._tell_in_thread, daemon=True)
        thread.start()
        self._known.wait()
        try:
            while (line := sys.stdin.readline()) and self.do(line.strip()):
                pass
        except KeyboardInterrupt:
            self.say(["", "You left; runs go on."])
            return EXIT_INTERRUPTED
        self.say(["You left; runs go on."])
        return 0

    def _tell_in_thread(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._tell(alone=False))

    def do(self, line: str) -> bool:
        """Do what was typed; False when it was to leave."""
        try:
            words = shlex.split(line)
        except ValueError as problem:
            self.say([f"That cannot be read: {problem}."])
            return True
        if words[:1] == ["onduty"]:
            words = words[1:]
        if not words:
            self.say_state()
        elif words[0] in LEAVE:
            return False
        elif words in (["help"], ["?"]):
            self.say(HELP.split("\n"))
        elif words[0] in ("--plain", "demo"):
            self.say([f"{words[0]} is for a terminal of its own."])
        else:
            self._run(words)
        return True

    def _run(self, words: Sequence[str]) -> None:
        """A command, with the news held back until it ended."""
        from tui.cli.__main__ import main

        with self._turn:
            try:
                if words[0] in ASKED_FIRST and not {"--dry-run", "--help", "-h"} & set(words):
                    self._ask_first(words)
                else:
                    main(words)
            except KeyboardInterrupt:
                print_line("stopped; runs go on")

    def _ask_first(self, words: Sequence[str]) -> None:
        """The exact preview, then yes or no."""
        from tui.cli.parser import build
        from tui.cli.problems import print_error

        try:
            options: argparse.Namespace = build(words[0]).parse_args(words)
            options.dry_run, as_json, options.json = True, options.json, False
            options.verb(options)
        except SystemExit:
            return
        except OndutyError as error:
            print_error(error)
            return
        print_line("Go on? yes, or anything else to leave it.")
        if sys.stdin.readline().strip().lower() not in YES:
            print_line("Nothing was done.")
            return
        options.dry_run, options.json = False, as_json
        try:
            options.verb(options)
        except OndutyError as error:
            print_error(error)


def _zone() -> tzinfo:
    zone = datetime.now().astimezone().tzinfo
    assert zone is not None
    return zone
