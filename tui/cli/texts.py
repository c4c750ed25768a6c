"""The texts a command works on: the pipeline, and the inventory that belongs to it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runners.model.errors import InputRefused

if TYPE_CHECKING:
    from runners.model.inventory import Inventory
    from runners.model.plan import Plan
    from runners.model.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A file as it was read."""

    path: Path
    """Absolute."""
    shown: str
    """The path as it was typed, for messages."""
    content: str
    files: Mapping[str, str] = field(default_factory=dict)
    """Of an inventory: what belongs to it, as ``runners.ports.inventory_source`` says."""


class FileRefused(InputRefused):
    """Files with problems; ``problems`` lists them all."""

    def __init__(self, message: str, problems: Sequence[str], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class NotUtf8(InputRefused):
    """A file that is no text; ``problem`` says where."""

    def __init__(self, shown: str, raw: bytes, start: int) -> None:
        from runners.model.problems import Problem

        before = raw[:start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        self.problem = Problem(
            file=shown,
            line=before.count(b"\n") + 1,
            column=column,
            path="",
            text=f"byte 0x{raw[start]:02x} is not UTF-8; save the file as UTF-8",
        )
        super().__init__(f"{self.problem}; nothing was started")


def read_text(shown: str) -> Text:
    """Read a file that must be UTF-8; ``InputRefused`` when it cannot be read."""
    path = plain_path(shown)
    try:
        raw = path.read_bytes()
        content = raw.decode("utf-8")
    except OSError as error:
        raise InputRefused(f"{shown}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise NotUtf8(shown, raw, error.start) from None
    return Text(path=path, shown=shown, content=content)


def plain_path(shown: str) -> Path:
    """Absolute, with ``~`` spelled out."""
    return Path(shown).expanduser().absolute()


def read_pipeline_text(shown: str) -> Text:
    """A pipeline by its file, or by its name where an ``onduty.yaml`` names pipelines; else ``InputRefused``."""
    path = plain_path(shown)
    if path.exists() or "/" in shown or path.suffix in (".yaml", ".yml"):
        return read_text(shown)
    from runners.spec.report import did_you_mean
    from tui.wiring import pipelines_of, refuse_writable, site

    where = site()
    if where is None:
        raise InputRefused(f"{shown}: no such file, and there is no onduty.yaml that names pipelines")
    known = pipelines_of(where)
    files = known.get(shown, ())
    if not files:
        raise InputRefused(f"{shown}: no such file, and no pipeline of {where.file}{did_you_mean(shown, known)}")
    if len(files) > 1:
        raise InputRefused(f"{shown}: is the name of {len(files)} pipelines: {', '.join(files)}; name the file")
    refuse_writable(Path(files[0]))
    return read_text(files[0])


def inventory_problems(text: Text) -> tuple[Inventory | None, tuple[Problem, ...]]:
    """An inventory and everything that is wrong with it; None when that keeps it from being used."""
    from runners.spec.inventory import read_inventory

    home, folder = str(Path.home()), str(text.path.parent)
    return read_inventory(text.content, text.shown, home, folder=folder, files=text.files)


def plan_texts(pipeline: Text, inventory: Text | None, params: dict[str, str], limit: str | None) -> Plan:
    """The plan of these texts; ``FileRefused`` with every problem. Executes nothing and asks no host."""
    from runners.plan.build import build_plan
    from runners.plan.digest import text_digest
    from runners.plan.sources import pin_sources
    from runners.spec.pipeline import read_pipeline
    from tui.wiring import pin_source

    definition, problems = read_pipeline(pipeline.content, pipeline.shown)
    hosts = checked(inventory) if inventory else None
    plan = None
    if definition is not None and not any(not problem.warning for problem in problems):
        plan, more = build_plan(
            definition,
            params,
            hosts,
            definition_digest=text_digest(pipeline.content),
            folder=str(pipeline.path.parent),
            inventory_path=str(inventory.path) if inventory else "",
            limit=limit,
            home=str(Path.home()),
        )
        problems = (*problems, *more)
        if plan is not None:
            plan, more = pin_sources(definition, plan, pin_source)
            problems = (*problems, *more)
    errors = [str(problem) for problem in problems if not problem.warning]
    if plan is None:
        raise problems_found(errors)
    return plan


def problems_found(errors: Sequence[str]) -> FileRefused:
    """The error for these problems."""
    count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
    return FileRefused(f"{count}; nothing was started", errors)


def add_pipeline_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE, -p, -i, --limit: what ``plan`` and ``run`` share."""
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="the pipeline, or its name where an onduty.yaml says where to look"
    )
    parser.add_argument("-p", "--param", metavar="NAME=VALUE", action="append", default=[], help="a parameter")
    parser.add_argument(
        "-i",
        "--inventory",
        metavar="FILE",
        help="default: inventory.yaml beside it, else of onduty.yaml",
    )
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


def checked(text: Text) -> Inventory:
    """An inventory; ``FileRefused`` with every problem."""
    inventory, problems = inventory_problems(text)
    errors = [str(problem) for problem in problems if not problem.warning]
    if inventory is None:
        raise FileRefused(f"{text.shown}: {len(errors)} problem{'' if len(errors) == 1 else 's'}", errors)
    return inventory
