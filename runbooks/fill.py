"""A step's command with this failure's values in it, for a person to read, copy or run.

A value that is not a plain word is shell-quoted, and only where the shell reads a plain word (``placeholders``). What
cannot be filled in safely, or is not known, stays as it was written and is named.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from runbooks.placeholders import find_placeholders


@dataclass(frozen=True, slots=True, kw_only=True)
class FillFacts:
    """Values of one failure; None is not known."""

    host_name: str | None = None
    host_address: str | None = None
    """What ssh would be given."""
    run_id: str | None = None
    """``deploy-api/42``."""
    job: str | None = None
    """``rollout/release``."""
    task: str | None = None
    exit_code: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledValue:
    """One value and where it came from."""

    name: str
    """``host.address``."""
    value: str
    """As it is, not quoted."""
    origin: str
    """``the inventory``, ``this run``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingValue:
    """One placeholder that was left as it is."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledCommand:
    """The command to show."""

    text: str
    values: tuple[FilledValue, ...] = ()
    """Each name once, in the order of the command."""
    missing: tuple[MissingValue, ...] = ()

    @property
    def complete(self) -> bool:
        """True when no placeholder is left: only then may it be run."""
        return not self.missing


def fill(command: str, facts: FillFacts) -> FilledCommand:
    """Put the values into ``command``; text without placeholders comes back unchanged."""
    known = _known(facts)
    parts: list[str] = []
    values: dict[str, FilledValue] = {}
    missing: dict[str, MissingValue] = {}
    at = 0
    for found in find_placeholders(command):
        value = known.get(found.name)
        why = ""
        if value is None:
            why = "is not known here"
        elif not value.value.isprintable():
            why = "has characters that cannot be shown"
        elif not found.bare:
            why = "stands inside quotes, a comment or a here-document"
        if why or value is None:
            missing[found.name] = MissingValue(name=found.name, why=why)
            continue
        parts += [command[at : found.start], shlex.quote(value.value)]
        values[found.name] = value
        at = found.end
    text = "".join([*parts, command[at:]])
    return FilledCommand(text=text, values=tuple(values.values()), missing=tuple(missing.values()))


def _known(facts: FillFacts) -> dict[str, FilledValue]:
    code = None if facts.exit_code is None else str(facts.exit_code)
    rows = [
        ("host.name", facts.host_name, "this job run"),
        ("host.address", facts.host_address, "the inventory"),
        ("run.id", facts.run_id, "this run"),
        ("job", facts.job, "this job run"),
        ("task", facts.task, "the failed task"),
        ("exit_code", code, "the failed task"),
        *((f"params.{name}", value, "the params of this run") for name, value in facts.params.items()),
    ]
    return {
        name: FilledValue(name=name, value=value, origin=origin) for name, value, origin in rows if value is not None
    }
