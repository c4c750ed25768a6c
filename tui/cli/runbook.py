"""``onduty runbook list|show|match|lint``: the pages."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.model.state import RunState
    from runners.ports.failure_advisor import FailureFacts

TAIL_BYTES = 64 * 1024
TAIL_LINES = 200


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "runbook",
        help="the pages beside failures",
        epilog="examples:\n  onduty runbook show port-in-use\n  onduty runbook match last release@web3",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    listing = actions.add_parser("list", help="every page")
    listing.add_argument("--json", action="store_true", help="a list of pages")
    listing.set_defaults(verb=list_pages)
    show = actions.add_parser("show", help="one page")
    show.add_argument("id", metavar="ID", help="of a page, as runbook list has it")
    form = show.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the page as a document")
    form.add_argument("--source", action="store_true", help="the Markdown as it was written, to start your own from")
    show.set_defaults(verb=show_page)
    match = actions.add_parser("match", help="which pages fit a failed job, and why")
    match.add_argument("run", metavar="RUN", help="name/number, a uid, or last")
    match.add_argument("job", metavar="JOB[@HOST]", help="stage/job or job, and the host where there are several")
    match.add_argument("--json", action="store_true", help="a list of pages with score and reason")
    match.set_defaults(verb=match_pages)
    lint = actions.add_parser("lint", help="all problems of the library, or of these files and folders")
    lint.add_argument("paths", metavar="PATH", nargs="*", help="pages, and folders with pages")
    lint.add_argument("--json", action="store_true", help="a list of problems")
    lint.set_defaults(verb=lint_pages)
    later = actions.add_parser("run")
    later.add_argument("words", nargs="*", help="comes with a later version")
    later.add_argument("--host", help=argparse.SUPPRESS)
    later.set_defaults(verb=refuse_run)


def list_pages(options: argparse.Namespace) -> int:
    """Print id, title and owner of each page, and what is wrong with the rest."""
    import sys

    from tui.cli.output import print_json, print_table
    from tui.wiring import library

    found = library()
    pages = [found.pages[page_id] for page_id in sorted(found.pages)]
    if options.json:
        print_json([{"id": page.id, "title": page.title, "owner": page.owner, "file": page.file} for page in pages])
    else:
        print_table(("ID", "TITLE", "OWNER"), [(page.id, page.title, page.owner or "") for page in pages])
    for problem in found.problems:
        print(problem, file=sys.stderr)
    return 0


def show_page(options: argparse.Namespace) -> int:
    """Print one page for people, as JSON, or as it was written."""
    import shutil
    import sys
    from datetime import date

    from runners.model.errors import NotFound
    from tui.cli.output import print_json, print_line
    from tui.cli.page_text import page_lines
    from tui.wiring import library

    found = library()
    page = found.get(options.id)
    if page is None:
        near = found.nearest(options.id)
        raise NotFound(
            f"{options.id}: no such page" + (f', did you mean "{near}"?' if near else ""), hint="onduty runbook list"
        )
    if options.json:
        print_json(page)
    elif options.source and not sys.stdout.isatty():
        # Into a file it has to be the same page again, tabs included.
        sys.stdout.write(page.source)
    elif options.source:
        for line in page.source.removesuffix("\n").split("\n"):
            print_line(line)
    else:
        for line in page_lines(page, shutil.get_terminal_size().columns, date.today()):
            print_line(line)
    return 0


def match_pages(options: argparse.Namespace) -> int:
    """Print the pages that fit, best first; 1 when none does."""
    from runbooks.advisor import RunbookAdvisor
    from tui.cli.output import print_json, print_line, print_table
    from tui.cli.session import run_async
    from tui.wiring import library

    facts = run_async(_facts(options.run, options.job))
    ranked = RunbookAdvisor(library(facts.runbooks)).rank(facts)
    if options.json:
        print_json([{"id": one.page.id, "score": one.score, "why": one.why} for one in ranked])
    elif ranked:
        print_table(("ID", "SCORE", "WHY"), [(one.page.id, f"{one.score:.2f}", one.why) for one in ranked])
    else:
        print_line("No page fits; no page is better than a wrong page.")
    return 0 if ranked else 1


def lint_pages(options: argparse.Namespace) -> int:
    """0 or 2."""
    from datetime import date
    from pathlib import Path

    from runbooks.lint import lint_library, lint_paths
    from tui.cli.output import print_json, print_line
    from tui.wiring import library

    if options.paths:
        problems = lint_paths([Path(path) for path in options.paths], date.today())
    else:
        problems = lint_library(library(), date.today())
    if options.json:
        print_json(problems)
    else:
        for problem in problems:
            print_line(f"{problem}{' (warning)' if problem.warning else ''}")
        if not problems:
            print_line("no problems")
    return 2 if any(not problem.warning for problem in problems) else 0


def refuse_run(options: argparse.Namespace) -> int:
    """Not built yet."""
    from runners.model.errors import InputRefused

    raise InputRefused("runbook run: comes with a later version; runbook show prints the commands")


async def _facts(run: str, job: str) -> FailureFacts:
    from tui.cli.session import controller, find_run

    async with controller() as client:
        uid = await find_run(client, run)
        state = (await client.snapshot(uid)).state
        facts, key = failure_facts(state, job)
        if key is None:
            return facts
        position = next(
            task.log_bytes
            for stage in state.stages
            for job_state in stage.jobs
            for job_run in job_state.runs
            for attempt in job_run.attempts
            for task in attempt.tasks
            if task.key == key
        )
        data = await client.log(uid, key, max(0, position - TAIL_BYTES), TAIL_BYTES)
    from dataclasses import replace

    lines = data.decode("utf-8", "replace").splitlines()[-TAIL_LINES:]
    return replace(facts, log_tail=lines)


def failure_facts(state: RunState, job: str) -> tuple[FailureFacts, str | None]:
    """The facts of the failed job run that ``job`` names, and whose log tells more; ``InputRefused`` if none failed."""
    from runners.model.errors import InputRefused
    from runners.model.phases import BAD, Phase, TaskPhase
    from runners.ports.failure_advisor import FailureFacts

    name, _, host = job.partition("@")
    for planned_stage, stage in zip(state.plan.stages, state.stages, strict=True):
        for planned, job_state in zip(planned_stage.jobs, stage.jobs, strict=True):
            if name not in (planned.name, planned.id):
                continue
            for job_run in job_state.runs:
                if (host and job_run.host != host) or job_run.phase not in (*BAD, Phase.UNKNOWN):
                    continue
                # A host that was given up ends the job run, not the attempt: then the last log is an older story.
                attempt = job_run.current
                own = attempt is not None and (
                    job_run.phase is Phase.UNKNOWN or (attempt.kind, attempt.reason) == (job_run.kind, job_run.reason)
                )
                tasks = attempt.tasks if attempt is not None and own else ()
                bad = (TaskPhase.FAILED, TaskPhase.TIMED_OUT, TaskPhase.UNKNOWN)
                number = next((n for n, task in enumerate(tasks) if task.phase in bad), None)
                rollback = job_run.current is not None and job_run.current.rollback
                task = planned.steps(rollback=rollback)[number] if number is not None else None
                kind = "unknown" if job_run.phase is Phase.UNKNOWN else (job_run.kind or "exit")
                return (
                    FailureFacts(
                        pipeline=state.plan.pipeline,
                        stage=stage.name,
                        job=planned.name,
                        host=job_run.host,
                        task=task.name if task else "",
                        kind=str(kind),
                        exit_code=job_run.exit_code,
                        signal=job_run.signal,
                        labels=state.plan.hosts[job_run.host].labels,
                        explicit=(task.runbook if task else None) or planned.runbook,
                        runbooks=state.plan.runbooks,
                    ),
                    tasks[number].key if number is not None else None,
                )
    raise InputRefused(f"{job}: nothing of that name failed in {state.name}", hint=f"onduty show {state.name}")
