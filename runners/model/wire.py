"""Events, state and documents as JSON and back. One encoder, so that the store, the API and the screen agree.

The classes of the events are made when the first one is read: commands that only show documents never meet one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from runners.model.events import Event, Payload

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


class UnreadableEvent(ValueError):
    """An event of a type or version that this onduty does not know."""


def encode(value: object) -> bytes:
    """JSON of any word of the model."""
    return _encoder.encode(value)


def decode(data: bytes, kind: type[T]) -> T:
    """A word of the model from JSON; ``ValueError`` when it does not fit."""
    return msgspec.json.decode(data, type=kind)


def to_builtins(value: object) -> Any:
    """Plain dicts, lists and strings, for templates and tests."""
    return msgspec.to_builtins(value)


def decode_payload(type_name: str, version: int, payload: bytes) -> Payload:
    """The payload of an event; ``UnreadableEvent`` when it comes from a later onduty."""
    known = _payload_decoders().get(type_name)
    if known is None:
        raise UnreadableEvent(f"event {type_name}: not known to this onduty; it was written by a later one")
    newest, decoder = known
    if version > newest:
        raise UnreadableEvent(f"event {type_name} version {version}: this onduty reads up to {newest}")
    found: Payload = decoder.decode(payload)
    return found


@cache
def _payload_decoders() -> dict[str, tuple[int, msgspec.json.Decoder[Any]]]:
    """For each type of event the newest version that can be read, and what reads it."""
    from runners.model.events import PAYLOADS

    return {name: (kind.version, msgspec.json.Decoder(kind)) for name, kind in PAYLOADS.items()}


def parse_time(text: str) -> float:
    """UTC seconds of an RFC 3339 time."""
    return datetime.fromisoformat(text).timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """An event as it was written, payload untouched: what the chain of hashes covers."""

    run: str
    seq: int
    time: str
    actor: str
    type: str
    version: int
    payload: bytes
    previous: str
    hash: str


class _Envelope(msgspec.Struct):
    run: str
    seq: int
    time: str
    actor: str
    type: str
    version: int
    payload: msgspec.Raw
    previous: str = ""
    hash: str = ""


def event_to_json(event: Event) -> bytes:
    """One line of ``events --json`` and of the event stream, without the newline."""
    from runners.model.api import rfc3339

    return _encoder.encode(
        _Envelope(
            run=event.run,
            seq=event.seq,
            time=rfc3339(event.time) or "",
            actor=event.actor,
            type=event.type,
            version=event.payload.version,
            payload=msgspec.Raw(_encoder.encode(event.payload)),
            previous=event.previous,
            hash=event.hash,
        )
    )


def event_from_json(line: bytes) -> Event:
    """The event of one line; ``UnreadableEvent`` or ``ValueError`` when it cannot be read."""
    from runners.model.events import Event

    envelope = msgspec.json.decode(line, type=_Envelope)
    return Event(
        run=envelope.run,
        seq=envelope.seq,
        time=parse_time(envelope.time),
        actor=envelope.actor,
        payload=decode_payload(envelope.type, envelope.version, bytes(envelope.payload)),
        previous=envelope.previous,
        hash=envelope.hash,
    )


def event_line_from_json(line: bytes) -> EventLine:
    """The event of one line without reading its payload; ``ValueError`` when it is none."""
    envelope = msgspec.json.decode(line, type=_Envelope)
    return EventLine(
        run=envelope.run,
        seq=envelope.seq,
        time=envelope.time,
        actor=envelope.actor,
        type=envelope.type,
        version=envelope.version,
        payload=bytes(envelope.payload),
        previous=envelope.previous,
        hash=envelope.hash,
    )
