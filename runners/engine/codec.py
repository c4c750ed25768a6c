"""Events as rows of the run store, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runners.core.chain import link, verify
from runners.model.api import rfc3339
from runners.model.errors import StoreDamaged
from runners.model.events import Event, Payload, type_of
from runners.model.wire import UnreadableEvent, decode_payload, encode, parse_time
from runners.ports.run_store import EventRow

MAX_PAYLOAD_BYTES = 64 * 1024


class EventTooLarge(ValueError):
    """An event does not fit into 64 KiB: a bug, because text from hosts is cut before it becomes an event."""


def seal(run: str, seq: int, time_utc: float, actor: str, payload: Payload, previous: str) -> tuple[Event, EventRow]:
    """The next event of a run and its row; the time is kept to the millisecond. Raises ``EventTooLarge``."""
    time_utc = round(time_utc, 3)
    time = rfc3339(time_utc) or ""
    name = type_of(payload)
    body = encode(payload)
    if len(body) > MAX_PAYLOAD_BYTES:
        raise EventTooLarge(f"run {run}: event {seq} ({name}) has {len(body)} bytes; at most {MAX_PAYLOAD_BYTES} fit")
    digest = link(previous, run=run, seq=seq, time=time, actor=actor, type=name, version=payload.version, payload=body)
    event = Event(run=run, seq=seq, time=time_utc, actor=actor, payload=payload, previous=previous, hash=digest)
    row = EventRow(
        run=run,
        seq=seq,
        time=time,
        actor=actor,
        type=name,
        version=payload.version,
        payload=body,
        previous=previous,
        hash=digest,
    )
    return event, row


def read(row: EventRow) -> Event:
    """The event of a row. Raises ``StoreDamaged`` when this onduty cannot read it."""
    try:
        payload = decode_payload(row.type, row.version, row.payload)
        time_utc = parse_time(row.time)
    except UnreadableEvent as error:
        raise StoreDamaged(
            f"run {row.run}: event {row.seq}: {error}; nothing was changed",
            hint="start the newer onduty that wrote it",
        ) from error
    except ValueError as error:
        raise StoreDamaged(
            f"run {row.run}: event {row.seq} ({row.type}) cannot be read: {error}; nothing was changed",
            hint=f"onduty events {row.run} --verify",
        ) from error
    return Event(
        run=row.run,
        seq=row.seq,
        time=round(time_utc, 3),
        actor=row.actor,
        payload=payload,
        previous=row.previous,
        hash=row.hash,
    )


def read_all(rows: Sequence[EventRow]) -> Iterable[Event]:
    """The events of a whole run, first to last, their chain checked. Raises ``StoreDamaged``."""
    broken = verify(rows)
    if broken:
        run = rows[0].run
        raise StoreDamaged(f"run {run}: {broken}; nothing was changed", hint=f"onduty events {run} --verify")
    return (read(row) for row in rows)
