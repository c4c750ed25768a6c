"""How long a person waits for a program to begin: the version, the import of the screen, the first frame."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import statistics
import struct
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.bench.measure import BenchFailed, Row, Spent, command, in_turns
from tests.bench.place import ONDUTY, Place

_PAINT_TIMEOUT_S = 20.0
_CONTROL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_].*?\x1b\\|[ -/]*[0-~])", re.S)
_PIPELINE = """\
version: 1
name: benchpaint
stages:
  - name: only
    jobs:
      paintedjob: {hosts: local, tasks: [{run: 'echo painted'}]}
"""
_BARE_APP = """\
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("paintedjob benchpaint")
    def on_key(self):
        self.query_one(Static).update("keyanswered")
Bare().run()
"""


def measure(place: Place) -> Iterator[Row]:
    """``onduty --version``, the import of the screen's module, first frames with a controller running."""
    sizes, environ = place.sizes, place.environ

    def started(*argv: str) -> Spent:
        return command(argv, environ)

    script = Path(sys.executable).with_name("onduty")
    onduty = (str(script),) if script.exists() else ONDUTY
    ours, bare = in_turns(
        sizes.starts, lambda: started(*onduty, "--version"), lambda: started(sys.executable, "-c", "pass")
    )
    yield Row(
        what="onduty --version",
        ours=ours.wall_s * 1000,
        unit="ms",
        peer="python -c pass",
        theirs=bare.wall_s * 1000,
        budget="100 ms",
        met=ours.wall_s <= 0.1,
    )
    ours, textual = in_turns(
        sizes.starts,
        lambda: started(sys.executable, "-c", "import tui.app"),
        lambda: started(sys.executable, "-c", "import textual.app"),
    )
    yield Row(
        what="import of the screen (whole process)",
        ours=ours.wall_s * 1000,
        unit="ms",
        peer="import textual.app",
        theirs=textual.wall_s * 1000,
    )
    yield from _first_frames(place)


def _first_frames(place: Place) -> Iterator[Row]:
    controller = place.controller("paint")
    file = place.folder / "benchpaint.yaml"
    file.write_text(_PIPELINE)
    try:
        command([*ONDUTY, "run", str(file)], controller.environ)
        board, run, bare, key, bare_key = [], [], [], [], []
        bare_app = (sys.executable, "-c", _BARE_APP)
        for _ in range(place.sizes.starts):
            board.append(first_frame_s(ONDUTY, controller.environ, b"benchpaint"))
            opened = "from tui.cli.session import *; from tui.cli.screen import open_screen; "
            opened += "open_screen(run_async(persist(lambda client: client.find('last'))))"
            run.append(first_frame_s((sys.executable, "-c", opened), controller.environ, b"paintedjob"))
            bare.append(first_frame_s(bare_app, controller.environ, b"paintedjob"))
            key.append(first_frame_s(ONDUTY, controller.environ, b"change, each after", keys=b"?"))
            bare_key.append(first_frame_s(bare_app, controller.environ, b"keyanswered", keys=b"?"))
    finally:
        controller.stop()
    for what, times in (("first frame with the list of runs", board), ("first frame of a run's screen", run)):
        yield Row(
            what=what,
            ours=statistics.median(times) * 1000,
            unit="ms",
            peer="a bare Textual app",
            theirs=statistics.median(bare) * 1000,
            budget="400 ms",
            met=statistics.median(times) <= 0.4,
        )
    yield Row(
        what="a key typed at once is answered",
        ours=statistics.median(key) * 1000,
        unit="ms",
        peer="a bare Textual app",
        theirs=statistics.median(bare_key) * 1000,
    )


def first_frame_s(
    argv: Sequence[str],
    env: Mapping[str, str],
    text: bytes,
    *,
    keys: bytes = b"",
    patience_s: float = _PAINT_TIMEOUT_S,
) -> float:
    """Seconds from exec until ``text`` stands on a terminal of 120 x 40. Raises ``BenchFailed`` when it never does.

    ``keys`` are typed before the program begins.
    """
    started_s = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            # Before the program looks: the parent could be late.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
            os.execvpe(argv[0], list(argv), dict(env))
        finally:
            os._exit(127)
    seen = b""
    try:
        os.write(terminal, keys)
        while (left_s := started_s + patience_s - time.perf_counter()) > 0:
            if not select.select([terminal], [], [], left_s)[0]:
                break
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            seen += data
            if text in _CONTROL.sub(b"", seen):
                return time.perf_counter() - started_s
        raise BenchFailed(f"{' '.join(argv)[:80]} never showed {text.decode()}: {_CONTROL.sub(b'', seen)[-300:]!r}")
    finally:
        os.kill(pid, 9)
        os.close(terminal)
        os.waitpid(pid, 0)
