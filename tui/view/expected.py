"""What is expected of a run by what earlier ones took: how long it still goes on, and how long it usually takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runners.core.usual import is_long, left_s
from runners.model.phases import RUN_ENDED, Phase, RunPhase, StagePhase
from tui.view.durations import duration
from tui.view.rows import Span
from tui.view.safe_text import SafeText, own

if TYPE_CHECKING:
    from runners.model import api
    from runners.model.state import StageState
    from tui.view.facts import Place
    from tui.view.scene import RunScene

_SOON_S = 5.0
_STEPS_S = ((60.0, 5.0), (600.0, 10.0), (float("inf"), 60.0))
"""Up to how many seconds, and in which steps they are told: nobody knows it better."""


def left_words(scene: RunScene) -> SafeText:
    """``About 1m 20s left.``; empty where that is not known, or the news is old."""
    if scene.here.stale_s is not None:
        return own("")
    seconds = left_s(scene.state, scene.usual, scene.here.now_utc)
    if seconds is None or seconds < _SOON_S:
        return own("")
    step_s = next(step for most, step in _STEPS_S if seconds <= most)
    return own(f"About {duration(-(-seconds // step_s) * step_s)} left.")


def usual_job(scene: RunScene, member: Place) -> api.UsualJob | None:
    """How long an attempt like the current one usually takes; None where there is none, or that is not known."""
    attempt = member.run.current
    if attempt is None or attempt.started_at is None:
        return None
    whole = not attempt.rollback and attempt.from_task == 1 and not attempt.only_task
    return scene.usual.jobs.get(member.job.id) if whole else None


def job_spans(scene: RunScene, member: Place) -> tuple[Span, ...]:
    """`` of ~2m 30s``, for behind the time of an attempt that goes on; in the colour of a warning where it is long."""
    usual, attempt = usual_job(scene, member), member.run.current
    if member.run.phase is not Phase.RUNNING or usual is None or attempt is None or attempt.started_at is None:
        return ()
    return _of(usual.usual_s, is_late=is_long(scene.here.now_utc - attempt.started_at, usual))


def stage_spans(scene: RunScene, stage: StageState) -> tuple[Span, ...]:
    """The same of a stage."""
    if stage.phase is not StagePhase.RUNNING or scene.state.phase is not RunPhase.RUNNING:
        return ()
    return _of(scene.usual.stages.get(stage.name))


def _of(usual_s: float | None, *, is_late: bool = False) -> tuple[Span, ...]:
    if usual_s is None or usual_s < 1:
        return ()
    return (Span(own(f" of ~{duration(usual_s)}"), "warn" if is_late else "muted"),)


def usual_spans(scene: RunScene) -> tuple[Span, ...]:
    """``usually 5m 10s``, for beside what has gone by; empty where it is not known or nothing is to be compared."""
    state, usual_s = scene.state, scene.usual.run_s
    if usual_s is None or usual_s < 1 or (state.phase in RUN_ENDED and state.phase is not RunPhase.SUCCEEDED):
        return ()
    return (Span(own(f"usually {duration(usual_s)}"), "muted"),)
