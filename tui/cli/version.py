"""The version of this installation."""

from __future__ import annotations


def version() -> str:
    """As pyproject says it; ``0+unknown`` when onduty runs from a folder that was never installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("onduty")
    except PackageNotFoundError:
        return "0+unknown"
