"""What the steps of a job are for, and what their failure means. Asked by who never reads a whole definition."""

from __future__ import annotations

import enum


class OnFailure(enum.StrEnum):
    """What a failed job run means for the rest of the run. Strictest last."""

    CONTINUE = "continue"
    """Counts as satisfied; the run ends ``succeeded`` with a warning."""
    HOLD = "hold"
    """Independent work goes on, what needs the job waits for a person."""
    STOP = "stop"
    """Nothing new starts, running attempts finish, the run ends ``failed``."""
    ROLLBACK = "rollback"
    """As stop, then the whole run is rolled back."""


STOPPING = frozenset({OnFailure.STOP, OnFailure.ROLLBACK})
"""A failure after which nothing new starts."""


class Part(enum.StrEnum):
    """What a step of a job is for."""

    TASKS = "tasks"
    VERIFY = "verify"
    """Proves that the tasks did what they should; part of the attempt and its time limit."""
    FINALLY = "finally"
    """Runs after tasks and verify whatever their result, cancel included; its failure is a warning."""
    ROLLBACK = "rollback"
    """Takes the tasks back; runs in an attempt of its own, followed by verify."""
