"""Inventory text of any kind to hosts and groups: every problem at once, or an ``Inventory`` whose hosts are ready to
be connected to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from runners.model.inventory import Inventory
from runners.model.problems import Problem
from runners.spec.ansible import assemble
from runners.spec.ansible_ini import read_ini
from runners.spec.ansible_json import read_json
from runners.spec.ansible_values import YAML_TAGS
from runners.spec.ansible_yaml import read_yaml
from runners.spec.inventory_kind import PRINTED, InventoryKind, inventory_kind, is_ansible
from runners.spec.nodes import decode_text, read_tree
from runners.spec.own_inventory import read_own
from runners.spec.report import Report, in_order
from runners.spec.site import absolute_from
from runners.spec.ssh_hosts import read_ssh_hosts


def read_inventory(
    text: str | bytes, file: str, home: str, *, folder: str | None = None, files: Mapping[str, str] | None = None
) -> tuple[Inventory | None, tuple[Problem, ...]]:
    """Read an inventory of any kind; ``file`` is its name in messages and in ``Inventory.source``.

    Relative paths start at ``folder`` (default: the folder of ``file``), ``~/`` at ``home``; give both as absolute
    paths, and every path in the result is absolute. ``files`` are the texts under ``group_vars/`` and
    ``host_vars/``, by their path from the folder; for an SSH configuration those that it includes; under
    ``PRINTED`` stands what its command printed. The inventory is None exactly when a problem is an error. Never
    raises for what stands in ``text``.
    """
    report = Report(file)
    absolute = absolute_from(folder if folder is not None else str(PurePosixPath(file).parent), home)
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    kind = inventory_kind(decoded, file)
    if kind is InventoryKind.INI:
        readable = decode_text(text, report)
        if readable is None:
            return None, tuple(report.problems)
        return assemble(read_ini(readable, report), report, files or {}, absolute)
    if kind is InventoryKind.JSON:
        return assemble(read_json(decoded, report), report, files or {}, absolute)
    if kind is InventoryKind.SSH_CONFIG:
        path = absolute(PurePosixPath(file).name)
        usual = path == absolute("~/.ssh/config")
        return read_ssh_hosts(decoded, files or {}, report, ssh_config=None if usual else path), tuple(report.problems)
    tree, found = read_tree(text, file, tags=YAML_TAGS)
    if tree is not None and is_ansible(tree):
        report.problems.extend(found)
        return assemble(read_yaml(tree, report), report, files or {}, absolute)
    tree, found = read_tree(text, file)
    report.problems.extend(found)
    if tree is None:
        return None, in_order(report.problems)
    inventory, more = read_own(tree, report, absolute, (files or {}).get(PRINTED))
    return inventory, (*in_order(report.problems), *more)
