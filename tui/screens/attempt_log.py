"""The log of one attempt of a job run, put together from its executions' files."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from runners.model.errors import OndutyError
from runners.model.phases import Phase, TaskPhase
from runners.model.state import AttemptState
from tui.view.facts import Place, task_name
from tui.view.glyphs import Glyphs
from tui.view.log_document import LineAt, LogSection, Note
from tui.view.log_rows import result_spans
from tui.view.rows import Span
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene
from tui.widgets.log_lines import LogPart
from tui.widgets.log_view import LogView

if TYPE_CHECKING:
    from runners.adapters.log_reader import LogReader

LIVE = (TaskPhase.DISPATCHED, TaskPhase.RUNNING, TaskPhase.UNKNOWN)


class AttemptLogs:
    """Open files of one run's logs; those of the shown attempt stay open."""

    def __init__(self, uid: str) -> None:
        self._uid = uid
        self._readers: dict[str, LogReader] = {}

    def close(self) -> None:
        """Close every file."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def view(self, scene: RunScene, place: Place | None, earlier: int | None, glyphs: Glyphs, today: date) -> LogView:
        """What the pane shows for a job run: its current attempt, or an ``earlier`` one."""
        if place is None:
            return LogView(id="", name=own("log"))
        run = place.run
        name = safe(f"{place.job.name}@{run.host}")
        attempt = next((one for one in run.attempts if one.number == earlier), run.current)
        if attempt is None:
            hold = next((hold.text for hold in scene.holds if hold.what == run.id), "")
            empty = safe(f"Nothing has run here yet: {hold}." if hold else "Nothing has run here yet.")
            return LogView(id=run.id, name=name, empty=empty)
        parts = self._parts(scene, place, attempt, glyphs)
        return LogView(
            id=f"{run.id}#{attempt.number}",
            name=name,
            file_stem=f"{scene.state.name}-{place.job.name}-{run.host}-{attempt.number}",
            details=self._details(place, attempt),
            parts=tuple(parts),
            first_bad=_first_bad(attempt, parts),
            said=_said(scene, place),
            today=today,
        )

    def tail(self, view: LogView, count: int) -> list[bytes]:
        """The last lines of what ``view`` shows; fewer where there are none, none where they cannot be read."""
        lines: list[bytes] = []
        for part in reversed(view.parts):
            if len(lines) >= count:
                break
            try:
                part.source.refresh()
                wanted = min(count - len(lines), part.source.lines)
                lines = [*part.source.read_lines(part.source.lines - wanted, wanted), *lines]
            except (OndutyError, OSError):
                continue
        return lines

    def _details(self, place: Place, attempt: AttemptState) -> tuple[SafeText, ...]:
        at = [number for number, task in enumerate(attempt.tasks) if task.key and task.phase is not TaskPhase.KEPT]
        task = (safe(task_name(place.job.steps(rollback=attempt.rollback)[at[-1]])),) if at else ()
        kind = (own("rollback"),) if attempt.rollback else ()
        return (*task, *kind, own(f"attempt {attempt.number}"))

    def _parts(self, scene: RunScene, place: Place, attempt: AttemptState, glyphs: Glyphs) -> list[LogPart]:
        parts: list[LogPart] = []
        shown = [(number, task) for number, task in enumerate(attempt.tasks) if task.key]
        for number, task in shown:
            assert task.key is not None
            now = scene.here.now_utc
            took = None if task.started_at is None else (task.ended_at or now) - task.started_at
            last = number == shown[-1][0]
            section = LogSection(
                key=task.key,
                task=safe(task_name(place.job.steps(rollback=attempt.rollback)[number])),
                started_at=task.started_at,
                result=result_spans(
                    task.phase.value, glyphs, exit_code=task.exit_code, signal=task.signal, took_s=took
                ),
                notes=tuple(_notes(scene, place, attempt)) if last else (),
                live=task.phase in LIVE,
            )
            parts.append(LogPart(section, self._reader(task.key)))
        return parts

    def _reader(self, key: str) -> LogReader:
        reader = self._readers.get(key)
        if reader is None:
            from tui.wiring import log_reader

            if len(self._readers) > 64:
                self.close()
            reader = self._readers[key] = log_reader(self._uid, key)
        return reader


def _first_bad(attempt: AttemptState, parts: list[LogPart]) -> LineAt | None:
    link = attempt.runbook
    if link is None or link.line is None or not link.task:
        return None
    key = attempt.tasks[link.task - 1].key
    index = next((index for index, part in enumerate(parts) if part.section.key == key), None)
    return None if index is None else LineAt(index, link.line)


def _said(scene: RunScene, place: Place) -> tuple[Span, ...]:
    if place.run.phase is not Phase.UNKNOWN or place.run.since is None:
        return ()
    from tui.view.durations import duration

    return (Span(own(f"no word for {duration(scene.here.now_utc - place.run.since)}"), "unk"),)


def _notes(scene: RunScene, place: Place, attempt: AttemptState) -> list[Note]:
    """Our own sentences under the last execution."""
    run = place.run
    if attempt is not run.current:
        return []
    if run.phase is Phase.UNKNOWN:
        size = next((task.log_bytes for task in reversed(attempt.tasks) if task.key), 0)
        word = own(f"last word, byte {size}") if size else own("last word")
        return [
            Note(text=word, token="unk", rule=True),
            Note(text=safe(f"{run.reason}; it may still be running there")),
        ]
    if run.phase in (Phase.FAILED, Phase.TIMED_OUT):
        held = next((hold.text for hold in scene.holds if hold.what == run.id), "")
        return [Note(text=safe(f"held for a person: {held}"))] if held else []
    if run.phase is Phase.BACKING_OFF:
        return [Note(text=safe(f"attempt {run.next_attempt} starts by itself"))]
    if run.phase is Phase.CANCELLING:
        return [Note(text=safe(f"cancelling: {run.cancel_step or 'asked'}"))]
    return []
