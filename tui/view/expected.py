"""What is expected of a run by what earlier ones took: how long it still goes on, and how long it usually takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runners.core.usual import left_s
from runners.model.phases import RUN_ENDED, RunPhase
from tui.view.durations import duration
from tui.view.rows import Span
from tui.view.safe_text import SafeText, own

if TYPE_CHECKING:
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


def usual_spans(scene: RunScene) -> tuple[Span, ...]:
    """``usually 5m 10s``, for beside what has gone by; empty where it is not known or nothing is to be compared."""
    state, usual_s = scene.state, scene.usual.run_s
    if usual_s is None or usual_s < 1 or (state.phase in RUN_ENDED and state.phase is not RunPhase.SUCCEEDED):
        return ()
    return (Span(own(f"usually {duration(usual_s)}"), "muted"),)
