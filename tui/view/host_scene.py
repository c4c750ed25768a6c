"""Everything the screen of one host is drawn from, at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runners.model.api import HostStatus
from runners.model.host_check import HostCheck
from runners.model.inventory import Host
from runners.model.metrics import HostReading
from runners.model.phases import Phase, TaskPhase
from runners.model.state import TaskState
from tui.view.facts import Place, places_on, task_name
from tui.view.graphs import Mark, Window
from tui.view.scene import Here, RunScene

WINDOW_S = 300.0
_AFTER_S = 30.0
"""How much of what came after an execution is shown with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostScene:
    """One host of one run."""

    run: RunScene
    name: str
    readings: Sequence[HostReading] = ()
    """Oldest first: what is kept with the run, and what came since."""
    check: HostCheck | None = None
    checked_utc: float = 0.0
    checking: bool = False
    """It is being looked at now, over a connection of its own."""
    selected: str = ""
    """Key of an execution; empty: none was chosen."""
    trouble: str = ""
    """Why its readings cannot be had."""

    @property
    def here(self) -> Here:
        """What is true of this terminal."""
        return self.run.here

    @property
    def status(self) -> HostStatus | None:
        """Its connection; None when nothing is known of one."""
        return self.run.hosts.get(self.name)

    @property
    def host(self) -> Host | None:
        """As the run pinned it."""
        return self.run.state.plan.hosts.get(self.name)

    @property
    def last(self) -> HostReading | None:
        """The newest reading."""
        return self.readings[-1] if self.readings else None


@dataclass(frozen=True, slots=True)
class Done:
    """One execution of the run on the host."""

    place: Place
    attempt: int
    name: str
    task: TaskState
    opens: bool
    """The first one of its attempt."""

    @property
    def key(self) -> str:
        """Of the execution."""
        return self.task.key or ""

    @property
    def began_utc(self) -> float:
        """When it started, else when it was sent."""
        return self.task.started_at or self.task.dispatched_at or 0.0


def executions(scene: HostScene) -> tuple[Done, ...]:
    """What was sent to the host, newest first."""
    found = list(_sent(scene))
    return tuple(sorted(found, key=lambda one: (one.began_utc, one.task.dispatch_seq), reverse=True))


def _sent(scene: HostScene) -> Iterator[Done]:
    for place in places_on(scene.run.state, scene.name):
        for attempt in place.run.attempts:
            specs = place.job.steps(rollback=attempt.rollback)
            opens = True
            for spec, task in zip(specs, attempt.tasks, strict=False):
                if task.key is not None and task.phase is not TaskPhase.KEPT:
                    yield Done(place, attempt.number, task_name(spec), task, opens)
                    opens = False


def window_of(scene: HostScene) -> Window:
    """The last five minutes; those around the selected execution, or around the last reading, where that is older."""
    now_utc = scene.here.now_utc
    wanted = next((one for one in executions(scene) if one.key == scene.selected), None)
    if wanted is not None:
        end_utc = (wanted.task.ended_at or now_utc) + _AFTER_S
        if end_utc < now_utc - WINDOW_S / 2 and wanted.began_utc < now_utc - WINDOW_S:
            return Window(end_utc - WINDOW_S, end_utc, is_now=False)
    elif scene.last is not None and scene.last.at < now_utc - WINDOW_S:
        end_utc = scene.last.at + _AFTER_S
        return Window(end_utc - WINDOW_S, end_utc, is_now=False)
    return Window(now_utc - WINDOW_S, now_utc)


def marks_of(scene: HostScene) -> tuple[Mark, ...]:
    """What happened here: an attempt began, a task failed, contact was lost."""
    found: list[Mark] = []
    for done in executions(scene):
        task = done.task
        if done.opens or done.key == scene.selected:
            found.append(Mark(done.began_utc, "run", 2 if done.key == scene.selected else 0))
        if task.ended_at is not None and task.phase in (TaskPhase.FAILED, TaskPhase.TIMED_OUT):
            found.append(Mark(task.ended_at, "fail", 4))
    for place in places_on(scene.run.state, scene.name):
        run = place.run
        if run.phase is Phase.UNKNOWN and run.since is not None:
            found.append(Mark(run.since, "unk", 3))
    return tuple(sorted(found, key=lambda one: one.at_utc))
