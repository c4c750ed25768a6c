"""An app whose log tries everything on the terminal: run as a program on a pty by ``test_hostile_output.py``."""

from __future__ import annotations

import sys

from textual import events
from textual.app import App, ComposeResult

from tests.screens.logs import MemoryLog, live_view
from tui.view.glyphs import UNICODE
from tui.view.log_document import LogSection
from tui.view.log_rows import result_spans
from tui.view.look import Look
from tui.view.safe_text import safe
from tui.widgets.log_lines import LogPart
from tui.widgets.log_pane import LogPane
from tui.widgets.log_view import LogView
from tui.widgets.look import wear

ATTACKS = [
    b"clipboard \x1b]52;c;SE9TVElMRQ==\x07 bel, \x1b]52;c;SE9TVElMRQ==\x1b\\ st, \x9d52;c;SE9TVElMRQ==\x9c",
    "c1 \u009d52;c;SE9TVElMRQ==\u009c \u009b6n \u0090q\u009c end".encode(),
    b"title \x1b]0;HOSTILE\x07\x1b]2;HOSTILE\x1b\\ \x1bkHOSTILE\x1b\\ end",
    b"query \x1b[6n\x1b[5n\x1b[c\x1b[>c\x1b[>0q\x1b[18t\x1b[21t\x05 end",
    b"moves \x1b[2J\x1b[1;1H\x1b[10A\x1b[?1049l\x1b[?25h\x1bc\x1b[!p end",
    b"modes \x1b[?1000h\x1b[?2004l\x1b(0\x0e\x1b[4h\x1b[20h end",
    b"sixel \x1bPq#0;2;0;0;0\x1b\\ \x1b_Gf=24;AAAA\x1b\\ \x1b^pm\x1b\\ \x1bXsos\x1b\\ end",
    b"open \x1b]52;c;SE9TVElMRQ==",
    b"markup [/x] [@click=app.quit]quit[/] [bold red]x[/] [link=http://x]y[/link]",
    b"back \x08\x08\x08\x08 and return \rHOSTILE-RETURN",
    "bidi \u202egnp.exe \u2066x\u2069 zero\u200bwidth \ue000 end".encode(),
    b"torn \xff\xfe\xc3 \xf0\x9f\x98 end",
    b"\x1b[31mred\x1b[0m \x1b[8mhidden\x1b[0m \x1b[5mblink end",
]


class Hostile(App[None]):
    """One pane full of attacks, in its task's name and title as well."""

    def __init__(self) -> None:
        super().__init__()
        self.pane = LogPane()

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        wear(self, Look())
        evil = safe(ATTACKS[0])
        section = LogSection(
            key="x.1", task=evil, started_at=0.0, result=result_spans("running", UNICODE, took_s=1), live=True
        )
        self.pane.show(LogView(id="x", name=evil, details=(evil,), parts=(LogPart(section, MemoryLog(ATTACKS)),)))
        self.pane.focus()

    def on_key(self, event: events.Key) -> None:
        if event.key == "q":
            self.exit()


__all__ = ["ATTACKS", "Hostile", "live_view"]

if __name__ == "__main__":
    Hostile().run()
    sys.exit(0)
