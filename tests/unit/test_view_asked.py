"""Asking hosts again from the screen: which answers count, and the words for what came out."""

from __future__ import annotations

from msgspec.structs import replace as changed

from runners.model.intents import Reconcile
from runners.testing.simulator import Simulator
from tests.screens import scenes
from tests.screens.scenes import rollout
from tui.view.asked import Asked, answer_words, asking_words

WEB6, WEB7 = rollout("web6"), rollout("web7")


def asked(sim: Simulator, *targets: str) -> Asked:
    return Asked(targets=targets, until_utc=sim.now_utc + 30).taken(targets, sim.state.seq)


def heard(asked: Asked, sim: Simulator, after: int) -> Asked:
    for event in sim.events:
        if event.seq > after:
            asked = asked.hear(event)
    return asked


def test_what_still_runs_is_known_again() -> None:
    sim = scenes.unknown_run()
    seq, question = sim.state.seq, asked(sim, WEB6)
    assert asking_words(question) == f"asking web6\nwhat became of {WEB6}"
    assert question.waits(sim.now_utc)
    sim.started("rollout/release@web6")
    question = heard(question, sim, seq)
    assert not question.waits(sim.now_utc)
    assert answer_words(question, sim.state) == ("run", "release@web6: known again, running")


def test_a_job_that_ended_meanwhile_says_how() -> None:
    sim = scenes.unknown_run()
    seq, question = sim.state.seq, asked(sim, WEB6)
    sim.finish(WEB6, 3)
    assert answer_words(heard(question, sim, seq), sim.state) == ("run", "release@web6: failed, exit 3")


def test_a_host_that_lost_it_and_one_that_is_silent_are_told_apart() -> None:
    sim = scenes.unknown_run()
    seq, question = sim.state.seq, asked(sim, WEB6, WEB7)
    sim.vanish(WEB6)
    question = heard(question, sim, seq)
    assert question.waits(sim.now_utc)
    assert not question.waits(sim.now_utc + 31)
    assert answer_words(question, sim.state) == (
        "warn", "2 asked: 0 known now, 2 unknown still\n"
        "release@web6 unknown still: web6 has neither its process nor its result",
    )  # fmt: skip
    alone = asked(sim, WEB7)
    assert answer_words(alone, sim.state)[1].endswith("nothing was heard of it; the controller goes on asking")


def test_what_came_before_the_question_was_taken_is_no_answer() -> None:
    sim = scenes.unknown_run()
    question = Asked(targets=(WEB6,), until_utc=sim.now_utc + 30)
    question = heard(question, sim, 0)
    assert question.waits(sim.now_utc)
    question = question.taken((WEB6,), sim.state.seq)
    assert not question.heard
    assert question.waits(sim.now_utc)


def test_an_answer_that_is_quicker_than_the_controllers_word_counts() -> None:
    sim = scenes.unknown_run()
    question, seq = Asked(targets=(WEB6,), until_utc=sim.now_utc + 30), sim.state.seq
    sim.ask(Reconcile(id="01", targets=(WEB6,)))
    sim.finish(WEB6, 0)
    question = heard(question, sim, seq).taken((WEB6,), seq)
    assert not question.waits(sim.now_utc)


def test_what_a_host_says_of_itself_is_text_in_the_answer() -> None:
    sim = scenes.unknown_run()
    seq, question = sim.state.seq, asked(sim, WEB6)
    sim.lose(WEB6, "no word\x1b[2J[/x]")
    event = next(one for one in reversed(sim.events) if one.type == "contact_lost")
    payload = changed(event.payload, job_run=WEB6, reason="gone\x1b[2J[/x]")
    question = question.hear(changed(event, seq=seq + 1, payload=payload))
    kind, words = answer_words(question, sim.state)
    assert kind == "warn"
    assert "\x1b" not in words
    assert "is silent (gone" in words
