"""The details of what is selected: a job run with every attempt, a stage with its jobs, the run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runners.core.index import index_of
from runners.testing.simulator import Simulator
from tests.screens import scenes
from tests.screens.scenes import rollout
from tests.screens.timeline_scenes import failed_in_rollout, told_run
from tests.unit.test_view_properties import GLYPHS, PLAN, QUICK, RUNS, SELECTED, check, scene_of
from tests.unit.view_text import texts_of
from tui.view.details import Detail, details, details_title
from tui.view.details_rows import detail_rows
from tui.view.glyphs import UNICODE, Glyphs


def text_of(sim: Simulator, selected: str, width: int = 100) -> str:
    return "\n".join(texts_of(detail_rows(details(scenes.scene_of(sim, selected), selected), width, UNICODE)[0], width))


def test_a_job_run_has_every_attempt_with_its_tasks_keys_and_what_a_person_did() -> None:
    text = text_of(told_run(), rollout("web3"))
    for line in (
        "done          retried by bob, 12:06:10",
        "attempt 2  12:06:10, took 46s ──",
        "attempt 1  12:02:23, took 42s ──",
        "restart       run, failed, exit 1, 12:02:59, took 6.2s",
        "  key         01JD0000000000000000000042.3.1.4",
        "address       deploy@10.0.0.13",
        "run  deploy-api/42 ──",
        "param         release=2.4.1",
        "definition    sha256:000",
    ):
        assert line in text, (line, text)
    assert text.index("attempt 2") < text.index("attempt 1")


def test_a_signal_and_an_exit_code_that_stands_for_one_are_said_in_words() -> None:
    sim = Simulator(PLAN, now_utc=scenes.START_UTC)
    name = next(iter(index_of(PLAN).places))
    scenes.finish(sim, name, 1.0, 137)
    assert "exit 137: as a shell says it of KILL, killed, often for lack of memory" in text_of(sim, name, 140)


def test_a_stage_has_its_counts_and_every_job_run() -> None:
    sim = failed_in_rollout()
    text = text_of(sim, "rollout")
    assert "job runs       11: 3 passed, 1 failed, 2 running, 5 queued" in text
    assert "release@web3   failed, exit 1, 12:02:23, took 42s" in text
    scene = scenes.scene_of(sim)
    assert details_title(scene, "rollout") == ("rollout", "stage")
    assert details_title(scene, "after/purge-cache") == ("after/purge-cache", "job")
    assert details_title(scene, rollout("web3")) == (rollout("web3"), "job run")
    assert details_title(scene, "") == ("deploy-api/42", "run")


@QUICK
@given(RUNS, st.integers(10, 200), GLYPHS, SELECTED, st.booleans())
def test_details_fit_any_run_and_any_width(
    sim: Simulator, width: int, glyphs: Glyphs, selected: str, nasty_holds: bool
) -> None:
    found: tuple[Detail, ...] = details(scene_of(sim, selected, nasty_holds=nasty_holds, stale=False), selected)
    rows, starts = detail_rows(found, width, glyphs)
    check(rows, width, glyphs, (0, 0))
    assert len(starts) == len(found)
    assert starts == sorted(set(starts))
    assert starts[-1] < len(rows)
