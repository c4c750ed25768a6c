"""Tell a pipeline from an inventory, so that ``onduty lint`` can take both, broken ones too."""

from __future__ import annotations

import re

from runners.spec.inventory import ini_section

_TOP_KEY = re.compile(r"^([A-Za-z_][A-Za-z0-9_-]*)[ \t]*:(?=\s|\Z)", re.MULTILINE)
_OF_A_PIPELINE = frozenset({"version", "name", "stages", "params", "owner", "description"})
_OF_AN_INVENTORY = frozenset({"hosts", "groups", "all"})


def looks_like_inventory(text: str | bytes) -> bool:
    """True when the keys in the first column, or an INI section, say inventory and none says pipeline."""
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if ini_section(decoded):
        return True
    keys = set(_TOP_KEY.findall(decoded.removeprefix("\ufeff")))
    return bool(keys & _OF_AN_INVENTORY) and not keys & _OF_A_PIPELINE
