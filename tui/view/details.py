"""All that is known of a run, a stage, a job or a job run, as labels and values to read and to copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from runners.core.blast import blast
from runners.model.api import HostStatus
from runners.model.inventory import Host
from runners.model.kinds import TaskKind
from runners.model.phases import Phase, TaskPhase
from runners.model.plan import PlannedTask
from runners.model.state import AttemptState, JobRunState, RunState, TaskState
from tui.view.durations import ago, clock, duration, size, task_duration
from tui.view.exit_words import EXIT_WORDS, SIGNAL_WORDS
from tui.view.facts import Place, place_of, task_name, under
from tui.view.glyphs import JOB_PHASES, RUN_PHASES, STAGE_PHASES, TASK_PHASES
from tui.view.holds import hold_for, run_holds
from tui.view.scene import RunScene
from tui.view.usage import reading_briefly, used_words

LABEL_CELLS = 14
_LOG_WORDS = {
    "log_owed": "still on the host",
    "log_cut": "cut, the host's disk was full",
    "log_limited": "cut at its limit",
}
"""Of a task whose log is not whole here, by the field that says so."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One line. Raw: made safe where it is drawn."""

    label: str
    value: str
    level: int = 1
    """0: a heading, its text is ``label``; 1 or 2: how far in a value stands."""
    token: str = "text"


def heading(text: str, more: str = "") -> Detail:
    """A title between details."""
    return Detail(text, more, 0)


def details_title(scene: RunScene, selected: str) -> tuple[str, str]:
    """What the details are about: its name, and what kind of thing it is."""
    place = place_of(scene.state, selected)
    if place is not None:
        return selected, "job run"
    if selected and under(scene.state, selected):
        return (selected, "stage") if "/" not in selected else (selected.partition("@")[0], "job")
    return scene.state.name, "run"


def details(scene: RunScene, selected: str) -> tuple[Detail, ...]:
    """Everything of what is selected, then of the whole run."""
    place = place_of(scene.state, selected)
    members = under(scene.state, selected)
    if place is not None:
        own_part = list(_job_run(scene, place))
    elif members:
        own_part = list(_members(scene, selected, members))
    else:
        own_part = []
    return (*own_part, *_run(scene))


# ----- a job run


def _job_run(scene: RunScene, place: Place) -> Iterator[Detail]:
    run, here = place.run, scene.here
    mark = JOB_PHASES[run.phase.value]
    since = f" since {clock(run.since, here.zone, now_utc=here.now_utc)}" if run.since is not None else ""
    yield Detail("state", f"{mark.word}{since}", token=mark.word_token)
    if run.reason:
        yield Detail("reason", run.reason)
    hold = hold_for(scene, place)
    if hold is not None:
        yield Detail("waits", hold.text)
    if run.acted:
        yield Detail("done", f"{run.acted} by {run.acted_by}{_at(scene, run.acted_at)}")
    if run.fence:
        yield Detail("to be sealed", ", ".join(run.fence))
    for survivor in run.survivors:
        yield Detail("survives", survivor, token="fail")
    if run.runbook is not None and run.runbook.page:
        yield Detail("runbook", f"{run.runbook.page}, {run.runbook.why}")
    if run.runbook is not None and run.runbook.first_line:
        yield Detail("first error", run.runbook.first_line, token="fail")
    yield from _policy(place, run)
    yield from _environment(scene.state, place)
    for attempt in reversed(run.attempts):
        yield from _attempt(scene, place, attempt)
    yield from _host(scene, run.host)


def _policy(place: Place, run: JobRunState) -> Iterator[Detail]:
    retry = place.job.retry
    if retry.attempts > 1:
        yield Detail("retries", f"by itself up to {retry.attempts} attempts, {run.policy_left} left")
    yield Detail("on failure", place.job.on_failure.value)
    if place.job.timeout_s:
        yield Detail("limit", f"{duration(place.job.timeout_s)} for an attempt")
    if place.job.needs:
        yield Detail("needs", ", ".join(place.job.needs))


def _environment(state: RunState, place: Place) -> Iterator[Detail]:
    names = sorted({name for task in place.job.tasks for name in state.plan.env_of(task, place.run.host)})
    if names:
        yield Detail("environment", ", ".join(names))
    if state.plan.secrets:
        yield Detail("secrets", ", ".join(sorted(state.plan.secrets)))


def _attempt(scene: RunScene, place: Place, attempt: AttemptState) -> Iterator[Detail]:
    what = f"attempt {attempt.number}" + (", rollback" if attempt.rollback else "")
    yield heading(what, _span(scene, attempt.started_at, attempt.ended_at))
    mark = JOB_PHASES[attempt.phase.value]
    if attempt.ended_at is not None or attempt.phase is not Phase.RUNNING:
        yield Detail("ended", _ended(str(mark.word), attempt.exit_code, attempt.signal, attempt.reason),
                     token=mark.word_token)  # fmt: skip
    if attempt.only_task:
        yield Detail("scope", f"task {attempt.only_task} alone")
    elif attempt.from_task > 1:
        yield Detail("scope", f"from task {attempt.from_task} on")
    if attempt.idle_s:
        yield Detail("stood", f"{duration(attempt.idle_s)} between two tasks, the run was paused")
    for spec, task in zip(place.job.steps(rollback=attempt.rollback), attempt.tasks, strict=False):
        yield from _task(scene, spec, task)


def _task(scene: RunScene, spec: PlannedTask, task: TaskState) -> Iterator[Detail]:
    mark = TASK_PHASES.get(task.phase.value, JOB_PHASES["waiting"])
    took = _span(scene, task.started_at or task.dispatched_at, task.ended_at, tasks=True)
    words = mark.word if task.phase is not TaskPhase.WAITING else "not run"
    kind = spec.kind.value if spec.kind is not TaskKind.RUN else "run"
    ended = _ended(str(words), task.exit_code, task.signal, task.reason)
    yield Detail(task_name(spec), ", ".join(part for part in (kind, ended, took) if part), 1, token=mark.word_token)
    if task.key is None or task.phase is TaskPhase.KEPT:
        return
    yield Detail("key", task.key, 2)
    log = f"{size(task.log_bytes)}" if task.log_bytes else ""
    extra = [word for flag, word in _LOG_WORDS.items() if getattr(task, flag)]
    if log or extra:
        yield Detail("log", ", ".join([log, *extra] if log else extra), 2)
    used = used_words(task.cpu_s, task.memory_peak_bytes, task.memory_peak_of or None)
    if used:
        yield Detail("used", used, 2)
    if task.timeout_s:
        yield Detail("limit", duration(task.timeout_s), 2)
    if task.host is not None:
        yield Detail("host then", reading_briefly(task.host), 2)
    for name, value in sorted(task.outputs.items()):
        yield Detail("output", f"{name}={value}", 2)
    for problem in task.output_problems:
        yield Detail("not taken", problem, 2, token="warn")
    for path in task.files:
        yield Detail("file", path, 2)


def _ended(word: str, exit_code: int | None, signal: str | None, reason: str) -> str:
    """``failed, exit 137: KILL ended a command``."""
    parts = [word]
    if signal is not None:
        name = signal.removeprefix("SIG")
        means = next((words for known, words in SIGNAL_WORDS.values() if known == name), "")
        parts.append(f"killed by {name}" + (f": {means}" if means else ""))
    elif exit_code is not None:
        means = EXIT_WORDS.get(exit_code, "")
        if exit_code - 128 in SIGNAL_WORDS:
            known, words = SIGNAL_WORDS[exit_code - 128]
            means = f"as a shell says it of {known}, {words}"
        parts.append(f"exit {exit_code}" + (f": {means}" if means else ""))
    elif reason and reason != word:
        parts.append(reason)
    return ", ".join(parts)


# ----- a stage, a job


def _members(scene: RunScene, selected: str, members: tuple[Place, ...]) -> Iterator[Detail]:
    stage = next((one for one in scene.state.stages if one.name == selected), None)
    if stage is not None:
        mark = STAGE_PHASES[stage.phase.value]
        yield Detail("state", str(mark.word), token=mark.word_token)
        if stage.started_at is not None:
            yield Detail("time", _span(scene, stage.started_at, stage.ended_at))
    for hold in scene.holds:
        if hold.what == selected:
            yield Detail("waits", hold.text)
    counts = Counter(one.run.phase for one in members)
    words = [f"{number} {JOB_PHASES[phase.value].word}" for phase, number in counts.items()]
    yield Detail("job runs", f"{len(members)}: {', '.join(words)}")
    yield heading("job runs")
    for one in members:
        mark = JOB_PHASES[one.run.phase.value]
        attempt = one.run.current
        took = _span(scene, attempt.started_at, attempt.ended_at) if attempt is not None else ""
        again = f"attempt {one.run.attempt}" if one.run.attempt > 1 else ""
        ended = _ended(str(mark.word), one.run.exit_code, one.run.signal, one.run.reason)
        yield Detail(f"{one.job.name}@{one.run.host}", ", ".join(part for part in (ended, again, took) if part),
                     token=mark.word_token)  # fmt: skip


# ----- the run


def _run(scene: RunScene) -> Iterator[Detail]:
    state, plan, here = scene.state, scene.state.plan, scene.here
    mark = RUN_PHASES[scene.phase or state.phase.value]
    yield heading("run", state.name)
    yield Detail("state", str(mark.word), token=mark.word_token)
    if state.reason:
        yield Detail("reason", state.reason)
    yield Detail("started by", f"{state.by}{_at(scene, state.created_at)}")
    if state.started_at is not None:
        yield Detail("time", _span(scene, state.started_at, state.ended_at))
    for hold in run_holds(scene):
        yield Detail("waits", hold.text)
    if plan.environment:
        yield Detail("environment", plan.environment)
    if plan.description:
        yield Detail("what", plan.description)
    if plan.owner:
        yield Detail("owner", plan.owner)
    for name, value in plan.params.items():
        yield Detail("param", f"{name}={value}")
    if plan.limit:
        yield Detail("limit", plan.limit)
    reach = blast(state)
    yield Detail("hosts", f"{reach.touched} of {reach.hosts} touched")
    yield Detail("uid", state.uid)
    yield Detail("definition", plan.definition_digest)
    yield Detail("plan", state.plan_digest)
    if plan.folder:
        yield Detail("folder", plan.folder)
    if plan.inventory_path:
        yield Detail("inventory", plan.inventory_path)
    for warning in state.warnings:
        yield Detail("warning", warning, token="warn")
    for note in state.notes:
        yield Detail("note", f"{note.by} {clock(note.at, here.zone, now_utc=here.now_utc)}: {note.text}")


# ----- a host


def _host(scene: RunScene, name: str) -> Iterator[Detail]:
    host = scene.state.plan.hosts.get(name) or Host(name=name)
    yield heading("host", name)
    if host.is_here:
        yield Detail("where", "this controller's own machine")
    else:
        user = f"{host.user}@" if host.user else ""
        port = f":{host.port}" if host.port else ""
        yield Detail("address", f"{user}{host.target}{port}")
    if host.jump:
        yield Detail("through", ", ".join(one.target for one in host.jump))
    for label, value in sorted(host.labels.items()):
        yield Detail("label", f"{label}={value}")
    status = scene.hosts.get(name)
    if status is not None:
        yield from _connection(status)


def _connection(status: HostStatus) -> Iterator[Detail]:
    heard = f", last heard {ago(status.last_heard_s)}" if status.last_heard_s is not None else ""
    yield Detail("connection", f"{status.phase.replace('_', ' ')}{heard}")
    if status.text:
        yield Detail("because", status.text)
    if status.fingerprint:
        yield Detail("host key", status.fingerprint)
    if status.reading is not None:
        yield Detail("now", reading_briefly(status.reading))


# ----- words


def _at(scene: RunScene, at: float | None) -> str:
    return f", {clock(at, scene.here.zone, now_utc=scene.here.now_utc)}" if at is not None else ""


def _span(scene: RunScene, start: float | None, end: float | None, *, tasks: bool = False) -> str:
    """``12:04:27, took 6.2s``."""
    if start is None:
        return ""
    took = (scene.here.now_utc if end is None else end) - start
    words = task_duration(took) if tasks else duration(took)
    at = clock(start, scene.here.zone, now_utc=scene.here.now_utc)
    return f"{at}, {'took' if end is not None else 'for'} {words}"
