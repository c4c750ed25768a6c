"""``onduty retry``, ``skip``, ``cancel``, ``rollback``, ``pause``, ``resume`` and ``note``: asked of a run."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.model.api import RunDocument
    from runners.model.preview import Preview

EXAMPLES = {
    "retry": "examples:\n  onduty retry deploy-api/42                  all that failed or was never reached\n"
    "  onduty retry deploy-api/42 release@web3     one job on one host\n"
    "  onduty retry deploy-api/42 release@web3 --from restart",
    "skip": 'example:\n  onduty skip deploy-api/42 purge@edge1 --reason "edge1 is being rebuilt"',
    "cancel": "examples:\n  onduty cancel deploy-api/42                 the whole run\n"
    "  onduty cancel deploy-api/42 release@web3    one job on one host",
    "rollback": "examples:\n  onduty rollback deploy-api/42 --dry-run     what would be done, newest first\n"
    '  onduty rollback deploy-api/42 --reason "errors doubled"',
    "pause": "examples:\n  onduty pause deploy-api/42                  what runs finishes its tasks\n"
    "  onduty pause deploy-api/42 --now            what runs stops after the task it is at",
    "resume": "example:\n  onduty resume deploy-api/42",
    "note": 'example:\n  onduty note deploy-api/42 "asked the database team, they look"',
}
HELP = {
    "retry": "run what failed again, as a new attempt",
    "skip": "let a job count as satisfied without passing",
    "cancel": "stop what runs, whole tree, and start nothing more",
    "rollback": "stop what runs, then take back what the run did, newest first",
    "pause": "start no new attempt until it is resumed",
    "resume": "go on after a pause",
    "note": "write something down beside a run",
}
_OF_JOBS = ("retry", "skip", "cancel")


def register(verbs: Any) -> None:
    """Add the verbs."""
    for name, text in HELP.items():
        parser = verbs.add_parser(
            name, help=text, epilog=EXAMPLES[name], formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("run", metavar="RUN", help="name/number, a uid, or last")
        if name in _OF_JOBS:
            parser.add_argument(
                "jobs",
                metavar="JOB[@HOST]",
                nargs="+" if name == "skip" else "*",
                help="stage/job or job, on one host or all; several are all or nothing",
            )
        if name == "note":
            parser.add_argument("text", metavar="TEXT", help="kept with the run")
        else:
            parser.add_argument("--reason", metavar="S", default="", help="kept with the run")
        if name in ("retry", "skip", "rollback"):
            parser.add_argument("--not-running", action="store_true", help="you vouch that an unknown one is dead")
        if name == "retry":
            parser.add_argument("--from", dest="from_task", metavar="T", help="go on from this task; keep those before")
            parser.add_argument("--task", metavar="T", help="this one task alone")
        if name == "rollback":
            parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
            parser.add_argument(
                "--despite-later", action="store_true", help="also when a later run changed the same hosts"
            )
        if name == "pause":
            parser.add_argument("--now", action="store_true", help="running attempts stop between two tasks")
        parser.add_argument("--json", action="store_true", help="what was accepted, as a document")
        parser.set_defaults(verb=run, intent=name)


def run(options: argparse.Namespace) -> int:
    """0 once it is accepted and durable, 5 when it is refused."""
    from ulid import ULID

    from runners.model.api import IntentAnswer, IntentRequest
    from runners.model.errors import ActionRefused
    from tui.cli.output import print_json, print_line
    from tui.cli.session import find_run, persist, run_async

    intent_id = str(ULID())

    async def request(client: ControllerClient, uid: str) -> IntentRequest:
        if getattr(options, "seen_attempts", None) is None:
            # Who was shown a preview before acts on what was true then.
            seen = _attempts((await client.document(uid)).document) if options.intent in _OF_JOBS else {}
            options.seen_attempts = seen
        return IntentRequest(
            id=intent_id,
            intent=options.intent,
            targets=tuple(getattr(options, "jobs", ())),
            # Of two who act on what they saw at the same moment, the second is told who was first, also when what the
            # first one started is over by then.
            seen_attempts=options.seen_attempts,
            not_running=getattr(options, "not_running", False),
            reason=getattr(options, "reason", ""),
            from_task=getattr(options, "from_task", None) or "",
            task=getattr(options, "task", None) or "",
            now=getattr(options, "now", False),
            despite_later=getattr(options, "despite_later", False),
            text=getattr(options, "text", ""),
        )

    if getattr(options, "dry_run", False):

        async def look(client: ControllerClient) -> Preview:
            uid = await find_run(client, options.run)
            return await client.preview(uid, await request(client, uid))

        foreseen = run_async(persist(look))
        if options.json:
            print_json(foreseen)
        elif not foreseen.refusal:
            for line in lines_of(foreseen):
                print_line(line)
        if foreseen.refusal:
            raise ActionRefused(foreseen.refusal)
        return 0

    async def act(client: ControllerClient) -> IntentAnswer:
        uid = await find_run(client, options.run)
        return await client.act(uid, await request(client, uid))

    answer = run_async(persist(act))
    if options.json:
        print_json(answer)
    else:
        print_line(answer.text)
    return 0


def lines_of(foreseen: Preview) -> Iterator[str]:
    """A preview as lines: what, where, with which commands, what to think of."""
    from runners.model.preview import Marker

    yield foreseen.title
    yield f"  {foreseen.scope}"
    for host in foreseen.hosts:
        yield f"  {host.job_run}, attempt {host.attempt}"
        for task in host.tasks:
            notes = [*task.manner, *([] if task.marker is Marker.RUN else [task.marker.value])]
            yield f"    {task.name}" + (f"  ({', '.join(notes)})" if notes else "")
            for line in task.command.rstrip("\n").split("\n"):
                yield f"      {line}"
    for warning in foreseen.warnings:
        yield f"  warning: {warning}"


def _attempts(document: RunDocument) -> dict[str, int]:
    """The attempt that stands, of every job run that an intent may be about."""
    over = ("succeeded", "skipped", "waiting")
    return {f"{job.stage}/{job.job}@{job.host}": job.attempt for job in document.jobs if job.phase not in over}
