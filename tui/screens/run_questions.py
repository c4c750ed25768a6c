"""The questions behind the changing keys: what the selection makes of retry, skip, cancel, roll back, pause, note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runners.core.guards import targets_of_retry, why_not_retry, why_not_task
from runners.core.index import short_name
from runners.core.rollback import left
from runners.model.definition import Part
from runners.model.phases import Phase, RunPhase
from runners.model.state import JobRunState, RunState
from tui.screens.run_choice import Choice
from tui.screens.run_guards import cancel_targets, retry_targets, retry_unknown, skip_targets, skip_unknown
from tui.view.durations import count
from tui.view.facts import Place, failed_task, place_of, places, under
from tui.view.question import Question, Scope

EVERYTHING = "all of the run that failed or was not reached"


def retry_question(state: RunState, choice: Choice) -> Question:
    """A job run: the whole job, from a task on, one task, its failed hosts, everything. Else what is selected first."""
    takes, unknown = retry_targets(state, choice), retry_unknown(state, choice)
    chosen = None if choice.marked else place_of(state, choice.selected)
    everything = _everything(state)
    scopes: list[Scope] = []
    if chosen is not None:
        scopes += _of_job_run(state, chosen)
    elif takes or unknown:
        name = choice.selected.split("@")[0]
        what = f"what failed of {name}, {count(len(takes), 'job run')}" if takes else f"what is unknown of {name}"
        if choice.marked:
            what = f"what is marked, {count(len(takes) + len(unknown), 'job run')}"
        scopes.append(Scope(label=what, intent="retry", targets=takes, unknown=unknown))
    if choice.is_stage and _members(everything) and _same(scopes, everything):
        scopes = []
    for wider in (*([_of_job(state, chosen)] if chosen is not None else []), everything):
        # What takes no more is no choice.
        if _members(wider) and not _same(scopes, wider):
            scopes.append(wider)
    return Question(title=_title("retry", state, takes or unknown), scopes=tuple(scopes))


def skip_question(state: RunState, choice: Choice) -> Question:
    """What failed under the selection, else all of it; unknown ones once somebody vouches."""
    takes, unknown = skip_targets(state, choice), skip_unknown(state, choice)
    scope = Scope(label="", intent="skip", targets=takes, unknown=unknown)
    return Question(title=_title("skip", state, takes or unknown), scopes=(scope,))


def cancel_question(state: RunState, choice: Choice) -> Question:
    """What is selected, on a stage's row the whole run: then its name is typed (INTERFACE.md, "Keys")."""
    takes = cancel_targets(state, choice)
    scope = Scope(label="", intent="cancel", targets=takes, whole=not takes)
    return Question(title=_title("cancel", state, takes), scopes=(scope,), name=None if takes else state.name)


def rollback_question(state: RunState) -> Question:
    """The whole run, of an incomplete rollback what is left; its name is typed."""
    rest = set(left(state))
    unknown = tuple(one.run.id for one in places(state, Phase.UNKNOWN) if one.run.id in rest)
    scope = Scope(label="", intent="rollback", whole=True, unknown=unknown)
    return Question(title=f"roll back {state.name}", scopes=(scope,), name=state.name)


def pause_question(state: RunState) -> Question:
    """Pause, with what runs finishing or stopping between two tasks; of a paused run resume."""
    runs = any(True for _ in places(state, Phase.RUNNING))
    between = Scope(label="stops between two tasks, now", intent="pause", whole=True, now=True)
    if state.phase is RunPhase.PAUSED:
        scopes = [Scope(label="the run goes on", intent="resume", whole=True)]
        if runs and not state.pause_now:
            scopes.append(
                Scope(label="not yet: what runs stops between two tasks", intent="pause", whole=True, now=True)
            )
        return Question(title=f"resume {state.name}", scopes=tuple(scopes), scope_label="what now")
    finishes = Scope(label="finishes all its tasks" if runs else "", intent="pause", whole=True)
    return Question(
        title=f"pause {state.name}", scopes=(finishes, between) if runs else (finishes,), scope_label="what runs"
    )


def note_question(state: RunState) -> Question:
    """Something is written down beside the run."""
    return Question(title=f"note {state.name}", scopes=(Scope(label="", intent="note", whole=True),), is_note=True)


def _of_job_run(state: RunState, place: Place) -> Iterator[Scope]:
    run = place.run
    targets = () if run.phase is Phase.UNKNOWN else (run.id,)
    unknown = (run.id,) if run.phase is Phase.UNKNOWN else ()
    if not _takes(state, run) and not unknown:
        return
    total = len(place.job.tasks)
    whole = f"the whole job, all {total} tasks" if total > 1 else "the whole job"
    yield Scope(label=whole, intent="retry", targets=targets, unknown=unknown)
    failed = failed_task(place)
    own = run.current is not None and not run.current.rollback
    stuck = place.job.tasks[failed[0] - 1].name if failed is not None and own else ""
    names = [task.name for task in place.job.tasks if task.part is not Part.FINALLY]
    later = [name for name in names[1:] if not why_not_task(state, run.id, from_task=name)]
    for name in sorted(later, key=lambda one: one != stuck):
        where = f"from {name} on, where it ended" if name == stuck else f"from {name} on"
        yield Scope(label=where, intent="retry", targets=targets, unknown=unknown, from_task=name)
    alone = [name for name in names if not why_not_task(state, run.id, task=name)] if total > 1 else []
    for name in sorted(alone, key=lambda one: one != stuck):
        yield Scope(label=f"{name} alone", intent="retry", targets=targets, unknown=unknown, task=name)


def _of_job(state: RunState, place: Place) -> Scope:
    """All hosts of the job that failed or were not reached."""
    runs = [one.run for one in under(state, place.job.id)]
    takes = tuple(run.id for run in runs if _takes(state, run))
    unknown = tuple(run.id for run in runs if run.phase is Phase.UNKNOWN)
    label = f"{place.job.name} on all its failed hosts, {count(len(takes), 'host')}"
    return Scope(label=label, intent="retry", targets=takes, unknown=unknown)


def _takes(state: RunState, run: JobRunState) -> bool:
    return not why_not_retry(state, run.id)


def _same(scopes: Sequence[Scope], other: Scope) -> bool:
    """Whether one of them takes the same job runs."""
    return any(_members(one) == _members(other) for one in scopes)


def _members(scope: Scope) -> set[str]:
    return {*scope.targets, *scope.unknown}


def _everything(state: RunState) -> Scope:
    takes, leaves = targets_of_retry(state)
    unknown = tuple(one for one in leaves if (place := place_of(state, one)) and place.run.phase is Phase.UNKNOWN)
    label = f"{EVERYTHING}, {count(len(takes), 'job run')}"
    return Scope(label=label, intent="retry", targets=takes, whole=True, unknown=unknown)


def _title(verb: str, state: RunState, targets: Sequence[str]) -> str:
    if not targets:
        return f"{verb} {state.name}"
    return f"{verb} {short_name(state, targets[0])}" if len(targets) == 1 else f"{verb} {len(targets)} job runs"
