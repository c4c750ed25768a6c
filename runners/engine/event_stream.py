"""The events of a run for whoever follows it: what is stored, then what happens, in the pieces in which it comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from runners.engine.codec import read
from runners.engine.subscribers import Subscribers
from runners.model.events import Event
from runners.ports.run_store import RunStore

_MOST_AT_ONCE = 500
"""Stored events that are given in one piece."""


async def event_pieces(
    store: RunStore, subscribers: Subscribers, uid: str, after: int, *, follow: bool
) -> AsyncGenerator[Sequence[Event] | None, None]:
    """Events with a seq above ``after``, then what happens, until the engine stops; each piece holds one at least.

    None, once and last, tells a reader that it was too slow and was dropped; it may ask again from its last seq.
    """
    reader = subscribers.add(uid)
    try:
        rows = await store.events(uid, after)
        for begin in range(0, len(rows), _MOST_AT_ONCE):
            piece = [read(row) for row in rows[begin : begin + _MOST_AT_ONCE]]
            after = piece[-1].seq
            yield piece
        while follow:
            news = await reader.next()
            if piece := [event for event in news if event.seq > after]:
                after = piece[-1].seq
                yield piece
            if reader.dropped:
                yield None
            if not news:
                return
    finally:
        subscribers.remove(uid, reader)
