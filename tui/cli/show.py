"""``onduty show RUN``: one run, whole."""

from __future__ import annotations

import argparse
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.model.api import JobDocument, RunDocument

WHOLE = 10_000
"""Cells: nothing is left out."""


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "show",
        help="one run, whole",
        epilog="examples:\n  onduty show last\n  onduty show deploy-api/42 --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", metavar="RUN", help="name/number, a uid, or last")
    parser.add_argument("--json", action="store_true", help="the run as one document")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Print it."""
    from msgspec.structs import replace

    from runners.model.errors import NotFound
    from tui.cli.output import print_json
    from tui.cli.session import find_run, persist, run_async

    async def document(client: ControllerClient) -> RunDocument:
        found = (await client.document(await find_run(client, options.run))).document
        if not any(job.phase in ("failed", "timed_out") for job in found.jobs):
            return found
        # An older controller does not know the question.
        with suppress(NotFound):
            return replace(found, before=await client.before(found.uid))
        return found

    found = run_async(persist(document))
    if options.json:
        print_json(found)
    else:
        print_run(found)
    return 0


def print_run(document: RunDocument) -> None:
    """The run as text: what failed and what waits, first."""
    from tui.cli.output import print_line, print_table
    from tui.view.usage import used_briefly

    where = f" in {document.environment}" if document.environment else ""
    print_line(f"{document.id}{where}: {document.phase}, started by {document.by}")
    print_table(
        ("JOB", "HOST", "STATE", "ATTEMPT", "CPU, MEMORY", "WHY"),
        [
            (
                *(f"{job.stage}/{job.job}", job.host, job.phase, str(job.attempt or "")),
                used_briefly(job.cpu_s, job.memory_peak_bytes),
                why_of(job),
            )
            for job in sorted(document.jobs, key=_worst_first)
        ],
    )
    print_before(document, time.time())
    for warning in document.warnings:
        print_line(f"warning: {warning}")
    for hold in document.holds:
        print_line(f"waits: {hold.what}: {hold.text}")
    for step in document.next:
        print_line(f"next: {step}")


def print_before(document: RunDocument, now_utc: float) -> None:
    """What went before the first failure: what changed, how often it was seen, what helped."""
    if document.before is None:
        return
    from tui.cli.output import print_line
    from tui.view.why_before import about_of

    about = about_of(document.before, WHOLE, now_utc)
    for label, value in about.facts(document.before):
        print_line(f"{label}: {''.join(span.text for span in value)}")


def why_of(job: JobDocument) -> str:
    """Why a job is as it is, in one line: reason, first bad line, page."""
    words = [job.reason or job.hold or ""]
    # What nothing was started for has no log: its first line is its reason.
    if job.first_line and job.first_line not in words[0]:
        words.append(job.first_line)
    if job.runbook:
        words.append(f"(runbook {job.runbook.id}: {job.runbook.why})")
    return "  ".join(word for word in words if word)


def _worst_first(job: JobDocument) -> int:
    order = ("failed", "timed_out", "unknown", "cancelling", "running", "backing_off", "queued", "waiting")
    return order.index(job.phase) if job.phase in order else len(order)
