"""What went before one run: how long runs like it usually take, what changed, and whether this failure was seen."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import field


class UsualJob(msgspec.Struct, frozen=True, kw_only=True):
    """How long the attempts of one job take that pass."""

    usual_s: float
    """The median over runs; of each run the median over its hosts."""
    longest_s: float
    """On any host in any of these runs."""


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /v1/runs/{uid}/usual``: how long runs like this one take.

    Of the last ten earlier runs of its pipeline that succeeded, in the same environment and with the same limit. What
    fewer than three of them say is left out.
    """

    runs: int = 0
    """How many there were."""
    run_s: float | None = None
    """The median, from start to end."""
    stages: Mapping[str, float] = field(default_factory=dict)
    """By name."""
    jobs: Mapping[str, UsualJob] = field(default_factory=dict)
    """By job, ``rollout/release``."""


class JobChange(msgspec.Struct, frozen=True, kw_only=True):
    """A job that is not what it was."""

    job: str
    """``rollout/release``."""
    how: str
    """``added``, ``removed`` or ``changed``."""
    tasks: tuple[str, ...] = ()
    """Of a changed one: names of tasks that do something else, are new or are gone; empty: how it is run differs."""


class ParamChange(msgspec.Struct, frozen=True, kw_only=True):
    """A param with another value."""

    name: str
    before: str | None
    """Null: it was not there."""
    now: str | None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is different since the last good run: the newest earlier one that succeeded, in the same environment."""

    run: str
    """``deploy-api/41``."""
    uid: str
    ended_at: str | None
    definition: bool = False
    """The pipeline's text differs; with no ``jobs`` it does the same all the same."""
    jobs: tuple[JobChange, ...] = ()
    params: tuple[ParamChange, ...] = ()
    env: tuple[str, ...] = ()
    """Names of variables of the pipeline's own ``env:`` with another value."""
    files: tuple[str, ...] = ()
    """What uploads send, with other content than then."""
    hosts_added: tuple[str, ...] = ()
    hosts_gone: tuple[str, ...] = ()
    hosts_moved: tuple[str, ...] = ()
    """Another address, port or login under the same name."""
    hosts_set: tuple[str, ...] = ()
    """Other variables of the inventory."""
    by: str | None = None
    """Who started that one, when it was somebody else."""


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What happened after the same failure."""

    run: str
    """The run it happened in."""
    uid: str
    how: str
    """``passed``: a retry passed. ``failed_again skipped cancelled rolled_back continued nothing open``."""
    by: str = ""
    """Who did it; empty: nobody, or the retry policy."""
    why: str = ""
    """What that person said."""
    shell_by: str = ""
    """Who opened a shell on the host after it failed and before it passed; empty: nobody from the screen."""
    note: str = ""
    """The last thing that somebody wrote down in that run after it."""
    note_by: str = ""
    next_good: str | None = None
    """The first run after it that succeeded, before this one: where that run itself did not pass."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The same failure in earlier runs: same job and a first bad line that says the same, else same task and exit."""

    times: int
    """In how many runs."""
    of: int
    """Out of how many that were looked at."""
    run: str
    """The last of them."""
    uid: str
    host: str
    at: str | None
    """When it failed there."""
    always_on: str | None = None
    """The one host that had it each time; null: it was on several, or only once."""
    fix: Fix | None = None
    """Of the newest one in which somebody got past it; else of the last one."""


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /v1/runs/{uid}/before?job=``; without ``job`` it is about the first job run that failed."""

    job_run: str | None = None
    """Whose failure ``seen`` is about; null: nothing failed."""

    changes: Changes | None = None
    """Null: no earlier run succeeded. Without any difference its fields are empty."""
    seen: Seen | None = None
    """Null: it did not fail, or never failed like this before."""
