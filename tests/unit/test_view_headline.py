"""The headline says what matters most, in one sentence, and never more than is known."""

from __future__ import annotations

import dataclasses

from msgspec.structs import replace as changed

from runners.model.phases import Phase
from tests.screens import scenes
from tests.unit.view_text import text_of, token_of
from tui.view.board_headline import board_headline
from tui.view.exit_words import what_it_means
from tui.view.facts import place_of
from tui.view.glyphs import UNICODE
from tui.view.headline import run_headline
from tui.view.scene import BoardScene, Here, RunScene
from tui.view.top_bar import board_bar, run_bar


def said(scene: RunScene, width: int = 120) -> str:
    return text_of(run_headline(scene, UNICODE), width)


def test_a_failure_names_host_task_and_exit_code_and_what_follows() -> None:
    scene = scenes.failed_scene()
    assert said(scene).split("   ")[0] == (
        "┃ web3 failed in restart: exit 1. What depends on it waits for a person. web6 and web7 run on."
    )
    row = run_headline(scene, UNICODE)
    assert said(scene).endswith("48s ago")
    assert (row.bg, row.edge) == ("failbg", "fail")
    assert token_of(row, "web3 failed").bold


def test_a_second_failure_is_counted_and_the_first_stays() -> None:
    sim = scenes.failed_run()
    sim.finish(scenes.rollout("web6"), 2)
    scene = scenes.scene_of(sim)
    assert said(scene).startswith("┃ web3 failed in restart: exit 1.")
    assert "+1 more, e   48s ago" in said(scene)


def test_several_unknown_hosts_are_one_sentence_that_claims_nothing() -> None:
    row = run_headline(scenes.unknown_scene(), UNICODE)
    assert text_of(row, 90) == (
        "┃ web6 and web7 unknown: no word for 46s. What they did is on their disks.        46s ago"
    )
    assert (row.bg, row.edge) == ("unkbg", "unk")


def test_a_host_that_answered_without_a_result_is_not_called_silent() -> None:
    sim = scenes.unknown_run()
    sim.vanish(scenes.rollout("web6"))
    sim.finish(scenes.rollout("web7"))
    text = said(scenes.scene_of(sim), 140)
    assert text.startswith("┃ web6 unknown: web6 answered, and has neither its process nor its result.")


def test_a_host_key_waits_for_you_and_says_what_to_type() -> None:
    row = run_headline(scenes.host_key_scene(), UNICODE)
    assert text_of(row, 120).split("   ")[0] == (
        "┃ canary@web1 waits for you: web1 shows a key that is not on record. onduty hosts trust web1."
    )
    assert row.edge == "warn"


def test_a_silent_host_with_something_on_it_is_a_warning_not_a_failure() -> None:
    sim = scenes.healthy_run()
    scene = scenes.scene_of(sim, hosts=(scenes.host_status("web9", "silent", text="no word within 15 s"),))
    assert said(scene, 60) == "┃ web9 is silent: no word within 15 s."


def test_healthy_progress_is_a_grey_sentence_without_a_background() -> None:
    row = run_headline(scenes.healthy_scene(), UNICODE)
    assert text_of(row, 60) == "  Passing. rollout 7 of 11 hosts, then after."
    assert (row.bg, row.edge) == (None, None)
    assert token_of(row, "rollout").token == "muted"


def test_without_a_controller_the_age_of_the_news_is_said_and_nothing_about_now() -> None:
    healthy = scenes.scene_of(scenes.healthy_run(), stale_s=46.0)
    assert said(healthy).startswith(
        "┃ The controller does not answer: what was started on hosts is not stopped by that."
    )
    assert said(healthy).endswith("46s ago")
    failed = scenes.scene_of(scenes.failed_run(), stale_s=46.0)
    assert said(failed).split("   ")[0] == "┃ web3 failed in restart: exit 1. No word from the controller for 46s."


def test_a_host_that_was_never_reached_did_not_fail_in_a_task() -> None:
    assert said(scenes.unreached_scene()).startswith("┃ web2 failed before it started: 10.0.0.12:22 did not answer")


def test_an_ended_run_says_how_and_how_long() -> None:
    sim = scenes.begun()
    sim.play()
    assert said(scenes.scene_of(sim), 60).startswith("  Passed. 15 hosts in 0s.")
    cancelled = scenes.begun()
    cancelled.cancel(by="bob")
    assert said(scenes.scene_of(cancelled), 90).startswith("  Cancelled by bob. 0 of 15 job runs had passed")


def test_the_headline_of_the_board_names_the_run_that_needs_somebody_first() -> None:
    row = board_headline(scenes.board_scene(), UNICODE)
    assert text_of(row, 100).split("   ")[0] == "┃ deploy-api/42 in PRODUCTION: release@web3 failed: exit 1 in restart."
    assert text_of(row, 100).endswith("+3 more")


def test_a_board_that_needs_nobody_says_so() -> None:
    here = Here(now_utc=0.0)
    assert text_of(board_headline(BoardScene(here=here), UNICODE), 40) == "  Nothing runs."
    assert text_of(board_headline(BoardScene(here=here, loaded=False), UNICODE), 40) == "  Reading the list of runs."


def test_an_exit_code_that_may_be_a_signal_is_called_ambiguous() -> None:
    place = place_of(scenes.failed_run().state, scenes.rollout("web3"))
    assert place is not None

    def words(**fields: object) -> str:
        return what_it_means(changed(place.run, **fields))

    assert words(exit_code=1) == ""
    assert words(exit_code=127) == "a command was not found"
    assert words(exit_code=143) == "TERM ended a command (asked to end), or it said 143 itself"
    assert words(exit_code=None, signal="KILL") == "killed, often for lack of memory"
    assert words(exit_code=137, phase=Phase.TIMED_OUT) == ""


def test_the_top_bar_drops_the_least_needed_first_and_never_the_failure() -> None:
    scene = scenes.failed_scene()
    assert text_of(run_bar(scene, 160, 44, UNICODE), 160) == (
        " onduty › deploy-api/42   PRODUCTION    ✗ 1 failed    ↻ 2 running   ◦ 8 waiting   ✓ 4 passed"
        "             release 2.4.1   2m 21s   lag 0.1s   alice   2 watching"
    )
    assert text_of(run_bar(scene, 80, 24, UNICODE), 80) == (
        " deploy-api/42   PRODUCTION    ✗ 1 failed    ↻ 2      2m 21s   lag 0.1s   alice"
    )
    assert "✗ 1 failed" in text_of(run_bar(scene, 50, 24, UNICODE), 50)


def test_the_top_bar_says_how_many_wait_for_a_person_and_does_not_count_them_twice() -> None:
    scene = scenes.host_key_scene()
    waiting = text_of(run_bar(dataclasses.replace(scene, holds=()), 160, 44, UNICODE), 160)
    asked = text_of(run_bar(scene, 160, 44, UNICODE), 160)
    count = int(waiting.partition(" waiting")[0].split()[-1])
    assert f"! 1 waits for you   ◦ {count - 1} waiting" in asked
    assert "! 1  " in text_of(run_bar(scene, 80, 24, UNICODE), 80)


def test_the_top_bar_of_the_board_counts_what_the_board_groups() -> None:
    assert text_of(board_bar(scenes.board_scene(), 100, UNICODE), 100).startswith(
        " onduty › runs   ✗ 1 failed    ? 1 unknown   ! 2 wait for you   ↻ 2 running"
    )
