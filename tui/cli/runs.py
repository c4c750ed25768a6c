"""``onduty runs``: the newest runs first."""

from __future__ import annotations

import argparse
from typing import Any


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "runs",
        help="the newest runs first",
        epilog="examples:\n  onduty runs\n  onduty runs --limit 5 --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--limit", metavar="N", type=int, default=50, help="how many, default 50")
    parser.add_argument("--json", action="store_true", help="a list of runs")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Print the list."""
    from runners.model.errors import InputRefused
    from tui.cli.output import print_json, print_line, print_table
    from tui.cli.session import persist, run_async

    if options.limit < 1:
        raise InputRefused(f"--limit {options.limit}: at least 1")
    summaries = run_async(persist(lambda client: client.runs(options.limit)))
    if options.json:
        print_json(summaries)
    elif not summaries:
        print_line("No runs yet. onduty run FILE starts one, onduty demo makes a fleet to play with.")
    else:
        print_table(
            ("RUN", "STATE", "ENVIRONMENT", "STARTED", "BY", "WHAT"),
            [
                (
                    run.id,
                    run.phase,
                    run.environment or "",
                    (run.created_at or "")[:19].replace("T", " "),
                    run.by,
                    run.what,
                )
                for run in summaries
            ],
        )
    return 0
