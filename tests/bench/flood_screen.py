"""A log pane that follows many jobs merged by time: ``python -m tests.bench.flood_screen FOLDER JOBS``."""

from __future__ import annotations

import sys
from pathlib import Path

from textual.app import App, ComposeResult

from runners.adapters.log_merge import MergedLog
from runners.adapters.log_reader import LogReader
from tests.bench.flood_writer import RUN, key_of
from tui.pauses import WARM_AFTER_S, shorten
from tui.view.log_document import LogSection
from tui.view.safe_text import own
from tui.widgets.log_lines import LogPart
from tui.widgets.log_pane import LogPane
from tui.widgets.log_view import LogView
from tui.widgets.look import Look, wear


class FloodScreen(App[None]):
    """Nothing but the pane."""

    def __init__(self, folder: Path, jobs: int) -> None:
        super().__init__()
        self._log = MergedLog()
        for job in range(jobs):
            self._log.put(key_of(job), lambda job=job: LogReader(folder, RUN, key_of(job)), job, live=True)  # type: ignore[misc]

    def compose(self) -> ComposeResult:
        yield LogPane()

    def on_mount(self) -> None:
        wear(self, Look())
        section = LogSection(key="flood", task=own("flood"), live=True)
        part = LogPart(section, self._log, lambda line: own(f"job {self._log.owner_of(line):2}"))
        pane = self.query_one(LogPane)
        pane.show(LogView(id="flood", name=own("flood"), parts=(part,)))
        pane.focus()
        self.set_timer(WARM_AFTER_S, shorten)


if __name__ == "__main__":
    FloodScreen(Path(sys.argv[1]), int(sys.argv[2])).run()
