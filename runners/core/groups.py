"""Who may start in a concurrency group: so many runs at once as each allows, the others in the order of creation.

Every run counts that has not ended, held and paused ones too. One that waits keeps those behind it waiting, also when
their own limit is higher: nobody is overtaken. A rollback never waits here, and while it lasts it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runners.model.definition import Concurrency
from runners.model.holds import Hold, HoldKind
from runners.model.phases import RunPhase
from runners.model.state import RunState

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One run of a group that has not ended."""

    uid: str
    name: str
    """``deploy-api/41``."""
    by: str
    limit: int
    """Runs at once, by this run's own definition."""
    started: bool
    """False: it waits for its turn."""
    how: str
    """Its phase, in words."""

    def __str__(self) -> str:
        return f"{self.name} ({self.by}, {self.how})"


def claim_of(state: RunState, *, granted: bool = False) -> Claim | None:
    """What a live run claims of its group; None when it has none. ``granted``: it starts any moment."""
    if state.plan.concurrency is None:
        return None
    started = granted or not waits_for_turn(state)
    return Claim(
        uid=state.uid,
        name=state.name,
        by=state.by,
        limit=state.plan.concurrency.limit,
        started=started,
        how="starting" if granted else state.phase.value.replace("_", " "),
    )


def waits_for_turn(state: RunState) -> bool:
    """Whether the run has not started because its group has not let it."""
    return state.phase is RunPhase.QUEUED and state.plan.concurrency is not None and not state.lock_taken


def may_start(claims: Sequence[Claim]) -> tuple[str, ...]:
    """Uids of the runs of one group that may start now; ``claims`` are in the order of creation."""
    started = sum(claim.started for claim in claims)
    found: list[str] = []
    for claim in claims:
        if claim.started:
            continue
        if started >= claim.limit:
            break
        started += 1
        found.append(claim.uid)
    return tuple(found)


def why_busy(claims: Sequence[Claim], wanted: Concurrency) -> str:
    """Why a run that is not there yet could not start at once; empty when it could."""
    if sum(claim.started for claim in claims) < wanted.limit and all(claim.started for claim in claims):
        return ""
    return f"{_names(claims)} {'hold' if len(claims) > 1 else 'holds'} concurrency group {wanted.group}"


def turn_hold(state: RunState, claims: Sequence[Claim]) -> Hold:
    """Why a run waits for its turn; ``claims`` are those of its group, in the order of creation."""
    assert state.plan.concurrency is not None
    before = [claim for claim in claims if claim.started]
    for claim in claims:
        if claim.uid == state.uid:
            break
        if not claim.started:
            before.append(claim)
    whom = f"waits for {_names(before)} in" if before else "waits for its turn in"
    return Hold(
        kind=HoldKind.CONCURRENCY,
        what=state.name,
        text=f"{whom} concurrency group {state.plan.concurrency.group}",
        since=state.created_at,
    )


def _names(claims: Sequence[Claim]) -> str:
    more = f" and {len(claims) - _MOST_NAMED} more" if len(claims) > _MOST_NAMED else ""
    return ", ".join(str(claim) for claim in claims[:_MOST_NAMED]) + more
