"""Words of people and hosts on their way into events: without the secrets of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from runners.model.events import Payload

_WORDS = frozenset({"reason", "why", "text", "first_line", "survivors", "warnings", "secrets"})
"""Fields of events that hold words. All others are names and numbers of ours: changing one would break the run."""

CleanPayload = Callable[[str, Payload], Payload]
"""Run uid and payload."""


def without_secrets(payload: Payload, clean: Callable[[str], str]) -> Payload:
    """The payload with every word cleaned; the same one when nothing had to be."""
    changes: dict[str, Any] = {}
    for name in payload.__struct_fields__:
        if name in _WORDS:
            before = getattr(payload, name)
            after = _cleaned(before, clean)
            if after != before:
                changes[name] = after
    return replace(payload, **changes) if changes else payload


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple):
        return tuple(clean(item) for item in value)
    if isinstance(value, Mapping):
        return {name: clean(item) for name, item in value.items()}
    return value
