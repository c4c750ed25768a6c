"""A run whole, for who folds its events or looks into its plan.

Apart from ``model.api``, because making the classes of plan and state takes longer than most commands: who only shows
documents reads ``RunAt``.
"""

from __future__ import annotations

from dataclasses import dataclass

from runners.model.api import RunDocument
from runners.model.plan import Plan
from runners.model.state import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSnapshot:
    """``GET /v1/runs/{uid}``: everything at ``state.seq``; the stream goes on from there."""

    document: RunDocument
    state: RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAnswer:
    """``GET /v1/runs/{uid}/definition``."""

    plan: Plan
    definition: str
    inventory: str | None
