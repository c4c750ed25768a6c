"""Tell a pipeline from an inventory, so that ``onduty lint`` can take both, broken ones too."""

from __future__ import annotations

import re

from runners.spec.inventory_kind import InventoryKind, has_section, inventory_kind

_TOP_KEY = re.compile(r"^([A-Za-z_][A-Za-z0-9_-]*)[ \t]*:(?=\s|\Z)", re.MULTILINE)
_ANSIBLE_GROUP = re.compile(r"^[A-Za-z0-9_.-]+:[ \t]*\r?\n[ \t]+(?:hosts|children|vars)[ \t]*:", re.MULTILINE)
_OF_A_PIPELINE = frozenset({"version", "name", "stages", "params", "owner", "description"})
_OF_AN_INVENTORY = frozenset({"hosts", "groups", "all", "command"})


def looks_like_inventory(text: str | bytes, file: str = "") -> bool:
    """True when the keys in the first column, or another form of inventory, say inventory and none says pipeline."""
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if file.endswith(".ini") or has_section(decoded):
        return True
    keys = set(_TOP_KEY.findall(decoded.removeprefix("\ufeff")))
    if keys & _OF_A_PIPELINE:
        return False
    kind = inventory_kind(decoded, file)
    return (
        kind in (InventoryKind.JSON, InventoryKind.SSH_CONFIG)
        or bool(keys & _OF_AN_INVENTORY)
        or _ANSIBLE_GROUP.search(decoded) is not None
    )
