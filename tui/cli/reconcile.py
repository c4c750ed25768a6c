"""``onduty reconcile RUN [JOB[@HOST]…]``: ask the hosts now what became of the unknown ones, and say what came out."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.model.api import IntentAnswer, JobDocument, RunDocument
    from runners.model.events import Payload

WAIT = "30s"
EXIT_UNKNOWN, EXIT_TIMEOUT = 1, 6


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "reconcile",
        help="ask the hosts now what became of what is unknown",
        epilog="""examples:
  onduty reconcile deploy-api/42                  everything that is unknown
  onduty reconcile deploy-api/42 release@web3     one job on one host

Nothing is stopped and nothing runs twice. Exit 0: all of them are known now; 1: something is unknown still; 6: a host
did not say anything within --timeout, and the controller goes on asking; 5: nothing is unknown.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", metavar="RUN", help="name/number, a uid, or last")
    parser.add_argument("jobs", metavar="JOB[@HOST]", nargs="*", help="default: all that are unknown")
    parser.add_argument("--reason", metavar="S", default="", help="kept with a refusal")
    parser.add_argument("--timeout", metavar="D", default=WAIT, help=f"wait this long for the hosts, default {WAIT}")
    parser.add_argument("--dry-run", action="store_true", help="only say which hosts would be asked")
    parser.add_argument("--json", action="store_true", help="what came out, as a document")
    parser.set_defaults(verb=run, intent="reconcile")


def run(options: argparse.Namespace) -> int:
    """Ask, wait, say."""
    from runners.model.errors import InputRefused
    from runners.spec.durations import parse_duration
    from tui.cli import intents
    from tui.cli.session import run_async

    try:
        timeout_s = parse_duration(options.timeout)
    except ValueError as error:
        raise InputRefused(f"--timeout {options.timeout}: {error}") from None
    if options.dry_run:
        return intents.run(options)
    return run_async(_reconcile(options, timeout_s))


async def _reconcile(options: argparse.Namespace, timeout_s: float) -> int:
    from ulid import ULID

    from runners.model.api import IntentRequest
    from tui.cli.follow import document_of
    from tui.cli.output import print_json, print_line
    from tui.cli.session import find_run, persist

    intent_id = str(ULID())

    async def ask(client: ControllerClient) -> tuple[str, IntentAnswer]:
        uid = await find_run(client, options.run)
        request = IntentRequest(id=intent_id, intent="reconcile", targets=tuple(options.jobs), reason=options.reason)
        return uid, await client.act(uid, request)

    uid, answer = await persist(ask)
    if not options.json:
        print_line(f"{answer.text}; waiting up to {options.timeout}")
    news = await _news_of(uid, answer, timeout_s)
    document, _ = await document_of(uid)
    outcomes = [_outcome(document, target, news.get(target)) for target in answer.targets]
    if options.json:
        print_json({"id": document.id, "uid": document.uid, "job_runs": outcomes})
    else:
        for outcome in outcomes:
            print_line(f"  {_sentence(outcome, options.timeout)}")
        for step in _next(document, outcomes):
            print_line(f"  next: {step}")
    came = {outcome["outcome"] for outcome in outcomes}
    if "no_answer" in came:
        return EXIT_TIMEOUT
    return EXIT_UNKNOWN if "unknown" in came else 0


async def _news_of(uid: str, answer: IntentAnswer, timeout_s: float) -> Mapping[str, Payload]:
    """By job run: the first thing that was heard of it after it was asked about."""
    import asyncio
    from contextlib import aclosing

    from runners.model.events import ContactLost, ContactRegained, JobFinished, TaskFinished, TaskStarted
    from tui.cli.follow import events_of

    found: dict[str, Payload] = {}
    try:
        async with asyncio.timeout(timeout_s), aclosing(events_of(uid, answer.seq, follow=True)) as events:
            async for event in events:
                payload = event.payload
                if (
                    isinstance(payload, ContactLost | ContactRegained | TaskStarted | TaskFinished | JobFinished)
                    and payload.job_run in answer.targets
                ):
                    found.setdefault(payload.job_run, payload)
                if found.keys() >= set(answer.targets):
                    break
    except TimeoutError:
        pass
    return found


def _outcome(document: RunDocument, target: str, news: Payload | None) -> dict[str, Any]:
    """One job run as it is now: ``running``, ``ended``, ``unknown``, or ``no_answer`` while nothing was heard."""
    from runners.model.events import ContactLost

    job = next(job for job in document.jobs if f"{job.stage}/{job.job}@{job.host}" == target)
    lost = news if isinstance(news, ContactLost) else None
    return {
        "job_run": target,
        "stage": job.stage,
        "job": job.job,
        "host": job.host,
        "outcome": _word(job, news),
        "answered": None if news is None and job.phase == "unknown" else lost is None or lost.answered,
        "phase": job.phase,
        "result": job.result,
        "attempt": job.attempt,
        "exit_code": job.exit_code,
        "signal": job.signal,
        "reason": job.reason,
    }


def _word(job: JobDocument, news: Payload | None) -> str:
    if job.phase == "unknown":
        return "unknown" if news else "no_answer"
    return "running" if job.ended_at is None else "ended"


def _sentence(outcome: Mapping[str, Any], timeout: str) -> str:
    target, host, why = outcome["job_run"], outcome["host"], outcome["reason"] or "without a reason"
    match outcome["outcome"]:
        case "running":
            return f"{target}: known again, {outcome['phase'].replace('_', ' ')}"
        case "ended":
            reason = f", {outcome['reason']}" if outcome["reason"] else ""
            code = f", exit {outcome['exit_code']}" if outcome["exit_code"] is not None and not reason else ""
            return f"{target}: {outcome['phase'].replace('_', ' ')}{reason}{code}"
        case "unknown" if outcome["answered"]:
            return f"{target}: unknown still, {host} has neither its process nor its result ({why})"
        case "unknown":
            return f"{target}: unknown still, {host} is silent ({why}); the controller goes on asking"
    return f"{target}: unknown still, nothing was heard of {host} within {timeout}; the controller goes on asking"


def _next(document: RunDocument, outcomes: Sequence[Mapping[str, Any]]) -> list[str]:
    """What to type about what its host has lost."""
    lost = [outcome for outcome in outcomes if outcome["outcome"] == "unknown" and outcome["answered"]]
    return [f"onduty retry {document.id} {outcome['job_run']} --not-running" for outcome in lost[:3]]
