"""Ansible's INI inventories: ``[group]``, ``[group:children]``, ``[group:vars]``, ranges, variables behind hosts.

The rules are those of ansible-core's ini inventory plugin: hosts above the first section are in no group; the words of
a host line are split as a shell would, a ``#`` begins a comment anywhere outside of quotes; in ``:vars`` a line is one
variable, and a comment only where the line begins with ``#`` or ``;``.
"""

from __future__ import annotations

import re
import shlex

from runners.model.inventory import UNGROUPED
from runners.spec.ansible_raw import BRACKETED_ADDRESS, RANGE, RangeRefused, RawInventory, spell_out, split_port
from runners.spec.ansible_values import Value, from_ini
from runners.spec.report import Report, did_you_mean, quoted

SECTION = re.compile(r"\[([^:\]\s]+)(?::([^\]\s]*))?\]\s*(?:[#;].*)?\Z")
_GROUP = re.compile(r"([^:\]\s#]+)\s*(?:#.*)?\Z")


def read_ini(text: str, report: Report) -> RawInventory:
    """What the file says; problems are in ``report``. Never raises for what stands in ``text``."""
    return _Reader(report).read(text)


class _Reader:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.raw = RawInventory()
        self.group, self.kind = UNGROUPED, "hosts"
        self.named: dict[str, tuple[int, int, str]] = {}
        """Groups that were used and not declared yet: where, and in which section."""

    def read(self, text: str) -> RawInventory:
        for number, whole in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
            line = whole.strip()
            if not line or line[0] in "#;":
                continue
            column = len(whole) - len(whole.lstrip()) + 1
            if line[0] == "[" and self._section(line, number, column):
                continue
            if self.kind == "vars":
                self._variable(line, number, column)
            elif self.kind == "children":
                self._child(line, number, column)
            elif self.kind == "hosts":
                self._host(line, number, column)
        known = [name for name in self.raw.groups if name not in self.named]
        for name, (line_number, column, section) in self.named.items():
            text = f"no group {quoted(name)} in this file{did_you_mean(name, known)}"
            self.report.add(line_number, column, (section,), text)
        return self.raw

    def _section(self, line: str, number: int, column: int) -> bool:
        found = SECTION.match(line)
        if found is None:
            if BRACKETED_ADDRESS.match(line) or RANGE.match(line):
                return False
            self.report.add(number, column, (), f"{quoted(line)} is no section; write [group], [group:children]")
            self.kind = ""
            return True
        name, kind = found[1], found[2] or "hosts"
        if kind not in ("hosts", "children", "vars"):
            guess = did_you_mean(kind, ("children", "vars"))
            text = f"{quoted(kind)} is no kind of section; known are :children and :vars{guess}"
            self.report.add(number, column, (name,), text)
            self.kind = ""
            return True
        self.group, self.kind = name, kind
        if kind == "vars" and name not in self.raw.groups:
            self.named.setdefault(name, (number, column, name))
        else:
            self.raw.group(name, number)
            self.named.pop(name, None)
        return True

    def _variable(self, line: str, number: int, column: int) -> None:
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            self.report.add(number, column, (self.group,), f"{quoted(line)}: write it as name=value")
        elif self.group in self.raw.groups:
            self.raw.groups[self.group].vars[name] = self._value(value, number)
        else:
            self.raw.group(self.group, number).vars[name] = self._value(value, number)

    def _child(self, line: str, number: int, column: int) -> None:
        section = self.group
        found = _GROUP.match(line)
        if found is None:
            self.report.add(number, column, (section,), f"{quoted(line)} is no name of a group")
            return
        child = found[1]
        if child not in self.raw.groups:
            self.named.setdefault(child, (number, column, section))
        self.raw.groups[self.group].children[child] = None

    def _host(self, line: str, number: int, column: int) -> None:
        path = () if self.group == UNGROUPED else (self.group,)
        try:
            pattern, *words = shlex.split(line, comments=True)
        except ValueError as error:
            self.report.add(number, column, path, f"{quoted(line)}: {str(error)[:1].lower()}{str(error)[1:]}")
            return
        hosts, port = split_port(pattern)
        try:
            names = spell_out(hosts)
        except RangeRefused as error:
            self.report.add(number, column, path, str(error))
            return
        values = {}
        for word in words:
            name, equals, value = word.partition("=")
            if not equals:
                text = f"{quoted(word)} behind the host {shown_name(names)}: write variables as name=value"
                self.report.add(number, column, path, text)
                continue
            values[name] = self._value(value, number)
        for name in names:
            own = self.raw.add_host(
                name, self.group, (number, column), Value(text=port, place=self._place(number)) if port else None
            )
            own.update(values)

    def _value(self, raw: str, number: int) -> Value:
        return from_ini(raw, self._place(number))

    def _place(self, number: int) -> str:
        return f"{self.report.file}:{number}"


def shown_name(names: list[str]) -> str:
    """The first of the names, for a sentence."""
    return quoted(names[0])
