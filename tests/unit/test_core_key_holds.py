"""A run that waits for nothing but a host key that nobody trusts yet: held, as status and never as an event."""

from __future__ import annotations

from runners.core import describe
from runners.core.holds import holds
from runners.core.next_steps import next_steps
from runners.model.holds import Hold, HoldKind
from runners.model.phases import RunPhase
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator

TWO = plan_of(stage("s", job("a", "web1"), job("b", "web2")), stage("t", job("c", "web1")))


def key_hold(id_: str) -> Hold:
    host = id_.partition("@")[2]
    return Hold(kind=HoldKind.HOST_KEY, what=id_, text=f"{host} shows ssh-ed25519 SHA256:x, which nobody trusts")


def phase_of(sim: Simulator, *waiting: str) -> tuple[str, list[str]]:
    document = describe.document(sim.state, holds(sim.state, {id_: key_hold(id_) for id_ in waiting}))
    return document.phase, [one.phase for one in document.stages]


def test_a_run_whose_only_way_on_is_a_trusted_key_is_held() -> None:
    sim = Simulator(TWO)
    assert phase_of(sim, "s/a@web1", "s/b@web2") == ("held", ["held", "waiting"])
    assert sim.run_phase() is RunPhase.RUNNING


def test_a_run_with_something_that_can_go_on_is_not_held_by_a_key() -> None:
    sim = Simulator(TWO)
    assert phase_of(sim, "s/a@web1") == ("running", ["running", "waiting"])
    sim.ready("s/b@web2")
    assert phase_of(sim, "s/a@web1")[0] == "running"
    sim.lose("s/b@web2")
    assert phase_of(sim, "s/a@web1")[0] == "running"
    sim.play()


def test_a_run_is_held_by_a_key_beside_a_failure() -> None:
    sim = Simulator(TWO)
    sim.ready("s/b@web2")
    sim.finish("s/b@web2", 1)
    assert phase_of(sim, "s/a@web1")[0] == "held"


def test_the_list_says_held_too() -> None:
    sim = Simulator(TWO)
    found = holds(sim.state, {id_: key_hold(id_) for id_ in ("s/a@web1", "s/b@web2")})
    assert describe.summary(sim.state, found).phase == "held"


def test_the_next_step_is_to_trust_the_host() -> None:
    sim = Simulator(TWO)
    found = holds(sim.state, {id_: key_hold(id_) for id_ in ("s/a@web1", "s/b@web2")})
    assert next_steps(sim.state, found) == (
        "onduty hosts trust web1",
        "onduty hosts trust web2",
        "onduty cancel deploy-api/42",
    )
