"""The record of a run: every event in words, a failure with its first bad line, Markdown with no markup of others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from runners.model.events import PAYLOADS
from runners.model.intents import Shell
from runners.model.plan import Plan
from runners.model.wire import decode, encode, event_from_json
from runners.testing.simulator import Simulator
from tests.screens import scenes
from tests.screens.repair_scenes import incomplete_run
from tests.screens.timeline_scenes import failed_in_rollout, told_run
from tests.unit.test_recorded_logs import LOGS
from tests.unit.test_view_properties import GLYPHS, NASTY, QUICK, RAW, RUNS, check, scene_of
from tests.unit.view_text import texts_of
from tui.screens.record_file import save_record
from tui.view.glyphs import UNICODE, Glyphs
from tui.view.people import people_rows
from tui.view.record import SHOWN, Record, host_lines, open_ends, zone_name
from tui.view.record_rows import RecordRows, matching, text_in, with_hits
from tui.view.record_text import code, document_of, escaped, markdown, plain_lines
from tui.view.record_words import Words
from tui.view.safe_text import own, safe
from tui.view.story import Story


def record_of(sim: Simulator) -> Record:
    record = Record(sim.plan)
    record.add(sim.events)
    return record


def told() -> str:
    sim = told_run()
    return "\n".join(plain_lines(scenes.scene_of(sim), record_of(sim)))


def test_the_story_has_who_did_what_why_and_what_failed_with_its_first_bad_line() -> None:
    text = told()
    assert text.startswith("deploy-api/42: passed\n")
    for line in (
        "  started by   alice",
        "  environment  production",
        "  param        release=2.4.1",
        "  took         5m 39s, 1m 32s of it waiting for people",
        "12:03:05  release@web3 failed after 42s\n                 exit 1 in restart\n"
        "                 runbook port-in-use: log matches 'address already in use', task is restart\n"
        "                 | bind: address already in use (0.0.0.0:8080)",
        "bob noted\n                 the old unit kept the port, pid 20114; stopped it by hand",
        "bob retried release@web3, attempt 2\n                 port is free again",
        "release@web3 is unknown: its host is silent\n                 no word within 15 s",
        "passed after 26.0s, unknown for 22s",
        "the run ended: passed",
        "15 of 15 hosts touched",
        "no open ends",
    ):
        assert line in text, (line, text)


def test_a_shell_is_part_of_the_story_of_the_timeline_and_of_who_is_here() -> None:
    sim = failed_in_rollout()
    sim.ask(Shell(id="s", host="web3"), "eve")
    scene = scenes.scene_of(sim)
    assert "eve opened a shell on web3" in "\n".join(plain_lines(scene, record_of(sim), "people"))
    story = Story(sim.plan)
    story.add(sim.events)
    assert story.marks[-1].text == "eve opened a shell on web3"
    assert "opened a shell on web3" in "\n".join(texts_of(people_rows(scene, 60, UNICODE), 60))


def test_what_each_host_had_last_and_what_is_left_open_is_told() -> None:
    sim = incomplete_run()
    hosts = {one.host: one.word for one in host_lines(sim.state)}
    assert hosts[safe("web3")] == "rollback failed, exit 4 in reactivate, attempt 2"
    assert hosts[safe("edge1")] == "untouched"
    ends = list(open_ends(scenes.scene_of(sim)))
    assert "release@web3 rollback failed: exit 4 in reactivate" in ends
    assert any("announce@lb1: has no rollback" in end for end in ends)
    failed = failed_in_rollout()
    assert any(end.startswith("release@web3 failed: exit 1") for end in open_ends(scenes.scene_of(failed)))


def test_people_failures_and_all_show_what_they_say() -> None:
    record = record_of(told_run())
    assert {one.told.text.split()[0] for one in record.shown("people")} == {"alice", "bob"}
    assert all("passed after" not in one.told.text or "unknown" in one.told.text for one in record.shown("failures"))
    assert len(record.shown("all")) == len(record.entries) > len(record.shown("story")) > len(record.shown("people"))


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log.parent.name}-{log.stem}")
def test_every_recorded_log_can_be_told(log: Path) -> None:
    plan = decode(log.with_suffix(".plan.json").read_bytes(), Plan)
    record = Record(plan)
    events = [event_from_json(line) for line in log.read_bytes().splitlines()]
    record.add(events)
    record.add(events)
    assert [one.seq for one in record.entries] == [event.seq for event in events]
    assert all(one.told.text and not RAW.search(one.told.text) for one in record.entries)


def test_every_event_there_is_has_words_of_its_own() -> None:
    unsaid = set(PAYLOADS)
    for log in LOGS:
        words = Words(decode(log.with_suffix(".plan.json").read_bytes(), Plan))
        for line in log.read_bytes().splitlines():
            event = event_from_json(line)
            if words.tell(event).text != event.type.replace("_", " "):
                unsaid.discard(event.type)
    assert unsaid == set()


# ----- Markdown


HOSTILE = st.one_of(
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "[x](http://evil)",
            "![x](y)",
            "`code`",
            "**bold** __b__ ~~s~~",
            "| a | b |",
            "&lt;&#60;",
            "\\`\\",
            "# no heading",
            "- no list",
            NASTY,
        ]
    ),
    st.text(max_size=30),
)


@QUICK
@given(HOSTILE)
def test_no_text_is_markup_in_the_markdown(text: str) -> None:
    clean = safe(text)
    parser = MarkdownIt("commonmark").enable("table").enable("strikethrough")
    tokens = parser.parse(f"- at {escaped(clean)}\n")
    inline = next(token for token in tokens if token.type == "inline")
    assert {child.type for child in inline.children or ()} <= {"text", "text_special"}
    assert "".join(child.content for child in inline.children or ()) == f"at {clean}".rstrip()
    quoted = parser.parse(f"- {code(clean)}\n")
    kinds = [child for token in quoted if token.type == "inline" for child in token.children or ()]
    if clean.strip():
        assert [child.type for child in kinds] == ["code_inline"]
        assert kinds[0].content.strip() == clean.strip()


def test_the_markdown_is_tables_and_lists_with_the_bad_line_as_code() -> None:
    sim = told_run()
    text = markdown(scenes.scene_of(sim), record_of(sim))
    assert text.startswith("# deploy-api/42: passed\n")
    assert "  - `bind: address already in use (0.0.0.0:8080)`\n" in text
    assert "- 12:06:10 bob retried release@web3, attempt 2\n  - port is free again\n" in text
    rendered = MarkdownIt("commonmark").enable("table").render(text)
    assert rendered.count("<table>") == 2
    assert rendered.count("<h2>") == 3


def test_the_document_has_every_entry_with_times_in_utc() -> None:
    sim = told_run()
    found = json.loads(encode(document_of(scenes.scene_of(sim), record_of(sim), "all")))
    assert [one["seq"] for one in found["entries"]] == list(range(1, len(sim.events) + 1))
    assert found["entries"][0] == {
        "seq": 1, "at": "2026-11-21T12:01:35.000Z", "actor": "alice", "type": "run_created", "kind": "people",
        "text": "alice started it", "more": [], "lines": [],
    }  # fmt: skip
    assert found["waited_for_people_s"] == 92.0
    assert found["open_ends"] == []


def test_a_saved_record_is_never_written_over(tmp_path: Path) -> None:
    first, second = (save_record(tmp_path, "deploy-api/42", text) for text in ("one\n", "two\n"))
    assert (first.name, second.name) == ("deploy-api-42-record.md", "deploy-api-42-record-2.md")
    assert (first.read_text(), second.read_text()) == ("one\n", "two\n")
    assert save_record(tmp_path, "../../\x1b[2J", "x").parent == tmp_path


def test_the_zone_of_the_times_is_named() -> None:
    from datetime import UTC, timedelta, timezone

    assert zone_name(0.0, UTC) == "UTC"
    assert zone_name(0.0, timezone(timedelta(hours=5, minutes=30))) == "UTC+05:30"


# ----- rows


@QUICK
@given(RUNS, st.integers(10, 200), GLYPHS, st.sampled_from([*SHOWN]), st.booleans())
def test_the_rows_of_a_record_fit_any_run_and_any_width(
    sim: Simulator, width: int, glyphs: Glyphs, what: str, nasty_holds: bool
) -> None:
    scene = scene_of(sim, "", nasty_holds=nasty_holds, stale=False)
    record = record_of(sim)
    rows = RecordRows(width, glyphs).rows(scene, record, what)
    check(rows, width, glyphs, (0, 0))
    for query in ("alice", "e", "\u4f60"):
        check([with_hits(rows[at], query) for at in matching(rows, query)], width, glyphs, (0, 0))
    assert all(not RAW.search(line) for line in plain_lines(scene, record, what))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", markdown(scene, record, what))


def test_rows_of_an_entry_are_made_again_when_its_page_comes() -> None:
    sim = failed_in_rollout()
    at = next(number for number, event in enumerate(sim.events) if event.type == "runbook_linked")
    record, rows = Record(sim.plan), RecordRows(100, UNICODE)
    record.add(sim.events[:at])
    scene = scenes.scene_of(sim)
    before = [text_in(row) for row in rows.rows(scene, record, "failures")]
    record.add(sim.events)
    after = [text_in(row) for row in rows.rows(scene, record, "failures")]
    assert "bind: address" not in " ".join(before)
    assert "          ▸ bind: address already in use (0.0.0.0:8080)" in after


def test_a_find_marks_each_match_and_nothing_else() -> None:
    sim = told_run()
    rows = RecordRows(100, UNICODE).rows(scenes.scene_of(sim), record_of(sim), "story")
    found = matching(rows, "WEB3")
    assert found
    for at in found:
        marked = [span.text for span in with_hits(rows[at], "WEB3").left if span.reverse]
        assert {text.lower() for text in marked} == {"web3"}
        assert text_in(with_hits(rows[at], "WEB3")) == text_in(rows[at])
    assert matching(rows, "") == []
    assert own("") == ""
