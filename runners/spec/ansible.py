"""Ansible inventories, whatever their form, as our own: groups, hosts in Ansible's order, variables by precedence.

Precedence, weakest first (ansible-core, "Understanding variable precedence"): variables of ``all`` in the inventory
file, of other groups there, ``group_vars/all``, other files of ``group_vars``, variables behind the host in the
inventory file, ``host_vars``. Of several groups the one deeper in the tree wins, then the higher
``ansible_group_priority``, then the later name in the alphabet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from posixpath import splitext

from runners.model.inventory import LOCAL, UNGROUPED, Group, Host, Inventory
from runners.model.problems import Problem
from runners.spec.ansible_connection import host_from
from runners.spec.ansible_raw import RawGroup, RawInventory, Vars
from runners.spec.ansible_yaml import read_vars_file
from runners.spec.report import Report, in_order, quoted

GROUP_VARS, HOST_VARS = "group_vars", "host_vars"
VARS_EXTENSIONS = (".yml", ".yaml", ".json")
_PRIORITY = "ansible_group_priority"
"""Decides between groups and is no variable of a host."""
_IMPLIED = ("all", UNGROUPED)


def assemble(
    raw: RawInventory, report: Report, files: Mapping[str, str], absolute: Callable[[str], str]
) -> tuple[Inventory | None, tuple[Problem, ...]]:
    """The inventory, and the problems of ``report`` with those found here; None when one is an error.

    ``files`` are the texts under ``group_vars/`` and ``host_vars/`` by their path from the inventory's folder.
    """
    _check_names(raw, report)
    if any(not problem.warning for problem in report.problems) or _cycles(raw, report):
        return None, in_order(report.problems)
    tree = _Tree(raw)
    reader = _VarsFiles(files, report.file)
    inventory_hosts: dict[str, Host] = {}
    warnings: dict[Problem, None] = {}
    by_file = {name: reader.of(GROUP_VARS, name) for name in raw.groups}
    for name in tree.hosts_in_order():
        told = host_from(name, _variables(name, raw, tree, by_file, reader.of(HOST_VARS, name)), absolute)
        inventory_hosts[name] = told.host
        warnings.update((_warning(place, text), None) for place, text in told.warnings)
    problems = (*in_order(report.problems), *reader.problems, *warnings)
    if any(not problem.warning for problem in problems):
        return None, problems
    groups = {
        name: Group(name=name, hosts=tuple(group.hosts), children=tuple(group.children))
        for name, group in raw.groups.items()
        if name not in _IMPLIED
    }
    return Inventory(hosts=inventory_hosts, groups=groups, source=report.file), problems


class _Tree:
    """Who contains whom, as Ansible completes it: whatever has no parent is a child of ``all``."""

    def __init__(self, raw: RawInventory) -> None:
        self.raw = raw
        everything = raw.groups["all"]
        self.parents: dict[str, list[str]] = {name: [] for name in raw.groups}
        for name, group in raw.groups.items():
            for child in group.children:
                self.parents[child].append(name)
        for name in raw.groups:
            if name != "all" and not self.parents[name]:
                everything.children[name] = None
                self.parents[name].append("all")
        if UNGROUPED in everything.children:
            # Ansible makes this group first.
            everything.children = {UNGROUPED: None, **everything.children}
        self.groups_of: dict[str, list[str]] = {name: [] for name in raw.hosts}
        for name, group in raw.groups.items():
            if name not in _IMPLIED:
                for host in group.hosts:
                    self.groups_of[host].append(name)
        ungrouped = raw.groups[UNGROUPED]
        for host, groups in self.groups_of.items():
            if groups:
                ungrouped.hosts.pop(host, None)
            else:
                ungrouped.hosts[host] = None
        self.depths: dict[str, int] = {}
        """Steps from ``all`` by the longest way."""
        for name in TopologicalSorter(self.parents).static_order():
            self.depths[name] = max((1 + self.depths[parent] for parent in self.parents[name]), default=0)

    def around(self, host: str) -> list[str]:
        """Every group that contains the host, ``all`` left out, the weakest first."""
        found: dict[str, None] = {}
        waiting = list(self.groups_of[host]) or [UNGROUPED]
        while waiting:
            name = waiting.pop()
            if name != "all" and name not in found:
                found[name] = None
                waiting.extend(self.parents[name])
        return sorted(found, key=lambda name: (self.depths[name], _priority(self.raw.groups[name]), name))

    def hosts_in_order(self) -> Iterable[str]:
        """All hosts level by level, as ``all`` has them in Ansible."""
        found: dict[str, None] = {}
        level, seen = ["all"], {"all"}
        while level:
            for name in level:
                found.update(dict.fromkeys(self.raw.groups[name].hosts))
            below = (child for name in level for child in self.raw.groups[name].children)
            level = list(dict.fromkeys(child for child in below if child not in seen))
            seen.update(level)
        return found


class _VarsFiles:
    """The files of ``group_vars`` and ``host_vars``, each read once."""

    def __init__(self, files: Mapping[str, str], inventory: str) -> None:
        self.files = files
        folder = inventory.rpartition("/")[0]
        self.folder = f"{folder}/" if folder else ""
        self.problems: list[Problem] = []

    def of(self, kind: str, name: str) -> Vars:
        """The variables for one group or host: of the first of ``name`` (file or folder), ``name.yml``, …"""
        found: Vars = {}
        for path in self._paths(f"{kind}/{name}"):
            report = Report(f"{self.folder}{path}")
            found.update(read_vars_file(self.files[path], report.file, report))
            self.problems.extend(report.problems)
        return found

    def _paths(self, start: str) -> list[str]:
        if start in self.files:
            return [start]
        inside = [path for path in self.files if path.startswith(f"{start}/")]
        if inside:
            return sorted((path for path in inside if is_read(path.removeprefix(start))), key=lambda p: p.split("/"))
        return next(([start + ext] for ext in VARS_EXTENSIONS if start + ext in self.files), [])


def is_read(path: str) -> bool:
    """Whether Ansible reads the file of a folder: no hidden one, no backup, no other extension."""
    *folders, file = path.strip("/").split("/")
    if any(part.startswith(".") or part.endswith("~") for part in (*folders, file)):
        return False
    return not any(splitext(folder)[1] for folder in folders) and splitext(file)[1] in ("", *VARS_EXTENSIONS)


def _variables(host: str, raw: RawInventory, tree: _Tree, by_file: Mapping[str, Vars], own_file: Vars) -> Vars:
    values: Vars = dict(raw.groups["all"].vars)
    around = tree.around(host)
    for name in around:
        values.update({key: value for key, value in raw.groups[name].vars.items() if key != _PRIORITY})
    for name in ("all", *around):
        values.update(by_file[name])
    values.update(raw.hosts[host])
    values.update(own_file)
    return values


def _priority(group: RawGroup) -> int:
    value = group.vars.get(_PRIORITY)
    try:
        return int(value.text) if value is not None else 1
    except ValueError:
        return 1


def _check_names(raw: RawInventory, report: Report) -> None:
    for name in ("all", LOCAL, UNGROUPED):
        if name in raw.hosts:
            meaning = "the controller's own machine" if name == LOCAL else "a group"
            report.add(*raw.places[name], (name,), f"{name} always means {meaning}; give the host another name")
    for name, group in raw.groups.items():
        if name == LOCAL:
            text = f"{LOCAL} always means the controller's own machine; this group cannot be named"
            report.add(group.line, 1, (name,), text, warning=True)
        elif name in raw.hosts:
            text = f"is the name of a host in line {raw.places[name][0]} too; {quoted(name)} means the host"
            report.add(group.line or 1, 1, (name,), text, warning=True)


def _cycles(raw: RawInventory, report: Report) -> bool:
    try:
        TopologicalSorter({name: list(group.children) for name, group in raw.groups.items()}).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1][::-1]
        text = f"the groups contain each other: {' -> '.join(cycle)}"
        report.add(raw.groups[cycle[0]].line or 1, 1, (cycle[0],), text)
        return True
    return False


def _warning(place: str, text: str) -> Problem:
    file, _, line = place.rpartition(":")
    if not line.isdigit():
        # What a command printed has no lines.
        file, line = place.partition(", ")[0], "1"
    return Problem(file=file, line=int(line), column=1, path="", text=text, warning=True)
