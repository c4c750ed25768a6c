"""``onduty logs RUN [JOB[@HOST]]``: what the jobs wrote."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.model.events import TaskDispatched
    from runners.model.snapshot import RunSnapshot
    from runners.model.state import RunState

LOOK_S = 0.1
"""How often a raw log that grows is looked at."""


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
    parser.add_argument("--follow", action="store_true", help="what is there, and on until the run ended or is held")
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

    @property
    def prefix(self) -> str:
        """``web3 release| ``."""
        return f"{self.host} {self.job}| "


def run(options: argparse.Namespace) -> int:
    """Print them; 2 when there is no such execution."""
    from tui.cli.session import run_async

    return run_async(_logs(options))


async def _logs(options: argparse.Namespace) -> int:
    from runners.model.errors import InputRefused
    from tui.cli.output import print_json
    from tui.cli.session import find_run, persist

    snapshot = await persist(lambda client: _snapshot(client, find_run(client, options.run)))
    state, name = snapshot.state, snapshot.document.id
    chosen = executions(state, options.job, options.attempt, options.task)
    if options.json:
        if options.follow:
            raise InputRefused("--json lists what is there; it does not go with --follow")
        print_json(chosen)
        return 0
    if options.raw:
        if len(chosen) != 1:
            names = ", ".join(f"{e.stage}/{e.job}@{e.host} --task {e.task}" for e in chosen[:6])
            raise InputRefused(
                f"--raw needs exactly one execution, {f'these fit: {names}' if names else 'none fits'}",
                hint=f"onduty logs {name} --json",
            )
        await _raw(state.uid, chosen[0], follow=options.follow)
        return 0
    if options.follow:
        await _follow(state, chosen, options)
        return 0
    if not chosen:
        raise InputRefused(f"{name}: nothing ran yet that fits", hint=f"onduty show {name}")
    await _print(state.uid, chosen)
    return 0


async def _snapshot(client: ControllerClient, find: Awaitable[str]) -> RunSnapshot:
    return await client.snapshot(await find)


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


async def _raw(uid: str, execution: Execution, *, follow: bool) -> None:
    """Byte for byte; with ``follow`` until the execution ended."""
    import asyncio

    from runners.model.events import TaskFinished
    from tui.cli.follow import events_of
    from tui.cli.lines import read_log
    from tui.cli.session import Line

    offset = 0

    async def copy() -> None:
        nonlocal offset
        while data := await read_log(line, uid, execution.key, offset):
            offset += len(data)
            sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    async with Line() as line:
        await copy()
        if not follow or not execution.live:
            return

        async def ended() -> None:
            async with aclosing(events_of(uid, follow=True)) as events:
                async for event in events:
                    if isinstance(event.payload, TaskFinished) and event.payload.key == execution.key:
                        return

        ending = asyncio.create_task(ended())
        try:
            while not ending.done():
                await asyncio.wait({ending}, timeout=LOOK_S)
                await copy()
        finally:
            ending.cancel()
        await ending


async def _print(uid: str, chosen: Sequence[Execution]) -> None:
    from tui.cli.lines import LinePrinter, write_safely

    async with LinePrinter(uid, write_safely) as lines:
        for execution in chosen:
            lines.opened(execution.key, execution.prefix if len(chosen) > 1 else "")
            await lines.ended(execution.key, None)


async def _follow(state: RunState, chosen: Sequence[Execution], options: argparse.Namespace) -> None:
    """What is there, then what comes, until the run ended or is held."""
    from tui.cli.follow import host_and_job, stream_run
    from tui.cli.lines import LinePrinter, write_safely

    wanted_job, _, wanted_host = (options.job or "").partition("@")
    planned_of = {
        id_: planned
        for planned in state.plan.jobs()
        for id_, host in zip(planned.job_run_ids(), planned.hosts, strict=True)
        if (not wanted_job or wanted_job in (planned.name, planned.id)) and (not wanted_host or wanted_host == host)
    }
    prefixed = len(planned_of) > 1 or not (options.task or all(len(job.tasks) == 1 for job in planned_of.values()))

    def wanted(task: TaskDispatched) -> str | None:
        planned = planned_of.get(task.job_run)
        if planned is None or (options.attempt is not None and task.attempt != options.attempt):
            return None
        if options.task and options.task not in (
            planned.steps(rollback=task.rollback)[task.task - 1].name,
            str(task.task),
        ):
            return None
        return host_and_job(task) if prefixed else ""

    lines = LinePrinter(state.uid, write_safely)
    for execution in chosen:
        lines.opened(execution.key, execution.prefix if prefixed else "")
        if not execution.live:
            await lines.ended(execution.key, None)
    await stream_run(
        state.uid, write_safely, through_holds=False, wanted=wanted, after=state.seq, news=False, printer=lines
    )
