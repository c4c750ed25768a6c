"""Pause, rollback, verify, finally, notes and every kind of hold: each has words, and a place on the run screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runners.model.api import HoldDocument
from runners.model.holds import HoldKind
from runners.model.intents import Note
from runners.model.phases import Phase, RunPhase
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.screens import scenes
from tests.screens.repair_scenes import (
    finally_run,
    half_done,
    incomplete_run,
    lost_run,
    paused_run,
    rolled_back_run,
    rolling_back_run,
    scene,
    secret_run,
)
from tests.screens.scenes import rollout
from tests.unit.view_text import text_of, texts_of
from tui.view.board_groups import Need, grouped
from tui.view.facts import place_of, places, reached
from tui.view.glyphs import ASCII, UNICODE
from tui.view.headline import run_headline
from tui.view.holds import hold_for, hold_words
from tui.view.job_tree import job_tree
from tui.view.people import people_rows
from tui.view.scene import RunScene
from tui.view.top_bar import run_bar
from tui.view.why import why_rows

COMING = ("weather", "wait_until", "brand_new")
"""Kinds that a newer controller may send."""


def headline(shown: RunScene, width: int = 160) -> str:
    return text_of(run_headline(shown, UNICODE), width).split("     ")[0]


def tree(shown: RunScene, width: int = 30) -> list[str]:
    return texts_of(job_tree(shown, width, UNICODE).rows, width)


def why(shown: RunScene, width: int = 72) -> list[str]:
    return texts_of(why_rows(shown, width, UNICODE), width)


# ----- rollback


def test_a_run_that_is_rolled_back_says_how_far_who_asked_and_why() -> None:
    shown = scene(rolling_back_run())
    assert headline(shown) == (
        "  Rolling back. 1 of 6 taken back, now web1, web2 and 2 more. Asked for by bob: errors doubled."
    )
    rows = tree(shown)
    assert "↶ rollout  1 of 5 back     53s" in rows
    assert "  ↶ web4     rolling back   9s" in rows
    assert "  ↶ web5     rolled back    6s" in rows
    assert "  ◦ drain    to roll back" in rows
    assert text_of(run_bar(shown, 120, 36, UNICODE), 120).split("PRODUCTION")[1].split("56s")[0].split() == (
        ["↶", "4", "rolling", "back", "◦", "1", "waiting", "↶", "1", "rolled", "back"]
    )


def test_what_is_at_its_rollback_and_what_is_to_come_say_so() -> None:
    sim = rolling_back_run()
    assert why(scene(sim, rollout("web4")))[:3] == [
        "state        rolling back in reactivate, task 1 of 2",
        "since        9s",
        "last         bob asked for the rollback 11s ago",
    ]
    rows = why(scene(sim, "before/drain@lb1"))
    assert "rollback     is rolled back when its turn comes: newest first" in rows
    assert "then         undrain" in rows


def test_a_rollback_that_is_left_incomplete_is_the_loudest_thing_and_names_the_key() -> None:
    shown = scene(incomplete_run())
    row = run_headline(shown, UNICODE)
    assert headline(shown) == "┃ Rollback incomplete: web3 failed in reactivate: exit 4. B tries what is left."
    assert (row.bg, row.edge) == ("failbg", "fail")
    assert "  ✗ web3    rollback failed 0s" in tree(shown)
    rows = why(shown)
    assert rows[0] == "failed       rollback failed: exit 4 in reactivate"
    assert "B tries it again" in " ".join(" ".join(rows).split())
    assert any(row.startswith("next") and "B roll back" in row for row in rows)


def test_what_nobody_knows_of_keeps_a_rollback_incomplete() -> None:
    sim = lost_run()
    sim.rollback(by="bob")
    sim.vanish(rollout("web4"))
    sim.vanish(rollout("web5"))
    sim.play()
    assert sim.run_phase() is RunPhase.ROLLBACK_INCOMPLETE
    assert headline(scene(sim)) == "┃ Rollback incomplete. web4 and web5 are unknown. B tries what is left."


def test_a_run_that_was_rolled_back_is_quiet_and_names_what_stays() -> None:
    shown = scene(rolled_back_run(), "rollout")
    row = run_headline(shown, UNICODE)
    assert (row.bg, row.edge) == (None, None)
    assert headline(shown).startswith("  Rolled back by bob in ")
    assert "6 job runs taken back. announce@lb1: has no rollback; what it did stays." in headline(shown)
    assert why(shown)[0] == "rolled back  web1 web2 web3 web4 web5"


def test_the_board_puts_an_incomplete_rollback_first_and_a_paused_run_with_what_waits_for_people() -> None:
    found = {
        need: [run.uid for run in runs]
        for need, runs in grouped(
            [
                scenes.summary_of(incomplete_run(), "bad", "a/1"),
                scenes.summary_of(rolling_back_run(), "back", "b/1"),
                scenes.summary_of(rolled_back_run(), "done", "c/1"),
                scenes.summary_of(scenes.healthy_run(), "paused", "d/1", phase="paused"),
            ],
            now_utc=scenes.START_UTC + 500,
            statuses={},
        ).items()
    }
    assert (found[Need.BAD], found[Need.RUNNING], found[Need.RECENT], found[Need.PERSON]) == (
        ["bad"],
        ["back"],
        ["done"],
        ["paused"],
    )


# ----- pause


def test_a_paused_run_says_who_why_and_what_becomes_of_what_runs() -> None:
    sim = scenes.healthy_run()
    sim.pause(by="bob", reason="the database team looks")
    assert headline(scenes.scene_of(sim)) == (
        "  Paused by bob: the database team looks. web9 and web10 finish their tasks. P resumes."
    )
    assert "ǁ paused" in text_of(run_bar(scenes.scene_of(sim), 140, 40, UNICODE), 140)
    rows = tree(scenes.scene_of(sim))
    assert any("web11 web12" in row and row.endswith("paused") for row in rows)
    assert any("waits" in row and "the run is paused" in row for row in why(scenes.scene_of(sim, rollout("web11"))))


def test_an_attempt_between_two_tasks_stands_and_says_before_what() -> None:
    shown = scene(paused_run(now=True), rollout("web5"))
    assert "  ǁ web5     paused     1m 02s" in tree(shown)
    assert why(shown)[:3] == [
        "waits        paused before activate",
        "after        fetch, task 1 of 4",
        "then         activate verify smoke finally cleanup",
    ]
    assert headline(shown).startswith("┃ web3 failed in verify smoke: exit 1. bob paused the run.")


# ----- parts of a job


def test_verify_and_finally_are_named_as_what_they_are() -> None:
    sim = half_done()
    assert headline(scene(sim)).startswith("┃ web3 failed in verify smoke: exit 1.")
    assert why(scene(sim, rollout("web3")))[0].startswith("failed       exit 1 in verify smoke")
    sim.finish(rollout("web4"))
    assert any("verify smoke" in row for row in tree(scene(sim), 44))
    sim.finish(rollout("web4"))
    assert any("finally cleanup" in row for row in tree(scene(sim), 44))


def test_a_finally_that_failed_is_a_warning_beside_what_passed() -> None:
    sim = Simulator(plan_of(stage("s", job("j", "web1 web2 web3", "go", closing="tidy"))))
    sim.play({"j@web2 tidy": 3})
    assert sim.phase("j@web2") is Phase.SUCCEEDED
    shown = scenes.scene_of(sim, "s/j@web2")
    assert any("web2" in row and "passed, finally tidy failed" in row for row in tree(shown, 48))
    assert "warning      finally tidy failed: exit 3" in why(shown)
    assert headline(shown).startswith("  Passed. 3 hosts in 0s. 1 warning: finally tidy of j@web2 failed")
    assert any(row.startswith("warning") and "finally tidy of j@web2" in row for row in why(scenes.scene_of(sim, "s")))


def test_skips_are_named_in_the_headline_and_beside_the_stage() -> None:
    sim = half_done()
    for host in ("web4", "web5"):
        while sim.phase(rollout(host)) is Phase.RUNNING:
            sim.finish(rollout(host))
    sim.skip(rollout("web3"), by="alice", reason="out of rotation")
    sim.play()
    shown = scene(sim, "rollout")
    assert sim.run_phase() is RunPhase.SUCCEEDED
    assert "release@web3 was skipped by alice: out of rotation." in headline(shown)
    assert "skipped      web3" in why(shown)
    assert any(row.startswith("warning") and "release@web3 was skipped" in row for row in why(shown))


def test_notes_stand_in_why_and_with_the_people() -> None:
    sim = half_done()
    sim.ask(Note(id="n", text="asked the database team"), "carol")
    sim.now_utc += 5
    assert "noted        carol 5s ago: asked the database team" in why(scene(sim, rollout("web3")))
    assert any("carol" in row and "noted: asked the database team" in row
               for row in texts_of(people_rows(scene(sim), 60, UNICODE), 60))  # fmt: skip


# ----- retries whose host was given up


def test_a_retry_whose_host_was_given_up_did_not_fail_in_the_task_of_the_attempt_before() -> None:
    sim = Simulator(plan_of(stage("s", job("j", "web1 web2", "go"))), now_utc=scenes.START_UTC)
    sim.ready("j@web1")
    sim.finish("j@web1", 3)
    sim.now_utc += 10
    sim.retry("j@web1")
    sim.now_utc += 120
    sim.give_up("j@web1", reason="10.0.0.1:22 did not answer within 2m")
    place = place_of(sim.state, "s/j@web1")
    assert place is not None
    assert not reached(place.run)
    assert headline(scenes.scene_of(sim)).startswith("┃ web1 failed before it started: 10.0.0.1:22 did not answer")
    assert why(scenes.scene_of(sim, "s/j@web1"))[0] == "failed       not reached, nothing was started"
    assert any("not reached" in row and "exit 3" not in row for row in tree(scenes.scene_of(sim)) if "web1" in row)


# ----- holds


@pytest.mark.parametrize("kind", [*(kind.value for kind in HoldKind), *COMING])
def test_every_kind_of_hold_has_words(kind: str) -> None:
    sim = scenes.healthy_run()
    hold = HoldDocument(kind=kind, what="after", text="a sentence about it", since=None)
    assert hold_words(hold, sim.state).strip()


@pytest.mark.parametrize("kind", COMING)
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_a_hold_of_a_kind_that_is_not_known_yet_is_shown_wherever_it_is(kind: str, glyphs: object) -> None:
    sim = scenes.healthy_run()
    base = scenes.scene_of(sim)

    def held(what: str, selected: str = "") -> RunScene:
        hold = HoldDocument(kind=kind, what=what, text=f"waits for {kind}, as never before", since=None)
        return replace(base, holds=(hold,), selected=selected)

    on_job_run = held(rollout("web11"), rollout("web11"))
    assert any(f"waits for {kind}" in row for row in why(on_job_run))
    assert any(kind.replace("_", " ")[:8] in row for row in tree(on_job_run, 40) if "web11" in row)
    on_running = held(rollout("web9"), rollout("web9"))
    assert any(f"waits for {kind}" in row for row in why(on_running))
    on_job = held("rollout/release", rollout("web11"))
    assert any(f"waits for {kind}" in row for row in why(on_job))
    on_run = held(sim.state.name)
    assert f"waits for {kind}, as never before" in headline(on_run)
    assert any(f"waits for {kind}" in row for row in why(replace(on_run, selected="rollout")))


def test_a_run_that_waits_for_a_key_alone_is_held_in_the_headline_too() -> None:
    shown = scenes.host_key_scene()
    assert shown.state.phase is not RunPhase.HELD
    held = replace(shown, phase="held")
    assert headline(shown).endswith("onduty hosts trust web1.")
    assert headline(held).endswith("onduty hosts trust web1. Nothing else goes on.")
    assert tree(held)[0].startswith("! canary")


def test_the_holds_of_a_real_run_all_find_their_job_runs() -> None:
    for sim in (half_done(), paused_run(), paused_run(now=True), rolling_back_run(), lost_run()):
        shown = scene(sim)
        wanted = {hold.what for hold in shown.holds}
        found = {hold.what for place in places(sim.state) if (hold := hold_for(shown, place)) is not None}
        stages = {stage_.name for stage_ in sim.state.stages}
        assert wanted - found - stages - {sim.state.name} == set()


# ----- small places


def test_a_place_too_short_for_the_part_of_a_task_says_its_name_whole() -> None:
    rows = tree(scene(half_done()), 34)
    assert any("exit 1 smoke" in row for row in rows)
    rows = tree(scene(finally_run()), 30)
    assert any(" cleanup" in row and "finally" not in row for row in rows)
    assert not any("\u22ef" in row for row in rows)


def test_a_narrow_tree_counts_what_was_taken_back_of_each_stage() -> None:
    rows = texts_of(job_tree(scene(rolling_back_run()), 78, UNICODE, narrow=True).rows, 78)
    assert [row.split()[1:] for row in rows if "rollout" in row] == [
        ["rollout", "1", "of", "5", "back", "rolling", "back", "53s"]
    ]


def test_what_failed_before_its_finally_tasks_is_said_while_they_run() -> None:
    rows = why(scene(finally_run(), rollout("web5")), 41)
    assert rows[:2] == ["failed       exit 1 in activate", "now          finally cleanup, task 4 of 4"]
    assert "done         fetch 23.0s" in rows


def test_a_rollback_that_failed_is_not_among_what_was_done_and_a_time_is_not_torn() -> None:
    rows = why(scene(incomplete_run(), rollout("web3")), 44)
    assert not any(row.startswith("done") for row in rows)
    assert any(row.strip() == "1m 10s ago" for row in rows)


def test_a_failure_and_a_missing_secret_are_one_sentence_with_the_key() -> None:
    said = headline(scene(secret_run()), 200)
    assert "web3 failed in verify smoke: exit 1." in said
    assert "A secret is missing, V gives it." in said
