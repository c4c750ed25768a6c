"""The timeline: where bars begin and end, what a wait says, what happened below, and that anything fits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.model.events import SYSTEM_ACTOR, Event, TimeGap
from runners.model.intents import Note
from runners.model.wire import event_from_json
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.screens import scenes
from tests.screens.repair_scenes import rolled_back_run
from tests.screens.scenes import rollout
from tests.screens.timeline_scenes import failed_in_rollout, told_run
from tests.unit.test_recorded_logs import LOGS, folded
from tests.unit.test_view_properties import GLYPHS, QUICK, RUNS, SELECTED, SIZES, check, scene_of
from tests.unit.view_text import text_of, texts_of
from tui.view.glyphs import UNICODE
from tui.view.layout import timeline_layout
from tui.view.rows import Span
from tui.view.safe_text import own
from tui.view.scene import Here, RunScene
from tui.view.story import Mark, Story
from tui.view.timeline import (
    Timeline,
    axis_row,
    bar_rows,
    happened,
    listed_rows,
    now_row,
    start_info,
    timeline_strip,
    tree_rows,
)
from tui.view.timeline_bars import Stretch, bar_spans, right_of
from tui.view.timeline_path import longest_path, path_names
from tui.view.timeline_scale import Scale, Zoom, scale_of
from tui.view.timeline_tree import name_spans, timeline_lines, tree_of


def story_of(sim: Simulator) -> Story:
    story = Story(sim.plan)
    story.add(sim.events)
    return story


def timeline_of(sim: Simulator, selected: str = "", *, width: int = 86, room: int = 40, zoom: Zoom | None = None,
                names: int = 0) -> Timeline:  # fmt: skip
    scene = scenes.scene_of(sim, selected)
    lines = timeline_lines(scene, room)
    return Timeline(scene=scene, story=story_of(sim), lines=lines, zoom=zoom or Zoom(), width=width, names=names)


def rows_of(line: Timeline, height: int = 0) -> dict[str, str]:
    """The bars by the name of their row; names that come twice keep the first."""
    bars = texts_of(bar_rows(line, height, UNICODE), line.width)
    found: dict[str, str] = {}
    for one, text in zip(names_of(line), bars, strict=False):
        if one:
            found.setdefault(one, text)
    return found


def names_of(line: Timeline) -> list[str]:
    """Of each row: its name without the sign, the attempt and the count behind it."""
    found = []
    for one in line.lines:
        spans = name_spans(line.scene, one, 80, UNICODE)
        found.append(spans[3].text if len(spans) > 3 and not spans[0].text.strip() else spans[2].text if spans else "")
    return found


# ----- what is shown


def test_a_failed_attempt_ends_in_its_sign_and_how_and_opens_its_tasks() -> None:
    found = rows_of(timeline_of(failed_in_rollout(), rollout("web3")))
    assert "━✗ exit 1 ╌" in found["web3"]
    assert found["web3"].endswith("42s")
    assert found["restart"].rstrip().endswith("6.2s")
    assert "━✗" in found["restart"]
    assert {"drain", "backup", "fetch"} <= {*found}


def test_only_the_selected_job_run_shows_its_tasks() -> None:
    assert "restart" not in rows_of(timeline_of(failed_in_rollout(), rollout("web2")[:-1]))


def test_what_runs_is_drawn_up_to_the_now_line_and_nothing_behind_it() -> None:
    line = timeline_of(failed_in_rollout())
    found = rows_of(line)
    assert "╍╎" in found["web6"]
    x = found["web6"].index("╎")
    assert text_of(now_row(line), line.width).index("now") == x - 1
    assert all(text[x] in "╎━✗" or not text.strip() for text in found.values())


def test_what_waits_says_for_what_behind_the_now_line() -> None:
    found = rows_of(timeline_of(failed_in_rollout()))
    assert found["after"].split("╎")[1].split() == ["╌╌╌", "needs", "rollout"]
    assert "needs purge-cache" in found["report"]


def test_the_wait_for_a_person_names_who_ended_it_and_after_how_long() -> None:
    found = rows_of(timeline_of(told_run(), width=120))
    assert "✗ exit 1" in found["web3"]
    assert "╌ bob after 3m 05s ╌" in found["web3"]
    assert found["web3"].count("━") > 4


def test_a_silent_host_leaves_a_gap_in_the_bar_in_the_colour_of_the_unknown() -> None:
    sim = told_run()
    line = timeline_of(sim, width=120)
    row = bar_rows(line, 0, UNICODE)[names_of(line).index("web3")]
    gap = next(span for span in row.left if span.token == "unk")
    assert set(gap.text) <= {"╌"} or "unknown" in gap.text


def test_hosts_that_wait_for_the_same_are_one_row_and_passed_ones_only_where_room_is_short() -> None:
    sim = failed_in_rollout()
    many = names_of(timeline_of(sim, room=40))
    few = names_of(timeline_of(sim, room=10))
    assert "web8 ⋯ web12" in many
    assert {"web2", "web4", "web5"} <= {*many}
    assert "web2 web4 web5" in few


def test_events_stand_at_their_time_people_first_and_a_second_row_takes_what_would_touch() -> None:
    line = timeline_of(told_run())
    rows, hidden = happened(line, 2, UNICODE)
    first, second = texts_of(rows, line.width)
    assert first.startswith("╎ alice started")
    assert "╎ web3 failed" in first
    assert "╎ bob: the old" in first
    assert "╎ web3 unknown" in first
    assert "╎ bob retried web3" in second
    assert hidden >= 0
    at = next(mark.at for mark in line.story.marks if mark.text == "bob retried web3")
    assert second.index("╎ bob retried web3") == line.scale.x(at)


def test_the_strip_tells_the_longest_path_and_how_long_people_were_waited_for() -> None:
    strip = text_of(timeline_strip(timeline_of(told_run())), 118)
    assert "longest path canary, web3, " in strip
    assert ", report" in strip
    assert "stood still for people 1m 32s" in strip
    assert "usual" not in strip
    assert "usual run 4m 50s" in text_of(timeline_strip(timeline_of(told_run()), 290.0), 118)


def test_a_time_without_a_controller_is_marked() -> None:
    story = Story(plan_of(stage("one", job("a"))))
    sim = Simulator(plan_of(stage("one", job("a"))), now_utc=scenes.START_UTC)
    gap = TimeGap(from_utc=scenes.START_UTC + 5, to_utc=scenes.START_UTC + 95, why="restarted")
    event = replace_event(sim, gap)
    story.add([*sim.events, event])
    assert [mark.text for mark in story.marks] == ["alice started", "no controller for 1m 30s"]


def replace_event(sim: Simulator, payload: TimeGap) -> Event:
    import msgspec

    last = sim.events[-1]
    return msgspec.structs.replace(last, seq=last.seq + 1, actor=SYSTEM_ACTOR, payload=payload)


def test_events_that_come_twice_change_nothing() -> None:
    sim = told_run()
    story = story_of(sim)
    before = len(story.marks), {name: list(waits) for name, waits in story.waits.items()}
    story.add(sim.events)
    assert (len(story.marks), {name: list(waits) for name, waits in story.waits.items()}) == before


def test_each_attempt_is_a_bar_of_its_own() -> None:
    sim = Simulator(plan_of(stage("one", job("a", attempts=3, delay_s=10.0))), now_utc=scenes.START_UTC)
    for code in (1, 1, 0):
        sim.ready("a@web1")
        sim.started("a@web1")
        sim.now_utc += 20
        sim.finish("a@web1", code)
        if code:
            sim.advance(20.0)
    found = rows_of(timeline_of(sim))
    assert found["web1"].count("✗") == 2
    assert found["web1"].count("━✗") == 2


def test_a_rollback_is_a_bar_in_its_own_colour_and_no_stage_goes_on_after_the_run() -> None:
    line = timeline_of(rolled_back_run())
    rows = bar_rows(line, 0, UNICODE)
    web1 = rows[names_of(line).index("web1")]
    assert [span.token for span in web1.left if "━" in span.text] == ["ok", "back"]
    assert rows_of(line)["rollout"].endswith("42s")
    assert "longest path before, " not in text_of(timeline_strip(line), 118)


def test_a_task_nobody_knows_the_end_of_has_no_time_and_its_job_run_says_for_how_long() -> None:
    found = rows_of(timeline_of(scenes.unknown_run(), rollout("web6"), width=110))
    assert "unknown 46s" in found["web6"]
    assert not found["restart"].rstrip("╎ ").endswith("s")


def test_what_waits_for_a_person_is_marked_as_such() -> None:
    scene = scenes.host_key_scene()
    found = timeline_lines(scene, 40)
    line = next(one for one in found if one.kind == "run")
    assert right_of(scene, line, ()) == Span(own("trust its key"), "warn")


# ----- scale and zoom


def test_the_scale_of_a_live_run_stands_still_while_it_grows() -> None:
    scales = [scale_of(1000.0, 1000.0 + took, live=True, cells=60) for took in (62.0, 70.0, 85.0)]
    assert len({(scale.start, scale.span_s) for scale in scales}) == 1
    assert scale_of(1000.0, 1100.0, live=False, cells=60).span_s == 100.0


def test_the_axis_has_labels_at_round_times() -> None:
    axis = text_of(axis_row(timeline_of(failed_in_rollout())), 86)
    assert axis.split() == ["0", "30s", "1m", "1m", "30s", "2m", "2m", "30s", "took"]


def test_zooming_goes_around_what_is_selected_and_back_to_the_whole() -> None:
    scale = scale_of(1000.0, 1400.0, live=False, cells=60)
    zoom = Zoom().closer(scale, 1300.0)
    closer = scale_of(1000.0, 1400.0, live=False, cells=60, zoom=zoom)
    assert (closer.start, closer.end) == (1200.0, 1400.0)
    assert zoom.moved(closer, -0.5).from_s == 100.0
    assert zoom.moved(closer, 9.0).from_s == 200.0
    assert zoom.moved(closer, -9.0).from_s == 0.0
    assert zoom.wider(closer, 1300.0) == Zoom()


@QUICK
@given(
    st.floats(1.0, 1e6),
    st.booleans(),
    st.integers(1, 200),
    st.integers(0, 8),
    st.floats(0.0, 1e6),
    st.lists(st.floats(0.0, 1.0), min_size=2, max_size=9),
)
def test_later_is_never_further_left_and_the_run_fits(
    took_s: float, live: bool, cells: int, level: int, from_s: float, shares: list[float]
) -> None:
    scale = scale_of(1e9, 1e9 + took_s, live=live, cells=cells, zoom=Zoom(level, from_s))
    moments = sorted(1e9 + share * took_s for share in shares)
    columns = [scale.x(at) for at in moments]
    assert columns == sorted(columns)
    assert scale.start >= 1e9
    assert scale.end <= 1e9 + scale.whole_s + 1e-3
    if not level:
        assert all(0 <= x <= cells for x in columns)
    ticks = list(scale.ticks())
    assert [x for x, _ in ticks] == sorted({x for x, _ in ticks})
    assert all(0 <= x <= cells for x, _ in ticks)


BARS = st.lists(
    st.tuples(st.floats(0, 50), st.floats(0, 50), st.booleans(), st.sampled_from(["ok", "fail", "back"])), max_size=8
)


@QUICK
@given(BARS, st.integers(24, 120), st.floats(1.0, 100.0))
def test_bars_keep_their_order_are_a_cell_at_least_and_never_draw_over_another(
    drawn: list[tuple[float, float, bool, str]], width: int, now_s: float
) -> None:
    at, found = 0.0, []
    for gap, took, bad, token in drawn:
        found.append(Stretch(start=at + gap, end=at + gap + took, kind="done", token=token, bad=bad, words=own("no")))
        at = found[-1].end
    scale = Scale(0.0, 0.0, max(1.0, at), max(1.0, at), width - 10)
    spans = bar_spans(found, scale, width, Span(own("9s"), "muted"), now_s, UNICODE)
    text = "".join(span.text for span in spans)
    assert len(text) == width
    assert text.endswith("9s")
    firsts = [scale.x(one.start) for one in found]
    assert firsts == sorted(firsts)
    assert {span.token for span in spans if "━" in span.text} == {one.token for one in found}
    assert not found or not found[-1].bad or "✗" in text


# ----- the longest path


def test_the_longest_path_goes_through_needs_and_stages() -> None:
    plan = plan_of(stage("one", job("a"), job("b", "web2"), job("c", needs="a")), stage("two", job("d")))
    sim = Simulator(plan, now_utc=scenes.START_UTC)
    scenes.finish(sim, "b@web2", 2.0)
    scenes.finish(sim, "a@web1", 8.0)
    scenes.finish(sim, "c@web1", 5.0)
    scenes.finish(sim, "d@web1", 1.0)
    assert path_names(sim.state, longest_path(sim.state)) == ("a", "c", "two")


def test_without_anything_that_ran_there_is_no_path() -> None:
    sim = Simulator(plan_of(stage("one", job("a"))), now_utc=scenes.START_UTC)
    assert longest_path(sim.state) == ()


# ----- anything fits


@QUICK
@given(RUNS, SIZES, GLYPHS, SELECTED, st.booleans(), st.integers(0, 5), st.floats(0.0, 3000.0))
def test_every_part_of_the_timeline_fits_any_run_and_any_size(
    sim: Simulator,
    size: tuple[int, int],
    glyphs: object,
    selected: str,
    nasty_holds: bool,
    level: int,
    from_s: float,
) -> None:
    from tui.view.glyphs import Glyphs

    assert isinstance(glyphs, Glyphs)
    width, height = size
    scene = replace(scene_of(sim, selected, nasty_holds=nasty_holds, stale=False), folded=frozenset({"first"}))
    layout = timeline_layout(width, height)
    areas = layout.areas
    assert sum(area.width * area.height for area in areas) == width * height
    for names in (0, 18):
        lines = timeline_lines(scene, height)
        wide = max(24, width - 34)
        line = Timeline(
            scene=scene, story=story_of(sim), lines=lines, zoom=Zoom(level, from_s), width=wide, names=names
        )
        rows = bar_rows(line, height, glyphs)
        assert len(rows) >= len(lines) == len(tree_of(lines).items)
        check(rows, wide, glyphs, (0, 0))
        check([axis_row(line), now_row(line), timeline_strip(line)], wide, glyphs, (0, 0))
        check(happened(line, 2, glyphs)[0], wide, glyphs, (0, 0))
        check(tree_rows(line, 28, glyphs), 28, glyphs, (0, 0))
        check(listed_rows(line, wide, glyphs), wide, glyphs, (0, 0))
        assert start_info(line).text


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log.parent.name}-{log.stem}")
def test_every_recorded_log_has_a_timeline(log: Path) -> None:
    state = folded(log)
    story = Story(state.plan)
    story.add(event_from_json(line) for line in log.read_bytes().splitlines())
    scene = RunScene(here=Here(now_utc=(state.ended_at or state.last_event_at) + 5), state=state)
    line = Timeline(scene=scene, story=story, lines=timeline_lines(scene, 40), zoom=Zoom(), width=86)
    check(bar_rows(line, 0, UNICODE), 86, UNICODE, (0, 0))
    check(happened(line, 2, UNICODE)[0], 86, UNICODE, (0, 0))
    assert story.marks
    assert all(wait.end is not None for waits in story.waits.values() for wait in waits) or state.ended_at is None


def test_a_note_from_after_the_end_stands_at_the_edge_of_the_whole_run_and_of_no_earlier_part() -> None:
    sim = told_run()
    sim.ask(Note(id="late", text="written up"), "carol")
    line = timeline_of(sim)
    rows = texts_of(happened(line, 2, UNICODE)[0], line.width)
    assert any(row.endswith("carol: written up ╎") for row in (row.rstrip() for row in rows)) or "carol" in "".join(
        rows
    )
    early = timeline_of(sim, zoom=Zoom(2, 0.0))
    assert "carol" not in "".join(texts_of(happened(early, 2, UNICODE)[0], early.width))


def test_thousands_of_events_cost_what_has_a_place() -> None:
    sim = failed_in_rollout()
    line = timeline_of(sim)
    for number in range(5000):
        line.story.marks.append(Mark(at=scenes.START_UTC + number % 100, text=own(f"web{number} failed"), rank=1))
    _, hidden = happened(line, 2, UNICODE)
    assert 4900 < hidden < 5010


def test_five_hundred_job_runs_are_as_many_rows_as_there_is_something_to_tell() -> None:
    hosts = " ".join(f"web{number}" for number in range(500))
    sim = Simulator(plan_of(stage("all", job("release", hosts))), now_utc=scenes.START_UTC)
    sim.ready(*sim.prepares)
    for run in list(sim.starts):
        sim.started(sim.starts[run].job_run)
    sim.now_utc += 5
    running = [one.job_run for one in sim.starts.values()]
    for name in running[1:]:
        sim.finish(name)
    sim.finish(running[0], 1)
    line = timeline_of(sim, room=30)
    assert len(line.lines) < 12
    assert [one.kind for one in line.lines][:2] == ["stage", "run"]
