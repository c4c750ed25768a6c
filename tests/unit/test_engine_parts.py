"""The parts of the engine that can be seen alone: verdicts, places, slots, timers, budgets, log feeds."""

from __future__ import annotations

import asyncio

import pytest

from runners.engine.advice import tail_lines
from runners.engine.host_carried import Carried
from runners.engine.host_places import Places
from runners.engine.host_slots import HostSlots
from runners.engine.host_wants import Execution, Stage, Want
from runners.engine.logs import Budget, BytesMissing, Logs
from runners.engine.timers import Timers
from runners.engine.verdict import finished
from runners.model.news import News
from runners.model.phases import FailureKind, Result
from runners.ports.transport import ExecutionRequest, ExecutionResult
from runners.testing.fake_clock import FakeClock
from runners.testing.memory_store import MemoryLogStore

KEY = "u.1.1.1"


@pytest.mark.parametrize(
    ("result", "timeout_s", "outcome", "kind", "reason"),
    [
        (ExecutionResult(exit_code=0), None, Result.SUCCESS, None, ""),
        (ExecutionResult(exit_code=3), None, Result.FAILURE, FailureKind.EXIT, "exit 3"),
        (ExecutionResult(exit_code=143), None, Result.FAILURE, FailureKind.EXIT, "exit 143, or TERM"),
        (ExecutionResult(exit_code=255), None, Result.FAILURE, FailureKind.EXIT, "exit 255"),
        (ExecutionResult(signal="KILL"), None, Result.FAILURE, FailureKind.SIGNAL, "killed by KILL"),
        (
            ExecutionResult(signal="TERM", timed_out=True),
            89.9731,
            Result.TIMEOUT,
            FailureKind.TIMEOUT,
            "no answer within 90s",
        ),
        (ExecutionResult(signal="TERM", cancelled=True), None, Result.CANCELLATION, None, "cancelled"),
        (ExecutionResult(exit_code=0, cancelled=True), None, Result.CANCELLATION, None, "cancelled"),
        (ExecutionResult(error="/opt is missing"), None, Result.ERROR, FailureKind.ERROR, "/opt is missing"),
        (
            ExecutionResult(exit_code=1, log_cut=True),
            None,
            Result.FAILURE,
            FailureKind.DISK_FULL,
            "exit 1; the host's disk was full, its log is cut",
        ),
        (
            ExecutionResult(),
            None,
            Result.ERROR,
            FailureKind.ERROR,
            "the host's result names neither an exit status nor a signal",
        ),
    ],
)
def test_a_hosts_result_becomes_a_verdict_in_words(
    result: ExecutionResult, timeout_s: float | None, outcome: Result, kind: FailureKind | None, reason: str
) -> None:
    news = finished("s/j@h", KEY, result, timeout_s=timeout_s)
    assert (news.result, news.kind, news.reason) == (outcome, kind, reason)


@pytest.mark.parametrize(
    ("tail", "newlines", "lines", "first"),
    [
        (b"", 0, [], 0),
        (b"a\n", 1, ["a"], 0),
        (b"a\nb", 1, ["a", "b"], 0),
        (b"y\nz\n", 12, ["y", "z"], 10),
        (b"y\nz", 12, ["y", "z"], 11),
        (b"\xff\r\n", 1, ["\ufffd\r"], 0),
    ],
)
def test_lines_of_a_tail_know_their_number_in_the_whole_log(
    tail: bytes, newlines: int, lines: list[str], first: int
) -> None:
    assert tail_lines(tail, newlines=newlines) == (lines, first)


class Nudged:
    """As much of a link as who leaves it needs."""

    name = "web1"

    def __init__(self) -> None:
        self.nudges = 0

    def nudge(self) -> None:
        self.nudges += 1


def test_an_execution_leaves_once_whoever_else_gives_it_up_meanwhile() -> None:
    clock, told, link = FakeClock(), list[News](), Nudged()
    logs = Logs(MemoryLogStore(), clock=clock, timers=Timers(clock), moved=lambda: None)
    carried = Carried(link, logs=logs, tell=lambda run, news: told.append(news))  # type: ignore[arg-type]
    request = ExecutionRequest(key=KEY, script="true")
    first, again = (Execution(run="u", job_run="s/j@h", attempt=1, request=request, stage=Stage.ASK) for _ in range(2))
    assert carried.take(first) is first
    assert carried.take(again) is first
    carried.drop(again)
    assert first in carried
    assert again not in carried
    for _ in range(2):
        carried.drop(first)
        carried.unknown(first, "")
    assert not carried
    assert (told, link.nudges) == ([], 1)


def want(number: int) -> Want:
    return Want(run="u", job_run=f"s/j@h{number}", attempt=1, asked_s=0.0, asked_utc=0.0)


def test_places_go_to_those_who_wait_longest_and_never_beyond_the_limit() -> None:
    places = Places(2)
    wants = [want(n) for n in range(4)]
    assert all(places.ask(one) for one in wants)
    assert not places.ask(want(0))
    granted = list(places.next())
    assert granted == wants[:2]
    assert all(places.ready(one) for one in granted)
    assert list(places.next()) == []
    assert not places.reserve(("u", "other", 1), leaving=frozenset())
    places.leave(wants[0].place)
    assert list(places.next()) == [wants[2]]


def test_a_place_that_is_given_back_in_the_same_step_can_be_taken_at_once() -> None:
    places = Places(1)
    assert places.reserve(("u", "a", 1), leaving=frozenset())
    assert not places.reserve(("u", "b", 1), leaving=frozenset())
    assert places.reserve(("u", "b", 1), leaving=frozenset({("u", "a", 1)}))
    places.leave(("u", "a", 1))
    assert not places.reserve(("u", "c", 1), leaving=frozenset())


async def test_hosts_with_something_alive_come_before_those_that_only_wait() -> None:
    asked = 0

    def wanted() -> None:
        nonlocal asked
        asked += 1

    slots = HostSlots(1, wanted=wanted)
    order: list[str] = []

    async def use(name: str, urgent: bool) -> None:
        await slots.acquire(urgent=urgent)
        order.append(name)

    await use("first", False)
    tasks = [asyncio.create_task(use(name, urgent)) for name, urgent in (("a", False), ("b", False), ("c", True))]
    await asyncio.sleep(0)
    assert (slots.waiting, asked) == (True, 3)
    for _ in tasks:
        slots.release()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == ["first", "c", "a", "b"]
    slots.release()
    assert slots.used == 0


async def test_a_host_that_stops_waiting_leaves_its_turn_to_the_next() -> None:
    slots = HostSlots(1, wanted=lambda: None)
    await slots.acquire(urgent=False)
    gone = asyncio.create_task(slots.acquire(urgent=False))
    stays = asyncio.create_task(slots.acquire(urgent=False))
    await asyncio.sleep(0)
    slots.release()
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await stays
    assert slots.used == 1


async def test_timers_ring_in_order_and_a_cancelled_one_never() -> None:
    clock = FakeClock()
    timers = Timers(clock)
    rang: list[str] = []
    timers.after(5.0, lambda: rang.append("b"))
    timers.after(1.0, lambda: rang.append("a"))
    timers.after(2.0, lambda: rang.append("never")).cancel()

    def ring_again() -> None:
        timers.after(0.5, lambda: rang.append("nested"))

    timers.after(3.0, ring_again)
    await clock.advance(10.0)
    assert rang == ["a", "nested", "b"]
    await timers.close()


async def test_a_timer_on_the_wall_clock_follows_it_when_it_jumps() -> None:
    clock = FakeClock()
    timers = Timers(clock)
    rang: list[float] = []
    timers.at_utc(clock.now_utc() + 3600.0, lambda: rang.append(clock.now_utc()))
    await clock.advance(60.0)
    assert rang == []
    clock.jump_utc(3600.0)
    await clock.advance(31.0)
    assert len(rang) == 1
    await timers.close()


async def test_bytes_wait_for_room_in_the_order_they_came() -> None:
    budget = Budget(10)
    await budget.take(8)
    order: list[int] = []

    async def take(size: int) -> None:
        await budget.take(size)
        order.append(size)

    tasks = [asyncio.create_task(take(size)) for size in (5, 1, 20)]
    await asyncio.sleep(0)
    assert order == []
    budget.give_back(8)
    await asyncio.sleep(0)
    assert order == [5, 1]
    budget.give_back(6)
    await asyncio.gather(*tasks)
    assert order == [5, 1, 20]
    budget.give_back(20)
    assert budget.used_bytes == 0


async def test_bytes_that_were_cancelled_while_they_waited_take_no_room() -> None:
    budget = Budget(10)
    await budget.take(10)
    waiting = asyncio.create_task(budget.take(5))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    budget.give_back(10)
    assert budget.used_bytes == 0


async def test_a_log_takes_each_byte_once_however_often_the_host_sends_it() -> None:
    clock, store = FakeClock(), MemoryLogStore()
    timers = Timers(clock)
    logs = Logs(store, clock=clock, timers=timers, moved=lambda: None)
    feed = logs.feed("u", KEY)
    await feed.put(0, b"abc")
    await feed.put(0, b"abcdef")
    await feed.put(2, b"cd")
    with pytest.raises(BytesMissing):
        await feed.put(9, b"z")
    assert await feed.resume() == 6
    with pytest.raises(BytesMissing):
        await feed.finish(7)
    assert (await feed.finish(6)).raw_offset == 6
    assert store.content("u", KEY) == b"abcdef"
    assert logs.live_bytes() == {"u": {KEY: 6}}
    logs.drop(KEY)
    await logs.close()
    await timers.close()


async def test_a_log_goes_on_after_a_restart_where_its_file_ends() -> None:
    clock, store = FakeClock(), MemoryLogStore()
    timers = Timers(clock)
    writer = await store.open("u", KEY)
    await writer.append(0, b"one\n", 0.0)
    await writer.close()
    logs = Logs(store, clock=clock, timers=timers, moved=lambda: None)
    feed = logs.feed("u", KEY)
    assert await feed.resume() == 4
    await feed.put(4, b"two\n")
    await feed.finish(8)
    assert store.content("u", KEY) == b"one\ntwo\n"
    await logs.close()
    await timers.close()


async def test_closing_the_logs_does_not_wait_for_a_disk_to_have_room() -> None:
    clock, store = FakeClock(), MemoryLogStore()
    timers = Timers(clock)
    logs = Logs(store, clock=clock, timers=timers, moved=lambda: None)
    feed = logs.feed("u", KEY)
    await feed.put(0, b"one\n")
    await feed.finish(4)
    store.fail_next = OSError(28, "No space left on device")
    await feed.put(4, b"two\n")
    async with asyncio.timeout(10.0):
        await logs.close()
    assert store.content("u", KEY) == b"one\n"
    await timers.close()
