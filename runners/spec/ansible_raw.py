"""An Ansible inventory as its file says it: groups, hosts and their own variables, before precedence is applied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from runners.model.inventory import UNGROUPED
from runners.spec.ansible_values import Value
from runners.spec.report import quoted

MAX_HOSTS_OF_A_RANGE = 10_000

RANGE = re.compile(r"\[([0-9]+|[A-Za-z]):([0-9]+|[A-Za-z])(?::([0-9]+))?\]")
_PORT = re.compile(r"(.+):([0-9]{1,5})\Z")
BRACKETED_ADDRESS = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::([0-9]{1,5}))?(?=\s|\Z)")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

Vars = dict[str, Value]


class RangeRefused(ValueError):
    """A range of hosts that cannot be written out; the reason is a sentence."""


@dataclass(slots=True)
class RawGroup:
    """One group."""

    line: int = 0
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)
    vars: Vars = field(default_factory=dict)


@dataclass(slots=True)
class RawInventory:
    """Everything one file says, in its order."""

    groups: dict[str, RawGroup] = field(default_factory=lambda: {"all": RawGroup(), UNGROUPED: RawGroup()})
    hosts: dict[str, Vars] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Line and column where a host stood first."""

    def group(self, name: str, line: int) -> RawGroup:
        """The group, made when it is new."""
        return self.groups.setdefault(name, RawGroup(line=line))

    def add_host(self, name: str, group: str, place: tuple[int, int], port: Value | None = None) -> Vars:
        """The host's own variables, made when it is new; it is in the group from now on."""
        self.places.setdefault(name, place)
        values = self.hosts.setdefault(name, {})
        self.groups[group].hosts[name] = None
        if port is not None:
            values["ansible_port"] = port
        return values


def split_port(pattern: str) -> tuple[str, str]:
    """``web[1:3]:2222`` as ``web[1:3]`` and ``2222``; an IPv6 address with a port stands in brackets."""
    bracketed = BRACKETED_ADDRESS.match(pattern)
    if bracketed is not None and ":" in bracketed[1] and not RANGE.match(pattern):
        return bracketed[1], bracketed[2] or ""
    outside = RANGE.sub("", pattern)
    found = _PORT.match(pattern)
    if found is None or outside.count(":") != 1:
        return pattern, ""
    return found[1], found[2]


def spell_out(pattern: str) -> list[str]:
    """``web[01:03]`` as ``web01 web02 web03``, ``db-[a:c]`` as ``db-a db-b db-c``; the last range turns fastest.

    Raises ``RangeRefused`` for a range that ends before it begins or makes too many hosts.
    """
    found = list(RANGE.finditer(pattern))
    if not found:
        return [pattern]
    total = 1
    steps: list[list[str]] = []
    for one in found:
        values = list(_range(pattern, *one.groups()))
        total *= len(values)
        if total > MAX_HOSTS_OF_A_RANGE:
            raise RangeRefused(f"{quoted(pattern)} makes more than {MAX_HOSTS_OF_A_RANGE:,} hosts")
        steps.append(values)
    names = [pattern[: found[0].start()]]
    for index, values in enumerate(steps):
        end = found[index + 1].start() if index + 1 < len(found) else len(pattern)
        rest = pattern[found[index].end() : end]
        names = [f"{name}{value}{rest}" for name in names for value in values]
    return names


def _range(pattern: str, first: str, last: str, step: str | None) -> Iterator[str]:
    stride = int(step) if step else 1
    if stride < 1:
        raise RangeRefused(f"{quoted(pattern)} has a step of 0")
    if first.isdigit() != last.isdigit():
        raise RangeRefused(f"{quoted(pattern)} begins with a digit and ends with a letter, or the other way round")
    if not first.isdigit():
        start, end = _LETTERS.index(first), _LETTERS.index(last)
        if end < start:
            raise RangeRefused(f"{quoted(pattern)} ends before it begins")
        yield from _LETTERS[start : end + 1 : stride]
        return
    if len(first) > 9 or len(last) > 9:
        raise RangeRefused(f"{quoted(pattern)} makes more than {MAX_HOSTS_OF_A_RANGE:,} hosts")
    padded = len(first) > 1 and first.startswith("0")
    if padded and len(first) != len(last):
        raise RangeRefused(f"{quoted(pattern)} begins with {first} and ends with {last}; write both equally long")
    if int(last) < int(first):
        raise RangeRefused(f"{quoted(pattern)} ends before it begins")
    if (int(last) - int(first)) // stride >= MAX_HOSTS_OF_A_RANGE:
        raise RangeRefused(f"{quoted(pattern)} makes more than {MAX_HOSTS_OF_A_RANGE:,} hosts")
    for number in range(int(first), int(last) + 1, stride):
        yield str(number).zfill(len(first)) if padded else str(number)
