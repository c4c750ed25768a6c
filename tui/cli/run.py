"""``onduty run FILE``: start a pipeline and follow it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.model.api import RunStarted

EXIT_USAGE = 2


def register(verbs: Any) -> None:
    """Add the verb."""
    from tui.cli.texts import add_pipeline_arguments

    parser = verbs.add_parser(
        "run",
        help="start a pipeline and follow it",
        epilog="""examples:
  onduty run deploy.yaml -p release=2.4.1
  onduty run deploy.yaml -p release=2.4.1 --limit 'web:!web3'
  onduty run deploy.yaml -p release=2.4.1 --detach --json

ctrl-c detaches; the run goes on. Exit 0 success, 1 failed or held, 3 cancelled, 4 no host was ever reached.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_pipeline_arguments(parser)
    parser.add_argument("--detach", action="store_true", help="return once it is durable")
    parser.add_argument("--through-holds", action="store_true", help="go on waiting while a person is needed")
    parser.add_argument("--again", metavar="RUN", help=argparse.SUPPRESS)
    parser.add_argument("--own-controller", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="with --detach: id and uid; else the run at the end")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Start; in front: stream until it ended or is held."""
    from runners.model.errors import InputRefused
    from tui.cli.session import run_async

    for name in ("again", "own_controller"):
        if getattr(options, name):
            raise InputRefused(f"--{name.replace('_', '-')}: comes with a later version; nothing was started")
    if not options.file:
        raise InputRefused("run: which pipeline?", hint="onduty run FILE")
    started = run_async(_start(options))
    if options.detach:
        return _print_started(started, options)
    try:
        return run_async(_follow(started, options))
    except KeyboardInterrupt:
        print(f"\ndetached; {started.id} goes on: onduty show {started.id}", file=sys.stderr)
        return 130


def _print_started(started: RunStarted, options: argparse.Namespace) -> int:
    from tui.cli.output import print_json, print_line

    if options.json:
        print_json(started)
    else:
        print_line(f"{started.id} started; onduty wait {started.id}")
    return 0


async def _start(options: argparse.Namespace) -> RunStarted:
    import os
    from pathlib import Path

    from ulid import ULID

    from runners.model.api import StartRun
    from tui.cli.session import persist
    from tui.cli.texts import inventory_for, params_of, plan_texts, read_text

    text = read_text(options.file)
    inventory = inventory_for(text, options.inventory)
    params = params_of(options)
    # The controller plans again; planning here first gives the problems with the paths as they were typed.
    plan_texts(text, inventory, params, options.limit)
    request = StartRun(
        id=str(ULID()),
        definition=text.content,
        definition_path=str(text.path),
        inventory=inventory.content if inventory else None,
        inventory_path=str(inventory.path) if inventory else None,
        home=str(Path.home()),
        params=params,
        limit=options.limit,
        auth_sock=os.environ.get("SSH_AUTH_SOCK"),
    )
    return await persist(lambda client: client.start_run(request))


async def _follow(started: RunStarted, options: argparse.Namespace) -> int:
    from tui.cli.follow import exit_code_of, print_outcome, stream_run
    from tui.cli.output import print_json
    from tui.view.safe_text import safe

    print(f"{started.id} started", file=sys.stderr)

    def write(prefix: str, line: bytes) -> None:
        if not options.json:
            sys.stdout.write(f"{safe(prefix)}{safe(line)}\n")
            sys.stdout.flush()

    document = await stream_run(started.uid, write, through_holds=options.through_holds)
    if options.json:
        print_json(document)
    print_outcome(document)
    return exit_code_of(document)
