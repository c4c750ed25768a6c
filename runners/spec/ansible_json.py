"""What a command prints for Ansible's ``--list``: groups, their members and variables, and ``_meta.hostvars``."""

from __future__ import annotations

import json
from typing import Any

from runners.spec.ansible_raw import RawInventory
from runners.spec.ansible_values import from_json
from runners.spec.report import Report, quoted

_META = "_meta"


def read_json(text: str, report: Report) -> RawInventory:
    """What was printed; problems are in ``report``. Never raises for what stands in ``text``."""
    raw = RawInventory()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (1, 1)
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "cannot be read"
        report.add(*where, (), f"is no JSON: {reason[:1].lower()}{reason[1:]}")
        return raw
    if not isinstance(found, dict):
        report.add(1, 1, (), "must be a JSON object with a key for each group")
        return raw
    for name, group in found.items():
        if name != _META:
            raw.group(name, 1)
            _group(name, group, raw, report)
    hostvars = found.get(_META, {})
    hostvars = hostvars.get("hostvars", {}) if isinstance(hostvars, dict) else {}
    if _META not in found:
        report.add(1, 1, (_META,), "is missing; the variables of single hosts are not known", warning=True)
    if not isinstance(hostvars, dict):
        report.add(1, 1, (_META, "hostvars"), "must be an object with a key for each host")
        hostvars = {}
    for host, values in hostvars.items():
        if isinstance(values, dict):
            if host in raw.hosts:
                # Whoever is in no group is no host, as with Ansible.
                raw.hosts[host].update({key: from_json(value, _place(report, host)) for key, value in values.items()})
        else:
            report.add(1, 1, (_META, "hostvars", host), "must be an object with a key for each variable")
    return raw


def _group(name: str, group: Any, raw: RawInventory, report: Report) -> None:
    # The oldest form of a group is the bare list of its hosts.
    parts = {"hosts": group} if isinstance(group, list) else group
    if not isinstance(parts, dict):
        report.add(1, 1, (name,), "must be an object with hosts, children and vars, or a list of hosts")
        return
    for host in _texts(name, "hosts", parts, report):
        raw.add_host(host, name, (1, 1))
    for child in _texts(name, "children", parts, report):
        raw.group(child, 1)
        raw.groups[name].children[child] = None
    values = parts.get("vars", {})
    if isinstance(values, dict):
        place = _place(report, name)
        raw.groups[name].vars.update({key: from_json(value, place) for key, value in values.items()})
    else:
        report.add(1, 1, (name, "vars"), "must be an object with a key for each variable")


def _texts(name: str, key: str, parts: dict[str, Any], report: Report) -> list[str]:
    found = parts.get(key, [])
    if isinstance(found, list) and all(isinstance(item, str) and item for item in found):
        return found
    report.add(1, 1, (name, key), f"must be a list of names, not {quoted(json.dumps(found)[:60])}")
    return []


def _place(report: Report, name: str) -> str:
    return f"{report.file}, {name}"
