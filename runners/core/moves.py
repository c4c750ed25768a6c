"""The one table of legal moves between phases; the diagrams of docs/states.md are drawn from it.

Everything else raises and changes nothing. To stay in a phase is not a move.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runners.model.phases import Phase, RunPhase, StagePhase


class IllegalMove(ValueError):
    """An event does not fit the state. Nothing was changed; it is a bug of ours, never of a host or a person."""


JOB_RUN_MOVES: Final[Mapping[Phase, Mapping[Phase, str]]] = {
    Phase.WAITING: {
        Phase.QUEUED: "what it needs has passed",
        Phase.CANCELLED: "cancel",
        Phase.SKIPPED: "skip",
    },
    Phase.QUEUED: {
        Phase.RUNNING: "host and place are there",
        Phase.FAILED: "the host was given up",
        Phase.WAITING: "a stop: nothing new starts",
        Phase.BACKING_OFF: "a stop, and it had failed before",
        Phase.CANCELLED: "cancel",
        Phase.SKIPPED: "skip",
    },
    Phase.RUNNING: {
        Phase.SUCCEEDED: "every task passed",
        Phase.FAILED: "a task failed",
        Phase.TIMED_OUT: "a time limit",
        Phase.BACKING_OFF: "the policy retries",
        Phase.CANCELLING: "cancel",
        Phase.CANCELLED: "cancelled on its host",
        Phase.UNKNOWN: "contact lost",
    },
    Phase.BACKING_OFF: {
        Phase.QUEUED: "its time has come",
        Phase.WAITING: "a person retries now",
        Phase.FAILED: "a stop: no more retries",
        Phase.TIMED_OUT: "a stop: no more retries",
        Phase.CANCELLED: "cancel",
        Phase.SKIPPED: "skip",
    },
    Phase.CANCELLING: {
        Phase.CANCELLED: "gone",
        Phase.SUCCEEDED: "it had passed before",
        Phase.UNKNOWN: "contact lost",
    },
    Phase.UNKNOWN: {
        Phase.RUNNING: "contact regained",
        Phase.CANCELLING: "contact regained, cancel asked",
        Phase.CANCELLED: "cancel, and the host knows nothing",
        Phase.WAITING: "retry, vouched dead",
        Phase.SKIPPED: "skip, vouched dead",
        Phase.ROLLING_BACK: "contact regained in a rollback",
        Phase.ROLLBACK_FAILED: "rollback again, vouched dead",
    },
    Phase.SUCCEEDED: {Phase.ROLLING_BACK: "rollback"},
    Phase.FAILED: {Phase.WAITING: "retry", Phase.SKIPPED: "skip", Phase.ROLLING_BACK: "rollback"},
    Phase.TIMED_OUT: {Phase.WAITING: "retry", Phase.SKIPPED: "skip", Phase.ROLLING_BACK: "rollback"},
    Phase.CANCELLED: {Phase.WAITING: "retry", Phase.SKIPPED: "skip", Phase.ROLLING_BACK: "rollback"},
    Phase.SKIPPED: {Phase.ROLLING_BACK: "rollback of what ran before"},
    Phase.ROLLING_BACK: {
        Phase.ROLLED_BACK: "every task of it passed",
        Phase.ROLLBACK_FAILED: "a task failed, the host was given up, or cancel",
        Phase.UNKNOWN: "contact lost",
    },
    Phase.ROLLED_BACK: {},
    Phase.ROLLBACK_FAILED: {Phase.ROLLING_BACK: "rollback again"},
}
"""From, to, and why."""

STAGE_MOVES: Final[Mapping[StagePhase, Mapping[StagePhase, str]]] = {
    StagePhase.WAITING: {
        StagePhase.RUNNING: "the stage before passed",
        StagePhase.STOPPED: "the run ended",
    },
    StagePhase.RUNNING: {
        StagePhase.PASSED: "every job is satisfied",
        StagePhase.SKIPPED: "every job run was skipped",
        StagePhase.HELD: "the run is held",
        StagePhase.STOPPED: "the run ended",
    },
    StagePhase.HELD: {
        StagePhase.RUNNING: "the run goes on, or is cancelled",
        StagePhase.STOPPED: "the run is rolled back",
    },
    StagePhase.PASSED: {StagePhase.RUNNING: "a failure that it tolerated is retried"},
    StagePhase.SKIPPED: {},
    StagePhase.STOPPED: {StagePhase.RUNNING: "a retry opened the run again"},
}

RUN_MOVES: Final[Mapping[RunPhase, Mapping[RunPhase, str]]] = {
    RunPhase.QUEUED: {
        RunPhase.RUNNING: "start",
        RunPhase.CANCELLING: "cancel",
    },
    RunPhase.RUNNING: {
        RunPhase.HELD: "nothing can go on without a person",
        RunPhase.PAUSED: "pause",
        RunPhase.CANCELLING: "cancel",
        RunPhase.ROLLING_BACK: "rollback",
        RunPhase.SUCCEEDED: "every stage passed",
        RunPhase.FAILED: "a job with on_failure stop failed",
    },
    RunPhase.HELD: {
        RunPhase.RUNNING: "released",
        RunPhase.CANCELLING: "cancel",
        RunPhase.ROLLING_BACK: "rollback",
    },
    RunPhase.PAUSED: {
        RunPhase.RUNNING: "resume",
        RunPhase.CANCELLING: "cancel",
        RunPhase.ROLLING_BACK: "rollback",
        RunPhase.SUCCEEDED: "every stage passed",
        RunPhase.FAILED: "a job with on_failure stop failed",
    },
    RunPhase.CANCELLING: {RunPhase.CANCELLED: "nothing lives", RunPhase.ROLLING_BACK: "rollback"},
    RunPhase.SUCCEEDED: {
        RunPhase.RUNNING: "a failure that it tolerated is retried",
        RunPhase.ROLLING_BACK: "rollback",
    },
    RunPhase.FAILED: {RunPhase.RUNNING: "retry or skip", RunPhase.ROLLING_BACK: "rollback"},
    RunPhase.CANCELLED: {RunPhase.RUNNING: "retry", RunPhase.ROLLING_BACK: "rollback"},
    RunPhase.ROLLING_BACK: {
        RunPhase.ROLLED_BACK: "everything that has a rollback is rolled back",
        RunPhase.ROLLBACK_INCOMPLETE: "something is left",
    },
    RunPhase.ROLLED_BACK: {},
    RunPhase.ROLLBACK_INCOMPLETE: {RunPhase.ROLLING_BACK: "rollback again, of what is left"},
}


def check_move(old: Phase | StagePhase | RunPhase, new: Phase | StagePhase | RunPhase) -> None:
    """Return when the table has the move; raise ``IllegalMove`` when it has not."""
    match old, new:
        case (Phase(), Phase()) if new in JOB_RUN_MOVES[old]:
            return
        case (StagePhase(), StagePhase()) if new in STAGE_MOVES[old]:
            return
        case (RunPhase(), RunPhase()) if new in RUN_MOVES[old]:
            return
    raise IllegalMove(f"{type(old).__name__} {old.value} cannot become {new.value}")


def states_markdown() -> str:
    """The text of docs/states.md: one diagram and one table for each of job run, stage and run."""
    parts = [
        "# Phases and their legal moves",
        "",
        "Generated from `runners/core/moves.py` by `python -m runners.core.moves > docs/states.md`; do not edit.",
        "Any other move raises and changes nothing.",
    ]
    tables: tuple[tuple[str, Mapping[str, Mapping[str, str]]], ...] = (
        ("A job run", {old.value: {new.value: why for new, why in row.items()} for old, row in JOB_RUN_MOVES.items()}),
        ("A stage", {old.value: {new.value: why for new, why in row.items()} for old, row in STAGE_MOVES.items()}),
        ("A run", {old.value: {new.value: why for new, why in row.items()} for old, row in RUN_MOVES.items()}),
    )
    for title, table in tables:
        parts += ["", f"## {title}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {next(iter(table))}"]
        parts += [f"    {old} --> {new}: {why}" for old, row in table.items() for new, why in row.items()]
        parts += ["```", "", "| from | to | when |", "|---|---|---|"]
        parts += [f"| {old} | {new} | {why} |" for old, row in table.items() for new, why in row.items()]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    print(states_markdown(), end="")
