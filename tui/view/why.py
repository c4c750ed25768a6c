"""Why the selected thing is as it is: label and value, what somebody needs first (LOOK section 6, "Why").

A row that has nothing to say is left out, and nothing is compared that was not measured. A reason is never cut: it
wraps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runners.core.guards import why_not_cancel, why_not_retry, why_not_skip
from runners.model.holds import HoldKind
from runners.model.phases import BAD, Phase, RunPhase, TaskPhase
from tui.view.cells import cells, cut_right, wrap
from tui.view.durations import ago, clock, count_of, duration, task_duration
from tui.view.facts import (
    PASSED,
    Place,
    failed_task,
    hold_for,
    how_it_ended,
    link_of,
    place_of,
    places,
    reached,
    running_task,
    short_name,
    stage_before,
    steps_of,
    under,
    what_it_means,
    worst,
)
from tui.view.glyphs import Glyphs
from tui.view.rows import Row, Span, blank, label_row, spaced, text_row, width_of
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene

LABEL_CELLS = 13
_CANCEL_STEPS = {
    "asked": "asked to stop",
    "term": "TERM was sent",
    "kill": "KILL was sent",
    "gone": "confirmed gone",
    "survivors": "something survived KILL",
}
Fact = tuple[str, Sequence[Span]]


def why_title(scene: RunScene) -> tuple[SafeText, tuple[SafeText, ...]]:
    """Name and details of the pane's title."""
    member = _member(scene)
    if member is not None:
        return own("why"), (short_name(member),)
    return own("why"), (safe(scene.selected.split("@")[0]),) if scene.selected else ()


def why_rows(scene: RunScene, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Rows about ``scene.selected``: a job run, a job, a stage; about what is worst when nothing is selected."""
    pen = _Pen(scene, width, glyphs)
    member = _member(scene)
    if member is not None:
        return pen.rows(pen.of_job_run(member))
    members = under(scene.state, scene.selected) or tuple(places(scene.state))
    return pen.rows(pen.of_many(members))


def _member(scene: RunScene) -> Place | None:
    if scene.selected:
        members = under(scene.state, scene.selected)
        return members[0] if len(members) == 1 else None
    return worst(scene.state)


class _Pen:
    def __init__(self, scene: RunScene, width: int, glyphs: Glyphs) -> None:
        self.scene = scene
        self.now_utc = scene.here.now_utc
        self.width = width
        self.glyphs = glyphs
        self.label = LABEL_CELLS if width >= 32 else 11 if width >= 24 else 0
        self.room = max(1, width - self.label)

    def rows(self, facts: Iterable[Fact]) -> tuple[Row, ...]:
        """Facts as rows; a value that is too long for its row wraps below itself."""
        rows: list[Row] = []
        for label, value in facts:
            if not self.label:
                rows += [text_row(own(label)), *(Row(left=line) for line in self._wrapped(value))]
                continue
            for number, line in enumerate(self._wrapped(value)):
                rows.append(label_row(own("" if number else label), line, label_width=self.label))
        return tuple(rows)

    def _wrapped(self, value: Sequence[Span]) -> list[tuple[Span, ...]]:
        if width_of(value) <= self.room:
            return [tuple(value)]
        lines: list[list[Span]] = [[]]
        at = 0
        for span in value:
            first = True
            for word in _words(span.text):
                size = cells(word)
                gap = 0 if first else 1
                if at and at + gap + size > self.room and not (first and word.startswith((".", ",", ":", ";"))):
                    lines.append([])
                    at, gap = 0, 0
                for piece in wrap(word, self.room) if size > self.room else [word]:
                    if at and at + gap + cells(piece) > self.room:
                        lines.append([])
                        at, gap = 0, 0
                    text = own(" " * gap + piece)
                    lines[-1].append(Span(text, span.token, span.bold))
                    at += cells(text)
                    gap = 0
                first = False
        return [tuple(line) for line in lines]

    # ----- one job run

    def of_job_run(self, member: Place) -> Iterator[Fact]:
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

    def _failed(self, member: Place) -> Iterator[Fact]:
        run = member.run
        word = Span(how_it_ended(run), "fail", bold=True)
        if not reached(run):
            yield "failed", (word, Span(own(", nothing was started")))
            if run.reason:
                yield "because", _text(safe(run.reason))
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
                yield "means", _text(means)
            elif run.reason and run.exit_code is None and run.signal is None and run.phase is Phase.FAILED:
                yield "because", _text(safe(run.reason))
            elif "disk was full" in run.reason:
                yield "and", _text(own("the host's disk was full, its log is cut"))
            yield from self._first_error(member)
        yield from self._elsewhere(member)
        yield from self._retry(member)
        yield from self._acted(member)
        yield from self._next(member)

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
            yield "first error", _text(cut_right(line, self.room, self.glyphs.cut))
        elif spare >= 24:
            short = cut_right(line, spare, self.glyphs.cut)
            yield "first error", (Span(own(where)), blank(2), Span(short, "muted"))
        else:
            yield "first error", _text(own(where))

    def _elsewhere(self, member: Place) -> Iterator[Fact]:
        siblings = [
            one for one in places(self.scene.state) if one.job.id == member.job.id and one.run is not member.run
        ]
        passed = [one.run.host for one in siblings if one.run.phase is Phase.SUCCEEDED]
        failed = [one.run.host for one in siblings if one.run.phase in BAD]
        if passed:
            yield "passed on", _text(self._names(passed))
        if failed:
            yield "failed on", _text(own(f"{self._names(failed, reserve=5)} too"))

    def _names(self, hosts: Sequence[str], reserve: int = 0) -> SafeText:
        """As many names as fit one row, then how many more."""
        room = self.room - reserve
        shown: list[str] = []
        for number, host in enumerate(hosts):
            left = len(hosts) - number - 1
            more = f" and {left} more" if left else ""
            if shown and cells(" ".join([*shown, safe(host)]) + more) > room:
                return own(f"{' '.join(shown)} and {len(hosts) - len(shown)} more")
            shown.append(safe(host))
        return own(" ".join(shown))

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
            left = f", {_attempts(run.policy_left)}" if run.policy_left else ""
            yield "retry", (asks, Span(own(f": {safe(once[0])} is not repeatable{left}")))
        elif run.policy_left:
            yield "retry", (asks, Span(own(f": {_attempts(run.policy_left)}, nothing new starts")))
        elif policy.attempts > 1:
            yield "retry", (asks, Span(own(f": all {policy.attempts} attempts are used")))
        else:
            yield "retry", (asks, Span(own(": nothing is retried by itself")))

    def _acted(self, member: Place) -> Iterator[Fact]:
        run = member.run
        if run.acted_by and run.acted_at is not None:
            age = ago(self.now_utc - run.acted_at)
            yield "last", _text(own(f"{safe(run.acted_by)} {safe(run.acted)} it {age}"))

    def _next(self, member: Place) -> Iterator[Fact]:
        """Keys that would be let in now."""
        state, target = self.scene.state, member.run.id
        keys = [
            (key, label)
            for key, label, why_not in (
                ("r", "retry", why_not_retry(state, target)),
                ("S", "skip", why_not_skip(state, target)),
                ("X", "cancel", why_not_cancel(state, target)),
            )
            if not why_not
        ]
        if link := link_of(member):
            keys += [("o", "runbook")] if link.page else []
        yield from self._keys(keys)

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
            yield "in", _text(own(f"{safe(task[1])}, attempt {run.attempt}"))
        if run.since is not None:
            at = clock(run.since, self.scene.here.zone, now_utc=self.now_utc)
            yield "lost", _text(own(f"{at}, {ago(self.now_utc - run.since)}"))
        if run.reason:
            yield "because", _text(safe(run.reason))
        status = self.scene.hosts.get(run.host)
        if status is not None and status.last_heard_s is not None:
            yield "last heard", _text(ago(status.last_heard_s))
        if run.cancel_asked:
            by = f"{safe(run.acted_by)} asked to stop it; " if run.acted_by else ""
            yield "cancel", _text(own(f"{by}it is stopped when {safe(run.host)} answers"))
        if run.answered:
            host = safe(run.host)
            yield "next", _text(own(f"{host} does not know either: look there, then retry or skip it as not running"))
        else:
            yield "next", _text(own(f"asked again when {safe(run.host)} answers; its disk knows"))
        yield "meanwhile", _text(own("what needs it waits"))

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
        yield "now", (Span(safe(name), "run"), Span(own(f", task {count_of(number, total)}" if total > 1 else "")))
        if state.started_at is not None:
            at = clock(state.started_at, self.scene.here.zone, now_utc=self.now_utc)
            yield "since", _text(own(f"{at}, {duration(self.now_utc - state.started_at)}"))
        else:
            yield "since", _text(own("sent, not yet started"))
        if state.timeout_s is not None and state.started_at is not None:
            left = state.timeout_s - (self.now_utc - state.started_at)
            yield "limit", _text(own(f"{duration(state.timeout_s)}, {duration(left)} left"))
        yield from self._attempt(member)
        yield from self._tasks(member, upto=number - 1)
        if number < total:
            yield "then", _text(self._names([spec.name for spec in steps_of(member)[number:]]))
        status = self.scene.hosts.get(run.host)
        if status is not None and status.phase != "connected":
            yield "host", _text(safe(status.text) or own(f"{safe(run.host)} is {safe(status.phase)}"))
        yield from self._acted(member)
        yield from self._after(member)

    def _attempt(self, member: Place) -> Iterator[Fact]:
        run, policy = member.run, member.job.retry
        if run.attempt > 1 or policy.attempts > 1:
            yield (
                "attempt",
                _text(own(f"{run.attempt}" + (f", {_attempts(run.policy_left)}" if run.policy_left else ""))),
            )

    def _tasks(self, member: Place, upto: int) -> Iterator[Fact]:
        attempt = member.run.current
        done: list[str] = []
        for spec, task in zip(steps_of(member)[:upto], attempt.tasks if attempt else (), strict=False):
            if task.phase is TaskPhase.KEPT:
                done.append(f"{safe(spec.name)} kept")
            elif task.started_at is not None and task.ended_at is not None:
                done.append(f"{safe(spec.name)} {task_duration(task.ended_at - task.started_at)}")
        if done:
            yield "done", _text(own(", ".join(done)))

    def _after(self, member: Place) -> Iterator[Fact]:
        """What waits for this job, by the plan."""
        state = self.scene.state
        names = [one.name for one in state.plan.stages]
        at = names.index(member.stage)
        stage = state.plan.stages[at]
        waiting = [job.name for job in stage.jobs if member.job.name in job.needs]
        if waiting:
            yield "needed by", _text(self._names(waiting))
        elif at + 1 < len(names):
            yield "needed by", _text(own(f"stage {safe(names[at + 1])}"))

    def _cancelling(self, member: Place) -> Iterator[Fact]:
        run = member.run
        yield "state", (Span(own("cancelling")), Span(own(f": {_CANCEL_STEPS.get(run.cancel_step, 'being stopped')}")))
        task = running_task(member)
        if task:
            yield "in", _text(safe(task[1]))
        yield from self._acted(member)
        for number, survivor in enumerate(run.survivors):
            yield "" if number else "survived", _text(safe(survivor))
        if run.survivors:
            yield "next", _text(own(f"end them on {safe(run.host)}, then X cancel again"))
        else:
            yield "next", _text(own("TERM, KILL, then confirmed gone"))

    def _backing_off(self, member: Place) -> Iterator[Fact]:
        run = member.run
        attempt = run.current
        reason = safe(attempt.reason if attempt is not None and attempt.reason else run.reason)
        if run.not_before is not None:
            left = duration(run.not_before - self.now_utc)
            yield "waits", _text(own(f"attempt {run.next_attempt} in {left}"))
        if reason:
            yield "after", _text(reason)
        yield "retry", _text(own(f"by the policy, {_attempts(run.policy_left)} after it"))
        yield from self._first_error(member)
        yield from self._elsewhere(member)
        yield from self._next(member)

    def _waiting(self, member: Place) -> Iterator[Fact]:
        run = member.run
        hold = hold_for(self.scene, member)
        before = stage_before(self.scene.state, member.stage)
        person = hold is not None and hold.kind in (HoldKind.HOST_KEY, HoldKind.SECRET)
        if hold is not None:
            yield "waits", (Span(safe(hold.text), "warn" if person else "text"),)
        elif self.scene.state.ended_at is not None:
            yield "state", _text(own("not started, the run has ended"))
        elif before:
            yield "waits", _text(own(f"stage {safe(before)} comes first"))
        else:
            yield "waits", _text(own("to be started"))
        if member.job.needs:
            yield "needs", _text(self._names(member.job.needs))
        if run.since is not None and run.phase is Phase.QUEUED:
            yield "queued", _text(ago(self.now_utc - run.since))
        if run.retry_asked:
            yield "attempt", _text(own(f"{run.next_attempt}"))
        yield from self._acted(member)
        yield "then", _text(self._names([spec.name for spec in steps_of(member)]))
        yield from self._next_of_waiting(member)

    def _next_of_waiting(self, member: Place) -> Iterator[Fact]:
        state, target = self.scene.state, member.run.id
        keys = [("S", "skip")] if not why_not_skip(state, target) else []
        keys += [("X", "cancel")] if not why_not_cancel(state, target) else []
        yield from self._keys(keys)

    def _passed(self, member: Place) -> Iterator[Fact]:
        run = member.run
        attempt = run.current
        took = ""
        if attempt is not None and attempt.started_at is not None and attempt.ended_at is not None:
            took = f" in {duration(attempt.ended_at - attempt.started_at)}"
        yield "state", _text(own(f"passed{took}"))
        if run.since is not None:
            at = clock(run.since, self.scene.here.zone, now_utc=self.now_utc)
            yield "at", _text(own(f"{at}, {ago(self.now_utc - run.since)}"))
        if run.attempt > 1:
            yield "attempt", _text(own(str(run.attempt)))
        yield from self._tasks(member, upto=len(steps_of(member)))
        yield from self._acted(member)
        yield from self._after(member)

    def _ended(self, member: Place) -> Iterator[Fact]:
        run = member.run
        by = f" by {safe(run.acted_by)}" if run.acted_by else ""
        age = f", {ago(self.now_utc - run.since)}" if run.since is not None else ""
        yield "state", _text(own(f"{run.phase.value}{by}{age}"))
        if run.reason and run.reason != "cancelled":
            yield "because", _text(safe(run.reason))
        task = running_task(member)
        if task and run.phase is Phase.CANCELLED:
            number, name = task
            yield "in", _text(own(f"{safe(name)}, task {count_of(number, len(steps_of(member)))}"))
        elif not run.attempts:
            yield "ran", _text(own("nothing was started"))
        if run.phase is Phase.SKIPPED:
            yield "counts as", _text(own("satisfied; what needs it may start"))
        yield from self._next(member)

    # ----- several

    def of_many(self, members: Sequence[Place]) -> Iterator[Fact]:
        """A stage, a job, a folded row or the whole run: names by phase."""
        bad = [one for one in members if one.run.phase in BAD]
        unknown = [one for one in members if one.run.phase is Phase.UNKNOWN]
        live = [one for one in members if one.run.phase in (Phase.RUNNING, Phase.CANCELLING)]
        passed = [one for one in members if one.run.phase is Phase.SUCCEEDED]
        skipped = [one for one in members if one.run.phase in (Phase.SKIPPED, Phase.CANCELLED)]
        waiting = [one for one in members if one.run.phase in (Phase.WAITING, Phase.QUEUED, Phase.BACKING_OFF)]
        for label, found, token in (
            ("failed", bad, "fail"),
            ("unknown", unknown, "unk"),
            ("running", live, "text"),
            ("passed", passed, "text"),
            ("left out", skipped, "text"),
        ):
            if found:
                yield label, (Span(self._names(_called(found, members)), token, bold=token != "text"),)
        if waiting:
            hold = hold_for(self.scene, waiting[0])
            yield "waiting", _text(self._names(_called(waiting, members)))
            if hold is not None and hold.text:
                yield "for", _text(safe(hold.text))
        done = sum(one.run.phase in PASSED for one in members)
        yield "done", _text(count_of(done, len(members)))


def first_why(scene: RunScene, width: int, glyphs: Glyphs) -> Row | None:
    """``passed on web1 web2`` in one sentence, for screens that have no room for the pane."""
    member = place_of(scene.state, scene.selected) or worst(scene.state)
    if member is None or member.run.phase not in BAD:
        return None
    pen = _Pen(scene, width + LABEL_CELLS, glyphs)
    parts = [f"{label} {own(''.join(span.text for span in value))}" for label, value in pen._elsewhere(member)]
    return Row(left=(Span(own(", ".join(parts)), cut="words"),)) if parts else None


def _called(found: Sequence[Place], members: Sequence[Place]) -> list[str]:
    """Hosts where all are of one job, else ``job@host``."""
    one_job = len({one.job.id for one in members}) == 1
    return [one.run.host if one_job else short_name(one) for one in found]


def _attempts(left: int) -> str:
    return f"{left} attempt{'s' if left != 1 else ''} left"


def _text(text: SafeText) -> tuple[Span, ...]:
    return (Span(text),)


def _words(text: SafeText) -> list[SafeText]:
    return [SafeText(word) for word in text.split(" ")]
