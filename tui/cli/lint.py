"""``onduty lint``: all problems of pipelines, inventories and runbooks, at once."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.model.inventory import Inventory
    from runners.model.problems import Problem
    from tui.cli.texts import Text


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "lint",
        help="all problems of pipelines, inventories, runbooks and settings",
        epilog="examples:\n  onduty lint deploy.yaml -i hosts.yaml\n  onduty lint pages/*.md",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="a pipeline, an inventory, a page (.md), onduty.yaml or settings.yaml"
    )
    parser.add_argument("-i", "--inventory", metavar="FILE", help="hosts that the pipelines' patterns must name")
    parser.add_argument("--json", action="store_true", help="a list of problems")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Exit 0 or 2. Executes nothing."""
    from tui.cli.output import print_json, print_line

    problems = [problem for shown in options.files for problem in _problems_of(shown, options.inventory)]
    if options.inventory and options.inventory not in options.files:
        problems += _problems_of(options.inventory, None)
    if options.json:
        print_json(problems)
    else:
        for problem in problems:
            print_line(f"{problem}{' (warning)' if problem.warning else ''}")
        if not problems:
            files = f"{len(options.files)} files" if len(options.files) > 1 else options.files[0]
            print_line(f"{files}: no problems")
    return 2 if any(not problem.warning for problem in problems) else 0


def _problems_of(shown: str, inventory: str | None) -> list[Problem]:
    from runners.model.errors import InputRefused
    from runners.model.problems import Problem
    from runners.plan.sources import source_problems
    from runners.spec.kind import looks_like_inventory
    from runners.spec.own_inventory import NOT_EXECUTED
    from runners.spec.pipeline import read_pipeline
    from runners.spec.site import SITE_NAME, read_site
    from tui.cli.inventories import choose, read_choice, read_named
    from tui.cli.texts import NotUtf8, inventory_problems, plain_path, read_text
    from tui.settings import SETTINGS_NAME
    from tui.settings_file import read_settings
    from tui.wiring import is_program, why_not_source

    def refused(file: str, error: InputRefused) -> Problem:
        said = error.message.removeprefix(f"{file}: ").removesuffix("; nothing was started")
        return Problem(file=file, line=1, column=1, path="", text=said)

    def of_inventory(text: Text) -> tuple[Inventory | None, list[Problem]]:
        hosts, problems = inventory_problems(text)
        return hosts, [replace(one, warning=one.warning or one.text == NOT_EXECUTED) for one in problems]

    if is_program(plain_path(shown)):
        return [Problem(file=shown, line=1, column=1, path="", text=NOT_EXECUTED, warning=True)]
    try:
        text = read_text(shown)
        if text.path.suffix == ".md":
            return _runbook_problems(text.content, shown)
        if text.path.name == SITE_NAME:
            return list(read_site(text.content, shown, str(Path.home()))[1])
        if text.path.name == SETTINGS_NAME and "stages:" not in text.content:
            return list(read_settings(text.content, shown)[1])
        if looks_like_inventory(text.content, str(text.path)):
            return of_inventory(read_named(shown))[1]
    except NotUtf8 as error:
        return [error.problem]
    except InputRefused as error:
        return [refused(shown, error)]
    pipeline, problems = read_pipeline(text.content, shown)
    found = list(problems)
    if pipeline is not None:
        found += source_problems(pipeline, lambda src: why_not_source(str(text.path.parent), src))
    try:
        choice = choose(text, inventory)
        if pipeline is None or choice is None or is_program(choice.path):
            return found
        hosts = of_inventory(read_choice(choice, execute=False))[0]
    except InputRefused as error:
        # An inventory that was named is looked at by itself, and its problems are told there.
        return found if inventory else [*found, refused(shown, error)]
    if hosts is not None:
        from runners.plan.build import host_problems

        found += host_problems(pipeline, hosts)
    return found


def _runbook_problems(content: str, shown: str) -> list[Problem]:
    from datetime import date

    from runbooks.lint import lint_text

    return list(lint_text(content, shown, today=date.today()))
