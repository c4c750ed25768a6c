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
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="a list of keys")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Print the table of actions that the screen is made from."""
    from runners.model.errors import InputRefused
    from tui.cli.output import print_json, print_table
    from tui.keys.actions import ACTIONS

    if options.words:
        raise InputRefused(f"keys {options.words[0]}: comes with a later version; keys cannot be remapped yet")
    if options.json:
        print_json([{"key": action.key, "name": action.name, "does": action.help} for action in ACTIONS])
    else:
        print_table(("KEY", "NAME", "DOES"), [(action.key, action.name, action.help) for action in ACTIONS])
    return 0
