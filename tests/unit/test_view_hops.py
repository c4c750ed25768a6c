"""Hosts behind one jump host are one incident in the headline, in lists, and when they return."""

from __future__ import annotations

from runners.model.api import HostStatus
from tests.screens import scenes
from tests.screens.scenes import host_status
from tests.unit.view_text import text_of
from tui.view.glyphs import UNICODE
from tui.view.headline import run_headline
from tui.view.hops import HopDown, hops_down, returned
from tui.view.scene import RunScene

SIM = scenes.unknown_run()
SINCE, NEXT = "2026-11-21T12:03:14.000Z", "2026-11-21T12:04:04.000Z"
TEXT = "{0} is reached through b1: b1:22 did not answer; nothing was started there"


def behind(name: str, hop: str = "b1") -> HostStatus:
    return host_status(
        name, "unreachable", text=TEXT.format(name), behind=hop, behind_since=SINCE, next_try_at=NEXT, last_heard_s=46.0
    )


def scene(*hosts: HostStatus) -> RunScene:
    return scenes.scene_of(SIM, scenes.rollout("web6"), hosts=hosts)


def test_the_headline_names_the_hop_once_with_all_who_are_behind_it() -> None:
    hosts = [behind(f"web{number}") for number in range(6, 12)]
    said = text_of(run_headline(scene(*hosts), UNICODE), 120)
    assert said.startswith("┃ b1 not reached since 12:03:14: 6 hosts behind it, 2 unknown, 4 waiting.  ")
    assert said.endswith("   next try 4s")


def test_an_unknown_host_elsewhere_is_counted_and_a_hop_of_other_runs_is_not() -> None:
    row = run_headline(scene(behind("web6"), host_status("web7", "silent")), UNICODE)
    assert text_of(row, 160).startswith("┃ b1 not reached since 12:03:14: 1 host behind it, 1 unknown. What it did is")
    assert "+1 more, e" in text_of(row, 160)
    other = run_headline(scene(behind("db1")), UNICODE)
    assert text_of(other, 120).startswith("┃ web6 and web7 unknown: no word for")


def test_hosts_that_only_wait_for_it_are_a_warning() -> None:
    sim = scenes.waiting_run()
    row = run_headline(scenes.scene_of(sim, hosts=(behind("web1"),)), UNICODE)
    assert text_of(row, 120).startswith("┃ b1 not reached since 12:03:14: 1 host behind it, 1 waiting.")
    assert row.bg == "warnbg"


def test_lists_have_it_once_with_its_cause() -> None:
    found = hops_down([behind("web1"), behind("web2", "b2"), behind("web3", "b2"), host_status("web4")])
    assert [(one.hop, one.hosts) for one in found] == [("b2", ("web2", "web3")), ("b1", ("web1",))]
    assert found[1].cause == "b1:22 did not answer"
    assert isinstance(found[1], HopDown)


def test_a_hop_that_answers_again_is_one_line_and_one_that_nobody_needs_is_none() -> None:
    before = {"b1": frozenset({"web1", "web2"}), "b2": frozenset({"web3"}), "b3": frozenset({"web4"})}
    hosts = {
        "web1": host_status("web1"),
        "web2": host_status("web2", "connecting"),
        "web3": behind("web3", "b2"),
        "web4": host_status("web4", "idle"),
    }
    assert returned(before, hosts) == ("b1 answers again\n2 hosts behind it",)


def test_what_a_hop_is_called_is_text() -> None:
    evil = "b1\x1b[2J[/x]"
    row = run_headline(scene(behind("web6", evil)), UNICODE)
    assert "\x1b" not in text_of(row, 120)
    assert "[/x]" in text_of(row, 120)
