"""Everything a screen is drawn from, at one moment. Pure functions turn it into rows; none of them has a clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

import msgspec

from runners.model.api import Before, HoldDocument, HostStatus, RunStatus, RunSummary, Usual
from runners.model.phases import RunPhase

if TYPE_CHECKING:
    from runners.model.metrics import HostReading
    from runners.model.state import RunState

NOTHING_USUAL = Usual()


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of this terminal and its line to the controller."""

    now_utc: float
    user: str = ""
    """Who the controller takes us for."""
    lag_s: float | None = None
    """Seconds between an event and its showing here; None: not known."""
    stale_s: float | None = None
    """Seconds since the controller was last heard, when it is lost; None: it answers."""
    zone: tzinfo = UTC


_Held = tuple[Mapping[str, Sequence[HoldDocument]], frozenset[str]]
_indexed: list[tuple[tuple[HoldDocument, ...], _Held]] = []
"""The holds that were indexed last: several frames are drawn of the same ones, and there may be thousands."""
_MOST_INDEXED = 4


def _held_by(holds: tuple[HoldDocument, ...]) -> _Held:
    for known, found in _indexed:
        if known is holds:
            return found
    held: dict[str, list[HoldDocument]] = {}
    for hold in holds:
        held.setdefault(hold.what, []).append(hold)
    index = held, frozenset(what.partition("@")[0] for what in held if "@" in what)
    _indexed.insert(0, (holds, index))
    del _indexed[_MOST_INDEXED:]
    return index


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScene:
    """One run on the screen."""

    here: Here
    state: RunState
    phase: str = ""
    """Of the run, as its status says it: held too while it waits for nothing but a host's key. Empty: as the state."""
    holds: tuple[HoldDocument, ...] = ()
    hosts: Mapping[str, HostStatus] = field(default_factory=dict)
    """Connections by host name."""
    readings: Mapping[str, Sequence[HostReading]] = field(default_factory=dict)
    """How hosts were while this screen was told, by name, oldest first."""
    watchers: tuple[str, ...] = ()
    usual: Usual = NOTHING_USUAL
    """How long runs like it usually take; empty until it is known."""
    before: Before | None = None
    """What went before the failure that is looked at; None until it is known."""
    pages_are_read: bool = True
    """Whether a page that is not there is missing, or only not read yet."""
    selected: str = ""
    """``stage``, ``stage/job`` or ``stage/job@host``; empty: nothing yet."""
    opened: frozenset[str] = frozenset()
    """Stages and folded rows that the person opened."""
    folded: frozenset[str] = frozenset()
    """Stages that the person folded."""
    marked: frozenset[str] = frozenset()
    """Job runs marked with space."""
    focus: str = "jobs"
    """The pane with the focus."""

    held: Mapping[str, Sequence[HoldDocument]] = field(init=False, repr=False, compare=False)
    """``holds`` by what they hold: a job run's, a job's or the run's id, a stage's name."""

    held_jobs: frozenset[str] = field(init=False, repr=False, compare=False)
    """Jobs of which single job runs are held, each for its own reason."""

    def __post_init__(self) -> None:
        held, held_jobs = _held_by(self.holds)
        object.__setattr__(self, "held", held)
        object.__setattr__(self, "held_jobs", held_jobs)

    @property
    def is_held(self) -> bool:
        """Nothing goes on without a person."""
        return (self.phase or self.state.phase) == RunPhase.HELD


class BoardScene(msgspec.Struct, frozen=True, kw_only=True):
    """The list of runs on the screen."""

    here: Here
    summaries: tuple[RunSummary, ...] = ()
    selected: str = ""
    """uid of a run."""
    statuses: Mapping[str, RunStatus] = msgspec.field(default_factory=dict)
    """What is true only now of live runs, by uid."""
    before: Before | None = None
    """What went before the selected run, when it failed; None until it is known."""
    loaded: bool = True
    """The list was read at least once."""
    query: str = ""
    """What somebody looks for: only runs that have it are listed; counts and sentences are about all."""
