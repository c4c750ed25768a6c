"""Whatever a run has come to and however small the terminal is: rows of exact width, no exception, no raw text."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runbooks.library import load_built_in
from runners.core.admit import Refused
from runners.core.index import index_of
from runners.core.preview import preview
from runners.model.api import HoldDocument, RunStatus
from runners.model.intents import Cancel, Note, Pause, Retry, Rollback, Shell, Skip
from runners.model.news import AdviceGiven
from runners.model.phases import LIVE, FailureKind, Result
from runners.testing.builders import job, plan_of, stage, task
from runners.testing.simulator import Simulator
from tests.depth import examples
from tests.screens import scenes
from tests.unit.view_text import text_of
from tui.view.board import board_rows
from tui.view.board_headline import board_headline
from tui.view.dialog import dialog_rows
from tui.view.dialog_fields import Form, Word
from tui.view.facts import is_due
from tui.view.glyphs import ASCII, JOB_PHASES, UNICODE, Glyphs
from tui.view.headline import run_headline
from tui.view.help_rows import help_rows
from tui.view.host_pane import host_rows
from tui.view.job_tree import job_tree
from tui.view.key_bar import key_bar
from tui.view.layout import run_layout
from tui.view.narrow import first_error_rows, first_error_title, runbook_hint, tab_bar, tiny_rows
from tui.view.palette import palette_rows
from tui.view.people import people_rows
from tui.view.rows import Row, lay_out
from tui.view.runbook_page import outline_rows, page_rows, page_title
from tui.view.runbook_pane import runbook_rows
from tui.view.scene import BoardScene, Here, RunScene
from tui.view.strip import strip_row
from tui.view.toasts import toast_rows
from tui.view.top_bar import board_bar, run_bar
from tui.view.troubles import controller_rows
from tui.view.why import why_rows

PAGE = load_built_in().pages["port-in-use"]
TODAY = datetime.date(2027, 1, 12)
NASTY = "\x1b]0;gone\x07 \x1b[31mred\u202e \U0001f525\u4f60\u597d\x00" + "long" * 40
RAW = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
PLAN = plan_of(
    stage("first", job("canary", "web1", (task("go", timeout_s=5.0), task("once", repeatable=False)), attempts=3)),
    stage(
        "second",
        job(
            "release",
            "web1 web2 a-host-with-a-very-long-name.of.a.domain.example.com local",
            "fetch restart",
            verify="smoke",
            closing="tidy",
            rollback="activate",
        ),
        job("purge", "edge1 edge2", on_failure="continue"),
        job("report", "local", needs="release purge", on_failure="stop"),
    ),
    environment="production",
)

ACTS = ("ready", "finish", "fail", "timeout", "lose", "vanish", "give_up", "retry", "skip", "cancel", "cancel_all",
        "step", "advise", "time", "roll_back", "pause", "pause_now", "resume", "note",
        "shell")  # fmt: skip


def play(acts: Iterable[tuple[str, int]]) -> Simulator:
    """A run after these acts; those that are not possible then are left out."""
    sim = Simulator(PLAN, now_utc=scenes.START_UTC)
    names = list(index_of(PLAN).places)
    for act, number in acts:
        name = names[number % len(names)]
        try:
            _act(sim, act, name)
        except (Refused, AssertionError, KeyError, StopIteration):
            continue
    return sim


def _act(sim: Simulator, act: str, name: str) -> None:
    live = [id_ for id_ in index_of(PLAN).places if sim.phase(id_) in LIVE] or [name]
    here = live[len(name) % len(live)] if name not in live else name
    steps: dict[str, Callable[[], object]] = {
        "ready": sim.ready,
        "finish": lambda: sim.finish(here),
        "fail": lambda: sim.finish(here, 143),
        "timeout": lambda: sim.finish(here, result=Result.TIMEOUT),
        "lose": lambda: sim.lose(here, NASTY),
        "vanish": lambda: sim.vanish(here, NASTY),
        "give_up": lambda: sim.give_up(next(iter(sim.prepares)), FailureKind.HOST_KEY, NASTY),
        "retry": lambda: sim.retry(name, by=NASTY[:9], not_running=True),
        "skip": lambda: sim.skip(name, reason=NASTY, not_running=True),
        "cancel": lambda: sim.cancel(name, by="bob"),
        "cancel_all": lambda: sim.cancel(),
        "step": lambda: sim.cancel_step(here, "survivors", NASTY),
        "advise": lambda: _advise(sim),
        "time": lambda: sim.advance(977.0),
        "roll_back": lambda: sim.rollback(by="bob", reason=NASTY, not_running=True),
        "pause": lambda: sim.pause(by="bob", reason=NASTY),
        "pause_now": lambda: sim.pause(by="bob", now=True),
        "resume": sim.resume,
        "note": lambda: sim.ask(Note(id=sim.intent_id(), text=NASTY)),
        "shell": lambda: sim.ask(Shell(id=sim.intent_id(), host=name.partition("@")[2]), NASTY[:9]),
    }
    steps[act]()


def _advise(sim: Simulator) -> None:
    effect = sim.advices.pop(next(iter(sim.advices)))
    sim.tell(AdviceGiven(job_run=effect.job_run, attempt=effect.attempt, page="port-in-use", section=None, score=0.9,
                         why=NASTY, first_line=NASTY, task=effect.task, line=4))  # fmt: skip


RUNS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 7)), max_size=25).map(play)
SIZES = st.tuples(st.integers(20, 250), st.integers(6, 70))
GLYPHS = st.sampled_from([UNICODE, ASCII])
SELECTED = st.sampled_from(
    ["", "first", "second", "second/release", "second/release@waiting", "nothing", *index_of(PLAN).places]
)
QUICK = settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def scene_of(sim: Simulator, selected: str, *, nasty_holds: bool, stale: bool) -> RunScene:
    status = scenes.host_status("web1", "silent", text=NASTY, last_heard_s=7.0, fingerprint=NASTY)
    scene = scenes.scene_of(sim, selected, hosts=(status,), watchers=("alice", NASTY), stale_s=9.0 if stale else None)
    if not nasty_holds:
        return scene
    kinds = ("host_key", "host", "needs", "brand new", "stage", "failed", "cancel", "paused", "rollback")
    holds = tuple(
        HoldDocument(kind=kind, what=what, text=NASTY, since="not a time")
        for kind, what in zip(kinds, ["second", "second/release", *index_of(PLAN).places], strict=False)
    )
    return replace(scene, holds=holds)


def check(rows: Iterable[Row], width: int, glyphs: Glyphs, margins: tuple[int, int] = (1, 1)) -> None:
    for row in rows:
        text = text_of(row, width, margins, glyphs)
        assert not RAW.search(text), repr(text)


@QUICK
@given(RUNS, SIZES, GLYPHS, SELECTED, st.booleans(), st.booleans())
def test_every_part_of_the_run_screen_fits_any_run_and_any_size(
    sim: Simulator, size: tuple[int, int], glyphs: Glyphs, selected: str, nasty_holds: bool, stale: bool
) -> None:
    width, height = size
    scene = scene_of(sim, selected, nasty_holds=nasty_holds, stale=stale)
    check(
        [
            run_bar(scene, width, height, glyphs),
            run_headline(scene, glyphs),
            strip_row(scene, width - 4, glyphs, with_host=True),
        ],
        width,
        glyphs,
    )
    check([key_bar("run", {"retry": NASTY}, width, glyphs)], width, glyphs)
    layout = run_layout(width, height)
    pane = layout.pane("jobs") or layout.panes[0]
    wide = pane.content.width
    for narrow in (False, True):
        tree = job_tree(scene, wide, glyphs, narrow=narrow)
        assert len(tree.rows) == len(tree.items)
        check(tree.rows, wide, glyphs, (0, 0))
    check(why_rows(scene, wide, glyphs), wide, glyphs, (0, 0))
    check(runbook_rows(scene, PAGE, TODAY, wide, glyphs), wide, glyphs, (0, 0))
    check(host_rows(scene, wide, glyphs), wide, glyphs, (0, 0))
    check(people_rows(scene, wide, glyphs), wide, glyphs, (0, 0))
    check(page_rows(scene, PAGE, 4, wide, glyphs), wide, glyphs, (0, 0))
    check([page_title(scene, PAGE, glyphs), first_error_title(scene, glyphs)], wide, glyphs, (0, 0))
    check(first_error_rows(scene, wide, glyphs), wide, glyphs, (0, 0))
    check([runbook_hint(scene, wide, glyphs)], wide, glyphs, (0, 0))
    check(tiny_rows(scene, wide, glyphs), wide, glyphs, (0, 0))


@QUICK
@given(RUNS, st.integers(26, 60), GLYPHS)
def test_the_word_of_a_state_is_never_cut_in_the_tree(sim: Simulator, width: int, glyphs: Glyphs) -> None:
    scene = scenes.scene_of(sim)
    tree = job_tree(scene, width, glyphs)
    runs = {run.id: run for stage_ in sim.state.stages for job_ in stage_.jobs for run in job_.runs}
    for row, item in zip(tree.rows, tree.items, strict=True):
        if item is None or item.id not in runs:
            continue
        run = runs[item.id]
        text = "".join(span.text for span in lay_out(row, width, glyphs))
        match run.phase.value:
            case _ if is_due(sim.state, run):
                assert "to roll back" in text
            case "unknown" | "succeeded" | "cancelling" | "cancelled" | "skipped" | "rolled_back" | "rollback_failed":
                assert JOB_PHASES[run.phase.value].word in text
            case "failed" if run.exit_code is not None:
                assert f"exit {run.exit_code}" in text
            case "timed_out":
                assert "timed out" in text


@QUICK
@given(RUNS, SIZES, GLYPHS, st.sampled_from(["retry", "skip", "cancel", "rollback", "pause"]), SELECTED,
       st.text(max_size=300), st.sampled_from(["no", "confirm", "scope", "not_running", "reason", "name"]),
       st.booleans(), st.integers(0, 99))  # fmt: skip
def test_a_dialog_fits_any_size_and_shows_its_buttons(
    sim: Simulator, size: tuple[int, int], glyphs: Glyphs, verb: str, selected: str, reason: str, focus: str, box: bool,
    scroll: int,
) -> None:  # fmt: skip
    width, height = size
    targets = (selected,) if "@" in selected else ()
    intents = {"retry": Retry(id="i", targets=targets), "skip": Skip(id="i", targets=targets),
               "cancel": Cancel(id="i", targets=targets), "rollback": Rollback(id="i", later=(NASTY,)),
               "pause": Pause(id="i")}  # fmt: skip
    form = Form(
        focus=focus,
        scopes=(NASTY, reason),
        words=(Word("not_running", NASTY, "v"),),
        reason=reason,
        reason_cursor=len(reason) // 2,
        typed=reason[:4],
        name_wanted="deploy-api/42" if not targets else None,
    )
    found = dialog_rows(
        preview(sim.state, intents[verb], sim.now_utc),
        form,
        environment="production",
        width=width,
        glyphs=glyphs,
        themed_box=box,
        height=height,
        scroll=scroll,
        address=NASTY,
    )
    assert len(found.rows) <= height
    check(found.rows, width, glyphs, (0, 0))
    assert all(0 < button.row < len(found.rows) for button in found.buttons)


@QUICK
@given(st.lists(RUNS, max_size=4), SIZES, GLYPHS, st.booleans())
def test_the_board_fits_any_runs_and_any_size(
    sims: list[Simulator], size: tuple[int, int], glyphs: Glyphs, loaded: bool
) -> None:
    width, _ = size
    summaries = tuple(
        scenes.summary_of(sim, f"u{number}", f"{'p' * number}-deploy/{number}", by=NASTY, what=NASTY, first_line=NASTY)
        for number, sim in enumerate(sims, 1)
    )
    hold = HoldDocument(kind="host_key", what="x", text=NASTY, since=None)
    scene = BoardScene(
        here=Here(now_utc=scenes.START_UTC + 5000, user=NASTY, lag_s=3.0),
        summaries=summaries,
        statuses={"u1": RunStatus(uid="u1", holds=(hold,))},
        loaded=loaded,
    )
    board = board_rows(scene, width, glyphs)
    assert len(board.rows) == len(board.items)
    assert set(board.order()) == {run.uid for run in summaries}
    check(board.rows, width, glyphs)
    check([board_headline(scene, glyphs), board_bar(scene, width, glyphs)], width, glyphs)


@QUICK
@given(st.integers(1, 250), GLYPHS, st.text(max_size=80), st.integers(0, 7))
def test_what_stands_on_top_fits_any_width(width: int, glyphs: Glyphs, text: str, number: int) -> None:
    check(help_rows("run", "log", {"retry": text}, width, glyphs), width, glyphs, (0, 0))
    check(palette_rows(text[:3], {"skip": text}, number, width, glyphs)[0], width, glyphs, (0, 0))
    check(toast_rows("failed", text, width, glyphs), width, glyphs)
    check(controller_rows(Here(now_utc=0.0, stale_s=5.0), text, width, glyphs), width, glyphs, (0, 0))
    check(outline_rows(PAGE, number, width, glyphs, today=TODAY), width, glyphs, (0, 0))
    check([tab_bar(("jobs", "log"), "log", width, glyphs)], width, glyphs)
