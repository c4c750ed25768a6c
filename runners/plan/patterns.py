"""Which hosts a ``hosts:`` pattern means in an inventory.

A slice counts in the group's own order (for ``all``: the inventory's), as Ansible does; the result is in inventory
order, each host once, ``local`` last.
"""

from __future__ import annotations

from collections.abc import Iterator

from runners.model.inventory import LOCAL, Inventory
from runners.spec.host_patterns import PatternRefused, Term, parse_pattern
from runners.spec.report import did_you_mean, quoted


def hosts_of(pattern: str, inventory: Inventory | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the hosts that the pattern means, and every reason why it cannot be used; one of the two is empty."""
    try:
        terms = parse_pattern(pattern)
    except PatternRefused as error:
        return (), error.reasons
    known = inventory or Inventory()
    found: set[str] = set()
    reasons = []
    for term in terms:
        members, reason = _term(term, known)
        if not reason and term.first is not None:
            members, reason = _sliced(term, members)
        if not reason and not members:
            reason = f"{quoted(term.name)} has no hosts"
        if reason:
            reasons.append(reason)
        found.update(members)
    if reasons:
        return (), tuple(dict.fromkeys(reasons))
    in_order = [name for name in known.hosts if name in found]
    return (*in_order, *([LOCAL] if LOCAL in found else [])), ()


def members_of(group: str, inventory: Inventory) -> tuple[str, ...]:
    """Hosts of a group in its own order: its hosts, then those of its children."""
    return tuple(dict.fromkeys(_walk(group, inventory, set())))


def _walk(group: str, inventory: Inventory, seen: set[str]) -> Iterator[str]:
    if group in seen or group not in inventory.groups:
        return
    seen.add(group)
    yield from inventory.groups[group].hosts
    for child in inventory.groups[group].children:
        yield from _walk(child, inventory, seen)


def _term(term: Term, inventory: Inventory) -> tuple[tuple[str, ...], str]:
    name = term.name
    if name == LOCAL:
        return (LOCAL,), ""
    if name == "all":
        missing = "" if inventory.hosts else "there is no inventory with hosts; name one with -i, or write local"
        return tuple(inventory.hosts), missing
    if name in inventory.hosts:
        return (name,), ""
    if name in inventory.groups:
        return members_of(name, inventory), ""
    if not inventory.source and not inventory.hosts:
        hint = f', did you mean "{LOCAL}"?' if name in ("localhost", "127.0.0.1") else "; name one with -i"
        return (), f"no host or group {quoted(name)}, because there is no inventory{hint}"
    if name == "localhost":
        return (), f'no host or group "localhost" in {inventory.source}, did you mean "{LOCAL}"?'
    guess = did_you_mean(name, ["all", LOCAL, *inventory.groups, *inventory.hosts])
    where = f" in {inventory.source}" if inventory.source else ""
    return (), f"no host or group {quoted(name)}{where}{guess}"


def _sliced(term: Term, members: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    assert term.first is not None
    count = len(members)
    first = term.first + count if term.first < 0 else term.first
    last = count - 1 if term.last is None else term.last + count if term.last < 0 else term.last
    picked = members[first : last + 1] if 0 <= first < count else ()
    if picked:
        return picked, ""
    have = f"has {count} host{'' if count == 1 else 's'}" + (f", counted from {term.name}[0]" if count else "")
    return (), f"{quoted(term.text)} is empty: {quoted(term.name)} {have}"
