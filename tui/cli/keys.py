"""``onduty keys``: the key table of the screen."""

from __future__ import annotations

import argparse
from typing import Any


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "keys",
        help="the key table of the screen",
        epilog="example:\n  onduty keys",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="a list of keys")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Print the table of actions that the screen is made from."""
    from tui.cli.output import print_json, print_table
    from tui.keys.actions import ACTIONS

    if options.json:
        print_json([{"key": action.key, "name": action.name, "does": action.help} for action in ACTIONS])
    else:
        print_table(("KEY", "NAME", "DOES"), [(action.key, action.name, action.help) for action in ACTIONS])
    return 0
