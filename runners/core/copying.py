"""``dataclasses.replace`` for frozen dataclasses with slots, four times as fast; and changing one nobody has seen yet.

Copying is most of what folding an event costs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

_setters: dict[type, dict[str, Callable[[Any, Any], None]]] = {}


def setters_of(kind: type) -> Mapping[str, Callable[[Any, Any], None]]:
    """By field: what writes into the slot of an object, frozen or not.

    Only for an object that was made a moment ago and that nobody else holds.
    """
    found = _setters.get(kind)
    if found is None:
        found = _setters[kind] = {field.name: getattr(kind, field.name).__set__ for field in dataclasses.fields(kind)}
    return found


if TYPE_CHECKING:
    # mypy knows which names and types dataclasses.replace takes.
    from dataclasses import replace as changed
else:
    _copiers: dict[type, Callable[[Any, dict[str, Any]], Any]] = {}

    def _copier_of(kind: type) -> Callable[[Any, dict[str, Any]], Any]:
        setters = setters_of(kind)
        # Straight code instead of a loop over the fields, as dataclasses itself does for __init__. Its only
        # ingredients are the field names of our own classes.
        arguments = ", ".join(f"set_{name}=setters[{name!r}]" for name in setters)
        lines = [f"def copier(old, changes, {arguments}):", "    new = make(kind)"]
        lines += [f"    set_{name}(new, old.{name})" for name in setters]
        lines += ["    for name in changes:", "        setters[name](new, changes[name])", "    return new"]
        scope: dict[str, Any] = {"setters": setters, "make": object.__new__, "kind": kind}
        exec("\n".join(lines), scope)  # noqa: S102
        return scope["copier"]

    def changed(old, /, **changes):
        """A copy of ``old`` with some fields changed; ``KeyError`` for a name that is no field."""
        kind = old.__class__
        copier = _copiers.get(kind)
        if copier is None:
            copier = _copiers[kind] = _copier_of(kind)
        return copier(old, changes)


__all__ = ["changed", "setters_of"]
