"""Which kind of inventory a text is, told by the text itself and, where that leaves a doubt, by the file's name; and
which command prints its hosts. Every `onduty run` asks this, so it loads none of what reads an inventory whole."""

from __future__ import annotations

import enum
import json
import re
from pathlib import PurePosixPath

from runners.spec.nodes import Map, read_tree

OWN_KEYS = frozenset({"environment", "defaults", "hosts", "groups", "command"})
"""Keys at the top of our own inventories."""
SECTIONS = ("hosts", "children", "vars")
"""Parts of a group in Ansible's YAML."""
PRINTED = "--list"
"""Where the files of an inventory hold what its command printed; no file beside it has such a path."""

_SECTION_LINE = re.compile(r"^\[[A-Za-z0-9_.-]+(?::[a-z]+)?\][ \t]*(?:[#;].*)?$", re.MULTILINE)
_KEY_LINE = re.compile(r"^[^\s#;\[][^:=\n]*:(?:[ \t]|\r?$)", re.MULTILINE)
_SSH_LINE = re.compile(r"(?:Host|Match|Include)[ \t]+[^\s=]", re.IGNORECASE)
_YAML_NAMES = (".yaml", ".yml", ".json")


class InventoryKind(enum.StrEnum):
    """How an inventory is written."""

    YAML = "yaml"
    """Our own or Ansible's; the keys at the top say which."""
    INI = "ini"
    JSON = "json"
    """What a command prints for Ansible's ``--list``."""
    SSH_CONFIG = "ssh_config"


def inventory_kind(text: str, file: str) -> InventoryKind:
    """The kind of the text; YAML for whatever is nothing else, because its reader has the better sentences."""
    text = text.removeprefix("\ufeff")
    path = PurePosixPath(file)
    first = next((line for line in text.splitlines() if line.strip() and line.lstrip()[0] not in "#;"), "")
    if (path.name, path.parent.name) == ("config", ".ssh") or _SSH_LINE.match(first):
        return InventoryKind.SSH_CONFIG
    if first.startswith("{") and _is_list(text):
        return InventoryKind.JSON
    if path.suffix == ".ini" or has_section(text):
        return InventoryKind.INI
    if first and path.suffix not in _YAML_NAMES and not _KEY_LINE.search(text) and first[0] not in "{-%":
        return InventoryKind.INI
    return InventoryKind.YAML


def has_section(text: str) -> bool:
    """Whether a line is the head of a section of an INI file."""
    return _SECTION_LINE.search(text) is not None


def is_ansible(tree: Map) -> bool:
    """Whether the keys at the top of a YAML inventory are groups in Ansible's sense."""
    if "all" in tree:
        return True
    if tree.keys() & OWN_KEYS:
        return False
    return any(isinstance(value, Map) and set(SECTIONS) & value.keys() for value in tree.values())


def command_of(text: str, file: str) -> tuple[str, ...]:
    """The words of the command that prints the hosts of this inventory; empty when it names none."""
    tree, _ = read_tree(text, file) if inventory_kind(text, file) is InventoryKind.YAML else (None, [])
    if tree is None or is_ansible(tree) or "command" not in tree:
        return ()
    from pydantic_core import PydanticCustomError

    from runners.spec.fields import words_of

    try:
        return words_of(tree["command"])
    except PydanticCustomError:
        return ()


def _is_list(text: str) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and ("_meta" in found or not found.keys() & OWN_KEYS)
