"""What one batch does to one run: facts in, events, rows and effects out. Nothing is stored or performed here.

A turn can be thrown away: the state of before is untouched, so a commit that failed leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runners.core.settle import Head, settle
from runners.engine.clean_words import CleanPayload
from runners.engine.codec import seal
from runners.model.effects import Effect
from runners.model.events import SYSTEM_ACTOR, Event, Payload
from runners.model.state import RunState
from runners.ports.run_store import EventRow

Dice = Callable[[], float]


class Turn:
    """Collects what a batch does to a run."""

    def __init__(
        self, state: RunState, *, now_utc: float, dice: Dice, clean: CleanPayload = lambda run, payload: payload
    ) -> None:
        """``clean`` takes the secrets out of what is about to be written down."""
        self._clean = clean
        self.before = state
        self.state = state
        self.events: list[Event] = []
        self.rows: list[EventRow] = []
        self.effects: list[Effect] = []
        self._now_utc = now_utc
        self._dice = dice

    def play(
        self,
        payloads: Sequence[Payload],
        *,
        actor: str = SYSTEM_ACTOR,
        touched: frozenset[str] | None = frozenset(),
    ) -> None:
        """Add these facts and everything that follows from them. Whatever raises leaves the turn as it was.

        ``touched`` is what to look at besides: None looks at everything, as after a restart.
        """
        rows: list[EventRow] = []

        def make(head: Head, payload: Payload, said_by: str, now_utc: float) -> Event:
            payload = self._clean(head.uid, payload)
            event, row = seal(head.uid, head.seq + 1, now_utc, said_by, payload, head.last_hash)
            rows.append(row)
            return event

        settled = settle(
            self.state, payloads, now_utc=self._now_utc, dice=self._dice, actor=actor, seal=make, touched=touched
        )
        self.state = settled.state
        self.events.extend(settled.events)
        self.rows.extend(rows)
        self.effects.extend(settled.effects)
