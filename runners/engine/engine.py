"""The hands: asks the core what follows, makes it durable, and does it. One engine per controller.

The way of everything: input → observe or admit → events → decide, until nothing follows → one commit → publish →
effects.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing
from dataclasses import replace

from runners.core import describe
from runners.core.holds import holds
from runners.core.preview import preview
from runners.core.recover import ask_again, recover
from runners.core.reduce import begin
from runners.core.targets import resolve
from runners.engine.codec import read, seal
from runners.engine.errand_of import Errands, Tools
from runners.engine.groups import Groups
from runners.engine.history import History
from runners.engine.host_checks import HostChecks
from runners.engine.host_pool import HostPool
from runners.engine.intents import Created, Outcome
from runners.engine.keeping import Keeping, Kept
from runners.engine.limits import Limits
from runners.engine.logs import Logs
from runners.engine.loop import Writer
from runners.engine.own_errands import OwnErrands
from runners.engine.pasts import Pasts
from runners.engine.perform import Performer
from runners.engine.run_cache import RunCache, read_plan
from runners.engine.secret_gate import SecretGate
from runners.engine.status import StatusBoard, Watchers
from runners.engine.subscribers import Subscribers
from runners.engine.summaries import RunList, is_kept_anew, kept_of, summary_row
from runners.engine.timers import Timer, Timers
from runners.engine.turn import Turn
from runners.engine.vault import NoSources, Vault
from runners.model import api
from runners.model.effects import Effect
from runners.model.errors import ControllerUnreachable, NotFound, StoreDamaged, StoreFailed
from runners.model.events import Event, RunCreated, TimeGap
from runners.model.holds import Hold
from runners.model.host_check import HostCheck
from runners.model.intents import Give, Intent, Reconcile, Retry, Rollback, Skip
from runners.model.inventory import Host
from runners.model.kinds import PinnedSource
from runners.model.plan import Plan
from runners.model.preview import Preview
from runners.model.retention import KEEP_ALL, Retention
from runners.model.snapshot import PlanAnswer
from runners.model.state import RunState
from runners.model.wire import decode, encode
from runners.ports.clock import Clock
from runners.ports.failure_advisor import FailureAdvisor
from runners.ports.log_store import LogStore
from runners.ports.run_folders import RunFolders
from runners.ports.run_store import IntentRepeated, IntentRow, NewRun, RunOpening, RunRow, RunStore
from runners.ports.transport import Transport

log = logging.getLogger("onduty.engine")

LISTED_RUNS = 100
"""Lines in the list that goes with the status."""


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
    ) -> None:
        """``new_uid`` makes ULIDs; ``dice`` draws from [0, 1). Without a ``vault`` no secret can be read here."""
        self._vault = vault or Vault(NoSources())
        self._store = store
        self._transport = transport
        self._tools = tools
        self._log_store = logs
        self._clock = clock
        self._new_uid = new_uid
        self._dice = dice
        self.limits = self._limits = limits or Limits()
        self._timers = Timers(clock)
        self._runs = RunCache(store)
        self._list = RunList(store, self._runs)
        self._board = StatusBoard(self.status, timers=self._timers, limits=self._limits)
        self._history = History(store, self._runs)
        self.pasts = Pasts(store, self._runs, waits=self._waits)
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
        )
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
        )
        self._asked: dict[str, asyncio.Future[Outcome]] = {}
        self._beat: Timer | None = None
        self._beats: set[asyncio.Task[None]] = set()
        self._beat_at = (clock.now_utc(), clock.monotonic())
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
            kept = kept_of(row)
            seen_utc = max(state.last_event_at, kept.seen_at_utc if kept else 0.0)
            now_utc = self._clock.now_utc()
            if now_utc - seen_utc > self._limits.time_gap_s:
                self._writer.note(row.uid, _gap(seen_utc, now_utc, "the controller was not running"))
            self._gate.begin(state, lambda uid=row.uid: self._go_on(uid))  # type: ignore[misc]
        self._groups.look()
        self._writer.start()
        self._keeping.start()
        self._beat_at = (self._clock.now_utc(), self._clock.monotonic())
        self._next_beat()

    async def stop(self) -> None:
        """Finish what is being committed, write down the logs and let go. Jobs on hosts go on."""
        self._stopping = True
        if self._beat is not None:
            self._beat.cancel()
        await self._keeping.close()
        await self._writer.stop()
        await self._vault.close()
        await self._pool.close()
        await self._performer.close()
        await self._logs.close()
        await asyncio.gather(*self._beats, return_exceptions=True)
        await self._note_presence()
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
        known = await self._store.intent_outcome(request_id)
        if known is not None:
            return await self._runs.get(decode(known.outcome, Created).uid)
        self._keeping.refuse_without_room()
        plan = await self._history.with_previous(plan)
        uid, now_utc = self._new_uid(), self._clock.now_utc()
        marks = await self._gate.admit(uid, plan.secrets, secrets or {})
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
            turn = Turn(begin(plan, event), now_utc=now_utc, dice=self._dice, clean=self._writer.cleaned)
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
        self._groups.look()
        self._list.changed()
        self._committed(turn.before, turn.state, turn.events, turn.effects)
        return turn.state

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
        reader = self._subscribers.add(uid)
        try:
            for row in await self._store.events(uid, after):
                after = row.seq
                yield read(row)
            while follow:
                news = await reader.next()
                for event in news:
                    if event.seq > after:
                        after = event.seq
                        yield event
                if reader.dropped:
                    yield None
                if not news:
                    return
        finally:
            self._subscribers.remove(uid, reader)

    async def read_log(self, uid: str, key: str, offset: int, max_bytes: int) -> bytes:
        """Bytes of one execution's log; empty where there are none. ``NotFound`` for a key that cannot be one."""
        try:
            return await self._log_store.read(uid, key, offset, max_bytes)
        except ValueError as error:
            raise NotFound(f"there is no log {key[:200]!r}") from error

    # ----- what is true only now

    def hosts(self) -> tuple[api.HostStatus, ...]:
        """Connections as they are."""
        return self._pool.statuses(self._name_of)

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

    def watch(self, uid: str, actor: str) -> AbstractContextManager[None]:
        """``actor`` has a screen on the run while this is open."""
        return self._watchers.watch(uid, actor)

    async def status(self) -> api.Status:
        """Everything that is true only now, with the list of runs."""
        host_holds, log_bytes = self._waits(), self._logs.live_bytes()
        uids = dict.fromkeys((*self._runs.live, *self._watchers.runs))
        runs = []
        for uid in uids:
            state = self._runs.now(uid)
            if state is not None:
                found = holds(state, host_holds.get(uid, {}))
                runs.append(
                    api.RunStatus(
                        uid=uid,
                        phase=describe.phase_now(state, found).value,
                        holds=describe.hold_documents(found),
                        log_bytes=log_bytes.get(uid, {}),
                        watchers=self._watchers.of(uid),
                    )
                )
        return api.Status(
            at=api.rfc3339(self._clock.now_utc()) or "",
            runs=tuple(runs),
            hosts=self.hosts(),
            summaries=await self._list.lines(LISTED_RUNS, host_holds),
        )

    def status_changes(self, sign_of_life_s: float = 2.0) -> AsyncIterator[api.Status]:
        """The status now and after every change, at most ten times a second, at least every ``sign_of_life_s``."""
        return self._board.changes(sign_of_life_s)

    # ----- inside

    def _waits(self) -> dict[str, dict[str, Hold]]:
        """What only we know about who waits for what: by uid, then by job run, or the name of the run."""
        return {**self._pool.holds(), **self._groups.holds()}

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

    def _name_of(self, uid: str) -> str:
        state = self._runs.now(uid)
        return state.name if state is not None else uid

    def _refuse_when_stopping(self) -> None:
        if self._stopping:
            raise ControllerUnreachable("the controller is stopping; nothing was changed", hint="onduty runs")

    def _next_beat(self) -> None:
        def beat() -> None:
            task = asyncio.get_running_loop().create_task(self._take_beat(), name="onduty beat")
            self._beats.add(task)
            task.add_done_callback(self._beats.discard)

        self._beat = self._timers.after(self._limits.beat_s, beat)

    async def _take_beat(self) -> None:
        """Note that we are here, and whether the machine was not: a wall clock that ran on alone was a suspend."""
        before_utc, before_s = self._beat_at
        self._beat_at = now_utc, now_s = self._clock.now_utc(), self._clock.monotonic()
        if (now_utc - before_utc) - (now_s - before_s) > self._limits.time_gap_s:
            gap = _gap(before_utc, now_utc, "the machine was asleep")
            for uid in self._runs.live:
                self._writer.note(uid, gap)
        await self._note_presence()
        if not self._stopping:
            self._next_beat()

    async def _note_presence(self) -> None:
        now_utc = self._clock.now_utc()
        rows = [summary_row(state, now_utc=now_utc) for state in self._runs.live.values()]
        if not rows:
            return
        try:
            await self._store.append((), summaries=rows)
        except StoreFailed as error:
            log.error("%s", error.message)


def _gap(from_utc: float, to_utc: float, why: str) -> TimeGap:
    return TimeGap(from_utc=round(from_utc, 3), to_utc=round(to_utc, 3), why=why)
