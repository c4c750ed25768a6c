"""The hands: asks the core what follows, makes it durable, and does it. One engine per controller.

The way of everything: input → observe or admit → events → decide, until nothing follows → one commit → publish →
effects.
"""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from runners.core.recover import recover
from runners.engine.admission import Admission
from runners.engine.beats import Beats
from runners.engine.errand_of import Errands, Tools
from runners.engine.groups import Groups
from runners.engine.history import History
from runners.engine.host_logins import HostLogins
from runners.engine.host_pool import HostPool
from runners.engine.hosts import Hosts
from runners.engine.keeping import Keeping, Kept
from runners.engine.limits import Limits
from runners.engine.logs import Logs
from runners.engine.loop import Writer
from runners.engine.new_runs import NewRuns
from runners.engine.own_errands import OwnErrands
from runners.engine.pasts import Pasts
from runners.engine.perform import Performer
from runners.engine.readings import Readings
from runners.engine.records import RunRecords
from runners.engine.run_cache import RunCache
from runners.engine.secret_gate import SecretGate
from runners.engine.status import StatusBoard, Watchers
from runners.engine.status_report import StatusReport
from runners.engine.subscribers import Subscribers
from runners.engine.summaries import RunList, is_kept_anew, summary_row
from runners.engine.timers import Timers
from runners.engine.turn import Turn
from runners.engine.vault import NoSources, Vault
from runners.model import api
from runners.model.effects import Effect
from runners.model.errors import ControllerUnreachable, StoreDamaged
from runners.model.events import Event
from runners.model.intents import Intent
from runners.model.kinds import PinnedSource
from runners.model.plan import Plan
from runners.model.preview import Preview
from runners.model.retention import KEEP_ALL, Retention
from runners.model.state import RunState
from runners.ports.clock import Clock
from runners.ports.failure_advisor import FailureAdvisor
from runners.ports.log_store import LogStore
from runners.ports.readings import ReadingStore
from runners.ports.run_folders import RunFolders
from runners.ports.run_store import RunStore
from runners.ports.transport import Transport

log = logging.getLogger("onduty.engine")


class Engine:
    """Runs pipelines over its ports. Use from one event loop; ``stop`` closes both stores.

    Here people start runs and ask things of them. What is known of runs is in ``records``, what their pasts say in
    ``pasts``; ``hosts`` are the machines as they are now, ``logins`` what people do about those that wait for them.
    """

    def __init__(
        self,
        *,
        store: RunStore,
        logs: LogStore,
        transport: Transport,
        advisor: FailureAdvisor,
        clock: Clock,
        tools: Tools,
        new_uid: Callable[[], str],
        dice: Callable[[], float] = random.random,
        limits: Limits | None = None,
        vault: Vault | None = None,
        folders: RunFolders | None = None,
        retention: Retention = KEEP_ALL,
        readings: ReadingStore | None = None,
    ) -> None:
        """``new_uid`` makes ULIDs; ``dice`` draws from [0, 1). Without a ``vault`` no secret can be read here."""
        self.limits = limits = limits or Limits()
        self._store, self._log_store, self._tools = store, logs, tools
        self._vault = vault = vault or Vault(NoSources())
        self._timers = timers = Timers(clock)
        self._runs = RunCache(store)
        self._list = RunList(store, self._runs)
        self._board = StatusBoard(clock=clock, timers=timers, limits=limits)
        self._watchers = Watchers(self._board.changed)
        self._subscribers = Subscribers(limits.subscriber_events)
        self._logs = Logs(logs, clock=clock, timers=timers, moved=self._board.changed, mask_of=vault.mask)
        self._writer = Writer(
            store=store,
            runs=self._runs,
            clock=clock,
            timers=timers,
            dice=dice,
            limits=limits,
            places=lambda: self._performer,
            committed=self._committed,
            reload=self._recover,
            summary_of=lambda state: summary_row(state, now_utc=clock.now_utc()),
            clean=vault.text,
        )
        self._gate = SecretGate(
            vault,
            state_of=self._runs.now,
            note=self._writer.note,
            tell=self._writer.tell,
            hands=lambda: self._performer,
        )
        self._groups = Groups(self._runs, grant=self._writer.grant)
        self._readings = Readings(readings, timers=timers, limits=limits)
        self._pool = HostPool(
            transport=transport,
            clock=clock,
            timers=timers,
            dice=dice,
            limits=limits,
            logs=self._logs,
            tell=self._writer.tell,
            changed=self._board.changed,
            watched=lambda: self._watchers.runs,
            readings=self._readings,
        )
        self._performer = Performer(
            pool=self._pool,
            logs=logs,
            advisor=advisor,
            timers=timers,
            limits=limits,
            tell=self._writer.tell,
            own=OwnErrands(logs=self._logs, tell=self._writer.tell),
            errands=Errands(tools, clock=clock, timers=timers),
            gate=self._gate,
        )
        self._keeping = Keeping(
            store,
            self._runs,
            folders,
            retention,
            clock=clock,
            timers=timers,
            watched=lambda: self._watchers.runs,
            changed=self._list.changed,
            gone=self._readings.forget,
        )
        history = History(store, self._runs)
        self._new_runs = NewRuns(
            store,
            self._runs,
            clock=clock,
            history=history,
            gate=self._gate,
            vault=vault,
            groups=self._groups,
            new_uid=new_uid,
            dice=dice,
            clean=self._writer.cleaned,
            room=self._keeping.refuse_without_room,
            committed=self._opened,
        )
        self._admission = Admission(
            store,
            self._runs,
            clock=clock,
            writer=self._writer,
            history=history,
            groups=self._groups,
            gate=self._gate,
            perform=self._performer.perform,
        )
        self._beats = Beats(store, self._runs, clock=clock, timers=timers, limits=limits, note=self._writer.note)
        self._report = StatusReport(
            self._runs,
            self._list,
            pool=self._pool,
            groups=self._groups,
            logs=self._logs,
            watchers=self._watchers,
            clock=clock,
        )
        waits = self._report.waits
        self.records = RunRecords(store, logs, self._runs, self._list, subscribers=self._subscribers, waits=waits)
        self.pasts = Pasts(store, self._runs, waits=waits, same=advisor.fingerprint)
        self.hosts = Hosts(
            transport,
            self._pool,
            self._runs,
            readings=self._readings,
            report=self._report,
            checked_at_once=limits.hosts,
        )
        self.logins = HostLogins(transport.logins, self._pool)
        self._stopping = False

    # ----- life

    async def start(self) -> None:
        """Fold every live run and go on: the hosts are asked before anything is started."""
        for row in await self._store.live_runs():
            try:
                state = await self._runs.get(row.uid)
            except StoreDamaged as error:
                log.error("%s", error.message)
                continue
            self._beats.note_absence(row, state)
            self._gate.begin(state, lambda uid=row.uid: self._go_on(uid))  # type: ignore[misc]
        self._groups.look()
        self._writer.start()
        self._keeping.start()
        self._beats.start()

    async def stop(self) -> None:
        """Finish what is being committed, write down the logs and let go. Jobs on hosts go on."""
        self._stopping = True
        self._beats.hold()
        await self._keeping.close()
        await self._writer.stop()
        await self._vault.close()
        await self._pool.close()
        await self._readings.close()
        await self._performer.close()
        await self._logs.close()
        await self._beats.close()
        await self._timers.close()
        self._subscribers.end()
        self._board.end()
        await self._log_store.close()
        await self._store.close()

    async def quiet(self) -> None:
        """Wait until every input so far is durable and its effects are under way. For tests."""
        await self._writer.quiet()

    # ----- what people ask for

    def pin_source(self, folder: str, src: str) -> PinnedSource:
        """What an upload would send now, by content. Blocks: call it in a thread. Raises ``SourceRefused``."""
        return self._tools.sources.pin(folder, src)

    async def create_run(
        self,
        plan: Plan,
        *,
        definition: str,
        inventory: str | None,
        actor: str,
        request_id: str,
        secrets: Mapping[str, str] | None = None,
    ) -> RunState:
        """Number, store and start a run; durable when this returns. The same ``request_id`` again gives the same run.

        ``secrets`` are the values that its client read; they are kept in memory alone. Raises ``StoreFailed``,
        ``InputRefused`` (for secrets), and ``ActionRefused`` when its concurrency group is full and it may not wait;
        then there is no run.
        """
        self._refuse_when_stopping()
        return await self._new_runs.create(
            plan,
            definition=definition,
            inventory=inventory,
            actor=actor,
            request_id=request_id,
            secrets=secrets or {},
        )

    async def submit(self, uid: str, intent: Intent, actor: str) -> api.IntentAnswer:
        """Admit or refuse; durable when this returns. The same intent id again gives the same answer, and no effect.

        Raises ``ActionRefused`` (recorded as an event), ``NotFound`` or ``StoreFailed`` (nothing was changed).
        """
        self._refuse_when_stopping()
        return await self._admission.submit(uid, intent, actor)

    async def give_secrets(
        self, uid: str, *, intent_id: str, names: Sequence[str], values: Mapping[str, str], actor: str
    ) -> api.IntentAnswer:
        """Take values for a run, and read again those of ``names`` that have none; durable when this returns.

        Without names: all that it waits for. Raises ``InputRefused``, ``ActionRefused``, ``NotFound`` or
        ``StoreFailed``.
        """
        self._refuse_when_stopping()
        return await self._admission.give_secrets(uid, intent_id=intent_id, names=names, values=values, actor=actor)

    async def preview(self, uid: str, intent: Intent) -> Preview:
        """What ``submit`` would do now, or why it would be refused. Raises ``NotFound``."""
        return await self._admission.preview(uid, intent)

    # ----- what is true only now

    def watch(self, uid: str, actor: str) -> AbstractContextManager[None]:
        """``actor`` has a screen on the run while this is open."""
        return self._watchers.watch(uid, actor)

    async def status(self) -> api.Status:
        """Everything that is true only now, with the list of runs."""
        return await self._report.now()

    def status_changes(self, sign_of_life_s: float = 2.0, *, run: str = "") -> AsyncIterator[api.Status]:
        """The status now and after every change, at most ten times a second, at least every ``sign_of_life_s``.

        With the uid of a ``run`` what is true of that one alone, without hosts and the list of runs.
        """
        return self._board.changes(sign_of_life_s, (lambda: self._report.of_run(run)) if run else self._report.now)

    # ----- the engine's own health

    @property
    def trouble(self) -> str:
        """Why the last write did not happen; empty when it did."""
        return self._writer.trouble

    def kept(self) -> Kept:
        """How long ended runs are kept, and how much room there is."""
        return self._keeping.now()

    async def check_store(self, most_s: float) -> str | None:
        """What is wrong with what is stored, as ``RunStore.check`` says it."""
        return await self._store.check(most_s)

    # ----- after a commit

    def _opened(self, turn: Turn) -> None:
        self._groups.look()
        self._list.changed()
        self._committed(turn.before, turn.state, turn.events, turn.effects)

    def _committed(self, before: RunState, state: RunState, events: Sequence[Event], effects: Sequence[Effect]) -> None:
        self._subscribers.publish(state.uid, events)
        self._performer.call_off(state, events)
        self._performer.perform(state, effects)
        if is_kept_anew(before, state, events):
            self._list.changed()
        if state.phase is not before.phase:
            self._groups.look()
        self._board.changed()

    def _go_on(self, uid: str) -> None:
        self._recover(uid)
        self._writer.look(uid)

    def _recover(self, uid: str) -> None:
        state = self._runs.now(uid)
        if state is not None:
            self._performer.perform(state, recover(state))

    def _refuse_when_stopping(self) -> None:
        if self._stopping:
            raise ControllerUnreachable("the controller is stopping; nothing was changed", hint="onduty runs")
