"""``onduty doctor``: one line for each thing that it needs, and what to do where one is not fine."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.cli.finding import Finding


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "doctor",
        help="self-check: what works, what does not, and what to do",
        epilog="""examples:
  onduty doctor
  onduty doctor --json

It changes nothing and starts nothing, no controller either: the database is looked at by the
one that runs. Exit 0: nothing is bad (warnings are no failure), 1: something is.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="as a document")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Look at everything, print it, and say whether anything is bad."""
    from tui.cli.finding import Level
    from tui.cli.output import print_json, print_line
    from tui.cli.session import run_async

    found = run_async(findings())
    sound = all(one.level is not Level.BAD for one in found)
    if options.json:
        print_json({"ok": sound, "findings": found})
        return 0 if sound else 1
    width = max(len(one.name) for one in found)
    for one in found:
        fix = f"; do: {one.fix}" if one.fix else ""
        print_line(f"{one.level.value:<4}  {one.name:<{width}}  {one.text}{fix}")
    return 0 if sound else 1


async def findings() -> list[Finding]:
    """Every finding, in the order in which things need each other."""
    import os
    from pathlib import Path

    from tui.cli.doctor_controller import controller, none_runs
    from tui.cli.doctor_place import installation, state_folder
    from tui.cli.doctor_ssh import agent, known_hosts, ssh_program
    from tui.cli.doctor_terminal import encoding_of_output, own_settings, site_here, terminal
    from tui.terminal import has_terminal
    from tui.wiring import home

    found = [*installation(), *state_folder(home(), uid=os.getuid())]
    found += await controller(home()) if home().is_dir() else [none_runs()]
    found += [ssh_program(), await agent(os.environ.get("SSH_AUTH_SOCK"))]
    found += known_hosts(Path.home() / ".ssh" / "known_hosts")
    found += terminal(os.environ, is_terminal=has_terminal(), encoding=encoding_of_output())
    found += own_settings()
    found += site_here()
    return found
