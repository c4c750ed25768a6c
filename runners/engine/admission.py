"""What a person asks of a run is admitted or refused once, whoever asks how often for the same thing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from runners.core.preview import preview
from runners.core.recover import ask_again
from runners.engine.groups import Groups
from runners.engine.history import History
from runners.engine.intents import Outcome
from runners.engine.loop import Writer
from runners.engine.run_cache import RunCache
from runners.engine.secret_gate import SecretGate
from runners.model import api
from runners.model.effects import Effect
from runners.model.intents import Give, Intent, Reconcile, Retry, Rollback, Skip
from runners.model.preview import Preview
from runners.model.state import RunState
from runners.model.wire import decode
from runners.ports.clock import Clock
from runners.ports.run_store import RunStore


class Admission:
    """Brings intents before the writer, with what they need to know of other runs."""

    def __init__(
        self,
        store: RunStore,
        runs: RunCache,
        *,
        clock: Clock,
        writer: Writer,
        history: History,
        groups: Groups,
        gate: SecretGate,
        perform: Callable[[RunState, Sequence[Effect]], None],
    ) -> None:
        self._store = store
        self._runs = runs
        self._clock = clock
        self._writer = writer
        self._history = history
        self._groups = groups
        self._gate = gate
        self._perform = perform
        self._asked: dict[str, asyncio.Future[Outcome]] = {}
        """Intents that are being decided, by id."""

    async def submit(self, uid: str, intent: Intent, actor: str) -> api.IntentAnswer:
        """See ``Engine.submit``."""
        intent = await self._with_others(uid, intent)
        under_way = self._asked.get(intent.id)
        if under_way is None:
            under_way = asyncio.ensure_future(self._reopen_or_settle(uid, intent, actor))
            self._asked[intent.id] = under_way
            under_way.add_done_callback(lambda _: self._asked.pop(intent.id, None))
        return (await asyncio.shield(under_way)).result()

    async def give_secrets(
        self, uid: str, *, intent_id: str, names: Sequence[str], values: Mapping[str, str], actor: str
    ) -> api.IntentAnswer:
        """See ``Engine.give_secrets``."""
        wanted = await self._gate.give(await self._runs.get(uid), names, values)
        answer = await self.submit(uid, Give(id=intent_id, names=wanted, marks=self._gate.marks(uid)), actor)
        self._gate.say(uid)
        return answer

    async def preview(self, uid: str, intent: Intent) -> Preview:
        """See ``Engine.preview``."""
        intent = await self._with_others(uid, intent)
        return preview(await self._runs.get(uid), intent, self._clock.now_utc())

    async def _with_others(self, uid: str, intent: Intent) -> Intent:
        """The intent with what later runs changed, or with who holds the run's place in its group."""
        state = await self._runs.get(uid)
        if isinstance(intent, Rollback):
            return replace(intent, later=await self._history.later(state))
        if isinstance(intent, Retry | Skip):
            with self._groups.reopening(state, by="") as busy:
                return replace(intent, busy=busy)
        return intent

    async def _reopen_or_settle(self, uid: str, intent: Intent, actor: str) -> Outcome:
        if not isinstance(intent, Retry | Skip):
            return await self._settle(uid, intent, actor)
        with self._groups.reopening(await self._runs.get(uid), by=actor) as busy:
            outcome = await self._settle(uid, replace(intent, busy=busy), actor)
        self._groups.look()
        return outcome

    async def _settle(self, uid: str, intent: Intent, actor: str) -> Outcome:
        known = await self._store.intent_outcome(intent.id)
        if known is not None:
            return decode(known.outcome, Outcome)
        outcome = await self._writer.ask(uid, intent, actor)
        if isinstance(intent, Reconcile) and outcome.answer is not None:
            # Asking changes nothing, so it is no event; after a crash every host is asked anyway.
            state = await self._runs.get(uid)
            self._perform(state, ask_again(state, outcome.answer.targets))
        return outcome
