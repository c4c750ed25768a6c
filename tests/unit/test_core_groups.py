"""Concurrency groups: who may start, in which order, and what the others say they wait for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.core.admit import Refused
from runners.core.describe import document, summary
from runners.core.groups import Claim, claim_of, may_start, turn_hold, why_busy
from runners.core.holds import holds
from runners.model.api import ConcurrencyDocument
from runners.model.definition import Concurrency
from runners.model.events import LockTaken
from runners.model.intents import Retry
from runners.model.phases import RunPhase
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator

GROUP = Concurrency(group="web")


def claim(number: int, *, started: bool, limit: int = 1) -> Claim:
    how = "held" if started else "queued"
    return Claim(uid=f"u{number}", name=f"deploy/{number}", by="alice", limit=limit, started=started, how=how)


def grouped(**job_options: Any) -> Simulator:
    """A run of a group, not started."""
    plan = plan_of(stage("s", job("a", **job_options)))
    return Simulator(replace(plan, concurrency=GROUP))


def take(sim: Simulator) -> None:
    sim.settle((LockTaken(group="web"),))


CLAIMS = st.lists(st.tuples(st.booleans(), st.integers(1, 4)), max_size=8).map(
    lambda found: [claim(n, started=started, limit=limit) for n, (started, limit) in enumerate(found)]
)


@given(CLAIMS)
def test_nobody_starts_beside_more_than_its_own_limit_allows_and_nobody_is_overtaken(claims: list[Claim]) -> None:
    chosen = may_start(claims)
    at_once = sum(one.started for one in claims)
    waiting = [one for one in claims if not one.started]
    assert chosen == tuple(one.uid for one in waiting[: len(chosen)])
    for one in waiting[: len(chosen)]:
        at_once += 1
        assert at_once <= one.limit
    rest = waiting[len(chosen) :]
    assert not rest or at_once >= rest[0].limit
    assert may_start([replace(one, started=one.started or one.uid in chosen) for one in claims]) == ()


def test_the_limit_of_the_run_that_wants_to_start_counts() -> None:
    held = [claim(1, started=True, limit=1)]
    assert may_start([*held, claim(2, started=False, limit=1)]) == ()
    assert may_start([*held, claim(2, started=False, limit=2)]) == ("u2",)
    assert may_start([*held, claim(2, started=False, limit=1), claim(3, started=False, limit=2)]) == ()


def test_a_full_group_says_who_holds_it() -> None:
    assert why_busy([], GROUP) == ""
    assert why_busy([claim(1, started=True)], GROUP) == "deploy/1 (alice, held) holds concurrency group web"
    assert why_busy([claim(1, started=True)], replace(GROUP, limit=2)) == ""
    queued = [claim(1, started=True, limit=1), claim(2, started=False)]
    assert why_busy(queued, replace(GROUP, limit=3)) == (
        "deploy/1 (alice, held), deploy/2 (alice, queued) hold concurrency group web"
    )


def test_a_run_of_a_group_starts_with_its_turn_and_gives_it_back_at_its_end() -> None:
    sim = grouped()
    assert sim.run_phase() is RunPhase.QUEUED
    assert sim.prepares == {}
    assert sim.events[1:] == []
    assert claim_of(sim.state) == claim(1, started=False).__class__(
        uid=sim.state.uid, name="deploy-api/42", by="alice", limit=1, started=False, how="queued"
    )
    take(sim)
    sim.play()
    types = [event.type for event in sim.events]
    assert types[1:3] == ["lock_taken", "run_started"]
    assert types[-2:] == ["lock_released", "run_finished"]
    assert (sim.state.phase, sim.state.lock_taken) == (RunPhase.SUCCEEDED, False)
    sim.restart()


def test_a_queued_run_names_whom_it_waits_for() -> None:
    sim = grouped()
    before = [claim(1, started=True), claim(2, started=False), claim_of(sim.state), claim(3, started=False)]
    hold = turn_hold(sim.state, [one for one in before if one is not None])
    assert hold.text == "waits for deploy/1 (alice, held), deploy/2 (alice, queued) in concurrency group web"
    found = holds(sim.state, {sim.state.name: hold})
    assert [(one.kind.value, one.what, one.text) for one in found] == [("concurrency", "deploy-api/42", hold.text)]
    assert summary(sim.state, found).what == hold.text
    shown = document(sim.state, found)
    assert shown.phase == "queued"
    assert shown.concurrency == ConcurrencyDocument(group="web", limit=1, when_busy="queue")
    assert holds(sim.state, {})[0].text == "waits for its turn in concurrency group web"


def test_a_cancelled_queued_run_ends_and_starts_nothing() -> None:
    sim = grouped()
    sim.cancel()
    assert sim.run_phase() is RunPhase.CANCELLED
    assert sim.phases() == {"a@web1": "cancelled"}
    assert (sim.prepares, sim.starts) == ({}, {})
    assert "lock_released" not in [event.type for event in sim.events]
    sim.restart()


def test_a_queued_run_is_not_paused_and_a_skip_waits_for_its_turn() -> None:
    sim = grouped()
    with pytest.raises(Refused, match="has not started yet; cancel it instead"):
        sim.pause()
    sim.skip("a@web1", reason="not today")
    assert sim.run_phase() is RunPhase.QUEUED
    take(sim)
    assert sim.run_phase() is RunPhase.SUCCEEDED


def test_a_held_run_keeps_its_place_and_a_rollback_needs_none() -> None:
    sim = grouped(rollback="undo")
    take(sim)
    sim.ready()
    sim.finish("a@web1", 1)
    assert (sim.state.phase, sim.state.lock_taken) == (RunPhase.HELD, True)
    sim.retry("a@web1")
    sim.play()
    assert (sim.state.phase, sim.state.lock_taken) == (RunPhase.SUCCEEDED, False)
    sim.rollback()
    assert sim.run_phase() is RunPhase.ROLLING_BACK
    found = claim_of(sim.state)
    assert found is not None
    assert (found.started, found.how) == (True, "rolling back")
    sim.play()
    assert sim.run_phase() is RunPhase.ROLLED_BACK
    sim.restart()


def test_an_ended_run_is_opened_again_only_when_its_group_has_a_place() -> None:
    sim = grouped(on_failure="stop")
    take(sim)
    sim.ready()
    sim.finish("a@web1", 1)
    assert sim.run_phase() is RunPhase.FAILED
    busy = "deploy-api/43 (bob, running) holds concurrency group web"
    with pytest.raises(Refused) as refused:
        sim.ask(Retry(id="i1", targets=(sim.id_of("a@web1"),), busy=busy))
    assert refused.value.message == f"{busy}; deploy-api/42 has ended and would start again beside it"
    sim.ask(Retry(id="i2", targets=(sim.id_of("a@web1"),)))
    assert (sim.state.phase, sim.state.lock_taken) == (RunPhase.RUNNING, True)
    sim.play()
    assert [event.type for event in sim.events].count("lock_taken") == 2
    assert [event.type for event in sim.events].count("lock_released") == 2
