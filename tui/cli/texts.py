"""The texts a command works on: the pipeline, and the inventory that belongs to it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from runners.model.errors import InputRefused

if TYPE_CHECKING:
    from runners.model.inventory import Inventory
    from runners.model.plan import Plan
    from runners.model.problems import Problem

INVENTORY_NAME = "inventory.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A file as it was read."""

    path: Path
    """Absolute."""
    shown: str
    """The path as it was typed, for messages."""
    content: str
    files: Mapping[str, str] = field(default_factory=dict)
    """Of an inventory: texts under ``group_vars/`` and ``host_vars/`` beside it, by their path from its folder."""


class FileRefused(InputRefused):
    """Files with problems; ``problems`` lists them all."""

    def __init__(self, message: str, problems: Sequence[str], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


def read_text(shown: str) -> Text:
    """Read a file that must be UTF-8; ``InputRefused`` when it cannot be read."""
    path = Path(shown).expanduser()
    try:
        content = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputRefused(f"{shown}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputRefused(f"{shown}: not UTF-8 (byte {error.start}); nothing was started") from None
    return Text(path=path.absolute(), shown=shown, content=content)


def inventory_for(pipeline: Text, given: str | None) -> Text | None:
    """The inventory named on the command line, else ``inventory.yaml`` beside the pipeline, else None."""
    if given is not None:
        return read_inventory_files(given)
    beside = pipeline.path.with_name(INVENTORY_NAME)
    if beside.is_file():
        shown = str(Path(pipeline.shown).with_name(INVENTORY_NAME))
        return read_inventory_files(shown)
    return None


def read_inventory_files(shown: str) -> Text:
    """An inventory with the variables beside it; ``InputRefused`` when a file cannot be read. Executes nothing."""
    from tui.wiring import vars_files

    text = read_text(shown)
    return replace(text, files=vars_files(text.path))


def inventory_problems(text: Text) -> tuple[Inventory | None, tuple[Problem, ...]]:
    """An inventory and everything that is wrong with it; None when that keeps it from being used."""
    from runners.spec.inventory import read_inventory

    home, folder = str(Path.home()), str(text.path.parent)
    return read_inventory(text.content, text.shown, home, folder=folder, files=text.files)


def read_inventory_text(text: Text) -> Inventory:
    """An inventory; ``FileRefused`` with every problem."""
    inventory, problems = inventory_problems(text)
    errors = [str(problem) for problem in problems if not problem.warning]
    if inventory is None or errors:
        raise FileRefused(f"{text.shown}: {_count(errors)}", errors)
    return inventory


def plan_texts(pipeline: Text, inventory: Text | None, params: dict[str, str], limit: str | None) -> Plan:
    """The plan of these texts; ``FileRefused`` with every problem. Executes nothing and asks no host."""
    from runners.plan.build import build_plan
    from runners.plan.digest import text_digest
    from runners.spec.pipeline import read_pipeline

    definition, problems = read_pipeline(pipeline.content, pipeline.shown)
    hosts = read_inventory_text(inventory) if inventory else None
    plan = None
    if definition is not None and not any(not problem.warning for problem in problems):
        plan, more = build_plan(
            definition,
            params,
            hosts,
            definition_digest=text_digest(pipeline.content),
            folder=str(pipeline.path.parent),
            limit=limit,
        )
        problems = (*problems, *more)
    errors = [str(problem) for problem in problems if not problem.warning]
    if plan is None:
        raise FileRefused(f"{_count(errors)}; nothing was started", errors)
    return plan


def _count(errors: Sequence[str]) -> str:
    return "1 problem" if len(errors) == 1 else f"{len(errors)} problems"


def add_pipeline_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE, -p, -i, --limit: what ``plan`` and ``run`` share."""
    parser.add_argument("file", metavar="FILE", nargs="?", help="the pipeline")
    parser.add_argument("-p", "--param", metavar="NAME=VALUE", action="append", default=[], help="a parameter")
    parser.add_argument("-i", "--inventory", metavar="FILE", help="hosts; default: inventory.yaml beside the pipeline")
    parser.add_argument("--limit", metavar="PATTERN", help="leave out the hosts outside of this pattern")


def params_of(options: argparse.Namespace) -> dict[str, str]:
    """``-p name=value`` as a mapping; ``InputRefused`` for a word without ``=`` or a name given twice."""
    params: dict[str, str] = {}
    for word in options.param:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise InputRefused(f"-p {word}: write it as -p name=value")
        if name in params:
            raise InputRefused(f"-p {name}: given twice")
        params[name] = value
    return params
