"""Follow a run to its end, through restarts of the controller, and say how it ended."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from runners.client.client import ControllerClient, StreamDropped
from runners.model.api import RunDocument, Status
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
from runners.model.phases import RUN_ENDED, Phase, RunPhase
from tui.cli.session import controller

RECONNECT_TRIES = 5
CHUNK_BYTES = 1024 * 1024

EXIT_OK, EXIT_FAILED, EXIT_CANCELLED, EXIT_UNREACHED, EXIT_TIMEOUT = 0, 1, 3, 4, 6


async def events_of(uid: str, after: int = 0, *, follow: bool) -> AsyncIterator[Event]:
    """Events of a run; when the controller goes away it is found or started again and the stream goes on."""
    failures = 0
    while True:
        try:
            async with controller() as client:
                async for event in client.events(uid, after, follow=follow):
                    failures = 0
                    after = event.seq
                    yield event
            if not follow:
                return
        except (ControllerUnreachable, StreamDropped):
            failures += 1
            if failures > RECONNECT_TRIES:
                raise
        await asyncio.sleep(0.05)


async def status_of(uid: str) -> AsyncIterator[Status]:
    """Status lines, for as long as somebody reads; survives restarts as ``events_of`` does."""
    failures = 0
    while True:
        try:
            async with controller() as client:
                async for status in client.status():
                    failures = 0
                    yield status
        except ControllerUnreachable:
            failures += 1
            if failures > RECONNECT_TRIES:
                raise
        await asyncio.sleep(0.05)


async def document_of(uid: str) -> tuple[RunDocument, int]:
    """The run now, and the seq it was read at."""
    for last in (False, True):
        try:
            async with controller() as client:
                snapshot = await client.snapshot(uid)
                return snapshot.document, snapshot.state.seq
        except ControllerUnreachable:
            if last:
                raise
    raise AssertionError


def settled(document: RunDocument, *, through_holds: bool) -> bool:
    """Whether there is nothing more to wait for."""
    if document.phase in RUN_ENDED:
        return True
    return document.phase == RunPhase.HELD and not through_holds


def exit_code_of(document: RunDocument) -> int:
    """INTERFACE, "Exit codes"."""
    if document.phase == RunPhase.SUCCEEDED:
        return EXIT_OK
    if document.phase == RunPhase.CANCELLED:
        return EXIT_CANCELLED
    if not any(job.attempt for job in document.jobs):
        return EXIT_UNREACHED
    return EXIT_FAILED


async def wait_for(uid: str, *, through_holds: bool) -> RunDocument:
    """Return the run once it ended, or is held (unless ``through_holds``)."""
    document, seq = await document_of(uid)
    changed = asyncio.Event()

    async def watch_events() -> None:
        async for event in events_of(uid, seq, follow=True):
            if isinstance(event.payload, RunFinished | RollbackFinished | RunHeld):
                changed.set()

    async def watch_holds() -> None:
        # A hold of a host is status, not an event: a run that waits for a trusted key is held too.
        async for status in status_of(uid):
            if any(run.uid == uid and any(hold.kind == "host_key" for hold in run.holds) for run in status.runs):
                changed.set()

    async with asyncio.TaskGroup() as tasks:
        watchers = [tasks.create_task(watch_events()), tasks.create_task(watch_holds())]
        while not settled(document, through_holds=through_holds):
            await changed.wait()
            changed.clear()
            document, _ = await document_of(uid)
        for watcher in watchers:
            watcher.cancel()
    return document


@dataclass(slots=True)
class _Tail:
    """How far one execution's log was printed."""

    prefix: str
    offset: int = 0
    rest: bytes = b""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class LinePrinter:
    """Prints the logs of a run's executions as ``host job| line`` while they grow."""

    def __init__(self, uid: str, write: Callable[[str, bytes], None]) -> None:
        self._uid = uid
        self._write = write
        self._tails: dict[str, _Tail] = {}

    def opened(self, key: str, prefix: str) -> None:
        """An execution exists whose lines are wanted."""
        self._tails.setdefault(key, _Tail(prefix))

    async def grown(self, client: ControllerClient, key: str, size: int) -> None:
        """Print what is new up to ``size`` bytes."""
        tail = self._tails.get(key)
        if tail is None:
            return
        async with tail.lock:
            while tail.offset < size:
                data = await client.log(self._uid, key, tail.offset, min(CHUNK_BYTES, size - tail.offset))
                if not data:
                    return
                tail.offset += len(data)
                *lines, tail.rest = (tail.rest + data).split(b"\n")
                for line in lines:
                    self._write(tail.prefix, line)

    async def ended(self, client: ControllerClient, key: str, size: int) -> None:
        """Print the rest, the last line without its newline too."""
        await self.grown(client, key, size)
        tail = self._tails.pop(key, None)
        if tail and tail.rest:
            self._write(tail.prefix, tail.rest)


async def stream_run(uid: str, write: Callable[[str, bytes], None], *, through_holds: bool) -> RunDocument:
    """Print every line of a run from its first, and its news on stderr, until it ended or is held."""
    printer = LinePrinter(uid, write)

    async def follow_events() -> None:
        async for event in events_of(uid, 0, follow=True):
            await _print_event(uid, printer, event)
            if isinstance(event.payload, RunFinished | RollbackFinished | RunHeld):
                document, _ = await document_of(uid)
                if settled(document, through_holds=through_holds):
                    return

    async def follow_sizes() -> None:
        async for status in status_of(uid):
            for run in status.runs:
                if run.uid == uid and run.log_bytes:
                    async with controller() as client:
                        for key, size in run.log_bytes.items():
                            await printer.grown(client, key, size)

    async with asyncio.TaskGroup() as tasks:
        events = tasks.create_task(follow_events())
        sizes = tasks.create_task(follow_sizes())
        waiting = tasks.create_task(wait_for(uid, through_holds=through_holds))
        done, _ = await asyncio.wait({events, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if waiting in done and not events.done():
            # Held by something that is no event, such as a key that nobody trusts yet.
            with_grace = asyncio.wait({events}, timeout=1.0)
            await with_grace
        for task in (events, sizes, waiting):
            task.cancel()
    document, _ = await document_of(uid)
    return document


async def _print_event(uid: str, printer: LinePrinter, event: Event) -> None:
    from tui.view.safe_text import safe

    match event.payload:
        case TaskDispatched() as task:
            job, _, host = task.job_run.partition("@")
            printer.opened(task.key, f"{host} {job.rpartition('/')[2]}| ")
        case TaskFinished() as task:
            async with controller() as client:
                await printer.ended(client, task.key, task.log_bytes)
        case JobFinished() as job_run if job_run.phase != Phase.SUCCEEDED:
            print(safe(f"{job_run.job_run}: {job_run.phase.value}, {job_run.reason}"), file=sys.stderr, flush=True)
        case JobSkipped() as skip:
            print(safe(f"{skip.job_run}: skipped by {event.actor}"), file=sys.stderr, flush=True)
        case _:
            pass


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
