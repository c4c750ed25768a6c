"""Our own inventory files: the tree of one as hosts and groups.

Connection keys and vars stand on a host, a group or in ``defaults``: the host's own beats its groups', a group's beats
those of the groups around it, all beat the defaults. Two groups that contradict each other are a problem and no
lottery by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar, cast

from runners.model.inventory import LOCAL, UNGROUPED, Group, Host, Inventory
from runners.model.problems import Problem
from runners.spec.ansible import assemble
from runners.spec.ansible_json import read_json
from runners.spec.jumps import Hop
from runners.spec.models import ConnectionModel, InventoryModel
from runners.spec.names import why_not_env_value
from runners.spec.nodes import Map, Node, Scalar, Seq
from runners.spec.report import Part, Report, did_you_mean, quoted, shown
from runners.spec.translate import validate

CONNECTION_KEYS = ("address", "port", "user", "identity", "known_hosts", "ssh_config", "jump", "via")
_PATH_KEYS = frozenset({"identity", "known_hosts", "ssh_config"})
RESERVED = {
    "all": "every host",
    LOCAL: "the controller's own machine",
    UNGROUPED: "the hosts that are in no group",
}

NOT_EXECUTED = "the hosts come from a program, and this executes nothing; save what it prints and name that with -i"

BESIDE_COMMAND = "stands beside command:, which prints all hosts; remove one of them"

V = TypeVar("V")


def read_own(
    tree: Map, report: Report, absolute: Callable[[str], str], printed: str | None
) -> tuple[Inventory | None, tuple[Problem, ...]]:
    """The inventory, None when there are errors, and the problems of what its command ``printed``.

    Problems of the file itself are in ``report``. ``absolute`` makes a path whole.
    """
    _spell_out(tree)
    _lint(tree, report)
    model: InventoryModel | None = validate(InventoryModel, tree, report)
    if model is not None and model.command is not None and printed is None and not report.problems:
        report.add(*tree.key_places["command"], ("command",), NOT_EXECUTED)
    if model is None or report.problems:
        return None, ()
    if model.command is None or printed is None:
        inventory = _inventory(model, tree, report, absolute)
        return (None if report.problems else inventory), ()
    listed = Report(f"{report.file}, {model.command[0]}")
    found, problems = assemble(read_json(printed, listed), listed, {}, absolute)
    return (None if found is None else _with_defaults(found, model, report.file, absolute)), problems


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
    for key in ("hosts", "groups"):
        if "command" in tree and key in tree:
            report.add(*tree.key_places[key], (key,), BESIDE_COMMAND)
    hosts = cast("Map", tree.get("hosts")) if isinstance(tree.get("hosts"), Map) else Map(0, 0)
    groups = cast("Map", tree.get("groups")) if isinstance(tree.get("groups"), Map) else Map(0, 0)
    for section, named in (("hosts", hosts), ("groups", groups)):
        for name, meaning in RESERVED.items():
            if name in named:
                report.add(
                    *named.key_places[name], (section, name), f"{name} always means {meaning}; choose another name"
                )
    for name in groups:
        if name in hosts:
            line = hosts.key_places[name][0]
            report.add(
                *groups.key_places[name], ("groups", name), f"is the name of a host in line {line}; choose another"
            )
    for section, named in (("hosts", hosts), ("groups", groups)):
        for name, one in named.items():
            _vars(one, (section, name), report)
    _vars(tree.get("defaults"), ("defaults",), report)
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


def _with_defaults(found: Inventory, model: InventoryModel, file: str, absolute: Callable[[str], str]) -> Inventory:
    """What a command printed, with the environment and the defaults of the file that names the command."""
    said = {key: absolute(str(value)) if key in _PATH_KEYS else value for key, value in _said(model.defaults).items()}
    hosts = {}
    for name, host in found.hosts.items():
        missing: dict[str, Any] = {key: value for key, value in said.items() if getattr(host, key) is None}
        hops = tuple(Host(name=hop.host, user=hop.user, port=hop.port) for hop in missing.pop("jump", ()))
        if hops and name not in [hop.name for hop in hops]:
            missing["jump"] = hops
        hosts[name] = replace(host, **missing, vars={**model.defaults.vars, **host.vars})
    return replace(found, hosts=hosts, environment=model.environment, source=file)


def _vars(owner: Node | None, path: tuple[Part, ...], report: Report) -> None:
    values = owner.get("vars") if isinstance(owner, Map) else None
    for name, value in values.items() if isinstance(values, Map) else ():
        if isinstance(value, Scalar) and not value.broken and (reason := why_not_env_value(name, str(value))):
            report.add(value.line, value.column, (*path, "vars", name), reason)


def _inventory(model: InventoryModel, tree: Map, report: Report, absolute: Callable[[str], str]) -> Inventory:
    groups = {
        name: Group(name=name, hosts=tuple(dict.fromkeys(group.hosts)), children=tuple(dict.fromkeys(group.children)))
        for name, group in model.groups.items()
    }
    nearest = _Nearest(model, groups)
    hosts: dict[str, Host] = {}
    jumps: dict[str, _Jump] = {}
    for name, declared in model.hosts.items():
        values, contradictions = nearest.of(name, _said)
        variables, more = nearest.of(name, lambda said: said.vars)
        for text in (*contradictions, *(f"variable {text}" for text in more)):
            place = cast("Map", tree["hosts"]).key_places[name]
            report.add(*place, ("hosts", name), f"gets more than one {text}; say it on the host")
        for key in _PATH_KEYS & values.keys():
            values[key] = absolute(str(values[key]))
        hosts[name] = Host(
            name=name,
            address=cast("str | None", values.get("address")),
            port=cast("int | None", values.get("port")),
            user=cast("str | None", values.get("user")),
            identity=cast("str | None", values.get("identity")),
            known_hosts=cast("str | None", values.get("known_hosts")),
            ssh_config=cast("str | None", values.get("ssh_config")),
            via=cast("str | None", values.get("via")),
            vars=variables,
            labels=dict(declared.labels),
        )
        if "jump" in values:
            jumps[name] = _Jump(hops=cast("tuple[Hop, ...]", values["jump"]), own=declared.jump is not None)
    hosts = _with_jumps(hosts, jumps, tree, report)
    return Inventory(hosts=hosts, groups=groups, environment=model.environment, source=report.file)


class _Nearest:
    """What a host, its groups and the defaults say, the nearest first."""

    def __init__(self, model: InventoryModel, groups: Mapping[str, Group]) -> None:
        self.model = model
        self.within = {name: _below(name, groups) for name in groups}
        self.around: dict[str, list[str]] = {name: [] for name in model.hosts}
        for name in groups:
            for host in dict.fromkeys(host for part in (name, *self.within[name]) for host in groups[part].hosts):
                self.around[host].append(name)

    def of(self, host: str, told: Callable[[ConnectionModel], Mapping[str, V]]) -> tuple[dict[str, V], list[str]]:
        """Each key with its value, and ``user: ann from x, bob from y`` for each in which groups differ."""
        values, own = dict(told(self.model.defaults)), told(self.model.hosts[host])
        by_group = {name: said for name in self.around[host] if (said := told(self.model.groups[name]))}
        contradictions = []
        for key in dict.fromkeys(key for said in by_group.values() for key in said):
            candidates = [name for name, said in by_group.items() if key in said]
            inner = [name for name in candidates if not any(other in self.within[name] for other in candidates)]
            if key not in own and len({by_group[name][key] for name in inner}) > 1:
                listed = ", ".join(f"{shown(_worded(by_group[name][key]))} from {name}" for name in inner)
                contradictions.append(f"{key}: {listed}")
            values[key] = by_group[inner[0]][key]
        return {**values, **own}, contradictions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Jump:
    """What was said about the way to a host."""

    hops: tuple[Hop, ...]
    own: bool
    """Said on the host itself, not on a group or in the defaults."""


def _with_jumps(hosts: dict[str, Host], jumps: Mapping[str, _Jump], tree: Map, report: Report) -> dict[str, Host]:
    """The hosts with every hop spelled out; hops that are no hosts of this file are left to ssh."""
    chains: dict[str, tuple[Host, ...] | None] = {}

    def chain(name: str, through: tuple[str, ...]) -> tuple[Host, ...] | None:
        if name in through:
            circle = (*through[through.index(name) :], name)
            place = cast("Map", tree["hosts"]).key_places[circle[0]]
            report.add(*place, ("hosts", circle[0]), f"is reached through itself: {' -> '.join(circle)}")
            return ()
        if name in chains or name not in jumps:
            return chains.get(name)
        said = jumps[name].hops
        if not jumps[name].own and name in [hop.host for hop in said]:
            # ``defaults: {jump: bastion}`` means the bastion too.
            said = said[: [hop.host for hop in said].index(name)]
            if not said:
                return None
        found: list[Host] = []
        for hop in said:
            known = hosts.get(hop.host)
            if known is None:
                found.append(Host(name=hop.host, user=hop.user, port=hop.port, ssh_config=hosts[name].ssh_config))
                continue
            before = chain(hop.host, (*through, name)) if not found else ()
            found.extend(before or ())
            bare = replace(known, vars={}, labels={}, jump=None if before is None else ())
            found.append(replace(bare, user=hop.user or known.user, port=hop.port or known.port))
        chains[name] = tuple(found)
        return chains[name]

    return {name: replace(host, jump=chain(name, ())) for name, host in hosts.items()}


def _said(model: ConnectionModel) -> Mapping[str, str | int | tuple[Hop, ...]]:
    return {key: value for key in CONNECTION_KEYS if (value := getattr(model, key)) is not None}


def _worded(value: object) -> str:
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


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
