"""``onduty events RUN``: what happened, one event a line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.client.client import ControllerClient


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "events",
        help="what happened, one event a line",
        epilog="examples:\n  onduty events last --json\n  onduty events deploy-api/42 --verify",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", metavar="RUN", help="name/number, a uid, or last")
    parser.add_argument("--follow", action="store_true", help="go on until the run ends")
    parser.add_argument("--verify", action="store_true", help="check the chain of hashes (it shows accidents)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Print them; 1 when the chain is broken."""
    from tui.cli.session import run_async

    return run_async(_events(options))


async def _events(options: argparse.Namespace) -> int:
    from runners.model.api import rfc3339
    from runners.model.events import RollbackFinished, RunFinished
    from runners.model.wire import encode, event_to_json
    from tui.cli.follow import events_of
    from tui.cli.output import print_line
    from tui.cli.session import controller, find_run

    async with controller() as client:
        uid = await find_run(client, options.run)
        if options.verify:
            return await _verify(client, uid)
    async for event in events_of(uid, follow=options.follow):
        if options.json:
            print(event_to_json(event).decode(), flush=True)
        else:
            payload = encode(event.payload).decode()
            print_line(f"{event.seq:>6}  {rfc3339(event.time)}  {event.actor}  {event.type}  {payload}")
        if options.follow and isinstance(event.payload, RunFinished | RollbackFinished):
            break
    return 0


async def _verify(client: ControllerClient, uid: str) -> int:
    from runners.core.chain import verify
    from runners.model.wire import event_line_from_json
    from tui.cli.output import print_line

    rows = [event_line_from_json(line) async for line in client.event_lines(uid)]
    broken = verify(rows)
    print_line(broken or f"{len(rows)} events, the chain of hashes is whole")
    return 1 if broken else 0
