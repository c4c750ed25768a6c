"""Take what was observed or admitted, and go on until nothing is left to decide: one step of the controller's loop.

Pure: the events it returns are not durable yet. Commit them, then perform the effects, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from runners.core.consequences import effects_of
from runners.core.decide import Dice, decide, touched_by
from runners.core.reduce import reduce
from runners.model.effects import Effect
from runners.model.events import SYSTEM_ACTOR, Event, Payload
from runners.model.state import RunState

Seal = Callable[[RunState, Payload, str, float], Event]
"""Make the event that follows ``state`` out of a payload, its actor and its UTC time; the engine's adds the hashes."""

_MOST_ROUNDS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The state after the step, its events in order, and what to do once they are durable."""

    state: RunState
    events: tuple[Event, ...] = ()
    effects: tuple[Effect, ...] = ()


def unchained(state: RunState, payload: Payload, actor: str, now_utc: float) -> Event:
    """The event that follows ``state``, without hashes: for tests, and for guesses that are thrown away."""
    return Event(run=state.uid, seq=state.seq + 1, time=round(now_utc, 3), actor=actor, payload=payload)


def settle(
    state: RunState,
    payloads: Iterable[Payload],
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
    for payload in payloads:
        effects += effects_of(state, payload)
        event = seal(state, payload, actor, now_utc)
        state = reduce(state, event)
        events.append(event)
        touched = _joined(touched, touched_by(payload))
    for _ in range(_MOST_ROUNDS):
        decision = decide(state, touched, now_utc, dice)
        if not decision.events:
            return Settled(state=state, events=tuple(events), effects=tuple(effects))
        effects += decision.effects
        touched = frozenset()
        for payload in decision.events:
            event = seal(state, payload, SYSTEM_ACTOR, now_utc)
            state = reduce(state, event)
            events.append(event)
            touched = _joined(touched, touched_by(payload))
    raise RuntimeError(f"{state.name} does not come to rest")


def _joined(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return None if one is None or other is None else one | other
