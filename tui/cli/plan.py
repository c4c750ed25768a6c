"""``onduty plan``: what would run where, in which order, with which commands. Asks no host."""

from __future__ import annotations

import argparse
from typing import Any


def register(verbs: Any) -> None:
    """Add the verb."""
    from tui.cli.texts import add_pipeline_arguments

    parser = verbs.add_parser(
        "plan",
        help="what would run where, in which order",
        epilog="example:\n  onduty plan deploy.yaml -p release=2.4.1",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_pipeline_arguments(parser)
    parser.add_argument("--json", action="store_true", help="the plan as a document")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Print the plan; 2 when the texts have problems."""
    from runners.model.errors import InputRefused
    from runners.plan.render import describe_plan, plan_document
    from tui.cli.inventories import inventory_for
    from tui.cli.output import print_json, print_line
    from tui.cli.texts import params_of, plan_texts, read_pipeline_text

    if not options.file:
        raise InputRefused("plan: which pipeline?", hint="onduty plan FILE")
    text = read_pipeline_text(options.file)
    plan = plan_texts(text, inventory_for(text, options.inventory), params_of(options), options.limit)
    if options.json:
        print_json(plan_document(plan))
    else:
        for line in describe_plan(plan):
            print_line(line)
    return 0
