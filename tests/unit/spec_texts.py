"""Short pipelines for the tests of the language, and problems as the lines a person sees."""

from __future__ import annotations

from collections.abc import Iterable

from runners.model.definition import Pipeline
from runners.model.inventory import Inventory
from runners.model.problems import Problem
from runners.spec.inventory import read_inventory
from runners.spec.pipeline import read_pipeline

HEAD = "version: 1\nname: demo\n"
STAGE = "stages:\n  - name: one\n    jobs:\n"
"""The first job begins in line 6 of ``HEAD + STAGE``."""


def one_job(*lines: str) -> str:
    """A pipeline with one job, ``build``, whose lines begin in line 7, column 9."""
    return HEAD + STAGE + "      build:\n" + "".join(f"        {line}\n" for line in lines)


def with_top(*lines: str) -> str:
    """A good pipeline with more top-level lines, the first in line 3."""
    return HEAD + "".join(f"{line}\n" for line in lines) + STAGE + "      build: {hosts: local, tasks: [{run: x}]}\n"


def said(problems: Iterable[Problem]) -> list[str]:
    """Problems as printed, warnings left out."""
    return [str(problem) for problem in problems if not problem.warning]


def refused(text: str | bytes) -> list[str]:
    """What is wrong with the pipeline; the test fails when nothing is."""
    pipeline, problems = read_pipeline(text, "p.yaml")
    assert pipeline is None
    assert problems
    return said(problems)


def accepted(text: str | bytes) -> Pipeline:
    """The pipeline; the test fails when it has errors."""
    pipeline, problems = read_pipeline(text, "p.yaml")
    assert said(problems) == []
    assert pipeline is not None
    return pipeline


def inventory_of(text: str) -> Inventory:
    """The inventory; the test fails when it has errors."""
    inventory, problems = read_inventory(text, "/srv/site/inventory.yaml", "/home/ana")
    assert said(problems) == []
    assert inventory is not None
    return inventory
