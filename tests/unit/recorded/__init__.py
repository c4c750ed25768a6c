"""Event logs as earlier versions of onduty wrote them, which every later one must read and fold to the same end.

``v1/NAME.jsonl`` are the events of one run, ``NAME.plan.json`` the plan that it pinned, ``NAME.document.json`` what
``show --json`` said of it at the end. None of them is ever changed. A new event, or a new field that matters, gets a
story in ``stories.py``; ``python -m tests.unit.recorded`` then writes what is not there yet.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
VERSION = "v1"
"""Folder that new recordings go to; a version that was released gets no more."""
