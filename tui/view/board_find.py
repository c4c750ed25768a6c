"""Which runs of the list somebody asks for: words that each stand somewhere in a run's line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from runners.model.phases import RUN_ENDED
from tui.view.board_groups import failing, unknown
from tui.view.glyphs import RUN_PHASES

if TYPE_CHECKING:
    from runners.model.api import RunSummary


def found_runs(summaries: Iterable[RunSummary], query: str) -> tuple[RunSummary, ...]:
    """Those in whose line each word of ``query`` stands, large or small letters alike; all of them without a word."""
    words = query.casefold().split()
    return tuple(run for run in summaries if all(word in _line(run) for word in words)) if words else tuple(summaries)


def _line(run: RunSummary) -> str:
    """What can be read of a run in the list and beside it."""
    said = [run.id, run.environment or "", run.what, run.first_line, run.by, run.runbook or ""]
    said += [str(RUN_PHASES.get(run.phase, RUN_PHASES["queued"]).word), str(run.phase)]
    said += ["failed"] if failing(run) else []
    said += ["unknown"] if unknown(run) else []
    said += ["live"] if run.phase not in RUN_ENDED else []
    return "\n".join(said).casefold()
