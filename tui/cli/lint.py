"""``onduty lint``: all problems of pipelines, inventories and runbooks, at once."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.model.problems import Problem


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "lint",
        help="all problems of pipelines, inventories and runbooks",
        epilog="examples:\n  onduty lint deploy.yaml -i hosts.yaml\n  onduty lint pages/*.md",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", metavar="FILE", nargs="+")
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
    from runners.spec.kind import looks_like_inventory
    from runners.spec.pipeline import read_pipeline
    from tui.cli.texts import inventory_for, inventory_problems, read_inventory_files, read_text

    try:
        text = read_text(shown)
    except InputRefused as error:
        return [Problem(file=shown, line=1, column=1, path="", text=error.message.removeprefix(f"{shown}: "))]
    if text.path.suffix == ".md":
        return _runbook_problems(text.content, shown)
    if looks_like_inventory(text.content, str(text.path)):
        return list(inventory_problems(read_inventory_files(shown))[1])
    pipeline, problems = read_pipeline(text.content, shown)
    found = list(problems)
    hosts_text = inventory_for(text, inventory)
    if pipeline is not None and hosts_text is not None:
        from runners.plan.build import host_problems

        hosts, _ = inventory_problems(hosts_text)
        if hosts is not None:
            found += host_problems(pipeline, hosts)
    return found


def _runbook_problems(content: str, shown: str) -> list[Problem]:
    from datetime import date

    from runbooks.lint import lint_text

    return list(lint_text(content, shown, today=date.today()))
