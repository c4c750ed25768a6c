"""What is known of one job run, by phase, as label and value: the rows of the why pane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runners.core.guards import why_not_cancel, why_not_retry, why_not_skip
from runners.core.guards_run import why_not_rollback
from runners.core.rollback import is_left
from runners.model.holds import HoldKind
from runners.model.phases import BAD, FAILURES, Phase, RunPhase, TaskPhase
from tui.keys.actions import key_of
from tui.view.cells import cells, cut_right
from tui.view.durations import ago, clock, count_of, duration, task_duration
from tui.view.exit_words import what_it_means
from tui.view.facts import (
    NEEDS_PERSON,
    Place,
    ended_badly,
    failed_task,
    hold_for,
    how_it_ended,
    link_of,
    reached,
    running_task,
    stage_before,
    steps_of,
    task_name,
    under,
)
from tui.view.glyphs import Glyphs
from tui.view.host_state import host_facts
from tui.view.rows import Span, blank, spaced, width_of
from tui.view.safe_text import own, safe
from tui.view.scene import RunScene
from tui.view.why_outputs import output_facts
from tui.view.why_repair import due_facts, notes_of, repair_facts, untidy_facts
from tui.view.why_usage import used_facts
from tui.view.why_words import Fact, attempts_left, names_in, text

_CANCEL_STEPS = {
    "asked": "asked to stop",
    "term": "TERM was sent",
    "kill": "KILL was sent",
    "gone": "confirmed gone",
    "survivors": "something survived KILL",
}


class JobRunFacts:
    """All that is known of job runs of a scene, for values of ``room`` cells."""

    def __init__(self, scene: RunScene, room: int, glyphs: Glyphs) -> None:
        self.scene = scene
        self.now_utc = scene.here.now_utc
        self.room = room
        self.glyphs = glyphs

    def of(self, member: Place) -> Iterator[Fact]:
        """All that is known, by phase."""
        match member.run.phase:
            case Phase.FAILED | Phase.TIMED_OUT:
                yield from self._failed(member)
            case Phase.UNKNOWN:
                yield from self._unknown(member)
            case Phase.RUNNING:
                yield from self._running(member)
            case Phase.CANCELLING:
                yield from self._cancelling(member)
            case Phase.BACKING_OFF:
                yield from self._backing_off(member)
            case Phase.WAITING | Phase.QUEUED:
                yield from self._waiting(member)
            case Phase.SUCCEEDED:
                yield from self._passed(member)
            case Phase.CANCELLED | Phase.SKIPPED:
                yield from self._ended(member)
            case Phase.ROLLING_BACK | Phase.ROLLED_BACK | Phase.ROLLBACK_FAILED:
                yield from repair_facts(self.scene, member)
                if member.run.phase is Phase.ROLLBACK_FAILED:
                    yield from self._first_error(member)
                yield from self._tasks(member, upto=len(steps_of(member)))
                yield from used_facts(member)
                yield from self._acted(member)
                yield from self._next(member)
        yield from output_facts(member, self.room, self.glyphs)
        yield from untidy_facts(member)
        yield from due_facts(self.scene, member)
        yield from notes_of(self.scene)

    def _failed(self, member: Place) -> Iterator[Fact]:
        run = member.run
        word = Span(how_it_ended(run), "fail", bold=True)
        if not reached(run):
            yield "failed", (word, Span(own(", nothing was started")))
            if run.reason:
                yield "because", text(safe(run.reason))
        else:
            task = failed_task(member)
            where = own(f" in {safe(task[1])}") if task else own("")
            took = None
            if task is not None and task[2].started_at is not None and task[2].ended_at is not None:
                took = task[2].ended_at - task[2].started_at
            after = Span(own(f" after {task_duration(took)}" if took is not None else ""))
            spans = (word, Span(where), after)
            yield "failed", spans if width_of(spans) <= self.room else spans[:2]
            means = what_it_means(run)
            if means:
                yield "means", text(means)
            elif run.reason and run.exit_code is None and run.signal is None and run.phase is Phase.FAILED:
                yield "because", text(safe(run.reason))
            elif "disk was full" in run.reason:
                yield "and", text(own("the host's disk was full, its log is cut"))
            yield from self._first_error(member)
        yield from host_facts(member)
        yield from self.elsewhere(member)
        yield from self._retry(member)
        yield from self._acted(member)
        yield from self._next(member)
        yield from used_facts(member)

    def _first_error(self, member: Place) -> Iterator[Fact]:
        link = link_of(member)
        if link is None or not link.first_line:
            return
        line = safe(link.first_line)
        where = ""
        if link.line is not None:
            of = safe(steps_of(member)[link.task - 1].name) if 0 < link.task <= len(steps_of(member)) else ""
            where = f"line {link.line + 1}" + (f" of {of}" if of else "")
        spare = self.room - cells(where) - 2
        if not where:
            yield "first error", text(cut_right(line, self.room, self.glyphs.cut))
        elif spare >= 24:
            short = cut_right(line, spare, self.glyphs.cut)
            yield "first error", (Span(own(where)), blank(2), Span(short, "muted"))
        else:
            yield "first error", text(own(where))

    def elsewhere(self, member: Place) -> Iterator[Fact]:
        siblings = [
            one for one in under(self.scene.state, member.job.id, Phase.SUCCEEDED, *BAD) if one.run is not member.run
        ]
        passed = [one.run.host for one in siblings if one.run.phase is Phase.SUCCEEDED]
        failed = [one.run.host for one in siblings if one.run.phase in BAD]
        if passed:
            yield "passed on", text(names_in(self.room, passed))
        if failed:
            yield "failed on", text(own(f"{names_in(self.room, failed, reserve=5)} too"))

    def _retry(self, member: Place) -> Iterator[Fact]:
        """Why it is not tried again by itself."""
        run, policy = member.run, member.job.retry
        if self.scene.state.phase is RunPhase.CANCELLING:
            return
        attempt = run.current
        once = [
            spec.name
            for spec, task in zip(steps_of(member), attempt.tasks if attempt else (), strict=False)
            if not spec.repeatable and task.key is not None and task.phase is not TaskPhase.KEPT
        ]
        asks = Span(own("asks"), "warn")
        if not reached(run):
            yield "retry", (asks, Span(own(": no attempt is used up")))
        elif once:
            left = f", {attempts_left(run.policy_left)}" if run.policy_left else ""
            yield "retry", (asks, Span(own(f": {safe(once[0])} is not repeatable{left}")))
        elif run.policy_left:
            yield "retry", (asks, Span(own(f": {attempts_left(run.policy_left)}, nothing new starts")))
        elif policy.attempts > 1:
            yield "retry", (asks, Span(own(f": all {policy.attempts} attempts are used")))
        else:
            yield "retry", (asks, Span(own(": nothing is retried by itself")))

    def _acted(self, member: Place) -> Iterator[Fact]:
        run = member.run
        if run.acted_by and run.acted_at is not None:
            age = ago(self.now_utc - run.acted_at)
            did = "asked for the rollback" if run.acted == "rolled back" else f"{safe(run.acted)} it"
            yield "last", text(own(f"{safe(run.acted_by)} {did} {age}"))

    def _next(self, member: Place) -> Iterator[Fact]:
        """Keys that would be let in now."""
        state, target = self.scene.state, member.run.id
        keys = [
            (key, label)
            for key, label, why_not in (
                (key_of("retry"), "retry", why_not_retry(state, target)),
                (key_of("skip"), "skip", why_not_skip(state, target)),
                (key_of("roll-back"), "roll back", self._why_not_rollback(member)),
                (key_of("cancel"), "cancel", why_not_cancel(state, target)),
            )
            if not why_not
        ]
        if link := link_of(member):
            keys += [(key_of("runbook"), "runbook")] if link.page else []
        yield from self._keys(keys)

    def _why_not_rollback(self, member: Place) -> str:
        """Offered beside what failed, where it takes this job run; it is never the first thing to think of."""
        phase, state = member.run.phase, self.scene.state
        wanted = phase in FAILURES and is_left(member.job, member.run)
        return why_not_rollback(state) if wanted else "nothing of it"

    def _keys(self, keys: Sequence[tuple[str, str]]) -> Iterator[Fact]:
        """Keys side by side, as many to a row as fit."""
        lines: list[list[tuple[Span, ...]]] = []
        for key, label in keys:
            group = (Span(own(key), "acc", bold=True), Span(own(f" {label}")))
            if lines and width_of(spaced([*lines[-1], group], 3)) <= self.room:
                lines[-1].append(group)
            else:
                lines.append([group])
        for number, line in enumerate(lines):
            yield "" if number else "next", spaced(line, 3)

    def _unknown(self, member: Place) -> Iterator[Fact]:
        run = member.run
        yield "state", (Span(own("unknown"), "unk", bold=True), Span(own(", not failed")))
        task = running_task(member)
        if task:
            yield "in", text(own(f"{safe(task[1])}, attempt {run.attempt}"))
        if run.since is not None:
            at = clock(run.since, self.scene.here.zone, now_utc=self.now_utc)
            yield "lost", text(own(f"{at}, {ago(self.now_utc - run.since)}"))
        if run.reason:
            yield "because", text(safe(run.reason))
        status = self.scene.hosts.get(run.host)
        if status is not None and status.last_heard_s is not None:
            yield "last heard", text(ago(status.last_heard_s))
        if run.cancel_asked:
            by = f"{safe(run.acted_by)} asked to stop it; " if run.acted_by else ""
            yield "cancel", text(own(f"{by}it is stopped when {safe(run.host)} answers"))
        if run.answered:
            host = safe(run.host)
            yield "next", text(own(f"{host} does not know either: look there, then r retry or S skip it as dead"))
        else:
            yield "next", text(own(f"asked again when {safe(run.host)} answers; its disk knows"))
        yield "meanwhile", text(own("what needs it waits"))

    def _running(self, member: Place) -> Iterator[Fact]:
        run = member.run
        attempt = run.current
        task = running_task(member)
        total = len(steps_of(member))
        if task is None or attempt is None:
            yield "now", (Span(own("starting"), "run"),)
            return
        number, name = task
        state = attempt.tasks[number - 1]
        hold = hold_for(self.scene, member)
        if hold is not None and hold.what == run.id:
            yield "waits", text(safe(hold.text or hold.kind))
        if failed := ended_badly(member):
            # Said of the job run as a whole only once ``finally:`` is done.
            yield "failed", (Span(failed[1], "fail", bold=True), Span(own(f" in {safe(failed[0])}")))
        stands = state.ended_at is not None
        at_task = own(f", task {count_of(number, total)}" if total > 1 else "")
        yield "after" if stands else "now", (Span(safe(name), "text" if stands else "run"), Span(at_task))
        if stands:
            pass
        elif state.started_at is not None:
            at = clock(state.started_at, self.scene.here.zone, now_utc=self.now_utc)
            yield "since", text(own(f"{at}, {duration(self.now_utc - state.started_at)}"))
        else:
            yield "since", text(own("sent, not yet started"))
        if state.timeout_s is not None and state.started_at is not None and not stands:
            left = state.timeout_s - (self.now_utc - state.started_at)
            yield "limit", text(own(f"{duration(state.timeout_s)}, {duration(left)} left"))
        yield from self._attempt(member)
        yield from self._tasks(member, upto=number - 1)
        if number < total:
            yield "then", text(names_in(self.room, [task_name(spec) for spec in steps_of(member)[number:]]))
        status = self.scene.hosts.get(run.host)
        if status is not None and status.phase != "connected":
            yield "host", text(safe(status.text) or own(f"{safe(run.host)} is {safe(status.phase)}"))
        yield from self._acted(member)
        yield from self._after(member)

    def _attempt(self, member: Place) -> Iterator[Fact]:
        run, policy = member.run, member.job.retry
        if run.attempt > 1 or policy.attempts > 1:
            yield (
                "attempt",
                text(own(f"{run.attempt}" + (f", {attempts_left(run.policy_left)}" if run.policy_left else ""))),
            )

    def _tasks(self, member: Place, upto: int) -> Iterator[Fact]:
        attempt = member.run.current
        done: list[str] = []
        for spec, task in zip(steps_of(member)[:upto], attempt.tasks if attempt else (), strict=False):
            if task.phase is TaskPhase.KEPT:
                done.append(f"{safe(task_name(spec))} kept")
            elif task.phase is TaskPhase.SUCCEEDED and task.started_at is not None and task.ended_at is not None:
                done.append(f"{safe(task_name(spec))} {task_duration(task.ended_at - task.started_at)}")
        if done:
            yield "done", text(own(", ".join(done)))

    def _after(self, member: Place) -> Iterator[Fact]:
        """What waits for this job, by the plan."""
        state = self.scene.state
        names = [one.name for one in state.plan.stages]
        at = names.index(member.stage)
        stage = state.plan.stages[at]
        waiting = [job.name for job in stage.jobs if member.job.name in job.needs]
        if waiting:
            yield "needed by", text(names_in(self.room, waiting))
        elif at + 1 < len(names):
            yield "needed by", text(own(f"stage {safe(names[at + 1])}"))

    def _cancelling(self, member: Place) -> Iterator[Fact]:
        run = member.run
        yield "state", (Span(own("cancelling")), Span(own(f": {_CANCEL_STEPS.get(run.cancel_step, 'being stopped')}")))
        task = running_task(member)
        if task:
            yield "in", text(safe(task[1]))
        yield from self._acted(member)
        for number, survivor in enumerate(run.survivors):
            yield "" if number else "survived", text(safe(survivor))
        if run.survivors:
            yield "next", text(own(f"end them on {safe(run.host)}, then X cancel again"))
        else:
            yield "next", text(own("TERM, KILL, then confirmed gone"))

    def _backing_off(self, member: Place) -> Iterator[Fact]:
        run = member.run
        attempt = run.current
        reason = safe(attempt.reason if attempt is not None and attempt.reason else run.reason)
        if run.not_before is not None:
            left = duration(run.not_before - self.now_utc)
            yield "waits", text(own(f"attempt {run.next_attempt} in {left}"))
        if reason:
            yield "after", text(reason)
        yield "retry", text(own(f"by the policy, {attempts_left(run.policy_left)} after it"))
        yield from self._first_error(member)
        yield from self.elsewhere(member)
        yield from self._next(member)

    def _waiting(self, member: Place) -> Iterator[Fact]:
        run = member.run
        hold = hold_for(self.scene, member)
        before = stage_before(self.scene.state, member.stage)
        person = hold is not None and hold.kind in NEEDS_PERSON and hold.kind != HoldKind.PAUSED
        if hold is not None:
            yield "waits", (Span(safe(hold.text or hold.kind), "warn" if person else "text"),)
        elif self.scene.state.ended_at is not None:
            yield "state", text(own("not started, the run has ended"))
        elif before:
            yield "waits", text(own(f"stage {safe(before)} comes first"))
        else:
            yield "waits", text(own("to be started"))
        if member.job.needs:
            yield "needs", text(names_in(self.room, member.job.needs))
        if run.since is not None and run.phase is Phase.QUEUED:
            yield "queued", text(ago(self.now_utc - run.since))
        if run.retry_asked:
            yield "attempt", text(own(f"{run.next_attempt}"))
        yield from self._acted(member)
        yield "then", text(names_in(self.room, [task_name(spec) for spec in steps_of(member)]))
        yield from self._next_of_waiting(member)

    def _next_of_waiting(self, member: Place) -> Iterator[Fact]:
        state, target = self.scene.state, member.run.id
        keys = [(key_of("pause"), "resume")] if state.phase is RunPhase.PAUSED else []
        keys += [(key_of("give-secret"), "give secret")] if state.secrets_needed else []
        keys += [(key_of("skip"), "skip")] if not why_not_skip(state, target) else []
        keys += [(key_of("cancel"), "cancel")] if not why_not_cancel(state, target) else []
        yield from self._keys(keys)

    def _passed(self, member: Place) -> Iterator[Fact]:
        run = member.run
        attempt = run.current
        took = ""
        if attempt is not None and attempt.started_at is not None and attempt.ended_at is not None:
            took = f" in {duration(attempt.ended_at - attempt.started_at)}"
        yield "state", text(own(f"passed{took}"))
        if run.since is not None:
            at = clock(run.since, self.scene.here.zone, now_utc=self.now_utc)
            yield "at", text(own(f"{at}, {ago(self.now_utc - run.since)}"))
        if run.attempt > 1:
            yield "attempt", text(own(str(run.attempt)))
        yield from self._tasks(member, upto=len(steps_of(member)))
        yield from used_facts(member)
        yield from self._acted(member)
        yield from self._after(member)

    def _ended(self, member: Place) -> Iterator[Fact]:
        run = member.run
        by = f" by {safe(run.acted_by)}" if run.acted_by else ""
        age = f", {ago(self.now_utc - run.since)}" if run.since is not None else ""
        yield "state", text(own(f"{run.phase.value}{by}{age}"))
        if run.reason and run.reason != "cancelled":
            yield "because", text(safe(run.reason))
        task = running_task(member)
        if task and run.phase is Phase.CANCELLED:
            number, name = task
            yield "in", text(own(f"{safe(name)}, task {count_of(number, len(steps_of(member)))}"))
        if run.attempts:
            yield from used_facts(member)
        else:
            yield "ran", text(own("nothing was started"))
        if run.phase is Phase.SKIPPED:
            yield "counts as", text(own("satisfied; what needs it may start"))
        yield from self._next(member)
