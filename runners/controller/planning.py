"""From the texts a client sent to a plan, or to every problem they have."""

from __future__ import annotations

from pathlib import PurePath

from runners.model.api import StartRun
from runners.model.errors import InputRefused
from runners.model.plan import Plan
from runners.model.problems import Problem
from runners.model.snapshot import PlanAnswer
from runners.plan.build import build_plan, repeat_plan
from runners.plan.digest import text_digest
from runners.plan.sources import Pin, pin_sources
from runners.spec.inventory import read_inventory
from runners.spec.pipeline import read_pipeline


class TextsRefused(InputRefused):
    """The texts of a run have problems. Nothing was started."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        errors = tuple(problem for problem in problems if not problem.warning)
        count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
        super().__init__(f"{count}; nothing was started")
        self.problems = tuple(str(problem) for problem in errors)


def plan_again(request: StartRun, name: str, pinned: PlanAnswer, pin: Pin) -> Plan:
    """Plan what run ``name`` did once more, with what its uploads would send now: it blocks.

    Raises ``TextsRefused`` for what is wrong with the params, and for sources that are not there any more.
    """
    pipeline, problems = read_pipeline(pinned.definition, name)
    if pipeline is None or any(not problem.warning for problem in problems):
        raise TextsRefused(problems)
    plan, more = repeat_plan(pipeline, request.params, pinned.plan, runbooks=request.runbooks)
    again = None
    if plan is not None:
        again, more = pin_sources(pipeline, plan, pin)
    if again is None:
        raise TextsRefused((*problems, *more))
    return again


def plan_request(request: StartRun, pin: Pin) -> Plan:
    """Plan what a client asked to start, reading through ``pin`` what uploads send: it blocks.

    Raises ``TextsRefused``.
    """
    pipeline, problems = read_pipeline(request.definition, request.definition_path)
    inventory = None
    if request.inventory is not None:
        inventory, more = read_inventory(
            request.inventory,
            request.inventory_path or "inventory.yaml",
            request.home,
            files=request.inventory_files,
        )
        problems = (*problems, *more)
    if pipeline is None or any(not problem.warning for problem in problems):
        raise TextsRefused(problems)
    plan, more = build_plan(
        pipeline,
        request.params,
        inventory,
        definition_digest=text_digest(request.definition),
        folder=str(PurePath(request.definition_path).parent),
        inventory_path=request.inventory_path or "",
        limit=request.limit,
        runbooks=request.runbooks,
        home=request.home,
    )
    pinned = None
    if plan is not None:
        pinned, more = pin_sources(pipeline, plan, pin)
    if pinned is None:
        raise TextsRefused((*problems, *more))
    return pinned
