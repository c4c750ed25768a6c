"""``onduty keys``: the key table of the screen, with this person's own keys."""

from __future__ import annotations

import argparse
from typing import Any


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "keys",
        help="the key table of the screen, with your own keys",
        epilog="""examples:
  onduty keys
  onduty lint ~/.config/onduty/settings.yaml

Keys are changed in settings.yaml in the configuration folder, by the name of the action:
  keys:
    retry: i             in the place of r
    follow: [f, f5]      two keys
    note: none           by name alone: : note
Arrows, enter, esc, home, end, the page keys and digits stay. What clashes is refused by name.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="a list of keys")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Print the table of actions that the screen is made from."""
    from tui.cli.output import print_json, print_line, print_table
    from tui.keys.actions import ACTIONS
    from tui.wiring import settings, settings_file

    standard = {one.name: one.key for one in ACTIONS}
    actions = settings().actions
    if options.json:
        print_json(
            [
                {"key": one.key, "name": one.name, "does": one.help, "keys": list(one.keys), "was": standard[one.name]}
                for one in actions
            ]
        )
        return 0
    rows = []
    for one in actions:
        was = f"  (was {standard[one.name]})" if one.key != standard[one.name] else ""
        rows.append((one.key, one.name, f"{one.help}{was}"))
    print_table(("KEY", "NAME", "DOES"), rows)
    if (file := settings_file()) is not None:
        print()
        print_line(f"your own keys: {file}{'' if file.is_file() else ' (not there)'}")
    return 0
