"""The hands: asks the core what follows, makes it durable, and does it. One engine per controller.

The way of everything: input → observe or admit → events → decide, until nothing follows → one commit → publish →
effects.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import replace

from runners.core import describe
from runners.core.holds import holds
from runners.core.preview import preview
from runners.core.recover import ask_again, recover
from runners.core.targets import resolve
from runners.engine.beats import Beats
from runners.engine.errand_of import Errands, Tools
from runners.engine.event_stream import event_pieces
from runners.engine.groups import Groups
from runners.engine.history import History
from runners.engine.host_checks import HostChecks
from runners.engine.host_logins import HostLogins
from runners.engine.host_pool import HostPool
from runners.engine.intents import Outcome
from runners.engine.keeping import Keeping, Kept
from runners.engine.limits import Limits
from runners.engine.logs import Logs
from runners.engine.loop import Writer
from runners.engine.new_runs import NewRuns
from runners.engine.own_errands import OwnErrands
from runners.engine.pasts import Pasts
from runners.engine.perform import Performer
from runners.engine.readings import Readings
from runners.engine.run_cache import RunCache, read_plan
from runners.engine.secret_gate import SecretGate
from runners.engine.status import StatusBoard, Watchers
from runners.engine.status_report import LISTED_RUNS, StatusReport
from runners.engine.subscribers import Subscribers
from runners.engine.summaries import RunList, is_kept_anew, summary_row
from runners.engine.timers import Timers
from runners.engine.turn import Turn
from runners.engine.vault import NoSources, Vault
from runners.model import api
from runners.model.effects import Effect
from runners.model.errors import ControllerUnreachable, NotFound, StoreDamaged
from runners.model.events import Event
from runners.model.holds import Hold
from runners.model.host_check import HostCheck
from runners.model.intents import Give, Intent, Reconcile, Retry, Rollback, Skip
from runners.model.inventory import Host
from runners.model.kinds import PinnedSource
from runners.model.metrics import HostReading
from runners.model.phases import RUN_ENDED
from runners.model.plan import Plan
from runners.model.preview import Preview
from runners.model.retention import KEEP_ALL, Retention
from runners.model.snapshot import PlanAnswer
from runners.model.state import RunState
from runners.model.wire import decode
from runners.ports.clock import Clock
from runners.ports.failure_advisor import FailureAdvisor
from runners.ports.log_store import LogStore
from runners.ports.readings import ReadingStore
from runners.ports.run_folders import RunFolders
from runners.ports.run_store import RunRow, RunStore
from runners.ports.transport import Transport

log = logging.getLogger("onduty.engine")


class Engine:
    """Runs pipelines over its ports. Use from one event loop; ``stop`` closes both stores."""

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
        self._vault = vault or Vault(NoSources())
        self._store = store
        self._transport = transport
        self._tools = tools
        self._log_store = logs
        self._clock = clock
        self.limits = self._limits = limits or Limits()
        self._timers = Timers(clock)
        self._runs = RunCache(store)
        self._list = RunList(store, self._runs)
        self._board = StatusBoard(clock=clock, timers=self._timers, limits=self._limits)
        self._history = History(store, self._runs)
        self.pasts = Pasts(store, self._runs, waits=self._waits, same=advisor.fingerprint)
        self._watchers = Watchers(self._board.changed)
        self._subscribers = Subscribers(self._limits.subscriber_events)
        self._logs = Logs(logs, clock=clock, timers=self._timers, moved=self._board.changed, mask_of=self._vault.mask)
        self._writer = Writer(
            store=store,
            runs=self._runs,
            clock=clock,
            timers=self._timers,
            dice=dice,
            limits=self._limits,
            places=lambda: self._performer,
            committed=self._committed,
            reload=self._recover,
            summary_of=lambda state: summary_row(state, now_utc=clock.now_utc()),
            clean=self._vault.text,
        )
        self._gate = SecretGate(
            self._vault,
            state_of=self._runs.now,
            note=self._writer.note,
            tell=self._writer.tell,
            hands=lambda: self._performer,
        )
        self._groups = Groups(self._runs, grant=self._writer.grant)
        self._readings = Readings(readings, timers=self._timers, limits=self._limits)
        self._pool = HostPool(
            transport=transport,
            clock=clock,
            timers=self._timers,
            dice=dice,
            limits=self._limits,
            logs=self._logs,
            tell=self._writer.tell,
            changed=self._board.changed,
            watched=lambda: self._watchers.runs,
            readings=self._readings,
        )
        self._report = StatusReport(
            self._runs,
            self._list,
            pool=self._pool,
            groups=self._groups,
            logs=self._logs,
            watchers=self._watchers,
            clock=clock,
        )
        self.logins = HostLogins(transport.logins, self._pool)
        self._performer = Performer(
            pool=self._pool,
            logs=logs,
            advisor=advisor,
            timers=self._timers,
            limits=self._limits,
            tell=self._writer.tell,
            own=OwnErrands(logs=self._logs, tell=self._writer.tell),
            errands=Errands(tools, clock=clock, timers=self._timers),
            gate=self._gate,
        )
        self._keeping = Keeping(
            store,
            self._runs,
            folders,
            retention,
            clock=clock,
            timers=self._timers,
            watched=lambda: self._watchers.runs,
            changed=self._list.changed,
            gone=self._readings.forget,
        )
        self._new_runs = NewRuns(
            store,
            self._runs,
            clock=clock,
            history=self._history,
            gate=self._gate,
            vault=self._vault,
            groups=self._groups,
            new_uid=new_uid,
            dice=dice,
            clean=self._writer.cleaned,
            room=self._keeping.refuse_without_room,
            committed=self._opened,
        )
        self._asked: dict[str, asyncio.Future[Outcome]] = {}
        self._beats = Beats(
            store, self._runs, clock=clock, timers=self._timers, limits=self._limits, note=self._writer.note
        )
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

    # ----- runs

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
        intent = await self._with_history(uid, intent)
        under_way = self._asked.get(intent.id)
        if under_way is None:
            under_way = asyncio.ensure_future(self._reopen_or_settle(uid, intent, actor))
            self._asked[intent.id] = under_way
            under_way.add_done_callback(lambda _: self._asked.pop(intent.id, None))
        return (await asyncio.shield(under_way)).result()

    async def give_secrets(
        self, uid: str, *, intent_id: str, names: Sequence[str], values: Mapping[str, str], actor: str
    ) -> api.IntentAnswer:
        """Take values for a run, and read again those of ``names`` that have none; durable when this returns.

        Without names: all that it waits for. Raises ``InputRefused``, ``ActionRefused``, ``NotFound`` or
        ``StoreFailed``.
        """
        self._refuse_when_stopping()
        wanted = await self._gate.give(await self._runs.get(uid), names, values)
        answer = await self.submit(uid, Give(id=intent_id, names=wanted, marks=self._gate.marks(uid)), actor)
        self._gate.say(uid)
        return answer

    async def preview(self, uid: str, intent: Intent) -> Preview:
        """What ``submit`` would do now, or why it would be refused. Raises ``NotFound``."""
        intent = await self._with_history(uid, intent)
        return preview(await self._runs.get(uid), intent, self._clock.now_utc())

    async def resolve_targets(self, uid: str, targets: Iterable[str], verb: str = "") -> tuple[str, ...]:
        """Job runs by ``stage/job@host``, ``stage/job``, ``job@host`` or ``job``. Raises ``NotFound``.

        With ``verb`` (retry, skip, cancel) a job without a host means those of its job runs that it can be done to.
        """
        return resolve(await self._runs.get(uid), tuple(targets), verb=verb)

    async def find(self, ref: str) -> str:
        """The uid of ``name/number``, a uid or ``last``. Raises ``NotFound``."""
        row: RunRow | None = None
        if ref == "last":
            newest = await self._store.runs(1)
            row = newest[0] if newest else None
        elif "/" in ref:
            name, _, number = ref.rpartition("/")
            if number.isascii() and number.isdigit() and len(number) < 10:
                row = await self._store.find_run(name, int(number))
        elif ref:
            row = await self._store.run(ref)
        if row is None:
            raise NotFound("there is no run yet" if ref == "last" else f"there is no run {ref}", hint="onduty runs")
        return row.uid

    async def state(self, uid: str) -> RunState:
        """The state now. Raises ``NotFound`` or ``StoreDamaged``."""
        return await self._runs.get(uid)

    async def document(self, uid: str) -> api.RunDocument:
        """The whole run as ``show --json`` prints it."""
        return self.describe(await self._runs.get(uid))

    def describe(self, state: RunState) -> api.RunDocument:
        """The document of exactly this state."""
        return describe.document(state, holds(state, self._waits().get(state.uid, {})))

    async def definition(self, uid: str) -> PlanAnswer:
        """What the run pins."""
        row = await self._store.run(uid)
        if row is None:
            raise NotFound(f"there is no run {uid}", hint="onduty runs")
        inventory = row.digests.get("inventory")
        return PlanAnswer(
            plan=await read_plan(self._store, row),
            definition=(await self._store.get_blob(row.digests["definition"])).decode(),
            inventory=(await self._store.get_blob(inventory)).decode() if inventory else None,
        )

    async def runs(self, limit: int = LISTED_RUNS) -> tuple[api.RunSummary, ...]:
        """Newest first."""
        return await self._list.lines(limit, self._waits())

    def live_runs(self) -> tuple[str, ...]:
        """Uids of the runs that have not ended."""
        return tuple(self._runs.live)

    async def events(self, uid: str, after: int = 0, *, follow: bool = True) -> AsyncIterator[Event | None]:
        """Events with a seq above ``after``, then what happens, until the engine stops.

        None, once and last, tells a reader that it was too slow and was dropped; it may ask again from its last seq.
        """
        async with aclosing(self.event_pieces(uid, after, follow=follow)) as pieces:
            async for piece in pieces:
                if piece is None:
                    yield None
                    continue
                for event in piece:
                    yield event

    def event_pieces(
        self, uid: str, after: int = 0, *, follow: bool = True
    ) -> AsyncGenerator[Sequence[Event] | None, None]:
        """As ``events``, in the pieces in which they come."""
        return event_pieces(self._store, self._subscribers, uid, after, follow=follow)

    async def read_log(self, uid: str, key: str, offset: int, max_bytes: int) -> bytes:
        """Bytes of one execution's log; empty where there are none. ``NotFound`` for a key that cannot be one."""
        try:
            return await self._log_store.read(uid, key, offset, max_bytes)
        except ValueError as error:
            raise NotFound(f"there is no log {key[:200]!r}") from error

    # ----- what is true only now

    def hosts(self) -> tuple[api.HostStatus, ...]:
        """Connections as they are."""
        return self._report.hosts()

    async def host_readings(self, uid: str, host: str) -> tuple[HostReading, ...]:
        """How a host was while this run was on it, oldest first. Raises ``NotFound`` and ``OSError``."""
        self._host_of(await self._runs.get(uid), host)
        return await self._readings.of(uid, host)

    async def follow_host(
        self, uid: str, host: str, sign_of_life_s: float
    ) -> AsyncGenerator[tuple[HostReading, ...] | None, None]:
        """As ``host_readings``, then each one as it comes, None as a sign of life.

        While this is open the host is connected and looked at often, if the run goes on and something of it was there:
        nobody is logged in to a host for having been on a screen. Raises as ``host_readings`` does.
        """
        state = await self._runs.get(uid)
        record = self._host_of(state, host)
        runs = (run for stage in state.stages for job in stage.jobs for run in job.runs)
        begun = any(run.attempts for run in runs if run.host == host)
        looked_at = self._pool.link(record).looked_at(uid) if begun and state.phase not in RUN_ENDED else nullcontext()
        with looked_at:
            async with aclosing(self._readings.follow(uid, host, sign_of_life_s)) as found:
                async for readings in found:
                    yield readings

    async def check_hosts(self, hosts: Sequence[Host], sign_of_life_s: float) -> AsyncIterator[HostCheck | None]:
        """Look at each of these hosts over a connection of its own; each one as it comes, None as a sign of life."""
        checks = HostChecks(
            self._transport, most_at_once=self._limits.hosts, is_ours=lambda uid: uid in self._runs.live
        )
        async with aclosing(checks.of(hosts, sign_of_life_s)) as found:
            async for check in found:
                yield check

    async def check_store(self, most_s: float) -> str | None:
        """What is wrong with what is stored, as ``RunStore.check`` says it."""
        return await self._store.check(most_s)

    @property
    def trouble(self) -> str:
        """Why the last write did not happen; empty when it did."""
        return self._writer.trouble

    def kept(self) -> Kept:
        """How long ended runs are kept, and how much room there is."""
        return self._keeping.now()

    def hosts_trusted(self, names: Iterable[str]) -> None:
        """Keys of these hosts were recorded: connect now."""
        self._pool.trusted(names)

    def credentials_changed(self) -> None:
        """An SSH agent came: try the hosts that refused us."""
        self._pool.look_again()

    def agent_offered(self) -> None:
        """Somebody came along with the agent that we know: logins that wait look what it holds now."""
        self._pool.logins_moved()

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

    # ----- inside

    def _waits(self) -> dict[str, dict[str, Hold]]:
        return self._report.waits()

    async def _with_history(self, uid: str, intent: Intent) -> Intent:
        state = await self._runs.get(uid)
        if isinstance(intent, Rollback):
            return replace(intent, later=await self._history.later(state))
        if isinstance(intent, Retry | Skip):
            with self._groups.reopening(state, by="") as busy:
                return replace(intent, busy=busy)
        return intent

    async def _reopen_or_settle(self, uid: str, intent: Intent, actor: str) -> Outcome:
        if not isinstance(intent, Retry | Skip):
            return await self._settle_intent(uid, intent, actor)
        with self._groups.reopening(await self._runs.get(uid), by=actor) as busy:
            outcome = await self._settle_intent(uid, replace(intent, busy=busy), actor)
        self._groups.look()
        return outcome

    async def _settle_intent(self, uid: str, intent: Intent, actor: str) -> Outcome:
        known = await self._store.intent_outcome(intent.id)
        if known is not None:
            return decode(known.outcome, Outcome)
        outcome = await self._writer.ask(uid, intent, actor)
        if isinstance(intent, Reconcile) and outcome.answer is not None:
            # Asking changes nothing, so it is no event; after a crash every host is asked anyway.
            state = await self._runs.get(uid)
            self._performer.perform(state, ask_again(state, outcome.answer.targets))
        return outcome

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

    @staticmethod
    def _host_of(state: RunState, host: str) -> Host:
        found = state.plan.hosts.get(host)
        if found is None:
            raise NotFound(f"{state.name} has no host {host[:200]!r}", hint=f"onduty show {state.name}")
        return found

    def _refuse_when_stopping(self) -> None:
        if self._stopping:
            raise ControllerUnreachable("the controller is stopping; nothing was changed", hint="onduty runs")
