"""Event logs that earlier versions wrote are read and folded to the end that those versions saw, for ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runners.core.chain import verify
from runners.core.describe import document
from runners.core.reduce import fold
from runners.model.events import PAYLOADS
from runners.model.plan import Plan
from runners.model.state import RunState
from runners.model.wire import decode, encode, event_from_json, event_line_from_json
from tests.unit.recorded import HERE

LOGS = sorted(HERE.glob("v*/*.jsonl"))


def folded(log: Path) -> RunState:
    plan = decode(log.with_suffix(".plan.json").read_bytes(), Plan)
    return fold(plan, (event_from_json(line) for line in log.read_bytes().splitlines()))


def differences(before: Any, now: Any, where: str = "") -> list[str]:
    """What a reader of ``before`` would miss: documents gain names, and nothing that was there changes."""
    if isinstance(before, dict) and isinstance(now, dict):
        return [line for name in before for line in differences(before[name], now.get(name), f"{where}.{name}")]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = enumerate(zip(before, now, strict=True))
        return [line for number, (old, new) in pairs for line in differences(old, new, f"{where}[{number}]")]
    return [] if before == now else [f"{where}: it was {before!r}, now it is {now!r}"]


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log.parent.name}-{log.stem}")
def test_a_recorded_log_folds_to_the_document_of_its_own_time(log: Path) -> None:
    before = json.loads(log.with_suffix(".document.json").read_bytes())
    del before["next"]  # advice, which may get better
    assert differences(before, json.loads(encode(document(folded(log), ())))) == []


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log.parent.name}-{log.stem}")
def test_the_chain_of_a_recorded_log_is_whole(log: Path) -> None:
    assert verify(event_line_from_json(line) for line in log.read_bytes().splitlines()) == ""


def test_every_event_there_is_has_been_recorded() -> None:
    recorded = {event_line_from_json(line).type for log in LOGS for line in log.read_bytes().splitlines()}
    missing = sorted(set(PAYLOADS) - recorded)
    assert missing == [], "tell them in tests/unit/recorded/stories.py, then run: python -m tests.unit.recorded"


def test_a_changed_ending_would_be_seen() -> None:
    before = {"phase": "failed", "jobs": [{"exit_code": 7}]}
    assert differences(before, {"phase": "failed", "jobs": [{"exit_code": 7, "new": 1}], "more": 2}) == []
    assert differences(before, {"phase": "failed", "jobs": [{"exit_code": 0}]}) == [
        ".jobs[0].exit_code: it was 7, now it is 0"
    ]
