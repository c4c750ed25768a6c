"""Take what was observed or admitted, and go on until nothing is left to decide: one step of the controller's loop.

Pure: the events it returns are not durable yet. Commit them, then perform the effects, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runners.core.consequences import effects_of
from runners.core.decide import decide, touched_by
from runners.core.decide_attempts import Dice
from runners.core.reduce import reduce_all
from runners.model.effects import Effect
from runners.model.events import SYSTEM_ACTOR, Event, Payload
from runners.model.state import RunState


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log of a run ends."""

    uid: str
    seq: int
    last_hash: str


Seal = Callable[[Head, Payload, str, float], Event]
"""Make the event that follows ``Head`` out of a payload, its actor and its UTC time; the engine's adds the hashes."""

_MOST_ROUNDS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The state after the step, its events in order, and what to do once they are durable."""

    state: RunState
    events: tuple[Event, ...] = ()
    effects: tuple[Effect, ...] = ()


def unchained(head: Head, payload: Payload, actor: str, now_utc: float) -> Event:
    """The event that follows ``head``, without hashes: for tests, and for guesses that are thrown away."""
    return Event(run=head.uid, seq=head.seq + 1, time=round(now_utc, 3), actor=actor, payload=payload)


def settle(
    state: RunState,
    payloads: Sequence[Payload],
    *,
    now_utc: float,
    dice: Dice,
    actor: str = SYSTEM_ACTOR,
    seal: Seal = unchained,
    touched: frozenset[str] | None = frozenset(),
) -> Settled:
    """Fold ``payloads`` (of ``observe`` or ``admit``, said by ``actor``) and everything that follows from them.

    ``touched`` is what to look at besides; None looks at everything, at start and after a restart. Raises what
    ``reduce`` raises; nothing has happened then.
    """
    events: list[Event] = []
    effects: list[Effect] = []

    def take(facts: Sequence[Payload], said_by: str) -> None:
        nonlocal state, touched
        fresh: list[Event] = []
        head = Head(state.uid, state.seq, state.last_hash)
        for payload in facts:
            event = seal(head, payload, said_by, now_utc)
            head = Head(event.run, event.seq, event.hash)
            fresh.append(event)
        touched = _joined(touched, [touched_by(payload) for payload in facts])
        state = reduce_all(state, fresh)
        events.extend(fresh)

    if payloads:
        effects += [effect for payload in payloads for effect in effects_of(state, payload)]
        take(payloads, actor)
    for _ in range(_MOST_ROUNDS):
        decision = decide(state, touched, now_utc, dice)
        if not decision.events:
            return Settled(state=state, events=tuple(events), effects=tuple(effects))
        effects += decision.effects
        touched = frozenset()
        take(decision.events, SYSTEM_ACTOR)
    raise RuntimeError(f"{state.name} does not come to rest")


def _joined(touched: frozenset[str] | None, others: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    found: set[str] = set()
    for one in (touched, *others):
        if one is None:
            return None
        found |= one
    return frozenset(found)
