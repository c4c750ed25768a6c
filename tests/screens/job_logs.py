"""Real log files of a simulated job, for panes that read records: what several hosts said at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest

import tui.wiring
from runners.adapters.log_reader import LogReader
from runners.testing.simulator import Simulator
from tests.screens.fake_controller import FakeController, FakeRun
from tests.screens.scenes import BIND, failed_run
from tests.unit.test_log_reader import RUN, Log


def rolling_release() -> FakeController:
    """The release that failed on web3, while other hosts pass."""
    return FakeController(FakeRun(failed_run(), "u1", "deploy-api/42"))


def write_logs(sim: Simulator, root: Path, patch: pytest.MonkeyPatch, *, before: int = 0) -> None:
    """Files for every execution: web3's restart fails, the others say the same but for their name and the time.

    ``before``: more lines before what web3 says of it; with 3 that is the line of the page that was found.
    """
    for stage in sim.state.stages:
        for job in stage.jobs:
            for run in job.runs:
                for attempt in run.attempts:
                    for number, task in enumerate(attempt.tasks):
                        if task.key is None:
                            continue
                        log = Log(root, task.key)
                        for second, text in enumerate(_words(run.host, number, before if task.exit_code else -1)):
                            log.append(text.encode() + b"\n", (task.started_at or 0.0) + second)
    patch.setattr(tui.wiring, "log_reader", lambda uid, key: LogReader(root, RUN, key))


def _words(host: str, task: int, before: int) -> list[str]:
    if task == 0:
        return [f"{host}: GET registry.internal/api/2.4.1", "layer 1/2  18.2 MB", "layer 2/2  41.7 MB", "unpacked"]
    if task == 1:
        said = ["stopping api.service", "stopped api.service", "starting api.service, release 2.4.1"]
        failed = [*said, *["waiting"] * before, BIND, "api.service: failed"]
        return [*said, f"{host} is ready"] if before < 0 else failed
    return [f"task {task + 1} done"]
