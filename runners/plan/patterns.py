"""Which hosts a ``hosts:`` pattern means in an inventory.

Ansible's order of evaluation: all unions, then all intersections, then all exclusions. A slice counts in the group's
own order (for ``all``: the inventory's), as Ansible does; the result is in inventory order, each host once, ``local``
last. A part that names nothing is a problem and no empty set, because an exclusion with a typing error would run on
the very hosts it should have spared; a wildcard in an exclusion may fit nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

import re2

from runners.model.inventory import LOCAL, UNGROUPED, Inventory
from runners.spec.host_patterns import Match, PatternRefused, Term, in_order_of_evaluation, parse_pattern
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
    for term in in_order_of_evaluation(terms):
        members, reason = _term(term, known)
        if not reason and term.first is not None:
            members, reason = _sliced(term, members)
        if not reason and not members and not term.sign:
            reason = f"{quoted(term.name)} has no hosts"
        if reason:
            reasons.append(reason)
        elif term.sign == "&":
            found.intersection_update(members)
        elif term.sign == "!":
            found.difference_update(members)
        else:
            found.update(members)
    if not reasons and not found:
        reasons.append(f"{quoted(pattern)} leaves no host")
    if reasons:
        return (), tuple(dict.fromkeys(reasons))
    in_order = [name for name in known.hosts if name in found]
    return (*in_order, *([LOCAL] if LOCAL in found else [])), ()


def limited(
    resolved: Mapping[str, tuple[str, ...]], limit: str, inventory: Inventory | None
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """What is left of the hosts of each pattern, and every reason why the limit cannot be used.

    A limit that only says what to leave out leaves ``local`` alone; any other has to name it.
    """
    allowed, reasons = hosts_of(limit, inventory)
    if reasons:
        return {}, reasons
    within = set(allowed)
    if all(term.sign == "!" and term.name != LOCAL for term in parse_pattern(limit)):
        within.add(LOCAL)
    left = {pattern: tuple(host for host in hosts if host in within) for pattern, hosts in resolved.items()}
    if not any(left.values()):
        return {}, (f"no job of this pipeline runs on {quoted(limit)}",)
    return left, ()


def members_of(group: str, inventory: Inventory) -> tuple[str, ...]:
    """Hosts of a group in its own order: its hosts, then those of its children, then of theirs."""
    found: dict[str, None] = {}
    seen = {group}
    level = [group]
    while level:
        groups = [inventory.groups[name] for name in level if name in inventory.groups]
        found.update((host, None) for one in groups for host in one.hosts)
        level = list(dict.fromkeys(child for one in groups for child in one.children if child not in seen))
        seen.update(level)
    return tuple(found)


def ungrouped(inventory: Inventory) -> tuple[str, ...]:
    """Hosts that are in no group."""
    grouped = {host for group in inventory.groups.values() for host in group.hosts}
    return tuple(name for name in inventory.hosts if name not in grouped)


def _term(term: Term, inventory: Inventory) -> tuple[tuple[str, ...], str]:
    if term.match is not Match.NAME:
        return _fitting(term, inventory)
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
    if name == UNGROUPED and inventory.hosts:
        return ungrouped(inventory), ""
    if not inventory.source and not inventory.hosts:
        hint = f', did you mean "{LOCAL}"?' if name in ("localhost", "127.0.0.1") else "; name one with -i"
        return (), f"no host or group {quoted(name)}, because there is no inventory{hint}"
    if name == "localhost":
        return (), f'no host or group "localhost" in {inventory.source}, did you mean "{LOCAL}"?'
    guess = did_you_mean(name, ["all", LOCAL, *inventory.groups, *inventory.hosts])
    where = f" in {inventory.source}" if inventory.source else ""
    return (), f"no host or group {quoted(name)}{where}{guess}"


def _fitting(term: Term, inventory: Inventory) -> tuple[tuple[str, ...], str]:
    """Hosts of the groups whose names fit, then the hosts whose own names fit; ``local`` has to be named."""
    special = () if UNGROUPED in inventory.groups else (UNGROUPED,)
    groups = _fit(term, ("all", *special, *inventory.groups))
    members: list[str] = []
    for group in groups:
        if group == "all":
            members.extend(inventory.hosts)
        else:
            members.extend(ungrouped(inventory) if group in special else members_of(group, inventory))
    members.extend(_fit(term, inventory.hosts))
    if members or term.sign == "!" or groups:
        return tuple(dict.fromkeys(members)), ""
    where = f" in {inventory.source}" if inventory.source else ", because there is no inventory; name one with -i"
    return (), f"no host or group fits {quoted(term.text)}{where}"


def _fit(term: Term, names: Iterable[str]) -> list[str]:
    if term.match is Match.GLOB:
        return [name for name in names if fnmatchcase(name, term.name)]
    expression = re2.compile(term.name)
    return [name for name in names if expression.match(name)]


def _sliced(term: Term, members: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    assert term.first is not None
    count = len(members)
    first = term.first + count if term.first < 0 else term.first
    last = count - 1 if term.last is None else term.last + count if term.last < 0 else term.last
    picked = members[first : last + 1] if 0 <= first < count else ()
    if picked or term.sign == "!":
        return picked, ""
    have = f"has {count} host{'' if count == 1 else 's'}" + (f", counted from {term.name}[0]" if count else "")
    return (), f"{quoted(term.text)} is empty: {quoted(term.name)} {have}"
