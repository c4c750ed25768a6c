"""The version of this installation."""

from __future__ import annotations

from runners.version import VERSION


def version() -> str:
    """As ``onduty --version`` says it."""
    return VERSION
