"""What is kept of parts of a run: once for each, and no longer than they live."""

from __future__ import annotations

import gc

from msgspec.structs import replace

from runners.core.blast import blast
from runners.core.memo import Memo
from runners.model.phases import Phase
from runners.model.state import JobState
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tui.view.census import census_of

PLAN = plan_of(stage("s", job("a", "web1 web2"), job("b", "web1")))


def test_a_part_is_looked_at_once_and_forgotten_with_it() -> None:
    asked: list[str] = []

    def name_of(part: JobState) -> str:
        asked.append(part.name)
        return part.name

    memo = Memo(name_of)
    first, second = JobState(name="a", runs=()), JobState(name="a", runs=())
    assert [memo(first), memo(first), memo(second)] == ["a", "a", "a"]
    assert asked == ["a", "a"], "the same part once, an equal one for itself"
    del first
    gc.collect()
    assert len(memo) == 1


def test_what_is_counted_follows_every_change() -> None:
    sim = Simulator(PLAN)
    sim.ready("s/a@web1")
    sim.started("s/a@web1")
    assert (blast(sim.state).touched, blast(sim.state).failed) == (1, 0)
    sim.finish("s/a@web1", 1)
    assert (blast(sim.state).touched, blast(sim.state).failed) == (1, 1)
    census = census_of(sim.state.stages[0].jobs[0])
    assert [run.host for run in census.by_phase[Phase.FAILED]] == ["web1"]
    other = replace(sim.state.stages[0].jobs[0])
    assert census_of(other) is not census
