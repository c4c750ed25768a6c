"""The panes beside the list, small terminals, help, palette and toasts: exact texts of what people look at."""

from __future__ import annotations

import datetime
from dataclasses import replace

from msgspec.structs import replace as changed

from runbooks.library import load_built_in
from runners.model.state import RunbookLink
from tests.screens import scenes
from tests.unit.view_text import text_of, texts_of, token_of
from tui.view.glyphs import UNICODE
from tui.view.help_rows import help_rows
from tui.view.host_pane import host_rows, host_title
from tui.view.key_bar import key_bar
from tui.view.narrow import first_error_rows, first_error_title, runbook_hint, tab_bar, tiny_rows
from tui.view.palette import matching, palette_rows
from tui.view.people import people_rows
from tui.view.runbook_page import opening_stop, outline_row_of, outline_rows, page_rows, page_title, stops
from tui.view.runbook_pane import runbook_rows, runbook_title
from tui.view.safe_text import own
from tui.view.strip import strip_row
from tui.view.toasts import toast_rows
from tui.view.troubles import controller_rows

PAGE = load_built_in().pages["port-in-use"]
REVIEWED = PAGE.last_reviewed or datetime.date(2026, 11, 22)
TODAY = REVIEWED + datetime.timedelta(days=51)


def test_the_runbook_pane_lists_steps_with_their_risk_and_why_this_page() -> None:
    scene = scenes.failed_scene()
    name, details, info = runbook_title(scene, PAGE)
    assert (name, details, [span.text for span in info]) == ("runbook", ("port-in-use",), ["match 0.94"])
    rows = runbook_rows(scene, PAGE, TODAY, 40, UNICODE)
    texts = texts_of(rows, 40)
    assert texts[:6] == [
        "1  who-holds-the-port              reads",
        "   ss -ltunp || netstat -ltunp || lsof ⋯",
        "2  is-it-ours                      reads",
        '   ps -o pid,ppid,user,lstart,args -p "⋯',
        "3  stop-the-unit                    asks",
        '   sudo systemctl stop "${unit:?from is⋯',
    ]
    assert texts[-3:] == ["reviewed 51d ago", "log matches 'address already in use',", "task is restart"]
    assert token_of(rows[0], "1").token == "muted"
    assert token_of(rows[4], "asks").token == "warn"


def test_values_of_the_failure_are_filled_into_the_command() -> None:
    step = replace(PAGE.steps[0], command="ssh {{ host.address }} journalctl -u {{ job }}")
    section = replace(PAGE.sections[2], steps=(step,))
    page = replace(PAGE, sections=(section,))
    assert texts_of(runbook_rows(scenes.failed_scene(), page, TODAY, 60, UNICODE), 60)[1] == (
        "   ssh 10.0.0.13 journalctl -u rollout/release"
    )
    rows = texts_of(page_rows(scenes.failed_scene(), page, 1, 80, UNICODE), 80)
    assert "host.address 10.0.0.13 from the inventory" in rows
    assert "job rollout/release from this job run" in rows


def test_without_a_page_the_pane_says_why() -> None:
    healthy = runbook_rows(scenes.healthy_scene(), None, TODAY, 60, UNICODE)
    assert texts_of(healthy, 60) == ["release@web9 has not failed. A page is looked for when it", "does."]
    scene = scenes.failed_scene()
    unknown = texts_of(runbook_rows(scenes.unknown_scene(), None, TODAY, 80, UNICODE), 80)
    assert unknown == ["release@web6 is unknown, not failed. A page is looked for when it fails."]
    passed = replace(scene, selected=scenes.rollout("web2"))
    assert texts_of(runbook_rows(passed, None, TODAY, 80, UNICODE), 80) == [
        "release@web2 passed. A page is for what fails."
    ]
    missing = texts_of(runbook_rows(scene, None, TODAY, 80, UNICODE), 80)
    assert missing == ["port-in-use is not among the pages on this machine: onduty runbook list"]


def test_a_failure_without_a_fitting_page_says_that_none_fits() -> None:
    scene = scenes.failed_scene()
    stages = list(scene.state.stages)
    job = stages[1].jobs[0]
    runs = tuple(
        changed(run, runbook=RunbookLink(page=None, why="no rule matched")) if run.host == "web3" else run
        for run in job.runs
    )
    stages[1] = changed(stages[1], jobs=(changed(job, runs=runs),))
    without = replace(scene, state=changed(scene.state, stages=tuple(stages)))
    (first, *_) = texts_of(runbook_rows(without, None, TODAY, 100, UNICODE), 100)
    assert first.startswith("No page fits release@web3. no rule matched. No page is better than a wrong page")


def test_the_outline_shows_where_one_is_and_how_old_the_page_is() -> None:
    rows = outline_rows(PAGE, 4, 30, UNICODE, today=TODAY)
    texts = texts_of(rows, 30)
    assert "▸ 4 stop-the-stray        asks" in texts
    assert texts[-4:] == [
        "owner     platform",
        "reviewed  51d ago",
        "next      in 129 days",
        "file      comes with onduty",
    ]
    assert rows[outline_row_of(PAGE, 4, 30, UNICODE)].edge == "acc"
    assert token_of(rows[texts.index("Mitigation")], "Mitigation").bold
    assert (opening_stop(PAGE), stops(PAGE)) == (1, len(PAGE.steps) + 1)


def test_the_page_shows_why_prose_and_the_whole_command() -> None:
    scene = scenes.failed_scene()
    assert text_of(page_title(scene, PAGE, UNICODE), 60) == "why this page " + "─" * 35 + " match 0.94"
    texts = texts_of(page_rows(scene, PAGE, 4, 70, UNICODE), 70)
    assert texts[:5] == [
        "log matches 'address already in use', task is restart",
        "▸ bind: address already in use (0.0.0.0:8080)",
        "release@web3, restart, exit 1, line 7",
        "",
        "4 stop-the-stray ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ changes web3, asks",
    ]
    assert '  sudo kill -TERM "${pid:?from who-holds-the-port}"           c copy' in texts
    # What follows stands below, to be read on; the key is beside the command that it copies.
    assert any(row.startswith("5 port-is-free ───") for row in texts)
    assert not any(row.startswith("3 ") for row in texts)
    assert sum(row.endswith("c copy") for row in texts) == 1
    overview = texts_of(page_rows(scene, PAGE, 0, 70, UNICODE), 70)
    assert any(row.startswith("Meaning ───") for row in overview)
    assert any(row.startswith("Impact ───") for row in overview)


def test_the_host_pane_shows_the_connection_and_nothing_unmeasured() -> None:
    scene = scenes.failed_scene()
    assert host_title(scene)[0] == "web3"
    assert texts_of(host_rows(scene, 42, UNICODE), 42) == [
        "line         ✓ connected",
        "address      deploy@10.0.0.13",
        "last heard   just now",
        "connected in 0.04s",
        "",
        "this run here " + "─" * 28,
        "✗ rollout/release            exit 1    21s",
    ]


def test_a_silent_host_says_since_when_and_why() -> None:
    texts = texts_of(host_rows(scenes.unknown_scene(), 42, UNICODE), 42)
    assert texts[0] == "line         ? silent"
    assert "last heard   51s ago" in texts
    assert "why          no word within 15 s," in texts


def test_a_host_without_a_connection_claims_none() -> None:
    scene = replace(scenes.failed_scene(), hosts={})
    assert texts_of(host_rows(scene, 42, UNICODE), 42)[:2] == [
        "address      10.0.0.13",
        "No connection to it is open now.",
    ]


def test_people_are_those_who_look_and_those_who_acted() -> None:
    assert texts_of(people_rows(scenes.cancelling_scene(), 42, UNICODE), 42) == [
        "now       alice watches (you)",
        "now       bob   watches",
        "12:03:56  alice cancelled 2 job runs",
        "12:01:35  alice started",
    ]


def test_the_strip_counts_hosts_and_is_loud_only_above_zero() -> None:
    row = strip_row(scenes.failed_scene(), 116, UNICODE, with_host=True)
    assert text_of(row, 80) == "touched 7 of 15   untouched 8   failed 1   unknown 0"
    assert token_of(row, "1").token in ("text", "fail")
    assert [span.token for span in row.left if span.text == "1"] == ["fail"]
    assert [span.token for span in row.left if span.text == "0"] == ["text"]


def test_the_key_bar_keeps_actions_and_help_and_marks_what_cannot_be_used() -> None:
    row = key_bar("run", {"skip": "nothing here failed"}, 80, UNICODE)
    assert text_of(row, 80) == " r retry  S skip  B roll back  X cancel │ o runbook  : actions  ? help"
    assert token_of(row, "S").token == "faint"
    wide = text_of(key_bar("run", {}, 120, UNICODE, labels={"pause": "resume"}), 120)
    assert wide == (
        " r retry   S skip   B roll back   X cancel   P resume  │  o runbook   e next error   / find"
        "   : actions   ? help"
    )
    assert text_of(key_bar("run", {}, 24, UNICODE), 24).endswith(": actions  ? help")


def test_tabs_are_numbered_and_the_active_one_is_reverse() -> None:
    row = tab_bar(("jobs", "log", "why", "runbook", "host"), "log", 80, UNICODE)
    assert text_of(row, 80) == "  1 jobs   2 log   3 why   4 runbook   5 host"
    assert [span.text for span in row.left if span.reverse] == [" 2 log "]


def test_the_first_error_stands_under_the_list_of_jobs() -> None:
    scene = scenes.failed_scene()
    assert text_of(first_error_title(scene, UNICODE), 40) == "first error  web3 ───────────── 12:03:08"
    rows = first_error_rows(scene, 78, UNICODE)
    assert texts_of(rows, 78) == [
        "▸ bind: address already in use (0.0.0.0:8080)",
        "  passed on web2 web4 web5",
        "  o port-in-use   log matches 'address already in use', task is restart",
    ]
    assert rows[0].bg == "failbg"
    assert first_error_rows(scenes.healthy_scene(), 78, UNICODE) == ()
    assert text_of(runbook_hint(scene, 60, UNICODE), 60) == "o runbook port-in-use   log matches 'address already in⋯"


def test_a_tiny_terminal_shows_the_bad_line_and_the_end_of_the_log() -> None:
    tail = [own(f"line {number}") for number in range(5, 9)]
    assert texts_of(tiny_rows(scenes.failed_scene(), 40, UNICODE, tail), 40) == [
        "▸ bind: address already in use (0.0.0.0⋯",
        "line 5",
        "line 6",
        "line 7",
        "line 8",
    ]


def test_a_toast_is_two_rows_with_the_edge_of_its_kind() -> None:
    rows = toast_rows("refused", "bob retried web3 2s ago; attempt 2 is running", 56, UNICODE)
    assert texts_of(rows, 56) == ["┃ bob retried web3 2s ago", "┃ attempt 2 is running"]
    assert [row.edge for row in rows] == ["warn", "warn"]
    assert {row.bg for row in toast_rows("failed", "web6 failed", 56, UNICODE)} == {"failbg"}
    assert texts_of(toast_rows("accepted", "\x1b[31mred\x07", 20, UNICODE), 20) == ["┃ red", "┃"]


def test_without_a_controller_old_news_says_how_old_it_is() -> None:
    here = scenes.scene_of(scenes.failed_run(), stale_s=46.0).here
    texts = texts_of(controller_rows(here, "connection refused", 70, UNICODE), 70)
    assert texts[:2] == ["✗ The controller does not answer.", "  connection refused"]
    assert "  Shown: 12:03:10, 46s old." in texts


def test_help_shows_why_a_key_cannot_be_used_now() -> None:
    texts = texts_of(help_rows("run", "jobs", {"retry": "nothing failed"}, 60, UNICODE), 60)
    assert texts[1] == "r       retry, not now: nothing failed"
    wide = texts_of(help_rows("run", "jobs", {}, 110, UNICODE), 110)
    assert "move ───" in wide[0]
    assert len(wide) < len(texts)


def test_the_palette_finds_actions_by_name_and_says_which_cannot_be_used() -> None:
    rows, names = palette_rows("ret", {"retry": "nothing failed"}, 0, 60, UNICODE)
    assert names[0] == "retry"
    assert texts_of(rows, 60)[:2] == [
        ": ret" + " " * 41 + "enter do   esc",
        "retry             not now: nothing failed                  r",
    ]
    assert rows[1].bg == "sel"
    assert palette_rows("zzz", {}, 0, 60, UNICODE)[1] == ()
    assert "palette" not in [one.name for one in matching("", "run")]
