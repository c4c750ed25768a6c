"""``onduty retry``, ``skip`` and ``cancel``: what a person asks of a run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.model.api import RunDocument

EXAMPLES = {
    "retry": "examples:\n  onduty retry deploy-api/42                  all that failed or was never reached\n"
    "  onduty retry deploy-api/42 release@web3     one job on one host",
    "skip": 'example:\n  onduty skip deploy-api/42 purge@edge1 --reason "edge1 is being rebuilt"',
    "cancel": "examples:\n  onduty cancel deploy-api/42                 the whole run\n"
    "  onduty cancel deploy-api/42 release@web3    one job on one host",
}
HELP = {
    "retry": "run what failed again, as a new attempt",
    "skip": "let a job count as satisfied without passing",
    "cancel": "stop what runs, whole tree, and start nothing more",
}


def register(verbs: Any) -> None:
    """Add the three verbs."""
    for name, text in HELP.items():
        parser = verbs.add_parser(
            name, help=text, epilog=EXAMPLES[name], formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("run", metavar="RUN", help="name/number, a uid, or last")
        parser.add_argument(
            "jobs",
            metavar="JOB[@HOST]",
            nargs="+" if name == "skip" else "*",
            help="stage/job or job, on one host or all; several are all or nothing",
        )
        parser.add_argument("--reason", metavar="S", default="", help="kept with the run")
        if name != "cancel":
            parser.add_argument("--not-running", action="store_true", help="you vouch that an unknown one is dead")
        if name == "retry":
            parser.add_argument("--from", dest="from_task", metavar="T", help=argparse.SUPPRESS)
            parser.add_argument("--task", metavar="T", help=argparse.SUPPRESS)
        parser.add_argument("--json", action="store_true", help="what was accepted, as a document")
        parser.set_defaults(verb=run, intent=name)


def run(options: argparse.Namespace) -> int:
    """0 once it is accepted and durable, 5 when it is refused."""
    from ulid import ULID

    from runners.model.api import IntentAnswer, IntentRequest
    from runners.model.errors import InputRefused
    from tui.cli.output import print_json, print_line
    from tui.cli.session import find_run, persist, run_async

    for name, flag in (("from_task", "--from"), ("task", "--task")):
        if getattr(options, name, None):
            raise InputRefused(f"{flag}: comes with a later version; nothing was done")
    intent_id = str(ULID())

    async def act(client: ControllerClient) -> IntentAnswer:
        uid = await find_run(client, options.run)
        request = IntentRequest(
            id=intent_id,
            intent=options.intent,
            targets=tuple(options.jobs),
            # Of two who act on what they saw at the same moment, the second is told who was first, also when what the
            # first one started is over by then.
            seen_attempts=_attempts((await client.snapshot(uid)).document),
            not_running=getattr(options, "not_running", False),
            reason=options.reason,
        )
        return await client.act(uid, request)

    answer = run_async(persist(act))
    if options.json:
        print_json(answer)
    else:
        print_line(answer.text)
    return 0


def _attempts(document: RunDocument) -> dict[str, int]:
    """The attempt that stands, of every job run that an intent may be about."""
    over = ("succeeded", "skipped", "waiting")
    return {f"{job.stage}/{job.job}@{job.host}": job.attempt for job in document.jobs if job.phase not in over}
