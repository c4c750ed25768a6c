"""A person's own keys over the table of actions, and what stands against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from msgspec.structs import replace

from tui.keys.actions import ACTIONS, EVERYWHERE, Action, Kind
from tui.keys.names import FIXED_KEYS, KEYS, why_not_key

DIGITS = "pane"
"""The action that has the digits; it cannot have others."""
WANTED = ("palette", "help", "quit")
"""Without a key nobody would find the rest."""
_SCREENS = {
    "board": "the list",
    "run": "the run screen",
    "runbook": "the page",
    "timeline": "the timeline",
    "record": "the record",
    "host": "the host's screen",
    "pipeline": "the pipeline screen",
}
_KEPT_FROM_CHANGES = ("space", "tab", "shift-tab", "backspace")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why one key cannot be given to one action."""

    action: str
    at: int | None
    """Which of the action's keys, from 0; None: all of them together."""
    text: str


def remapped(wanted: Mapping[str, Sequence[str]]) -> tuple[tuple[Action, ...], tuple[Trouble, ...]]:
    """The table with these keys, by the name of known actions; and everything that stands against it.

    Keys are spelled as ``names.written`` gives them. What is given takes the place of the letters and signs that an
    action has; arrows, enter, esc, home, end and the page keys stay. No key at all leaves an action to the palette.
    """
    found = [trouble for name, keys in wanted.items() for trouble in _of_one(name, keys)]
    bad = {(trouble.action, trouble.at) for trouble in found}
    table = tuple(
        _with(one, [key for at, key in enumerate(wanted[one.name]) if key in KEYS and (one.name, at) not in bad])
        if one.name in wanted
        else one
        for one in ACTIONS
    )
    found += _clashes(table, wanted)
    return table, tuple(found)


def _of_one(name: str, keys: Sequence[str]) -> Iterator[Trouble]:
    changes = any(one.name == name and one.kind is Kind.CHANGE for one in ACTIONS)
    if name == DIGITS:
        yield Trouble(name, None, "digits jump to panes and do nothing else")
        return
    if not keys and name in WANTED:
        yield Trouble(name, None, "needs a key: it is the way to everything else")
    for at, key in enumerate(keys):
        if why := why_not_key(key):
            yield Trouble(name, at, why)
        elif key in keys[:at]:
            yield Trouble(name, at, f"{key} is named twice")
        elif changes and (key.startswith("ctrl-") or key in _KEPT_FROM_CHANGES):
            yield Trouble(name, at, f"nothing that changes a run is on {key.partition('-')[0]}")


def _with(one: Action, keys: Sequence[str]) -> Action:
    """The action with these keys in the place of its own letters and signs."""
    fixed = [key for key in one.keys if key in FIXED_KEYS]
    meant = next((key for key in one.keys if key not in FIXED_KEYS), one.keys[0])
    own = [KEYS[key] for key in keys]
    shown = keys[0] if keys else one.key if one.keys[0] in FIXED_KEYS else ""
    if not keys and not shown and fixed:
        shown = fixed[0].replace("page", "page ")
    return replace(one, key=shown, keys=(*own, *fixed), taken_for=(*(meant for _ in own), *fixed))


def _clashes(table: Sequence[Action], wanted: Mapping[str, Sequence[str]]) -> Iterator[Trouble]:
    order = list(wanted)
    for one, other in combinations(table, 2):
        both = [key for key in one.keys if key in other.keys]
        together = one.screens & other.screens
        harmful = (one.kind is Kind.CHANGE) is not (other.kind is Kind.CHANGE)
        if not both or not (together or harmful):
            continue
        # Said where it was written; of two that were written, at the second.
        blamed = max((one, other), key=lambda action: order.index(action.name) if action.name in order else -1)
        rest = other if blamed is one else one
        key = next((text for text, name in KEYS.items() if name == both[0]), both[0])
        at = next((at for at, text in enumerate(wanted.get(blamed.name, ())) if text == key), None)
        where = "" if together == EVERYWHERE else " on " + " and ".join(_SCREENS[name] for name in sorted(together))
        if together:
            text = f"{key} is the key of {rest.name} too{where}; give one of them another"
        else:
            text = f"{key} is the key of {rest.name} elsewhere; no key looks in one place and changes in another"
        yield Trouble(blamed.name, at, text)
