"""A run comes to be: numbered, stored with what it pins, and settled as far as it goes, all in one commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runners.core.reduce import begin
from runners.engine.clean_words import CleanPayload
from runners.engine.codec import seal
from runners.engine.groups import Groups
from runners.engine.history import History
from runners.engine.intents import Created
from runners.engine.run_cache import RunCache
from runners.engine.secret_gate import SecretGate
from runners.engine.turn import Turn
from runners.engine.vault import Vault
from runners.model import api
from runners.model.events import RunCreated
from runners.model.plan import Plan
from runners.model.state import RunState
from runners.model.wire import decode, encode
from runners.ports.clock import Clock
from runners.ports.run_store import IntentRepeated, IntentRow, NewRun, RunOpening, RunRow, RunStore


class NewRuns:
    """Creates runs."""

    def __init__(
        self,
        store: RunStore,
        runs: RunCache,
        *,
        clock: Clock,
        history: History,
        gate: SecretGate,
        vault: Vault,
        groups: Groups,
        new_uid: Callable[[], str],
        dice: Callable[[], float],
        clean: CleanPayload,
        room: Callable[[], None],
        committed: Callable[[Turn], None],
    ) -> None:
        """``clean`` takes the secrets of a run out of a payload; ``room`` raises when the disk has none."""
        self._store = store
        self._runs = runs
        self._clock = clock
        self._history = history
        self._gate = gate
        self._vault = vault
        self._groups = groups
        self._new_uid = new_uid
        self._dice = dice
        self._clean = clean
        self._room = room
        self._committed = committed

    async def create(
        self,
        plan: Plan,
        *,
        definition: str,
        inventory: str | None,
        actor: str,
        request_id: str,
        secrets: Mapping[str, str],
    ) -> RunState:
        """See ``Engine.create_run``."""
        known = await self._store.intent_outcome(request_id)
        if known is not None:
            return await self._runs.get(decode(known.outcome, Created).uid)
        self._room()
        plan = await self._history.with_previous(plan)
        uid, now_utc = self._new_uid(), self._clock.now_utc()
        marks = await self._gate.admit(uid, plan.secrets, secrets)
        blobs = {"plan": encode(plan), "definition": definition.encode()}
        if inventory is not None:
            blobs["inventory"] = inventory.encode()
        turns: list[Turn] = []

        def build(row: RunRow) -> RunOpening:
            created = RunCreated(
                uid=uid,
                name=row.name,
                pipeline=row.pipeline,
                number=row.number,
                plan_digest=row.digests["plan"],
                definition_digest=plan.definition_digest,
                secret_marks=marks,
            )
            event, first = seal(uid, 1, now_utc, actor, created, "")
            turn = Turn(begin(plan, event), now_utc=now_utc, dice=self._dice, clean=self._clean)
            turn.play((), touched=None)
            turns.append(turn)
            outcome = IntentRow(id=request_id, run=uid, outcome=encode(Created(uid=uid)))
            return RunOpening(rows=[first, *turn.rows], intents=[outcome])

        new = NewRun(uid=uid, pipeline=plan.pipeline, created_at=api.rfc3339(now_utc) or "")
        try:
            with self._groups.coming(plan, id_=uid, by=actor) as at_once:
                try:
                    await self._store.create_run(new, blobs=blobs, build=build)
                except IntentRepeated as error:
                    self._vault.forget(uid)
                    return await self._runs.get(decode(error.first.outcome, Created).uid)
                turn = turns[-1]
                self._runs.put(turn.state)
                if at_once:
                    self._groups.take(uid)
        except BaseException:
            self._vault.forget(uid)
            raise
        self._committed(turn)
        return turn.state
