"""httpx, without its command line.

``import httpx`` also makes its own ``httpx`` command, where click is installed: click, rich and pygments, which is half
of its time and nothing that we call. It does without where click is missing, so for this one import click is.
"""

from __future__ import annotations

import sys

_ABSENT = object()
_click = sys.modules.get("click", _ABSENT)
sys.modules["click"] = None  # type: ignore[assignment]
try:
    import httpx
finally:
    if _click is _ABSENT:
        del sys.modules["click"]
    else:
        sys.modules["click"] = _click  # type: ignore[assignment]

__all__ = ["httpx"]
