"""``onduty schema``: the JSON Schema of pipelines and inventories, for editors."""

from __future__ import annotations

import argparse
from typing import Any


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "schema",
        help="JSON Schema of pipelines, inventories and onduty.yaml",
        epilog="examples:\n  onduty schema > onduty.schema.json\n  onduty schema inventory",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = ("pipeline", "inventory", "site")
    parser.add_argument(
        "what", nargs="?", choices=kinds, default="pipeline", help="default: pipeline; site is onduty.yaml"
    )
    parser.add_argument("--json", action="store_true", help="accepted everywhere; a schema is JSON anyway")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Print it."""
    from runners.spec.schema import inventory_schema, pipeline_schema, site_schema
    from tui.cli.output import print_json

    made = {"pipeline": pipeline_schema, "inventory": inventory_schema, "site": site_schema}
    print_json(made[options.what]())
    return 0
