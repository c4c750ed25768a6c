"""``onduty logs RUN [JOB[@HOST]]``: what the jobs wrote."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.model.state import RunState

CHUNK_BYTES = 1024 * 1024


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "logs",
        help="what the jobs wrote",
        epilog="""examples:
  onduty logs last
  onduty logs deploy-api/42 release@web3 --attempt 1
  onduty logs deploy-api/42 release@web3 --task restart --raw > restart.log""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", metavar="RUN", help="name/number, a uid, or last")
    parser.add_argument("job", metavar="JOB[@HOST]", nargs="?", help="stage/job or job, on one host or all")
    parser.add_argument("--attempt", metavar="N", type=int, help="an earlier attempt; default: the current one")
    parser.add_argument("--task", metavar="T", help="one task, by name or number")
    parser.add_argument("--raw", action="store_true", help="byte for byte; needs exactly one execution")
    parser.add_argument("--follow", action="store_true", help="go on until the run ended or is held")
    parser.add_argument("--json", action="store_true", help="a list of the executions with key and size")
    parser.set_defaults(verb=run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One log that was asked for."""

    key: str
    stage: str
    job: str
    host: str
    attempt: int
    task: str
    log_bytes: int
    """As far as the events tell; a live one may be longer by now."""
    live: bool


def run(options: argparse.Namespace) -> int:
    """Print them; 2 when there is no such execution."""
    from tui.cli.session import run_async

    return run_async(_logs(options))


async def _logs(options: argparse.Namespace) -> int:
    from runners.model.errors import InputRefused
    from tui.cli.output import print_json
    from tui.cli.session import controller, find_run

    async with controller() as client:
        uid = await find_run(client, options.run)
        snapshot = await client.snapshot(uid)
        chosen = executions(snapshot.state, options.job, options.attempt, options.task)
        if options.json:
            print_json(chosen)
            return 0
        if not chosen:
            raise InputRefused(
                f"{snapshot.document.id}: nothing ran yet that fits", hint=f"onduty show {snapshot.document.id}"
            )
        if options.raw:
            if len(chosen) != 1:
                names = ", ".join(f"{e.job}@{e.host} --task {e.task}" for e in chosen[:6])
                raise InputRefused(f"--raw needs exactly one execution, these fit: {names}")
            await _raw(client, uid, chosen[0])
            return 0
        if not options.follow:
            for execution in chosen:
                await _print(client, uid, execution, prefixed=len(chosen) > 1)
            return 0
    return await _follow(uid, options)


def executions(state: RunState, job: str | None, attempt: int | None, task: str | None) -> list[Execution]:
    """What was dispatched and fits, in plan order; ``InputRefused`` for a job, host or task that is not there."""
    from runners.model.errors import InputRefused
    from runners.model.phases import TaskPhase

    wanted_job, _, wanted_host = (job or "").partition("@")
    chosen: list[Execution] = []
    jobs_seen = hosts_seen = tasks_seen = False
    for stage, planned_stage in zip(state.stages, state.plan.stages, strict=True):
        for job_state, planned in zip(stage.jobs, planned_stage.jobs, strict=True):
            if wanted_job and wanted_job not in (planned.name, planned.id):
                continue
            jobs_seen = True
            for run in job_state.runs:
                if wanted_host and run.host != wanted_host:
                    continue
                hosts_seen = True
                tries = [one for one in run.attempts if attempt is None or one.number == attempt]
                for one in tries if attempt is not None else tries[-1:]:
                    for number, (task_state, task_plan) in enumerate(
                        zip(one.tasks, planned.steps(rollback=one.rollback), strict=True), 1
                    ):
                        if task and task not in (task_plan.name, str(number)):
                            continue
                        tasks_seen = True
                        if task_state.key is None:
                            continue
                        chosen.append(
                            Execution(
                                key=task_state.key,
                                stage=stage.name,
                                job=planned.name,
                                host=run.host,
                                attempt=task_state.attempt,
                                task=task_plan.name,
                                log_bytes=task_state.log_bytes,
                                live=task_state.phase in (TaskPhase.DISPATCHED, TaskPhase.RUNNING, TaskPhase.UNKNOWN),
                            )
                        )
    if wanted_job and not jobs_seen:
        raise InputRefused(f"{wanted_job}: no such job in {state.name}", hint=f"onduty show {state.name}")
    if wanted_host and not hosts_seen:
        raise InputRefused(f"{wanted_host}: {wanted_job} does not run there", hint=f"onduty show {state.name}")
    if (
        task
        and hosts_seen
        and not tasks_seen
        and any(run.attempts for s in state.stages for j in s.jobs for run in j.runs)
    ):
        raise InputRefused(f"--task {task}: no such task", hint=f"onduty show {state.name} --json")
    return chosen


async def _raw(client: ControllerClient, uid: str, execution: Execution) -> None:
    offset = 0
    while data := await client.log(uid, execution.key, offset, CHUNK_BYTES):
        offset += len(data)
        sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


async def _print(client: ControllerClient, uid: str, execution: Execution, *, prefixed: bool) -> None:
    from tui.cli.output import print_line

    prefix = f"{execution.host} {execution.job}| " if prefixed else ""
    offset, rest = 0, b""
    while data := await client.log(uid, execution.key, offset, CHUNK_BYTES):
        offset += len(data)
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            print_line(prefix + line.decode("utf-8", "replace"))
    if rest:
        print_line(prefix + rest.decode("utf-8", "replace"))


async def _follow(uid: str, options: argparse.Namespace) -> int:
    from tui.cli.follow import stream_run
    from tui.view.safe_text import safe

    if options.task or options.attempt:
        from runners.model.errors import InputRefused

        raise InputRefused("--follow with --task or --attempt: comes with a later version")
    wanted_job, _, wanted_host = (options.job or "").partition("@")

    def write(prefix: str, line: bytes) -> None:
        host, _, job = prefix.removesuffix("| ").partition(" ")
        if (wanted_job and wanted_job.rpartition("/")[2] != job) or (wanted_host and wanted_host != host):
            return
        sys.stdout.write(f"{safe(prefix)}{safe(line)}\n")
        sys.stdout.flush()

    await stream_run(uid, write, through_holds=False)
    return 0
