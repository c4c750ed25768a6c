"""What a live job run does, and what comes after it: rows of the why pane."""

from __future__ import annotations

from collections.abc import Iterator

from runners.core.usual import is_long
from runners.model.phases import TaskPhase
from tui.view.durations import clock, count_of, duration, task_duration
from tui.view.expected import usual_job
from tui.view.facts import Place, ended_badly, running_task, steps_of, task_name
from tui.view.holds import hold_for
from tui.view.rows import Span
from tui.view.safe_text import own, safe
from tui.view.why_failed import elsewhere, first_error
from tui.view.why_next import acted_facts, next_facts
from tui.view.why_words import Fact, Pane, attempts_left, names_in, text

_CANCEL_STEPS = {
    "asked": "asked to stop",
    "term": "TERM was sent",
    "kill": "KILL was sent",
    "gone": "confirmed gone",
    "survivors": "something survived KILL",
}


def running_facts(pane: Pane, member: Place) -> Iterator[Fact]:
    """What it is at, since when, what is done and what follows."""
    run = member.run
    attempt = run.current
    task = running_task(member)
    total = len(steps_of(member))
    if task is None or attempt is None:
        yield "now", (Span(own("starting"), "run"),)
        return
    number, name = task
    state = attempt.tasks[number - 1]
    hold = hold_for(pane.scene, member)
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
        at = clock(state.started_at, pane.scene.here.zone, now_utc=pane.now_utc)
        yield "since", text(own(f"{at}, {duration(pane.now_utc - state.started_at)}"))
    else:
        yield "since", text(own("sent, not yet started"))
    if state.timeout_s is not None and state.started_at is not None and not stands:
        left = state.timeout_s - (pane.now_utc - state.started_at)
        yield "limit", text(own(f"{duration(state.timeout_s)}, {duration(left)} left"))
    yield from _usual(pane, member)
    yield from _attempt(pane, member)
    yield from done_facts(pane, member, upto=number - 1)
    if number < total:
        yield "then", text(names_in(pane.room, [task_name(spec) for spec in steps_of(member)[number:]]))
    status = pane.scene.hosts.get(run.host)
    if status is not None and status.phase != "connected":
        yield "host", text(safe(status.text) or own(f"{safe(run.host)} is {safe(status.phase)}"))
    yield from acted_facts(pane, member)
    yield from after_facts(pane, member)


def _attempt(pane: Pane, member: Place) -> Iterator[Fact]:
    run, policy = member.run, member.job.retry
    if run.attempt > 1 or policy.attempts > 1:
        yield (
            "attempt",
            text(own(f"{run.attempt}" + (f", {attempts_left(run.policy_left)}" if run.policy_left else ""))),
        )


def _usual(pane: Pane, member: Place) -> Iterator[Fact]:
    """How long it usually takes, and that it takes longer where it takes far longer."""
    usual, attempt = usual_job(pane.scene, member), member.run.current
    if usual is None or attempt is None or attempt.started_at is None:
        return
    elapsed_s = pane.now_utc - attempt.started_at
    if is_long(elapsed_s, usual):
        told = own(f": {duration(elapsed_s)}, usually {duration(usual.usual_s)}")
        yield "takes", (Span(own("longer than usual"), "warn"), Span(told))
    else:
        most = f", at most {duration(usual.longest_s)}" if duration(usual.longest_s) != duration(usual.usual_s) else ""
        yield "usual", text(own(f"{duration(usual.usual_s)} in all{most}"))


def done_facts(pane: Pane, member: Place, upto: int) -> Iterator[Fact]:
    """``done``: the first ``upto`` tasks of the current attempt that passed, and what they took."""
    attempt = member.run.current
    done: list[str] = []
    for spec, task in zip(steps_of(member)[:upto], attempt.tasks if attempt else (), strict=False):
        if task.phase is TaskPhase.KEPT:
            done.append(f"{safe(task_name(spec))} kept")
        elif task.phase is TaskPhase.SUCCEEDED and task.started_at is not None and task.ended_at is not None:
            done.append(f"{safe(task_name(spec))} {task_duration(task.ended_at - task.started_at)}")
    if done:
        yield "done", text(own(", ".join(done)))


def after_facts(pane: Pane, member: Place) -> Iterator[Fact]:
    """What waits for this job, by the plan."""
    state = pane.scene.state
    names = [one.name for one in state.plan.stages]
    at = names.index(member.stage)
    stage = state.plan.stages[at]
    waiting = [job.name for job in stage.jobs if member.job.name in job.needs]
    if waiting:
        yield "needed by", text(names_in(pane.room, waiting))
    elif at + 1 < len(names):
        yield "needed by", text(own(f"stage {safe(names[at + 1])}"))


def cancelling_facts(pane: Pane, member: Place) -> Iterator[Fact]:
    """How far it is with stopping."""
    run = member.run
    yield "state", (Span(own("cancelling")), Span(own(f": {_CANCEL_STEPS.get(run.cancel_step, 'being stopped')}")))
    task = running_task(member)
    if task:
        yield "in", text(safe(task[1]))
    yield from acted_facts(pane, member)
    for number, survivor in enumerate(run.survivors):
        yield "" if number else "survived", text(safe(survivor))
    if run.survivors:
        yield "next", text(own(f"end them on {safe(run.host)}, then X cancel again"))
    else:
        yield "next", text(own("TERM, KILL, then confirmed gone"))


def backing_off_facts(pane: Pane, member: Place) -> Iterator[Fact]:
    """When the next attempt comes, and after what."""
    run = member.run
    attempt = run.current
    reason = safe(attempt.reason if attempt is not None and attempt.reason else run.reason)
    if run.not_before is not None:
        left = duration(run.not_before - pane.now_utc)
        yield "waits", text(own(f"attempt {run.next_attempt} in {left}"))
    if reason:
        yield "after", text(reason)
    yield "retry", text(own(f"by the policy, {attempts_left(run.policy_left)} after it"))
    yield from first_error(pane, member)
    yield from elsewhere(pane, member)
    yield from next_facts(pane, member)
