"""The one writer: everything that changes a run goes through here, is durable, and only then happens.

A batch is whatever arrived while the last commit was under way, for all runs together, and costs one commit. An event
is committed before it is published and before its effect is performed. When a commit fails nothing was changed:
what people asked is refused with the reason, what hosts reported is tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from runners.core.admit import Refused, admit, refusal
from runners.core.groups import waits_for_turn
from runners.core.observe import observe
from runners.engine.clean_words import without_secrets
from runners.engine.host_wants import PlaceKey
from runners.engine.intents import Outcome, accepted, refused
from runners.engine.limits import Limits
from runners.engine.run_cache import RunCache
from runners.engine.summaries import is_kept_anew
from runners.engine.timers import Timers
from runners.engine.turn import Dice, Turn
from runners.model.effects import Effect, PrepareHost, ReleaseHost
from runners.model.errors import NotFound, OndutyError, StoreDamaged, StoreFailed
from runners.model.events import Event, LockTaken, Payload
from runners.model.intents import Intent
from runners.model.news import HostReady, News
from runners.model.state import RunState
from runners.model.wire import decode, encode
from runners.ports.clock import Clock
from runners.ports.run_store import IntentRepeated, IntentRow, RunStore, RunSummary, SequenceConflict

log = logging.getLogger("onduty.engine")

MOST_INPUTS = 1000
"""In one batch, so that a flood does not hold up what came first."""


@dataclass(slots=True)
class _Told:
    run: str
    news: News


@dataclass(slots=True)
class _Fact:
    run: str
    payloads: tuple[Payload, ...]


@dataclass(slots=True)
class _Look:
    run: str


@dataclass(slots=True)
class _Asked:
    run: str
    intent: Intent
    actor: str
    answer: asyncio.Future[Outcome]


@dataclass(slots=True)
class _Grant:
    run: str


_Input = _Told | _Fact | _Look | _Grant | _Asked


class Reservations(Protocol):
    """Places on hosts that are there at once."""

    def reserve(self, state: RunState, effect: PrepareHost, *, leaving: frozenset[PlaceKey]) -> bool:
        """Take a place for an attempt; ``leaving`` are given back in the same step."""

    def unreserve(self, state: RunState, effect: PrepareHost) -> None:
        """Nothing came of it."""


Committed = Callable[[RunState, RunState, Sequence[Event], Sequence[Effect]], None]
"""State before, state now, what happened, what to do."""


class Writer:
    """Takes inputs, one batch after the other."""

    def __init__(
        self,
        *,
        store: RunStore,
        runs: RunCache,
        clock: Clock,
        timers: Timers,
        dice: Dice,
        limits: Limits,
        places: Callable[[], Reservations],
        committed: Committed,
        reload: Callable[[str], None],
        summary_of: Callable[[RunState], RunSummary],
        clean: Callable[[str, str], str] = lambda run, text: text,
    ) -> None:
        """``clean`` takes the secrets of a run out of words."""
        self._clean = clean
        self._store = store
        self._runs = runs
        self._clock = clock
        self._timers = timers
        self._dice = dice
        self._limits = limits
        self._places = places
        self._committed = committed
        self._reload = reload
        self._summary_of = summary_of
        self._inputs: deque[_Input] = deque()
        self._wake = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.trouble = ""
        """Why the last commit failed; empty when it did not."""

    def start(self) -> None:
        """Begin to take inputs."""
        self._task = asyncio.get_running_loop().create_task(self._work(), name="onduty writer")

    async def stop(self) -> None:
        """Finish the batch that is under way; what waits is refused or left to the next controller."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        for item in self._inputs:
            if isinstance(item, _Asked) and not item.answer.done():
                item.answer.set_exception(OndutyError("the controller is stopping; nothing was changed"))
        self._inputs.clear()

    async def quiet(self) -> None:
        """Wait until every input so far was handled."""
        await self._quiet.wait()

    def tell(self, run: str, news: News) -> None:
        """A host or a timer reports something."""
        self._put(_Told(run, news))

    def note(self, run: str, *payloads: Payload) -> None:
        """Something the engine itself knows."""
        self._put(_Fact(run, payloads))

    def look(self, run: str) -> None:
        """Decide about everything of a run, as after a restart."""
        self._put(_Look(run))

    def grant(self, run: str) -> None:
        """A run has its turn in its concurrency group; nothing happens when it no longer waits for it."""
        self._put(_Grant(run))

    def ask(self, run: str, intent: Intent, actor: str) -> asyncio.Future[Outcome]:
        """A person wants something; the answer comes when it is durable."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._put(_Asked(run, intent, actor, answer))
        return answer

    def _put(self, item: _Input) -> None:
        self._inputs.append(item)
        self._quiet.clear()
        self._wake.set()

    async def _work(self) -> None:
        while not self._stopping:
            if not self._inputs:
                self._quiet.set()
                self._wake.clear()
                await self._wake.wait()
                continue
            batch = [self._inputs.popleft() for _ in range(min(len(self._inputs), MOST_INPUTS))]
            try:
                await self._take(batch)
            except StoreFailed as error:
                await self._put_back(batch, error)
            except IntentRepeated as error:
                self._repeat(batch, error.first)
            except SequenceConflict as error:
                log.error("%s", error)
                await self._read_again(batch)
            except Exception as error:
                log.exception("a batch failed")
                _fail(batch, error)

    async def _take(self, batch: Sequence[_Input]) -> None:
        by_run: dict[str, list[_Input]] = {}
        for item in batch:
            by_run.setdefault(item.run, []).append(item)
        turns: list[Turn] = []
        answers: list[tuple[_Asked, Outcome]] = []
        for uid, items in by_run.items():
            try:
                state = self._runs.now(uid) or await self._runs.get(uid)
            except (NotFound, StoreDamaged) as error:
                _fail(items, error)
                continue
            turn = Turn(state, now_utc=self._clock.now_utc(), dice=self._dice, clean=self.cleaned)
            for item in items:
                self._play(turn, item, answers)
            turns.append(turn)
        reserved = [(turn.state, effect) for turn in turns for effect in self._start_at_once(turn)]
        try:
            await self._commit(turns, answers)
        except BaseException:
            for state, effect in reserved:
                self._places().unreserve(state, effect)
            raise

    def _start_at_once(self, turn: Turn) -> list[PrepareHost]:
        """Where a host is connected and has a place, its answer joins this commit instead of costing the next one."""
        leaving = frozenset(
            (turn.state.uid, effect.job_run, effect.attempt)
            for effect in turn.effects
            if isinstance(effect, ReleaseHost)
        )
        reserved: list[PrepareHost] = []
        for effect in [effect for effect in turn.effects if isinstance(effect, PrepareHost)]:
            ready = HostReady(job_run=effect.job_run, attempt=effect.attempt)
            payloads = observe(turn.state, ready, self._clock.now_utc())
            if not payloads or not self._places().reserve(turn.state, effect, leaving=leaving):
                continue
            reserved.append(effect)
            turn.effects.remove(effect)
            turn.play(payloads)
        return reserved

    def _play(self, turn: Turn, item: _Input, answers: list[tuple[_Asked, Outcome]]) -> None:
        try:
            match item:
                case _Told(news=news):
                    turn.play(observe(turn.state, news, self._clock.now_utc()))
                case _Fact(payloads=payloads):
                    turn.play(payloads)
                case _Look():
                    turn.play((), touched=None)
                case _Grant():
                    if waits_for_turn(turn.state) and turn.state.plan.concurrency is not None:
                        turn.play((LockTaken(group=turn.state.plan.concurrency.group),))
                case _Asked():
                    answers.append((item, self._admit(turn, item)))
        except Exception as error:
            # A bug of ours. One input must not take the others of its batch with it.
            log.exception("run %s: %r failed; nothing was changed", turn.state.name, item)
            _fail([item], error)

    def _admit(self, turn: Turn, asked: _Asked) -> Outcome:
        before = turn.state
        try:
            payloads = admit(turn.state, asked.intent, asked.actor, self._clock.now_utc())
        except Refused as error:
            turn.play((refusal(asked.intent, error),), actor=asked.actor)
            return refused(error).cleaned(lambda text: self._clean(asked.run, text))
        turn.play(payloads, actor=asked.actor)
        outcome = accepted(before, asked.intent, payloads, seq=turn.state.seq)
        return outcome.cleaned(lambda text: self._clean(asked.run, text))

    def cleaned(self, run: str, payload: Payload) -> Payload:
        """A payload without the secrets of its run."""
        return without_secrets(payload, lambda text: self._clean(run, text))

    async def _commit(self, turns: Sequence[Turn], answers: Sequence[tuple[_Asked, Outcome]]) -> None:
        changed = [turn for turn in turns if turn.events]
        rows = [row for turn in changed for row in turn.rows]
        intents = [IntentRow(id=asked.intent.id, run=asked.run, outcome=encode(outcome)) for asked, outcome in answers]
        if rows or intents:
            summaries = [
                self._summary_of(turn.state) for turn in changed if is_kept_anew(turn.before, turn.state, turn.events)
            ]
            await self._store.append(rows, intents=intents, summaries=summaries)
            self.trouble = ""
        for turn in changed:
            self._runs.put(turn.state)
        for turn in turns:
            if turn.events or turn.effects:
                self._committed(turn.before, turn.state, turn.events, turn.effects)
        for asked, outcome in answers:
            if not asked.answer.done():
                asked.answer.set_result(outcome)

    async def _put_back(self, batch: Sequence[_Input], error: StoreFailed) -> None:
        if not self.trouble:
            log.error("%s; jobs on hosts run on, what they report is kept and tried again", error.message)
        self.trouble = error.message
        _fail([item for item in batch if isinstance(item, _Asked)], error)
        self._inputs.extendleft(item for item in reversed(batch) if not isinstance(item, _Asked))
        if not self._inputs:
            return
        # What people ask in the meantime is tried at once, so that they hear why it cannot be done.
        timer = self._timers.after(self._limits.commit_retry_s, self._wake.set)
        self._wake.clear()
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    def _repeat(self, batch: Sequence[_Input], first: IntentRow) -> None:
        """An intent that was answered before keeps its answer; the rest of its batch is played without it."""
        for item in batch:
            if isinstance(item, _Asked) and item.intent.id == first.id and not item.answer.done():
                item.answer.set_result(decode(first.outcome, Outcome))
        self._inputs.extendleft(
            item for item in reversed(batch) if not (isinstance(item, _Asked) and item.intent.id == first.id)
        )

    async def _read_again(self, batch: Sequence[_Input]) -> None:
        """What is stored is not what we thought. It counts; the batch is played on top of it."""
        for uid in {item.run for item in batch}:
            self._runs.forget(uid)
            await self._runs.get(uid)
            self._reload(uid)
        self._inputs.extendleft(reversed(batch))


def _fail(items: Sequence[_Input], error: Exception) -> None:
    for item in items:
        if isinstance(item, _Asked):
            if not item.answer.done():
                item.answer.set_exception(error)
        else:
            log.error("run %s: not handled: %r (%s)", item.run, item, error)
