"""Inventory text of any kind to hosts and groups: every problem at once, or an ``Inventory`` whose hosts are ready to
be connected to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from posixpath import normpath

from runners.model.inventory import Inventory
from runners.model.problems import Problem
from runners.spec.ansible import assemble
from runners.spec.ansible_ini import read_ini
from runners.spec.ansible_values import YAML_TAGS
from runners.spec.ansible_yaml import read_yaml
from runners.spec.inventory_kind import InventoryKind, inventory_kind, is_ansible
from runners.spec.nodes import decode_text, read_tree
from runners.spec.own_inventory import read_own
from runners.spec.report import Report, in_order


def read_inventory(
    text: str | bytes, file: str, home: str, *, folder: str | None = None, files: Mapping[str, str] | None = None
) -> tuple[Inventory | None, tuple[Problem, ...]]:
    """Read an inventory of any kind; ``file`` is its name in messages and in ``Inventory.source``.

    Relative paths start at ``folder`` (default: the folder of ``file``), ``~/`` at ``home``; give both as absolute
    paths, and every path in the result is absolute. ``files`` are the texts under ``group_vars/`` and
    ``host_vars/``, by their path from the folder; only Ansible inventories look at them. The inventory is None
    exactly when a problem is an error. Never raises for what stands in ``text``.
    """
    report = Report(file)
    base, at_home = PurePosixPath(folder) if folder is not None else PurePosixPath(file).parent, PurePosixPath(home)

    def absolute(path: str) -> str:
        return _absolute(path, base, at_home)

    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    kind = inventory_kind(decoded, file)
    if kind is InventoryKind.INI:
        readable = decode_text(text, report)
        if readable is None:
            return None, tuple(report.problems)
        return assemble(read_ini(readable, report), report, files or {}, absolute)
    if kind is InventoryKind.SSH_CONFIG:
        report.add(1, 1, (), "is an SSH configuration; reading its hosts comes with a later version")
        return None, tuple(report.problems)
    tree, found = read_tree(text, file, tags=YAML_TAGS)
    if tree is not None and is_ansible(tree):
        report.problems.extend(found)
        return assemble(read_yaml(tree, report), report, files or {}, absolute)
    tree, found = read_tree(text, file)
    report.problems.extend(found)
    if tree is None:
        return None, in_order(report.problems)
    return read_own(tree, report, absolute), in_order(report.problems)


def _absolute(path: str, base: PurePosixPath, home: PurePosixPath) -> str:
    whole = home / path[2:] if path.startswith("~/") else home if path == "~" else base / path
    return normpath(str(whole))
