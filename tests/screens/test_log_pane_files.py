"""The log pane on the real log files of the controller, while they are written."""

from __future__ import annotations

from pathlib import Path

from textual.app import App, ComposeResult

from runners.adapters.log_files import FileLogStore
from runners.adapters.log_reader import LogReader
from tests.screens.paned import settled, shown, title
from tui.view.glyphs import UNICODE
from tui.view.log_document import LogSection
from tui.view.log_rows import result_spans
from tui.view.log_source import LogSource
from tui.view.look import Look
from tui.view.safe_text import own
from tui.widgets.log_lines import LogPart
from tui.widgets.log_pane import LogPane
from tui.widgets.log_view import LogView
from tui.widgets.look import wear


class Filed(App[None]):
    def __init__(self, source: LogSource) -> None:
        super().__init__()
        self.source = source
        self.pane = LogPane(now=lambda: 1002.0)

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        wear(self, Look())
        section = LogSection(
            key="k", task=own("fetch"), started_at=0.0, result=result_spans("running", UNICODE, took_s=1), live=True
        )
        self.pane.show(LogView(id="x", name=own("release@web3"), parts=(LogPart(section, self.source),)))
        self.pane.focus()


async def test_a_pane_follows_finds_and_jumps_in_a_log_that_is_being_written(tmp_path: Path) -> None:
    store = FileLogStore(tmp_path)
    run, key = "01JD0000000000000000000000", "01JD0000000000000000000000.1.1.1"
    writer = await store.open(run, key)
    reader = LogReader(tmp_path, run, key)
    app = Filed(reader)
    async with app.run_test(size=(86, 12)) as pilot:
        await pilot.pause()
        assert title(app).endswith("0 lines  following")
        data = b"".join(b"line %d\n" % number for number in range(50_000)) + b"ERROR: disk\nhalf a li"
        await writer.append(0, data, 1000.0)
        app.pane.look_for_news()
        await pilot.pause()
        assert shown(app)[-1].startswith("  00:16:40  half a li")
        assert title(app).endswith("50002 lines  following")
        await writer.append(len(data), b"ne\n", 1001.0)
        app.pane.look_for_news()
        await pilot.pause()
        assert shown(app)[-1].startswith("  00:16:41  half a line")
        await pilot.press("g", "e")
        await settled(pilot)
        assert app.pane.current_line == 50_001
        await pilot.press("g", "slash", *"line 4321$")
        await settled(pilot)
        assert app.pane.current_line == 4322
        assert "1 of 1" in shown(app)[-1]
    reader.close()
    await writer.close()
    await store.close()
