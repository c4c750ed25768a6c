"""Asking the hosts again about what is unknown: who may, what it says before, and what an answer changes."""

from __future__ import annotations

import pytest

from runners.core.admit import Refused
from runners.core.next_steps import next_steps
from runners.core.preview import preview
from runners.core.recover import ask_again, recover
from runners.core.targets import resolve
from runners.model.effects import AskExecution
from runners.model.intents import Reconcile
from runners.model.news import ExecutionUncertain
from runners.model.phases import Phase, RunPhase
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator

TWO = plan_of(stage("s", job("a", "web1 web2", "one two"), job("b", "web1", needs="a")))


def lost() -> Simulator:
    sim = Simulator(TWO)
    sim.ready()
    sim.started("a@web1")
    sim.lose("a@web1", "the link was cut")
    sim.said()
    return sim


def again(sim: Simulator, name: str, reason: str, *, answered: bool) -> None:
    """What came of a try that a person asked for."""
    key = sim.key(name)
    sim.tell(ExecutionUncertain(job_run=sim.id_of(name), key=key, reason=reason, answered=answered, asked=True))


def test_reconcile_without_targets_takes_all_that_is_unknown_and_is_no_event() -> None:
    sim = lost()
    assert sim.ask(Reconcile(id="i1")) == ()
    foreseen = preview(sim.state, Reconcile(id="i1"))
    assert (foreseen.title, foreseen.refusal, foreseen.targets) == ("reconcile a@web1", "", ("s/a@web1",))
    assert foreseen.scope == "web1 is asked now what became of a@web1; nothing there is changed."
    assert foreseen.warnings == ()


def test_a_dispatch_that_perhaps_never_arrived_is_named_before_the_host_is_asked() -> None:
    sim = Simulator(TWO)
    sim.ready()
    sim.lose("a@web1")
    assert preview(sim.state, Reconcile(id="i1")).warnings == (
        "Dispatched, and perhaps never arrived: a@web1; what never arrived is started.",
    )


@pytest.mark.parametrize(
    ("targets", "why"),
    [
        (("s/a@web2",), "a@web2 is running; only what is unknown is asked about"),
        (("s/b@web1",), "b@web1 is waiting; only what is unknown is asked about"),
        (("s/c@web1",), "deploy-api/42 has no job run s/c@web1"),
        (("s/a@web1", "s/a@web2"), "a@web2 is running; only what is unknown is asked about"),
    ],
)
def test_what_is_not_unknown_is_refused_and_several_are_all_or_nothing(targets: tuple[str, ...], why: str) -> None:
    sim = lost()
    with pytest.raises(Refused) as refused:
        sim.ask(Reconcile(id="i1", targets=targets))
    assert refused.value.message == why


def test_nothing_unknown_is_refused_in_a_sentence() -> None:
    sim = lost()
    sim.started("a@web1")
    with pytest.raises(Refused, match=r"nothing of deploy-api/42 is unknown"):
        sim.ask(Reconcile(id="i1"))
    sim.play()
    with pytest.raises(Refused, match=r"deploy-api/42 succeeded; what its hosts say now changes nothing"):
        sim.ask(Reconcile(id="i2"))


def test_a_job_without_a_host_means_its_unknown_ones() -> None:
    assert resolve(lost().state, ("a",), verb="reconcile") == ("s/a@web1",)


def test_silence_after_asking_is_said_again_with_its_reason_of_now() -> None:
    sim = lost()
    again(sim, "a@web1", "no route to host", answered=False)
    run = sim.run("a@web1")
    assert (run.phase, run.reason, run.answered) == (Phase.UNKNOWN, "no route to host", False)
    assert sim.said() == ["contact_lost a@web1"]


def test_a_host_that_knew_nothing_and_is_silent_now_keeps_what_it_said() -> None:
    sim = lost()
    sim.vanish("a@web1", "rebooted since")
    for reason in ("no route to host", "timed out"):
        again(sim, "a@web1", reason, answered=False)
        run = sim.run("a@web1")
        assert (run.answered, run.reason) == (True, f"rebooted since; asked again, and silent: {reason}")
    again(sim, "a@web1", "rebooted since", answered=True)
    assert sim.run("a@web1").reason == "rebooted since"


def test_a_held_run_goes_on_when_the_host_knows_after_all() -> None:
    sim = lost()
    sim.finish("a@web2")
    sim.finish("a@web2")
    sim.vanish("a@web1")
    assert sim.run_phase() is RunPhase.HELD
    (effect,) = ask_again(sim.state, ("s/a@web1",))
    assert (effect.asked, effect.began, effect.answered) == (True, True, True)
    sim.finish("a@web1")
    sim.play()
    assert sim.run_phase() is RunPhase.SUCCEEDED


def test_what_its_host_said_to_run_is_remembered_through_a_restart() -> None:
    asks = {e.job_run: e.began for e in recover(lost().state) if isinstance(e, AskExecution)}
    assert asks == {"s/a@web1": True, "s/a@web2": False}


def test_what_became_known_meanwhile_is_not_asked_about() -> None:
    sim = lost()
    sim.started("a@web1")
    assert ask_again(sim.state, ("s/a@web1",)) == ()


def test_a_silent_host_is_a_reason_to_type_reconcile() -> None:
    sim = lost()
    assert "onduty reconcile deploy-api/42" in next_steps(sim.state)
    sim.vanish("a@web1")
    assert "onduty reconcile deploy-api/42" not in next_steps(sim.state)
