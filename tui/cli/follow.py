"""Follow a run to its end, through restarts of the controller, and say how it ended."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from runners.client.client import StreamDropped
from runners.model.api import RunDocument, RunStatus
from runners.model.errors import ControllerUnreachable
from runners.model.events import (
    Event,
    JobFinished,
    JobSkipped,
    RollbackFinished,
    RunFinished,
    RunHeld,
    TaskDispatched,
    TaskFinished,
)
from runners.model.holds import HoldKind
from runners.model.phases import RUN_ENDED, Phase, RunPhase
from tui.cli.lines import LinePrinter
from tui.cli.session import PAUSE_S, Line, controller

EXIT_OK, EXIT_FAILED, EXIT_CANCELLED, EXIT_UNREACHED, EXIT_TIMEOUT = 0, 1, 3, 4, 6

Wanted = Callable[[TaskDispatched], str | None]
"""The prefix of an execution's lines; None: they are not wanted."""


def host_and_job(task: TaskDispatched) -> str:
    """``web3 release| ``: every execution is wanted."""
    job, _, host = task.job_run.rpartition("@")
    return f"{host} {job.rpartition('/')[2]}| "


def nothing(task: TaskDispatched) -> None:
    """No line is wanted."""


async def events_of(uid: str, after: int = 0, *, follow: bool) -> AsyncGenerator[Event, None]:
    """Events of a run; when the controller goes away it is found or started again and the stream goes on.

    Raises ``ControllerUnreachable`` once there is none and none can be started.
    """
    while True:
        async with controller() as client:
            # Only what happens after one was found is worth another try: who looks for one has tried often enough.
            try:
                async with aclosing(client.events(uid, after, follow=follow)) as events:
                    async for event in events:
                        after = event.seq
                        yield event
                if not follow:
                    return
            except (ControllerUnreachable, StreamDropped):
                await asyncio.sleep(PAUSE_S)


async def status_of(uid: str) -> AsyncGenerator[RunStatus, None]:
    """Status of a run, for as long as somebody reads; survives restarts as ``events_of`` does."""
    while True:
        async with controller() as client:
            try:
                async with aclosing(client.status(uid)) as statuses:
                    async for status in statuses:
                        for run in status.runs:
                            if run.uid == uid:
                                yield run
            except ControllerUnreachable:
                await asyncio.sleep(PAUSE_S)


def settled(document: RunDocument, *, through_holds: bool) -> bool:
    """Whether there is nothing more to wait for."""
    if document.phase in RUN_ENDED:
        return True
    return document.phase == RunPhase.HELD and not through_holds


def exit_code_of(document: RunDocument) -> int:
    """INTERFACE, "Exit codes"."""
    if document.phase == RunPhase.CANCELLED:
        return EXIT_CANCELLED
    reached = any(job.attempt for job in document.jobs)
    skipped = all(job.phase == Phase.SKIPPED for job in document.jobs)
    if not reached and not skipped:
        # Also where every failure was tolerated: a run that touched no host is no success.
        return EXIT_UNREACHED
    return EXIT_OK if document.phase == RunPhase.SUCCEEDED else EXIT_FAILED


async def document_of(uid: str) -> tuple[RunDocument, int]:
    """The run now, and the seq it was read at."""
    async with Line() as line:
        found = await line.call(lambda client: client.document(uid))
    return found.document, found.state.seq


async def wait_for(uid: str, *, through_holds: bool) -> RunDocument:
    """Return the run once it ended, or is held (unless ``through_holds``)."""
    document, seq = await document_of(uid)
    if settled(document, through_holds=through_holds):
        return document
    changed = asyncio.Event()

    async def watch_events() -> None:
        async with aclosing(events_of(uid, seq, follow=True)) as events:
            async for event in events:
                if _settles(event):
                    changed.set()

    async def watch_status() -> None:
        async with aclosing(status_of(uid)) as statuses:
            async for status in statuses:
                if status.phase == RunPhase.HELD:
                    changed.set()

    async with asyncio.TaskGroup() as tasks:
        watchers = [tasks.create_task(watch_events())]
        if not through_holds:
            watchers.append(tasks.create_task(watch_status()))
        document, _ = await _settled_document(uid, changed, through_holds=through_holds)
        for watcher in watchers:
            watcher.cancel()
    return document


def _settles(event: Event) -> bool:
    return isinstance(event.payload, RunFinished | RollbackFinished | RunHeld)


async def _settled_document(uid: str, changed: asyncio.Event, *, through_holds: bool) -> tuple[RunDocument, int]:
    """The run once there is nothing more to wait for, and its seq; ``changed`` is set by who watches its events, and
    its status too: what a host shows is no event, and a run that waits for a trusted key is held."""
    while True:
        document, seq = await document_of(uid)
        if settled(document, through_holds=through_holds):
            return document, seq
        await changed.wait()
        changed.clear()


async def stream_run(
    uid: str,
    write: Callable[[str, bytes], None],
    *,
    through_holds: bool,
    wanted: Wanted = host_and_job,
    after: int = 0,
    news: bool = True,
    printer: LinePrinter | None = None,
) -> RunDocument:
    """Print every wanted line of a run, and its news on stderr, until it ended or is held.

    Executions that were dispatched after event ``after`` are printed from their first byte; ``printer`` may hold
    earlier ones already.
    """
    lines = printer or LinePrinter(uid, write)
    printed = _Seq(after)
    changed = asyncio.Event()

    async def follow_events() -> None:
        async with aclosing(events_of(uid, after, follow=True)) as events:
            async for event in events:
                match event.payload:
                    case TaskDispatched() as task if (prefix := wanted(task)) is not None:
                        lines.opened(task.key, prefix)
                    case TaskFinished() as task:
                        await lines.ended(task.key, task.log_bytes)
                    case _ if news:
                        _print_news(event)
                printed.reached(event.seq)
                if _settles(event):
                    changed.set()

    async def follow_status() -> None:
        turn = ""
        async with aclosing(status_of(uid)) as statuses:
            async for status in statuses:
                if status.phase == RunPhase.HELD and not through_holds:
                    changed.set()
                text = _waits_for_turn(status)
                if news and text and text != turn:
                    print_safely(text)
                turn = text
                for key, size in status.log_bytes.items():
                    await lines.grown(key, size)

    async with lines, asyncio.TaskGroup() as tasks:
        followers = [tasks.create_task(follow_events()), tasks.create_task(follow_status())]
        document, seq = await _settled_document(uid, changed, through_holds=through_holds)
        await printed.wait_for(seq)
        await lines.finish()
        for follower in followers:
            follower.cancel()
    return document


def _waits_for_turn(run: RunStatus) -> str:
    """Whom a run waits for that has not started because of its concurrency group; empty when it does not."""
    if run.phase != RunPhase.QUEUED:
        return ""
    return next((f"{hold.what}: {hold.text}" for hold in run.holds if hold.kind == HoldKind.CONCURRENCY), "")


def print_safely(text: str) -> None:
    """One line of news on stderr."""
    from tui.view.safe_text import safe

    print(safe(text), file=sys.stderr, flush=True)


class _Seq:
    """How far the events were printed."""

    def __init__(self, seq: int) -> None:
        self._seq = seq
        self._moved = asyncio.Event()

    def reached(self, seq: int) -> None:
        self._seq = seq
        self._moved.set()

    async def wait_for(self, seq: int) -> None:
        while self._seq < seq:
            self._moved.clear()
            await self._moved.wait()


def _print_news(event: Event) -> None:
    match event.payload:
        case JobFinished() as job_run if job_run.phase != Phase.SUCCEEDED:
            text = f"{job_run.job_run}: {job_run.phase.value}, {job_run.reason}"
        case JobSkipped() as skip:
            text = f"{skip.job_run}: skipped by {event.actor}"
        case _:
            return
    print_safely(text)


def print_outcome(document: RunDocument) -> None:
    """One sentence and the commands to type next, on stderr."""
    from tui.view.safe_text import safe

    print(safe(f"{document.id}: {document.phase}"), file=sys.stderr)
    for warning in document.warnings:
        print(safe(f"  warning: {warning}"), file=sys.stderr)
    if document.phase == RunPhase.SUCCEEDED:
        return
    for hold in document.holds:
        print(safe(f"  {hold.what}: {hold.text}"), file=sys.stderr)
    for step in document.next:
        print(safe(f"  next: {step}"), file=sys.stderr)


def print_end(document: RunDocument, *, as_json: bool) -> int:
    """The run at its end as far as anybody reads it; the exit code, also when the reader has left."""
    from tui.cli.output import print_json, reader_may_leave

    with reader_may_leave():
        if as_json:
            print_json(document)
        print_outcome(document)
    return exit_code_of(document)
