"""What an intent would do, before anybody says yes: exact hosts, tasks and commands."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Marker(enum.StrEnum):
    """What happens to one task."""

    RUN = "run"
    KEPT = "kept"
    """It passed before and is not run again."""
    NOT_RUN = "not run"
    """It has not passed, and is left out."""
    NOT_REPEATABLE = "not repeatable"
    """It runs, and the pipeline says that running it twice may do harm."""
    STOP = "stop"
    """It is running and is stopped, whole tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewTask:
    """One task on one host."""

    name: str
    command: str
    """Exactly what is sent to the shell; of a task that is no command, what it does in words."""
    marker: Marker
    manner: tuple[str, ...] = ()
    """How it is run where that is not as usual: ``sudo as root``, ``bash``, ``login shell``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewHost:
    """What happens to one job run."""

    host: str
    job_run: str
    attempt: int
    """The attempt that would start; for a skip or a cancel the current one, 0 when there is none."""
    tasks: tuple[PreviewTask, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A dialog in words."""

    title: str
    """``retry release@web3``."""
    scope: str
    """One sentence."""
    hosts: tuple[PreviewHost, ...] = ()
    """In plan order."""
    warnings: tuple[str, ...] = ()
    """What to think of before going on."""
    untouched: tuple[str, ...] = ()
    """Those of ``warnings`` that name what a rollback leaves as it is."""
    later: tuple[str, ...] = ()
    """Of a rollback: what later runs changed on the same hosts, ``deploy-api/43 on web1``; then it wants the word."""
    refusal: str = ""
    """Why it would be refused now; empty when it would be admitted."""
    targets: tuple[str, ...] = ()
    """Job runs that it acts on, also where the intent named none."""
    seen_attempts: tuple[tuple[str, int], ...] = ()
    """Attempt of each target that this preview was made from: to be sent back with the intent."""
