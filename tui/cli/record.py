"""``onduty record RUN``: the whole story of a run in order of time, for a postmortem."""

from __future__ import annotations

import argparse
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.view.record import Record
    from tui.view.scene import RunScene

SHOWN = ("story", "people", "failures", "all")


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "record",
        help="the whole story of a run, for a postmortem",
        epilog=(
            "examples:\n  onduty record last\n  onduty record deploy-api/42 --markdown > postmortem.md\n"
            "  onduty record last --only people"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", metavar="RUN", help="name/number, a uid, or last")
    parser.add_argument(
        "--only",
        metavar="WHAT",
        choices=SHOWN,
        default="story",
        help="story (people, failures, what began and ended), people, failures, or all: each event; story by default",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="as Markdown, to paste or to keep")
    form.add_argument("--json", action="store_true", help="as one document")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Print it."""
    import sys

    from tui.cli.output import print_json, print_line
    from tui.cli.session import run_async
    from tui.view.record_text import document_of, markdown, plain_lines

    scene, record = run_async(_read(options.run))
    if options.json:
        print_json(document_of(scene, record, options.only))
    elif options.markdown:
        sys.stdout.write(markdown(scene, record, options.only))
    else:
        for line in plain_lines(scene, record, options.only):
            print_line(line)
    return 0


async def _read(ref: str) -> tuple[RunScene, Record]:
    import time
    from datetime import UTC, datetime

    from tui.cli.follow import events_of
    from tui.cli.session import find_run, persist
    from tui.view.record import Record
    from tui.view.scene import Here, RunScene

    uid = await persist(lambda client: find_run(client, ref))
    snapshot = await persist(lambda client: client.snapshot(uid))
    state = snapshot.state
    record = Record(state.plan)
    async with aclosing(events_of(uid, follow=False)) as events:
        async for event in events:
            if event.seq > state.seq:
                # What happened since the state was read is for the next reader: both tell of one moment.
                break
            record.add((event,))
    here = Here(now_utc=time.time(), zone=datetime.now().astimezone().tzinfo or UTC)
    scene = RunScene(here=here, state=state, phase=snapshot.document.phase, holds=tuple(snapshot.document.holds))
    return scene, record
