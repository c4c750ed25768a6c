"""``onduty schema``: the JSON Schema of pipelines and inventories, for editors."""

from __future__ import annotations

import argparse
from typing import Any


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "schema",
        help="JSON Schema of pipelines and inventories",
        epilog="example:\n  onduty schema > onduty.schema.json\n  onduty schema inventory",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", choices=("pipeline", "inventory"), default="pipeline")
    parser.add_argument("--json", action="store_true", help="accepted everywhere; a schema is JSON anyway")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Print it."""
    from runners.spec.schema import inventory_schema, pipeline_schema
    from tui.cli.output import print_json

    print_json(pipeline_schema() if options.what == "pipeline" else inventory_schema())
    return 0
