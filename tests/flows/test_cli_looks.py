"""What commands that look print: ``show``, ``runs``, ``events``, ``logs``, to the letter and safe for the terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.person import Person, until

STORY = """\
version: 1
name: story
environment: staging
params: {release: {}, empty: {default: ''}}
stages:
  - name: build
    jobs:
      compile:
        hosts: local
        tasks:
          - {name: words, run: 'echo one; echo two >&2; printf "no newline"'}
          - {name: start, run: 'echo starting; echo "bind: address already in use"; exit 7'}
          - {name: never, run: 'true'}
        runbook: port-in-use
      quiet: {hosts: local, tasks: [{run: 'true'}]}
  - name: ship
    jobs:
      send: {hosts: local, tasks: [{run: echo sent}]}
"""

WAITS = """\
version: 1
name: waits
params: {gate: {}}
stages:
  - name: one
    jobs:
      job:
        hosts: local
        tasks: [{run: 'printf "begun\\n\\377\\000half"; while [ ! -e "$gate" ]; do sleep 0.05; done; echo " over"'}]
"""

HOSTILE = r"""
version: 1
name: hostile
stages:
  - name: one
    jobs:
      job:
        hosts: local
        tasks:
          - run: |
              printf 'clip\033]52;c;ZXZpbA==\007board \033]0;title\007 \033[2J \302\233 2J \302\220q \033Pq\033\\'
              printf ' error: [red]x[/x]\n'
              printf 'over\rwritten \342\200\256txt \033[6n\n'
              exit 1
"""

RUN = {
    "id", "uid", "pipeline", "phase", "result", "environment", "params", "by", "created_at", "started_at", "ended_at",
    "definition_digest", "stages", "jobs", "holds", "warnings", "notes", "left", "concurrency", "next", "before",
}  # fmt: skip
STAGE = {"name", "phase", "started_at", "ended_at"}
JOB = {
    "stage", "job", "host", "matrix", "phase", "result", "attempt", "exit_code", "signal", "reason", "hold",
    "started_at", "ended_at", "log_bytes", "tasks", "runbook", "outputs",
    "cpu_s", "memory_peak_bytes", "memory_peak_of",
}  # fmt: skip
TASK = {
    *("name", "kind", "phase", "attempt", "key", "exit_code", "started_at", "ended_at", "log_bytes", "part"),
    *("host_started_at", "host_ended_at", "files", "cpu_s", "memory_peak_bytes", "memory_peak_of"),
    *("log_cut", "limits_kept", "host"),
}
RUNBOOK = {"id", "section", "score", "why"}
HOLD = {"kind", "what", "text", "since"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069]")
"""What must never reach a terminal; the newline alone is ours."""


@pytest.fixture(scope="module")
def home(resident: Person) -> Person:
    """A person whose controller runs."""
    resident("controller", "restart")
    for name, text in (("story", STORY), ("waits", WAITS), ("hostile", HOSTILE)):
        resident.write(f"{name}.yaml", text)
    return resident


@pytest.fixture(scope="module")
def story(home: Person) -> str:
    """A run that is held by a failure; its name."""
    started = home.quick("run", "story.yaml", "-p", "release=2.4.1", "--detach", "--json").json()
    home.quick("wait", started["uid"], code=1)
    until(lambda: home.document(started["uid"])["jobs"][0]["runbook"])
    return str(started["id"])


def test_show_prints_the_run_to_the_letter(home: Person, story: str) -> None:
    run: dict[str, Any] = home.quick("show", story, "--json").json()
    assert set(run) == RUN
    assert {frozenset(one) for one in run["stages"]} == {frozenset(STAGE)}
    assert {frozenset(one) - {"first_line"} for one in run["jobs"]} == {frozenset(JOB)}
    assert {frozenset(task) for one in run["jobs"] for task in one["tasks"]} == {frozenset(TASK)}
    assert {frozenset(one) for one in run["holds"]} == {frozenset(HOLD)}
    assert (run["id"], run["pipeline"], run["phase"], run["result"]) == (story, "story", "held", None)
    assert run["environment"] == "staging"
    assert run["params"] == {"release": "2.4.1", "empty": ""}
    assert run["ended_at"] is None
    assert all(TIME.fullmatch(run[name]) for name in ("created_at", "started_at"))
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", run["definition_digest"])
    assert [(one["name"], one["phase"]) for one in run["stages"]] == [("build", "held"), ("ship", "waiting")]
    compile_, quiet, send = run["jobs"]
    assert (compile_["stage"], compile_["job"], compile_["host"], compile_["matrix"]) == (
        "build",
        "compile",
        "local",
        None,
    )
    assert (compile_["phase"], compile_["result"], compile_["attempt"]) == ("failed", "failure", 1)
    assert (compile_["exit_code"], compile_["signal"], compile_["reason"]) == (7, None, "exit 7 in start")
    assert set(compile_["runbook"]) == RUNBOOK
    assert compile_["runbook"]["id"] == "port-in-use"
    words, start, never = compile_["tasks"]
    assert all(task["cpu_s"] >= 0 for task in (words, start))
    assert compile_["cpu_s"] == pytest.approx(words["cpu_s"] + start["cpu_s"])
    assert (never["cpu_s"], send["cpu_s"], send["memory_peak_bytes"]) == (None, None, None)
    assert (words["name"], words["kind"], words["phase"], words["exit_code"]) == ("words", "run", "succeeded", 0)
    assert (start["phase"], start["exit_code"], start["key"]) == ("failed", 7, f"{run['uid']}.1.1.2")
    assert (never["phase"], never["key"], never["exit_code"], never["started_at"]) == ("not_run", None, None, None)
    assert compile_["log_bytes"] == words["log_bytes"] + start["log_bytes"] == 18 + 38
    assert (quiet["phase"], quiet["result"], quiet["runbook"], quiet["log_bytes"]) == ("succeeded", "success", None, 0)
    assert (send["phase"], send["result"], send["attempt"], send["started_at"]) == ("waiting", None, 0, None)
    assert send["hold"] == "stage build comes first"
    assert run["holds"][0]["what"] == "build/compile@local"
    assert TIME.fullmatch(run["holds"][0]["since"])
    assert run["warnings"] == []
    assert run["next"][0] == f"onduty retry {story} compile@local"


def test_show_for_people_says_the_failure_its_line_and_its_page_first(home: Person, story: str) -> None:
    lines = home.quick("show", story).out.splitlines()
    assert lines[0].startswith(f"{story} in staging: held, started by ")
    assert lines[2].startswith("build/compile  local  failed")
    assert "exit 7 in start" in lines[2]
    assert "bind: address already in use" in lines[2]
    assert "(runbook port-in-use: " in lines[2]


def test_runs_are_found_by_name_uid_and_last_and_nothing_else(home: Person, story: str) -> None:
    uid = home.quick("show", story, "--json").json()["uid"]
    assert home.quick("show", uid, "--json").json()["id"] == story
    newest = home.quick("run", "story.yaml", "-p", "release=1", "--detach", "--json").json()
    assert home.quick("show", "last", "--json").json()["uid"] == newest["uid"]
    for wrong in (
        "story/99",
        "nobody/1",
        "story",
        "../../etc",
        "",
        "a b",
        "x" * 3000,
        "story/1/2",
        "\x1b]0;x\x07",
        "ü",
    ):
        done = home.quick("show", wrong, code=2)
        assert done.err.startswith("onduty: ")
        assert not SAFE.search(done.err)


def test_runs_lists_the_newest_first(home: Person, story: str) -> None:
    listed = home.quick("runs", "--json").json()
    created = [one["created_at"] for one in listed]
    assert created == sorted(created, reverse=True)
    mine = next(one for one in listed if one["id"] == story)
    assert (mine["phase"], mine["environment"], mine["runbook"]) == ("held", "staging", "port-in-use")
    assert len(home.quick("runs", "--limit", "1", "--json").json()) == 1
    assert home.quick("runs").out.splitlines()[0].split() == ["RUN", "STATE", "ENVIRONMENT", "STARTED", "BY", "WHAT"]
    assert home.quick("runs", "--limit", "0", code=2).err == "onduty: --limit 0: at least 1\n"
    assert home.quick("runs", "--limit", "x", code=2).err.startswith("onduty: argument --limit")


def test_events_are_one_object_a_line_without_gaps_and_their_chain_is_whole(home: Person, story: str) -> None:
    events = [json.loads(line) for line in home.quick("events", story, "--json").out.splitlines()]
    assert [one["seq"] for one in events] == list(range(1, len(events) + 1))
    assert set(events[0]) == {"run", "seq", "time", "actor", "type", "version", "payload", "previous", "hash"}
    types = [one["type"] for one in events]
    assert types[0] == "run_created"
    assert "run_held" in types
    assert "runbook_linked" in types
    assert home.quick("events", story, "--verify").out == f"{len(events)} events, the chain of hashes is whole\n"
    whole = home.quick("events", story, "--verify", "--json").json()
    assert whole == {"events": len(events), "whole": True, "problem": None}
    assert home.quick("events", story, "--verify", "--follow", code=2)
    assert len(home.quick("events", story).out.splitlines()) == len(events)


def test_events_are_followed_through_a_retry_to_the_end(home: Person) -> None:
    uid = home.begin("story.yaml", "-p", "release=1")
    home.quick("wait", uid, code=1)
    following = home.start("events", uid, "--follow", "--json")
    assert following.stdout is not None
    assert json.loads(following.stdout.readline())["seq"] == 1
    home.quick("cancel", uid)
    types = [json.loads(line)["type"] for line in home.end(following).out.splitlines()]
    assert types[-1] == "run_finished"
    again = home.quick("events", uid, "--follow", "--json")
    assert json.loads(again.out.splitlines()[-1])["type"] == "run_finished"


def test_logs_are_prefixed_where_there_are_several_and_bare_where_there_is_one(home: Person, story: str) -> None:
    assert home.quick("logs", story).out.splitlines() == [
        "local compile| one",
        "local compile| two",
        "local compile| no newline",
        "local compile| starting",
        "local compile| bind: address already in use",
    ]
    one = home.quick("logs", story, "compile", "--task", "words")
    assert one.out == "one\ntwo\nno newline\n"
    for job in ("build/compile@local", "compile@local", "build/compile"):
        assert home.quick("logs", story, job, "--task", "1").out == one.out
    assert home.quick("logs", story, "compile", "--task", "words", "--attempt", "1").out == one.out


def test_raw_logs_are_byte_for_byte_and_need_exactly_one(home: Person, story: str) -> None:
    raw = home.quick("logs", story, "compile", "--task", "words", "--raw")
    assert raw.raw == b"one\ntwo\nno newline"
    several = home.quick("logs", story, "--raw", code=2)
    assert several.raw == b""
    assert "these fit: build/compile@local --task words, build/compile@local --task start" in several.err


def test_what_is_not_there_is_said_and_no_log_is_printed(home: Person, story: str) -> None:
    for words, said in (
        (("nobody",), "nobody: no such job in "),
        (("compile@web9",), "web9: compile does not run there"),
        (("compile", "--task", "zero"), "--task zero: no such task"),
        (("send",), "nothing ran yet that fits"),
        (("compile", "--attempt", "9"), "nothing ran yet that fits"),
    ):
        done = home.quick("logs", story, *words, code=2)
        assert said in done.err
        assert done.out == ""
    keys = home.quick("logs", story, "--json").json()
    assert [(one["task"], one["log_bytes"], one["live"]) for one in keys] == [
        ("words", 18, False),
        ("start", 38, False),
        ("task-1", 0, False),
    ]


def test_a_log_that_grows_is_followed_to_its_end(home: Person, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    uid = home.begin("waits.yaml", "-p", f"gate={gate}")
    until(lambda: home.document(uid)["jobs"][0]["phase"] == "running")
    following = home.start("logs", uid, "--follow")
    raw = home.start("logs", uid, "--follow", "--raw")
    for process in (following, raw):
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
    gate.touch()
    assert home.end(following).out == "\ufffdhalf over\n"
    assert home.end(raw).raw == b"\xff\x00half over\n"
    assert home.quick("logs", uid, "--follow").out == "begun\n\ufffdhalf over\n"


def test_what_a_job_prints_never_reaches_the_terminal_raw(home: Person) -> None:
    uid = home.begin("hostile.yaml")
    home.quick("wait", uid, code=1)
    until(lambda: home.document(uid)["jobs"][0].get("first_line"))
    front = home.quick("run", "hostile.yaml", code=1)
    printed = [front, *(home.quick(*words) for words in (("show", uid), ("logs", uid), ("events", uid), ("runs",)))]
    printed += [home.quick(*words, "--json") for words in (("show", uid), ("events", uid), ("runs",), ("logs", uid))]
    for done in printed:
        assert not SAFE.search(done.out), SAFE.search(done.out)
        assert not SAFE.search(done.err)
    assert "clipboard" in home.quick("logs", uid).out
    assert "error: [red]x[/x]" in home.quick("logs", uid).out
    assert home.quick("logs", uid, "--raw").raw.startswith(b"clip\x1b]52;c;ZXZpbA==\x07board ")


def test_a_page_is_matched_to_a_failure_with_the_reason(home: Person, story: str) -> None:
    best = home.quick("runbook", "match", story, "compile@local", "--json").json()[0]
    assert best["id"] == "port-in-use"
    assert best["why"]
    assert "port-in-use" in home.quick("runbook", "match", story, "compile").out
    assert home.quick("runbook", "match", story, "quiet", code=2).err.startswith("onduty: quiet: nothing of that name")


def test_the_record_tells_the_story_as_text_as_markdown_and_as_a_document(home: Person, story: str) -> None:
    text = home.quick("record", story).out
    assert f"{story}: held" in text
    assert "compile@local failed after" in text
    assert "exit 7 in start" in text
    assert "| bind: address already in use" in text
    assert "open ends\n" in text
    marked = home.quick("record", story, "--markdown", "--only", "failures").out
    assert marked.startswith("# story/")
    assert "  - `bind: address already in use`\n" in marked
    assert "started it" not in marked
    whole = home.quick("record", story, "--json", "--only", "all").json()
    events = home.quick("events", story).out.splitlines()
    assert [one["seq"] for one in whole["entries"]] == list(range(1, len(events) + 1))
    assert home.quick("record", story, "--only", "x", code=2).err.startswith("onduty: argument --only")
