"""What a person filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Of one form."""

    params: Mapping[str, str] = field(default_factory=dict)
    """Those that were given; the others have their defaults."""
    inventory: str = ""
    """One of those of the draft, or as for ``-i``; empty: the only one there is, or none."""
    limit: str = ""
