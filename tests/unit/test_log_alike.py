"""Hosts by what they said: the same but for times and their own names, and where they first differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.screens.logs import MemoryLog
from tui.view.glyphs import UNICODE
from tui.view.log_alike import HostOutput, alike, plain
from tui.view.log_alike_rows import alike_rows
from tui.view.rows import lay_out


def output(host: str, *logs: list[bytes], live: bool = False) -> HostOutput:
    sources = tuple(MemoryLog(list(log), lines=len(log)) for log in logs)
    tasks = tuple(f"task{number}" for number in range(1, len(logs) + 1))
    return HostOutput(job_run=f"s/j@{host}", host=host, also=("10.0.0.1",), tasks=tasks, sources=sources, live=live)


def test_times_and_the_hosts_own_name_are_no_difference() -> None:
    said = [
        b"2026-11-21T12:04:33.120Z web1 starts", b"Nov  1 12:04:33 web1: up", b"12:04:33,5 at 10.0.0.1:80",
        b"web10 web1-b",
    ]  # fmt: skip
    assert plain(said, ["web1", "10.0.0.1"]) == [
        b"<time> <host> starts", b"<time> <host>: up", b"<time> at <host>:80", b"web10 web1-b"
    ]  # fmt: skip
    assert plain([b"sshd[812]: pid 20114 exited 0, PID=7, list[0]"], []) == [
        b"sshd<pid>: pid <pid> exited 0, PID=<pid>, list[0]"
    ]
    assert plain([b"a b"], ["a"]) == [b"a b"]


def test_the_largest_group_comes_first_and_others_say_where_they_leave_it() -> None:
    groups = alike(
        [
            output("web1", [b"on web1", b"ok"], [b"done"]),
            output("web2", [b"on web2", b"ok"], [b"failed", b"bye"]),
            output("web3", [b"on web3", b"ok"], [b"done"]),
            output("web4", [b"on web4"], live=True),
        ]
    )
    assert [[one.host for one in group.outputs] for group in groups] == [["web1", "web3"], ["web2"], ["web4"]]
    differences = [group.difference for group in groups]
    assert differences[0] is None
    assert differences[1] is not None
    assert (differences[1].section, differences[1].line) == (1, 0)
    assert (differences[1].usual, differences[1].other) == (b"done", b"failed")
    assert differences[2] is not None
    assert (differences[2].section, differences[2].line, differences[2].other) == (0, 1, None)
    rows, heads = alike_rows(groups, ["web5"], 1)
    text = ["".join(span.text for span in lay_out(row, 80, UNICODE)).rstrip() for row in rows]
    assert text == [
        "2 hosts identical: web1 web3",
        "",
        "web2 differs from line 1 of task2",
        "  web1      done",
        "  web2      failed",
        "",
        "web4 said the same so far, 1 line of task1",
        "",
        "no log yet: web5",
    ]
    assert heads == (0, 2, 6)


@given(st.lists(st.lists(st.sampled_from([b"a", b"b", b""]), max_size=3), min_size=1, max_size=6))
def test_hosts_are_in_one_group_exactly_when_they_said_the_same(logs: list[list[bytes]]) -> None:
    outputs = [output(f"host{number}", log) for number, log in enumerate(logs)]
    groups = alike(outputs)
    assert sorted(one.host for group in groups for one in group.outputs) == sorted(one.host for one in outputs)
    said = {one.host: log for one, log in zip(outputs, logs, strict=True)}
    assert len({tuple(log) for log in logs}) == len(groups)
    for group in groups:
        assert len({tuple(said[one.host]) for one in group.outputs}) == 1
        if group.difference is not None:
            line = group.difference.line
            usual, other = said[groups[0].outputs[0].host], said[group.outputs[0].host]
            assert usual[:line] == other[:line]
            assert usual[line : line + 1] != other[line : line + 1]


def test_hosts_that_all_differ_are_compared_with_the_first() -> None:
    groups = alike([output("web1", [b"a"]), output("web2", [b"b"])])
    rows, _ = alike_rows(groups, [], 0)
    first = "".join(span.text for span in lay_out(rows[0], 80, UNICODE)).rstrip()
    assert first == "no two hosts said the same, the others are compared with web1"


def test_a_host_that_said_nothing_yet_says_so_and_one_that_ended_so_too() -> None:
    usual = [b"ok", b"done"]
    groups = alike([output("web1", usual), output("web2", usual), output("web3", [], live=True), output("web4", [])])
    rows, _ = alike_rows(groups, [], 0)
    text = "\n".join("".join(span.text for span in lay_out(row, 80, UNICODE)).rstrip() for row in rows)
    assert "2 hosts have said nothing of task1 yet: web3 web4" in text
    groups = alike([output("web1", usual), output("web2", usual), output("web4", [])])
    rows, _ = alike_rows(groups, [], 0)
    text = "\n".join("".join(span.text for span in lay_out(row, 80, UNICODE)).rstrip() for row in rows)
    assert "web4 differs from line 1 of task1\n  web1      ok\n  web4      says nothing" in text


def test_what_is_left_early_reads_no_more() -> None:
    log = MemoryLog([b"x"], lines=1)
    one = HostOutput(job_run="s/j@h", host="h", sources=(log,))
    assert alike([one], stop=lambda: True) == []
    assert log.reads == []


def test_hosts_are_called_without_the_end_that_all_their_names_share() -> None:
    usual = [b"ok"]
    names = [f"ip-10-0-0-{number}.eu-central-1.compute.internal" for number in range(1, 5)]
    groups = alike([*(output(name, usual) for name in names[:2]), output(names[2], [b"bad"])])
    rows, _ = alike_rows(groups, [names[3]], 0)
    assert ["".join(span.text for span in lay_out(row, 60, UNICODE)).rstrip() for row in rows if row.left] == [
        "2 hosts identical: ip-10-0-0-1 ip-10-0-0-2",
        "ip-10-0-0-3 differs from line 1 of task1",
        "  ip-10-0-0-1  ok",
        "  ip-10-0-0-3  bad",
        "no log yet: ip-10-0-0-4",
    ]
