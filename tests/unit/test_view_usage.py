"""What an attempt used, in words that claim no more than was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runners.core.outcome import warnings_of
from runners.core.usage import Usage
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator, finished
from tests.screens import scenes
from tests.unit.test_view_why import said
from tui.view.usage import used_briefly, used_words


@pytest.mark.parametrize(
    ("cpu_s", "peak_bytes", "peak_of", "words"),
    [
        (12.4, 41_700_000, "process", "12.4s of cpu, 41.7 MB in its largest process"),
        (75.0, 2_000_000_000, "job", "1m 15s of cpu, 2.0 GB at its peak"),
        (0.04, None, None, ""),
        (0.04, 900_000, "process", "900 kB in its largest process"),
        (None, None, "", ""),
    ],
)
def test_a_figure_says_what_it_is_of_and_none_is_made_up(
    cpu_s: float | None, peak_bytes: int | None, peak_of: str | None, words: str
) -> None:
    assert used_words(cpu_s, peak_bytes, peak_of) == words


def test_a_column_has_what_was_measured_and_nothing_else() -> None:
    assert used_briefly(0.04, 1_500_000) == "0.0s 1.5 MB"
    assert used_briefly(3.2, None) == "3.2s"
    assert used_briefly(None, None) == ""


def test_the_why_pane_says_what_a_passed_job_used() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1"), job("b", "web2"))))
    sim.ready()
    sim.finish("a@web1", used=Usage(cpu_s=12.4, memory_peak_bytes=41_700_000, memory_peak_of="job"))
    assert "used         12.4s of cpu, 41.7 MB at its" in said(scenes.scene_of(sim, "s/a@web1"))
    assert not [row for row in said(scenes.scene_of(sim, "s/b@web2")) if row.startswith("used")]


def test_what_a_failed_job_used_comes_after_what_to_do_about_it() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1"))))
    sim.ready()
    sim.finish("a@web1", 1, used=Usage(cpu_s=12.4))
    assert said(scenes.scene_of(sim, "s/a@web1"))[-1] == "used         12.4s of cpu"


def test_a_log_that_came_to_its_limit_is_said_also_when_the_job_passed() -> None:
    shape = plan_of(stage("s", job("a", "web1")))
    (first,) = shape.stages
    (only,) = first.jobs
    limited = replace(only, tasks=tuple(replace(one, log_limit_bytes=10_000_000) for one in only.tasks))
    sim = Simulator(replace(shape, stages=(replace(first, jobs=(limited,)),)))
    sim.ready()
    sim.tell(replace(finished("s/a@web1", sim.key("a@web1")), log_limited=True, limits_kept="process"))
    assert warnings_of(sim.state) == ("the log of work of a@web1 is cut at its log_limit, 10MB",)
    rows = said(scenes.scene_of(sim, "s/a@web1"))
    assert "log cut      at the log_limit of work; it" in rows
    assert "limits       memory is kept for each" in rows
