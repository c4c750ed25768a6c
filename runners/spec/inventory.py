"""Inventory text to hosts and groups: every problem at once, or an ``Inventory`` whose hosts are ready to be
connected to.

Connection keys stand on a host, a group or in ``defaults``: the host's own beats its groups', a group's beats those
of the groups around it, all beat the defaults. Two groups that contradict each other are a problem and no lottery by
name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath
from posixpath import normpath
from typing import cast

from runners.model.inventory import LOCAL, Group, Host, Inventory
from runners.model.problems import Problem
from runners.spec.models import ConnectionModel, InventoryModel
from runners.spec.nodes import Map, Scalar, Seq, read_tree
from runners.spec.report import Report, did_you_mean, in_order, quoted, shown
from runners.spec.translate import validate

CONNECTION_KEYS = ("address", "port", "user", "identity", "known_hosts", "ssh_config")
_PATH_KEYS = frozenset({"identity", "known_hosts", "ssh_config"})
RESERVED = ("all", LOCAL)

_INI_SECTION = re.compile(r"\[[A-Za-z0-9_.:-]+\]\s*(?:[#;].*)?\Z")


def read_inventory(
    text: str | bytes, file: str, home: str, *, folder: str | None = None
) -> tuple[Inventory | None, tuple[Problem, ...]]:
    """Read an inventory; ``file`` is its name in messages and in ``Inventory.source``.

    Relative paths start at ``folder`` (default: the folder of ``file``), ``~/`` at ``home``; give both as absolute
    paths, and every path in the result is absolute. The inventory is None exactly when a problem is an error. Never
    raises for what stands in ``text``.
    """
    report = Report(file)
    ini_line = ini_section(text)
    if ini_line:
        report.add(ini_line, 1, (), "is an Ansible INI inventory; reading those comes with a later version")
        return None, tuple(report.problems)
    tree, found = read_tree(text, file)
    report.problems.extend(found)
    if tree is None:
        return None, in_order(report.problems)
    everything = tree.get("all")
    if isinstance(everything, Map) and {"hosts", "children", "vars"} & everything.keys():
        line, column = tree.key_places["all"]
        report.add(line, column, ("all",), "is an Ansible YAML inventory; reading those comes with a later version")
        return None, in_order(report.problems)
    _spell_out(tree)
    _lint(tree, report)
    model: InventoryModel | None = validate(InventoryModel, tree, report)
    if model is None or report.problems:
        return None, in_order(report.problems)
    base = PurePosixPath(folder) if folder is not None else PurePosixPath(file).parent
    inventory = _inventory(model, tree, report, base, PurePosixPath(home))
    return (None if report.problems else inventory), in_order(report.problems)


def ini_section(text: str | bytes) -> int:
    """Line of the section header an INI file begins with; 0 when it begins with something else."""
    head = text[:4096]
    decoded = head.decode("utf-8", "replace") if isinstance(head, bytes) else head
    for number, line in enumerate(decoded.removeprefix("\ufeff").splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith(("#", ";")):
            return number if _INI_SECTION.match(line) else 0
    return 0


def _spell_out(tree: Map) -> None:
    """Turn the short forms ``web: [web1, web2]`` and ``web1:`` into mappings, so that one model describes both."""
    groups, hosts = tree.get("groups"), tree.get("hosts")
    if isinstance(groups, Map):
        for name, value in groups.items():
            if isinstance(value, Seq):
                group = Map(value.line, value.column)
                group.implied = True
                group["hosts"] = value
                group.key_places["hosts"] = groups.key_places[name]
                groups[name] = group
    if isinstance(hosts, Map):
        for name, value in hosts.items():
            if isinstance(value, Scalar) and value.plain and value == "" and not value.broken:
                hosts[name] = Map(value.line, value.column)


def _lint(tree: Map, report: Report) -> None:
    hosts = cast("Map", tree.get("hosts")) if isinstance(tree.get("hosts"), Map) else Map(0, 0)
    groups = cast("Map", tree.get("groups")) if isinstance(tree.get("groups"), Map) else Map(0, 0)
    for section, named in (("hosts", hosts), ("groups", groups)):
        for name in RESERVED:
            if name in named:
                meaning = "every host" if name == "all" else "the controller's own machine"
                report.add(
                    *named.key_places[name], (section, name), f"{name} always means {meaning}; choose another name"
                )
    for name in groups:
        if name in hosts:
            line = hosts.key_places[name][0]
            report.add(
                *groups.key_places[name], ("groups", name), f"is the name of a host in line {line}; choose another"
            )
    graph: dict[str, list[str]] = {}
    for name, group in groups.items():
        graph[name] = []
        if not isinstance(group, Map):
            continue
        _members(group, name, "hosts", hosts, groups, report)
        _members(group, name, "children", groups, hosts, report)
        children = group.get("children")
        if isinstance(children, Seq):
            graph[name] = [str(child) for child in children if isinstance(child, Scalar) and child in groups]
    _cycles(graph, groups, report)


def _members(group: Map, name: str, key: str, known: Map, others: Map, report: Report) -> None:
    members = group.get(key)
    if not isinstance(members, Seq):
        return
    one = "host" if key == "hosts" else "group"
    path = ("groups", name) if group.implied else ("groups", name, key)
    for index, member in enumerate(members):
        if not isinstance(member, Scalar) or member.broken or member in known:
            continue
        if member in others:
            other = "children" if key == "hosts" else "hosts"
            text = f"{quoted(member)} is a {'group' if one == 'host' else 'host'}; write it under {other}:"
        elif member == LOCAL:
            text = f"{LOCAL} is never part of a group; name it beside the group in hosts:"
        else:
            text = f"no {one} {quoted(member)} in this file{did_you_mean(member, known)}"
        report.add(member.line, member.column, (*path, index), text)


def _cycles(graph: dict[str, list[str]], groups: Map, report: Report) -> None:
    remaining = {name: list(children) for name, children in graph.items()}
    order = list(graph)
    while True:
        try:
            TopologicalSorter(remaining).prepare()
            return
        except CycleError as error:
            cycle: list[str] = error.args[1][:0:-1]
        start = min(range(len(cycle)), key=lambda at: order.index(cycle[at]))
        cycle = [*cycle[start:], *cycle[:start], cycle[start]]
        report.add(
            *groups.key_places[cycle[0]], ("groups", cycle[0]), f"the groups contain each other: {' -> '.join(cycle)}"
        )
        remaining[cycle[0]].remove(cycle[1])


def _inventory(model: InventoryModel, tree: Map, report: Report, base: PurePosixPath, home: PurePosixPath) -> Inventory:
    groups = {
        name: Group(name=name, hosts=tuple(dict.fromkeys(group.hosts)), children=tuple(dict.fromkeys(group.children)))
        for name, group in model.groups.items()
    }
    within = {name: _below(name, groups) for name in groups}
    said = {name: _said(group) for name, group in model.groups.items()}
    around: dict[str, list[str]] = {name: [] for name in model.hosts}
    for name in groups:
        for host in dict.fromkeys(host for part in (name, *within[name]) for host in groups[part].hosts):
            around[host].append(name)
    defaults = _said(model.defaults)
    hosts = {}
    for name, declared in model.hosts.items():
        values = dict(defaults)
        own = _said(declared)
        for key in CONNECTION_KEYS:
            candidates = [group for group in around[name] if key in said[group]]
            inner = [group for group in candidates if not any(other in within[group] for other in candidates)]
            if key not in own and len({said[group][key] for group in inner}) > 1:
                listed = ", ".join(f"{shown(str(said[group][key]))} from {group}" for group in inner)
                place = cast("Map", tree["hosts"]).key_places[name]
                report.add(*place, ("hosts", name), f"gets more than one {key}: {listed}; say it on the host")
            elif inner:
                values[key] = said[inner[0]][key]
        values.update(own)
        for key in _PATH_KEYS & values.keys():
            values[key] = _absolute(str(values[key]), base, home)
        hosts[name] = Host(
            name=name,
            address=cast("str | None", values.get("address")),
            port=cast("int | None", values.get("port")),
            user=cast("str | None", values.get("user")),
            identity=cast("str | None", values.get("identity")),
            known_hosts=cast("str | None", values.get("known_hosts")),
            ssh_config=cast("str | None", values.get("ssh_config")),
            labels=dict(declared.labels),
        )
    return Inventory(hosts=hosts, groups=groups, environment=model.environment, source=report.file)


def _said(model: ConnectionModel) -> Mapping[str, str | int]:
    return {key: value for key in CONNECTION_KEYS if (value := getattr(model, key)) is not None}


def _below(name: str, groups: Mapping[str, Group]) -> tuple[str, ...]:
    """Every group inside the group, itself left out; there is no cycle any more."""
    found: dict[str, None] = {}
    waiting = list(reversed(groups[name].children))
    while waiting:
        child = waiting.pop()
        if child not in found:
            found[child] = None
            waiting.extend(reversed(groups[child].children))
    return tuple(found)


def _absolute(path: str, base: PurePosixPath, home: PurePosixPath) -> str:
    whole = home / path[2:] if path.startswith("~/") else home if path == "~" else base / path
    return normpath(str(whole))
