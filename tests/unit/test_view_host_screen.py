"""What the screen of a host is made of: facts, graphs around a failure, what ran there, its one sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from msgspec import structs
from msgspec.structs import replace as changed

from runners.model.api import HostStatus
from runners.model.host_check import HostCheck
from runners.model.inventory import Host
from runners.model.metrics import HostReading
from tests.screens import scenes
from tests.screens.host_story import CHECK, ROOT, readings_until
from tests.unit.view_text import text_of, texts_of, token_of
from tui.view.glyphs import UNICODE
from tui.view.host_executions import execution_rows
from tui.view.host_facts import address_of, brief_rows, facts_rows, facts_title
from tui.view.host_graphs import host_graph_rows
from tui.view.host_headline import host_headline
from tui.view.host_scene import HostScene, executions, marks_of, window_of

SIM = scenes.failed_run()
NOW_UTC = SIM.now_utc
FAILED_UTC = NOW_UTC - 48
READINGS = readings_until(NOW_UTC, FAILED_UTC)


def scene(*hosts: HostStatus, **fields: Any) -> HostScene:
    found = hosts or (scenes.host_status("web3", clock_offset_s=0.02),)
    run = scenes.scene_of(SIM, scenes.rollout("web3"), hosts=found)
    return HostScene(run=run, name="web3", **{"readings": READINGS, **fields})


def test_facts_are_those_that_were_measured() -> None:
    assert texts_of(facts_rows(scene(), 30, UNICODE), 30) == [
        "address              10.0.0.13",
        "user                    deploy",
        "last heard            just now",
        "connected in             0.04s",
        "clock                   +0.02s",
        "",
        "host ─────────────────────────",
        "cpus                         4",
        "memory                 15.6 GB",
        "load                       2.8",
        "pressure      cpu 4.1% io 1.8%",
        "up                        212d",
        "",
        "disks ────────────────────────",
        "/    ━━━━━━━━━━━━  91%  3.6 GB",
        "/srv ━━━━━━━━━━━━  64% 71.0 GB",
        "⋯log ━━━━━━━━━━━━  38% 12.0 GB",
    ]
    bare = texts_of(facts_rows(scene(readings=()), 30, UNICODE), 30)
    assert bare[-1].startswith("clock")


def test_across_a_whole_screen_values_stand_beside_their_labels() -> None:
    rows = texts_of(facts_rows(scene(), 78, UNICODE), 78)
    assert rows[0] == "address       10.0.0.13"
    assert "/srv              ━━━━━━━━━━━━  64%  71.0 GB free" in rows
    assert texts_of(brief_rows(scene(), 40), 40)[0] == "cpu 44%, memory 43%, / 91%"


def test_a_check_says_what_is_wrong_and_who_else_is_there() -> None:
    found = texts_of(facts_rows(scene(check=CHECK, checked_utc=NOW_UTC - 12), 30, UNICODE), 30)
    at = found.index("check ──────────────── 12s ago")
    assert found[at + 1 : at + 3] == ["! its clock is 4 s ahead of", "  ours"]
    assert "sudo        without a password" in found
    assert found[-1] == "↻ eve db-seed/12 seed⋯  2m 56s"
    fine = HostCheck(name="web3", address="a", phase="ok", reached=True)
    assert "✓ nothing is wrong with it" in texts_of(facts_rows(scene(check=fine), 30, UNICODE), 30)
    assert text_of(facts_title(scene(checking=True), UNICODE), 30) == "web3 ──────────────── checking"


def test_the_address_is_what_ssh_takes() -> None:
    assert address_of(scene()) == "deploy@10.0.0.13"
    plan = replace(SIM.plan, hosts={**SIM.plan.hosts, "web3": Host(name="web3", port=2222)})
    run = scene().run
    other = replace(scene(), run=replace(run, state=changed(run.state, plan=plan)))
    assert address_of(other) == "deploy@web3:2222"


def test_what_ran_there_is_listed_newest_first_with_how_it_ended() -> None:
    found = executions(scene())
    assert texts_of(execution_rows(scene(), found, 84, UNICODE), 84) == [
        "  began        task                          result            took     cpu   memory",
        "✗ 12:03:02     restart of release            exit 1            6.2s",
        "✓ 12:02:47     fetch of release              exit 0           14.2s",
    ]
    narrow = texts_of(execution_rows(scene(), found, 58, UNICODE), 58)
    assert narrow[1].endswith("exit 1            6.2s")
    nothing = scene()
    nothing = replace(nothing, name="web12")
    assert texts_of(execution_rows(nothing, executions(nothing), 84, UNICODE), 84) == [
        "This run sent nothing to this host yet."
    ]


def test_the_window_is_now_and_goes_back_to_what_is_chosen_or_was_last_seen() -> None:
    assert window_of(scene()).is_now
    late = scene()
    there = structs.replace(late.run.here, now_utc=NOW_UTC + 3600)
    late = replace(late, run=replace(late.run, here=there))
    window = window_of(late)
    assert not window.is_now
    assert window.to_utc == READINGS[-1].at + 30
    chosen = window_of(replace(late, selected=executions(late)[0].key))
    assert chosen.from_utc < FAILED_UTC < chosen.to_utc
    assert not chosen.is_now
    rows = texts_of(host_graph_rows(late, 84, UNICODE), 84)
    assert not any(line.endswith("now") for line in rows)


def test_begin_and_failure_are_marked_in_every_graph() -> None:
    assert [(mark.token, round(mark.at_utc - FAILED_UTC, 1)) for mark in marks_of(scene())] == [
        ("run", -21.4), ("fail", -0.0),
    ]  # fmt: skip
    rows = texts_of(host_graph_rows(scene(), 126, UNICODE), 126)
    assert len(rows) == 17
    assert rows[0].startswith("cpu  44% of 4 cpus ──")
    assert sum(line.count("12:03:08") for line in rows) == 4
    assert token_of(host_graph_rows(scene(), 126, UNICODE)[7], "12:03:08").token == "fail"


def test_graphs_below_each_other_where_two_do_not_fit_and_a_sentence_without_a_reading() -> None:
    rows = texts_of(host_graph_rows(scene(), 40, UNICODE), 40)
    assert [line.split("  ")[0].rstrip(" ─") for line in rows[::9]] == ["cpu", "memory", "disk i/o", "network"]
    assert texts_of(host_graph_rows(scene(readings=()), 60, UNICODE), 60)[0].startswith("It is looked at now")
    gone = scene(scenes.host_status("web3", "idle"), readings=())
    assert texts_of(host_graph_rows(gone, 60, UNICODE), 60) == ["Nobody looked at this host while this run was there."]


def test_the_sentence_names_no_contact_before_what_is_amiss_before_how_it_stands() -> None:
    lost = scenes.host_status("web3", "silent", text="connection lost", last_heard_s=46.0)
    row = host_headline(scene(lost), UNICODE)
    assert text_of(row, 118) == "┃ web3 is silent: connection lost. It was last heard 46s ago."
    assert row.bg == "unkbg"
    hop = scenes.host_status(
        "web3",
        "unreachable",
        text="web3 is reached through b1: no answer",
        behind="b1",
        behind_since="2026-11-21T12:03:30Z",
    )
    assert text_of(host_headline(scene(hop), UNICODE), 118) == (
        "┃ b1, on the way to web3, is not reached since 12:03:30: no answer.".ljust(107) + "trying now"
    )
    assert "why          b1 is not reached" in texts_of(facts_rows(scene(hop), 30, UNICODE), 30)
    assert text_of(host_headline(scene(), UNICODE), 118) == "┃ web3: / is 91% full."
    full = tuple(
        HostReading(at=NOW_UTC - 600 + 60 * n, rooms=(changed(ROOT, used_percent=90.0 + n),)) for n in range(11)
    )
    assert text_of(host_headline(scene(readings=full), UNICODE), 118) == (
        "┃ web3: / is 100% full, 10% more than 10m before."
    )
    calm = host_headline(scene(readings=(HostReading(at=NOW_UTC, cpu_percent=3.0),)), UNICODE)
    assert text_of(calm, 118) == "  web3 is connected."
