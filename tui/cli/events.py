"""``onduty events RUN``: what happened, one event a line."""

from __future__ import annotations

import argparse
from contextlib import aclosing
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
    from runners.model.errors import InputRefused
    from runners.model.events import RollbackFinished, RunFinished
    from runners.model.phases import RUN_ENDED
    from runners.model.wire import encode, event_to_json
    from tui.cli.follow import events_of
    from tui.cli.output import print_json_line, print_line
    from tui.cli.session import find_run, persist

    if options.verify and options.follow:
        raise InputRefused("--verify checks what is there; it does not go with --follow")
    uid = await persist(lambda client: find_run(client, options.run))
    if options.verify:
        return await _verify(uid, as_json=options.json)
    at = await persist(lambda client: client.document(uid))
    async with aclosing(events_of(uid, follow=options.follow)) as events:
        async for event in events:
            if options.json:
                print_json_line(event_to_json(event))
            else:
                payload = encode(event.payload).decode()
                print_line(f"{event.seq:>6}  {rfc3339(event.time)}  {event.actor}  {event.type}  {payload}")
            # A run that was retried has ended before: what counts is how it stood when we came, and what came then.
            over = event.seq == at.state.seq and at.document.phase in RUN_ENDED
            ends = isinstance(event.payload, RunFinished | RollbackFinished)
            if options.follow and (over or (event.seq > at.state.seq and ends)):
                break
    return 0


async def _verify(uid: str, *, as_json: bool) -> int:
    from runners.core.chain import verify
    from runners.model.wire import EventLine, event_line_from_json
    from tui.cli.output import print_json, print_line
    from tui.cli.session import persist

    async def read(client: ControllerClient) -> list[EventLine]:
        return [event_line_from_json(line) async for line in client.event_lines(uid)]

    rows = await persist(read)
    broken = verify(rows)
    if as_json:
        print_json({"events": len(rows), "whole": not broken, "problem": broken or None})
    else:
        print_line(broken or f"{len(rows)} events, the chain of hashes is whole")
    return 1 if broken else 0
