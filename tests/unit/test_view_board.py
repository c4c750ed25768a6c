"""The list of runs: groups by need, columns of the design, two-row entries that are one."""

from __future__ import annotations

from msgspec.structs import replace

from runners.model.api import HoldDocument
from tests.screens import scenes
from tests.unit.view_text import texts_of, token_of
from tui.view.board import board_rows
from tui.view.board_find import found_runs
from tui.view.board_groups import Need, grouped
from tui.view.board_side import side_rows, side_title
from tui.view.glyphs import UNICODE
from tui.view.scene import BoardScene, Here

SCENE = scenes.board_scene()


def test_runs_stand_in_groups_by_how_much_they_need_somebody() -> None:
    rows = texts_of(board_rows(SCENE, 120, UNICODE).rows, 120)
    assert rows[:6] == [
        "  state          run              environment   what                                          "
        "hosts     since  who",
        "",
        "  failing or unknown  2 " + "─" * 94,
        "  ✗ failed       deploy-api/42    PRODUCTION    release@web3 failed: exit 1 in restart      "
        "4 of 15    3m 46s  alice",
        "                                                bind: address already in use (0.0.0.0:8080)     o port-in-use",
        "  ? unknown      nightly-etl/318  PRODUCTION    release@web6 is unknown: no word within 15⋯ "
        "5 of 15    6m 40s  cron",
    ]
    heads = [row.split("  ")[1] for row in rows if "──" in row]
    assert heads == ["failing or unknown", "waits for you", "running", "waiting", "recent"]


def test_an_entry_of_two_rows_is_selected_as_one() -> None:
    board = board_rows(SCENE, 120, UNICODE)
    assert board.index_of("u1") == (3, 2)
    assert board.index_of("u2") == (5, 1)
    assert board.index_of("nobody") is None
    assert board.order()[:2] == ("u1", "u2")


def test_what_is_over_is_quiet_but_for_its_sign() -> None:
    board = board_rows(SCENE, 120, UNICODE)
    at = board.index_of("u9")
    assert at is not None
    row = board.rows[at[0]]
    assert token_of(row, "✓").token == "ok"
    assert {span.token for span in row.left if span.text.strip() and span.text != "✓"} == {"muted"}


def test_a_narrow_board_keeps_names_and_gives_the_bad_line_more_room() -> None:
    rows = texts_of(board_rows(SCENE, 80, UNICODE).rows, 80)
    assert rows[3] == "  ✗ failed     deploy-api/42  PRODUCTION   release@web3 fa⋯  4 of 15    3m 46s"
    assert rows[4] == "               bind: address already in use (0.0.0.0:8080)       o port-in-use"


def test_an_empty_board_says_what_to_do_and_a_reading_one_that_it_reads() -> None:
    here = Here(now_utc=0.0)
    (row,) = texts_of(board_rows(BoardScene(here=here), 120, UNICODE).rows, 120)
    assert row == "  No runs yet. + starts one, onduty demo makes a fleet to play with."
    (row,) = texts_of(board_rows(BoardScene(here=here, loaded=False), 120, UNICODE).rows, 120)
    assert row == "  Reading the list of runs."


def test_a_run_that_ended_failed_needs_somebody_until_a_newer_one_took_its_place() -> None:
    now_utc = 1_000_000.0
    failed = scenes.quiet_summary("f", "smoke/2", ended_ago_s=60, now_utc=now_utc, phase="failed", result="failure")
    newer = scenes.quiet_summary("n", "smoke/3", ended_ago_s=10, now_utc=now_utc)
    alone = grouped((failed,), now_utc=now_utc, statuses={})
    assert alone[Need.BAD] == (failed,)
    replaced = grouped((newer, failed), now_utc=now_utc, statuses={})
    assert replaced[Need.RECENT] == (newer, failed)
    old = grouped((failed,), now_utc=now_utc + 90_000, statuses={})
    assert old[Need.RECENT] == (failed,)


def test_a_running_run_with_an_untrusted_host_waits_for_you_only_while_the_status_says_so() -> None:
    assert [run.uid for run in grouped(SCENE.summaries, now_utc=0.0, statuses=SCENE.statuses)[Need.PERSON]] == [
        "u4",
        "u5",
    ]
    assert [run.uid for run in grouped(SCENE.summaries, now_utc=0.0, statuses={})[Need.PERSON]] == ["u4"]


def test_the_side_shows_the_selected_run_in_full() -> None:
    assert side_title(SCENE) == ("run", ("deploy-api/42",))
    assert texts_of(side_rows(SCENE, 42, UNICODE), 42) == [
        "state        failed, running",
        "what         release@web3 failed: exit 1",
        "             in restart",
        "first error  bind: address already in use",
        "             (0.0.0.0:8080)",
        "hosts        4 of 15 done",
        "started      12:00:10 by alice",
        "runbook      o port-in-use",
    ]
    assert texts_of(side_rows(replace(SCENE, selected=""), 42, UNICODE), 42) == ["Select a run."]


def test_the_side_says_what_waits_for_a_person_before_what_waits_for_that() -> None:
    def hold(kind: str, number: int) -> HoldDocument:
        return HoldDocument(kind=kind, what=f"job{number}", text="failed; retry or skip", since="")

    holds = (hold("stage", 0), *(hold("failed", number) for number in (1, 2, 3)))
    status = replace(SCENE.statuses["u5"], holds=holds)
    rows = texts_of(side_rows(replace(SCENE, statuses={"u1": status}), 42, UNICODE), 42)
    assert [row for row in rows if row.startswith("waits")] == [
        "waits        job1: failed; retry or skip",
        "waits        job2: failed; retry or skip",
    ]
    assert "             and 1 more" in rows


def test_words_that_each_stand_in_a_line_find_a_run() -> None:
    def found(query: str) -> list[str]:
        return [run.uid for run in found_runs(SCENE.summaries, query)]

    everything = [run.uid for run in SCENE.summaries]
    assert found("") == found("  ") == everything
    assert found("PRODUCTION address") == ["u1"]
    assert found("etl unknown") == ["u2"]
    assert found("address unknown") == []


def test_a_failed_run_stays_in_its_group_while_the_newer_one_is_not_listed() -> None:
    failed = next(run for run in SCENE.summaries if run.uid == "u1")
    over = replace(failed, phase="failed", ended_at=failed.started_at)
    newer = replace(over, uid="u9", id="deploy-api/43", phase="succeeded", counts={}, what="", first_line="")
    scene = replace(SCENE, summaries=(newer, over), statuses={}, query="/42")
    rows = texts_of(board_rows(scene, 120, UNICODE).rows, 120)
    assert any(row.startswith("  recent  1 ") for row in rows)
    assert not any("deploy-api/43" in row for row in rows)
