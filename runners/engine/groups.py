"""Concurrency groups of everything that lives: who starts next, and what the others wait for.

The states say who holds what; here is only what is under way: grants that are told to the writer and not durable yet,
and runs that were let in and are not there yet. All of it is lost with the engine and found again by looking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runners.core.groups import Claim, claim_of, may_start, turn_hold, waits_for_turn, why_busy
from runners.engine.run_cache import RunCache
from runners.model.definition import Concurrency, WhenBusy
from runners.model.errors import ActionRefused
from runners.model.holds import Hold
from runners.model.plan import Plan
from runners.model.state import RunState


class Groups:
    """The concurrency groups of one engine. Every method is called from its loop and waits for nothing."""

    def __init__(self, runs: RunCache, *, grant: Callable[[str], None]) -> None:
        """``grant`` lets a run start, once that is durable."""
        self._runs = runs
        self._grant = grant
        self._granted: set[str] = set()
        self._coming: dict[str, tuple[str, Claim]] = {}
        """By id: group and claim of what was let in and is not there yet."""

    def look(self) -> None:
        """A run came, started or ended: let the next ones start."""
        waiting = {uid: state for uid, state in self._runs.live.items() if waits_for_turn(state)}
        self._granted.intersection_update(waiting)
        groups = dict.fromkeys(state.plan.concurrency.group for state in waiting.values() if state.plan.concurrency)
        for group in groups:
            for uid in may_start(self.claims(group)):
                self._granted.add(uid)
                self._grant(uid)

    def claims(self, group: str) -> tuple[Claim, ...]:
        """Every claim on a group, in the order of creation."""
        found = [claim for name, claim in self._coming.values() if name == group]
        for state in self._runs.live.values():
            if state.plan.concurrency is not None and state.plan.concurrency.group == group:
                claim = claim_of(state, granted=state.uid in self._granted)
                if claim is not None and claim.uid not in self._coming:
                    found.append(claim)
        return tuple(found)

    def holds(self) -> dict[str, dict[str, Hold]]:
        """What runs wait for that wait for their turn: by uid, then by the run's name."""
        waiting = [
            (state, state.plan.concurrency.group)
            for state in self._runs.live.values()
            if state.plan.concurrency is not None and waits_for_turn(state)
        ]
        claims = {group: self.claims(group) for group in {group for _, group in waiting}}
        return {state.uid: {state.name: turn_hold(state, claims[group])} for state, group in waiting}

    @contextmanager
    def coming(self, plan: Plan, *, id_: str, by: str) -> Iterator[bool]:
        """A run of this plan is being created; whether its place is kept, so that it is to ``take`` it.

        Raises ``ActionRefused`` when it may not wait and would have to.
        """
        wanted = plan.concurrency
        if wanted is None or wanted.when_busy is WhenBusy.QUEUE:
            yield False
            return
        claims = self.claims(wanted.group)
        if why := why_busy(claims, wanted):
            raise ActionRefused(f"{why}; nothing was started", hint=f"onduty wait {claims[0].name}")
        with self._let_in(wanted, id_=id_, name=f"a run of {plan.pipeline}", by=by):
            yield True

    @contextmanager
    def reopening(self, state: RunState, *, by: str) -> Iterator[str]:
        """A person opens an ended run again: why that cannot be now, empty when it can; then nobody else may start."""
        wanted = state.plan.concurrency
        if wanted is None or state.uid in self._runs.live:
            yield ""
            return
        why = why_busy(self.claims(wanted.group), wanted)
        if why:
            yield why
            return
        with self._let_in(wanted, id_=state.uid, name=state.name, by=by):
            yield ""

    def take(self, uid: str) -> None:
        """The run that was let in is there: it starts."""
        self._granted.add(uid)
        self._grant(uid)

    @contextmanager
    def _let_in(self, wanted: Concurrency, *, id_: str, name: str, by: str) -> Iterator[None]:
        claim = Claim(uid=id_, name=name, by=by, limit=wanted.limit, started=True, how="starting")
        self._coming[id_] = (wanted.group, claim)
        try:
            yield
        finally:
            del self._coming[id_]
