"""The logs of all hosts of a job, put together by time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from runners.model.errors import OndutyError
from tui.screens.attempt_log import LIVE
from tui.view.cells import cells, cut_middle, pad
from tui.view.facts import Place, task_name, under
from tui.view.host_names import without_common_suffix
from tui.view.log_alike import HostOutput
from tui.view.log_document import LineAt, LogSection, Note
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene
from tui.widgets.log_lines import LogPart
from tui.widgets.log_view import LogView

if TYPE_CHECKING:
    from runners.adapters.log_merge import MergedLog
    from runners.adapters.log_reader import LogReader

GUTTER_CELLS = 16
"""Most cells of a host's name beside its lines."""


class JobLogs:
    """The merged log of one job at a time."""

    def __init__(self, uid: str) -> None:
        self._uid = uid
        self.job = ""
        """Id of the job whose hosts are shown together; empty: one host is shown."""
        self._log: MergedLog | None = None

    def close(self) -> None:
        """Show one host again, and close every file."""
        if self._log is not None:
            self._log.close()
        self._log, self.job = None, ""

    def open(self, job: str) -> None:
        """Show the hosts of that job together."""
        from tui.wiring import merged_log

        self.close()
        self.job, self._log = job, merged_log()

    def shows(self, place: Place | None) -> bool:
        """Whether a job run is among those shown together."""
        return place is not None and bool(self.job) and place.job.id == self.job

    def view(self, scene: RunScene, place: Place, today: date) -> LogView:
        """What the pane shows: every host's newest attempt."""
        from tui.wiring import log_reader

        log = self._log
        assert log is not None
        hosts = hosts_of(scene, self.job)
        labels = gutter_labels([one.run.host for one in hosts])
        started: list[float] = []
        notes: list[Note] = []
        live = not log.complete
        for owner, one in enumerate(hosts):
            for task in one.run.current.tasks if one.run.current is not None else ():
                if task.key is not None:
                    key, is_live = task.key, task.phase in LIVE
                    live = live or is_live
                    started += [task.started_at] if task.started_at is not None else []
                    try:
                        log.put(key, partial(log_reader, self._uid, key), owner, live=is_live)
                    except OndutyError as error:
                        notes.append(Note(text=safe(f"{one.run.host}: {error.message}"), token="fail"))
        bad = _bad_lines(hosts)
        if bad and not log.lines:
            # A log that is over opens where it went wrong.
            log.refresh()
        placed = [at for key, line in bad if (at := log.line_of(key, line)) is not None]
        section = LogSection(
            key=self.job,
            task=own(f"{len(hosts)} hosts by time"),
            started_at=min(started, default=None),
            notes=tuple(notes),
            live=live,
        )

        def gutter(line: int) -> SafeText:
            owner = log.owner_of(line)
            return labels[owner] if 0 <= owner < len(labels) else labels[0]

        return LogView(
            id=f"{self.job}#all",
            name=safe(place.job.name),
            file_stem=f"{scene.state.name}-{place.job.name}-all",
            details=(own(f"all {len(hosts)} hosts"), own("by time")),
            parts=(LogPart(section, log, gutter),),
            first_bad=LineAt(0, min(placed)) if placed else None,
            today=today,
        )


def hosts_of(scene: RunScene, job: str) -> list[Place]:
    """The job runs of a job, in plan order."""
    return list(under(scene.state, job))


def _bad_lines(hosts: list[Place]) -> list[tuple[str, int]]:
    """The line that is to blame on each host where one is: key of its log, line from 0."""
    found: list[tuple[str, int]] = []
    for one in hosts:
        attempt = one.run.current
        link = attempt.runbook if attempt is not None else None
        if attempt is not None and link is not None and link.line is not None and link.task:
            key = attempt.tasks[link.task - 1].key
            found += [(key, link.line)] if key is not None else []
    return found


def outputs_of(scene: RunScene, place: Place, uid: str) -> tuple[list[HostOutput], list[str], Callable[[], None]]:
    """What every host of a job said in its newest attempt, who said nothing, and what closes the files.

    Raises ``OndutyError`` when a log cannot be opened.
    """
    from tui.wiring import log_reader

    found: list[HostOutput] = []
    silent: list[str] = []
    readers: list[LogReader] = []

    def close() -> None:
        for reader in readers:
            reader.close()

    for one in hosts_of(scene, place.job.id):
        attempt = one.run.current
        numbers = [n for n, task in enumerate(attempt.tasks) if task.key] if attempt is not None else []
        if attempt is None or not numbers:
            silent.append(one.run.host)
            continue
        steps = one.job.steps(rollback=attempt.rollback)
        opened: list[LogReader] = []
        for number in numbers:
            key = attempt.tasks[number].key
            assert key is not None
            try:
                opened.append(log_reader(uid, key))
            except OndutyError:
                close()
                raise
            readers.append(opened[-1])
            opened[-1].refresh()
        host = scene.state.plan.hosts.get(one.run.host)
        found.append(
            HostOutput(
                job_run=one.run.id,
                host=one.run.host,
                also=(host.address,) if host is not None and host.address else (),
                tasks=tuple(task_name(steps[number]) for number in numbers),
                sources=tuple(opened),
                live=any(attempt.tasks[number].phase in LIVE for number in numbers),
            )
        )
    return found, silent, close


def gutter_labels(hosts: list[str]) -> list[SafeText]:
    """Names of hosts, all equally wide: without what all end in, the middle cut where they are too long."""
    shown = [cut_middle(name, GUTTER_CELLS) for name in without_common_suffix([safe(host) for host in hosts])]
    width = max((cells(name) for name in shown), default=0)
    return [pad(name, width) for name in shown]


def why_not_together(scene: RunScene, place: Place) -> str:
    """Why the hosts of a job cannot be shown together; empty when they can."""
    from tui.wiring import may_open

    hosts = hosts_of(scene, place.job.id)
    if len(hosts) < 2:
        return f"{place.job.name} runs on one host"
    logs = sum(task.key is not None for one in hosts if one.run.current for task in one.run.current.tasks)
    if not logs:
        return "nothing has run here yet; there is no log"
    if not may_open(2 * logs):
        return f"{place.job.name} has {logs} logs, more than this account may have open at once (ulimit -n)"
    return ""
