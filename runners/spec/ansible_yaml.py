"""Ansible's YAML inventories and its ``group_vars`` and ``host_vars`` files.

The rules are those of ansible-core's yaml inventory plugin: every key at the top is a group with ``hosts``,
``children`` and ``vars``; the keys under ``hosts`` may be ranges and may name a port.
"""

from __future__ import annotations

from runners.spec.ansible_raw import RangeRefused, RawInventory, Vars, spell_out, split_port
from runners.spec.ansible_values import VAULT_HEADER, YAML_TAGS, Value, from_yaml
from runners.spec.fields import is_null, what
from runners.spec.inventory_kind import SECTIONS
from runners.spec.nodes import Map, Node, Scalar, read_tree
from runners.spec.report import Part, Report, did_you_mean

Path = tuple[Part, ...]


def read_yaml(tree: Map, report: Report) -> RawInventory:
    """What the file says; problems are in ``report``."""
    raw = RawInventory()
    _groups(tree, (), None, raw, report)
    return raw


def read_vars_file(text: str, file: str, report: Report) -> Vars:
    """The variables of one file of ``group_vars`` or ``host_vars``; JSON is YAML too."""
    if text.startswith(VAULT_HEADER):
        report.add(1, 1, (), "is encrypted by Ansible Vault; its variables are not known here", warning=True)
        return {}
    if all(not line.strip() or line.lstrip().startswith("#") or line.strip() in ("---", "...", "{}") for line in
           text.splitlines()):  # fmt: skip
        return {}
    tree, problems = read_tree(text, file, tags=YAML_TAGS)
    report.problems.extend(problems)
    return {} if tree is None else {name: from_yaml(value, file) for name, value in tree.items()}


def _groups(groups: Map, path: Path, parent: str | None, raw: RawInventory, report: Report) -> None:
    for name, definition in groups.items():
        group = raw.group(name, groups.key_places[name][0])
        if parent is not None:
            raw.groups[parent].children[name] = None
        here = (*path, name)
        if not isinstance(definition, Map):
            if not _nothing(definition):
                report.add(definition.line, definition.column, here, f"must be a mapping, not {what(definition)}")
            continue
        for key, section in definition.items():
            if key not in SECTIONS:
                text = f"is no part of a group; known are hosts, children, vars{did_you_mean(key, SECTIONS)}"
                report.add(*definition.key_places[key], (*here, key), text, warning=True)
            elif isinstance(section, Scalar) and not _nothing(section) and key != "vars" and not section.broken:
                if key == "hosts":
                    _host(str(section), None, (section.line, section.column), name, (*here, key), raw, report)
                else:
                    raw.group(str(section), section.line)
                    group.children[str(section)] = None
            elif isinstance(section, Map):
                _section(key, section, here, name, raw, report)
            elif not _nothing(section):
                report.add(section.line, section.column, (*here, key), f"must be a mapping, not {what(section)}")


def _section(key: str, section: Map, path: Path, group: str, raw: RawInventory, report: Report) -> None:
    if key == "vars":
        raw.groups[group].vars.update({name: from_yaml(value, report.file) for name, value in section.items()})
    elif key == "children":
        _groups(section, (*path, key), group, raw, report)
    else:
        for pattern, values in section.items():
            _host(pattern, values, section.key_places[pattern], group, (*path, key), raw, report)


def _host(
    pattern: str, values: Node | None, place: tuple[int, int], group: str, path: Path, raw: RawInventory, report: Report
) -> None:
    hosts, port = split_port(pattern)
    own: Vars = {}
    if isinstance(values, Map):
        own = {name: from_yaml(value, report.file) for name, value in values.items()}
    elif values is not None and not _nothing(values):
        report.add(values.line, values.column, (*path, pattern), f"must be a mapping, not {what(values)}")
    try:
        names = spell_out(hosts)
    except RangeRefused as error:
        report.add(*place, (*path, pattern), str(error))
        return
    at = Value(text=port, place=f"{report.file}:{place[0]}") if port else None
    for name in names:
        raw.add_host(name, group, place, at).update(own)


def _nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and (node.broken or is_null(node))
