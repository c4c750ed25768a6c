"""What a task wrote to ``$ONDUTY_OUTPUT`` for later jobs, and how much an attempt may write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

VARIABLE = "ONDUTY_OUT_"
"""Prefix of the variables with what earlier jobs wrote."""
MOST_OUTPUT_BYTES = 64 << 10
"""Of all tasks of one attempt together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What one task wrote."""

    values: Mapping[str, str] = field(default_factory=dict)
    """By key, in the order of the file."""
    problems: tuple[str, ...] = ()
    """Sentences about what was not taken."""


NO_OUTPUTS = Outputs()


def too_large(size_bytes: int) -> str:
    """Why outputs of that size are not taken."""
    return f"its outputs are {size_bytes:,} bytes and an attempt may have {MOST_OUTPUT_BYTES:,}; none was taken"


def size_of(values: Mapping[str, str]) -> int:
    """How many bytes of an attempt's share these values are."""
    return sum(len(key) + len(value.encode()) + 2 for key, value in values.items())


def variable_of(job: str, key: str) -> str:
    """``ONDUTY_OUT_build_image_tag``: what a name of a job may have and a variable may not becomes ``_``."""
    return f"{VARIABLE}{re.sub(r'[^A-Za-z0-9_]', '_', job)}_{key}"
