"""What a run did on one host: its executions, newest first, each with how it ended and what it used."""

from __future__ import annotations

from collections.abc import Sequence

from tui.view.cells import cells
from tui.view.durations import clock, count, size, task_duration
from tui.view.facts import short_name
from tui.view.glyphs import TASK_PHASES, Glyphs
from tui.view.host_scene import Done, HostScene
from tui.view.rows import Column, Row, Span, blank, place, text_row, title_row
from tui.view.safe_text import SafeText, own, safe

HEADS = 1
"""Rows above the first execution."""
_MOST_WIDTH = 110
"""Wider, the eye would lose the row between a task and how it ended."""
_RESULT, _TOOK, _CPU, _MEMORY = 14, 8, 8, 9


def executions_title(scene: HostScene, found: Sequence[Done], glyphs: Glyphs, *, focused: bool = False) -> Row:
    """``executions  deploy-api/42 ──── 5 here``."""
    info = (Span(own(f"{count(len(found), 'execution')} here"), "muted"),)
    return title_row(own("what ran here"), (safe(scene.run.state.name),), info, focused=focused, glyphs=glyphs)


def execution_rows(scene: HostScene, found: Sequence[Done], width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Column heads, then a row for each; without any one sentence."""
    if not found:
        return (text_row(own("This run sent nothing to this host yet.")),)
    heads = _row(
        own(""), "muted", own("began"), "faint", own("task"), "faint", own("result"), "faint", own("took"), own("cpu"),
        own("memory"), "faint", width, glyphs,
    )  # fmt: skip
    return (heads, *(_execution(scene, done, width, glyphs) for done in found))


def _execution(scene: HostScene, done: Done, width: int, glyphs: Glyphs) -> Row:
    task = done.task
    mark = TASK_PHASES.get(task.phase.value, TASK_PHASES["lost"])
    attempt = f", attempt {done.attempt}" if len(done.place.run.attempts) > 1 else ""
    name = own(f"{safe(done.name)} of {short_name(done.place).partition('@')[0]}{attempt}")
    end_utc = task.ended_at if task.ended_at is not None else scene.here.now_utc
    took = task_duration(end_utc - task.started_at) if task.started_at is not None else own("")
    began = clock(done.began_utc, scene.here.zone, now_utc=scene.here.now_utc) if done.began_utc else own("")
    cpu = task_duration(task.cpu_s) if task.cpu_s is not None else own("")
    memory = size(task.memory_peak_bytes) if task.memory_peak_bytes is not None else own("")
    loud = mark.severity >= 4
    token = mark.word_token if mark.severity > 1 else "muted"
    return _row(
        glyphs.of(mark.glyph), mark.token, began, "muted", name, "text" if mark.severity > 1 else "muted",
        _result(done, mark.word), token, took, cpu, memory, "text" if loud else "muted", width, glyphs,
    )  # fmt: skip


def _result(done: Done, word: SafeText) -> SafeText:
    task = done.task
    if task.exit_code is not None:
        return own(f"exit {task.exit_code}")
    if task.signal:
        return safe(f"killed by {task.signal}")
    return word


def _row(
    sign: SafeText,
    sign_token: str,
    began: SafeText,
    began_token: str,
    name: SafeText,
    name_token: str,
    result: SafeText,
    result_token: str,
    took: SafeText,
    cpu: SafeText,
    memory: SafeText,
    figure_token: str,
    width: int,
    glyphs: Glyphs,
) -> Row:
    """Columns at fixed places; what the width has no room for goes from the right, but never how it ended."""
    width = min(width, _MOST_WIDTH)
    columns = [Column(0, (Span(sign, sign_token, bold=True),)), Column(2, (Span(began, began_token),))]
    figures = [(took, _TOOK), (cpu, _CPU), (memory, _MEMORY)]
    while figures and 2 + 13 + 12 + _RESULT + sum(wide for _, wide in figures) > width:
        figures.pop()
    end = width - 1
    right = []
    for text, wide in reversed(figures):
        right.append(Column(end, (Span(text, figure_token),), align="right"))
        end -= wide
    result_at = max(16, end - _RESULT + 1)
    name_room = max(5, result_at - 17)
    columns.append(Column(15, (Span(name, name_token, cut="right"),), width=name_room))
    columns.append(Column(result_at, (Span(result, result_token, cut="right"),), width=_RESULT - 1))
    return Row(left=place([*columns, *reversed(right)], width, glyphs) or (blank(cells(name)),))
