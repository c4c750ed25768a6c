"""What would run where, on a screen, and as the preview that somebody agrees to before it starts."""

from __future__ import annotations

from runners.model.plan import Plan, PlannedJob, words_of
from runners.model.preview import Marker, Preview, PreviewHost, PreviewTask
from runners.plan.render import PlanPart, jobs_in_order, plan_lines, plan_size
from tui.view.cells import wrap
from tui.view.durations import count
from tui.view.form_rows import not_repeatable
from tui.view.glyphs import Glyphs
from tui.view.rows import BLANK, Row, Span, blank
from tui.view.safe_text import own, safe

_STYLES = {
    PlanPart.PLAN: ("text", False),
    PlanPart.FACT: ("muted", False),
    PlanPart.STAGE: ("text", True),
    PlanPart.JOB: ("text", False),
    PlanPart.DETAIL: ("muted", False),
    PlanPart.TASK: ("text", False),
    PlanPart.COMMAND: ("muted", False),
}
_INDENT = 2


def plan_rows(plan: Plan, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """The lines of ``onduty plan``; a task that nothing repeats by itself has a sign."""
    rows: list[Row] = []
    for line in plan_lines(plan):
        token, bold = _STYLES[line.part]
        if line.part is PlanPart.STAGE:
            rows.append(BLANK)
        lead = _INDENT * line.depth
        text = wrap(safe(line.text), max(1, width - lead), indent=_INDENT)
        for number, piece in enumerate(text):
            sign = () if line.repeatable or number else (Span(glyphs.person, "warn", bold=True), blank(1))
            before = blank(lead - 2) if sign else blank(lead)
            rows.append(Row(left=(before, *sign, Span(piece, token, bold))))
    return tuple(rows)


def start_preview(plan: Plan, pinned: str = "") -> Preview:
    """What starting ``plan`` does; ``pinned`` is the run that it repeats."""
    hosts: list[PreviewHost] = []
    for stage in plan.stages:
        for job in jobs_in_order(stage):
            tasks = _tasks(plan, job)
            hosts += [PreviewHost(host=one, job_run=f"{job.id}@{one}", attempt=1, tasks=tasks) for one in job.hosts]
    once = not_repeatable(plan)
    more = f", {count(once, 'task')} not repeatable" if once else ""
    scope = [f"{plan_size(plan)}{more}{f', as {pinned} pinned them' if pinned else ''}."]
    values = ", ".join(f"{name}={value}" for name, value in plan.params.items())
    scope += [f"With {values}."] if values else []
    scope += [f"Limited to {plan.limit}; left out: {', '.join(plan.left_out) or 'no whole job'}."] if plan.limit else []
    return Preview(title=f"start {plan.pipeline}", scope=" ".join(scope), hosts=tuple(hosts))


def _tasks(plan: Plan, job: PlannedJob) -> tuple[PreviewTask, ...]:
    """For one host exactly what it gets; for several with the templates as they were written."""
    alone = job.hosts[0] if len(job.hosts) == 1 else None
    return tuple(
        PreviewTask(
            name=task.name,
            command=plan.words_of(task, alone) if alone is not None else words_of(task),
            marker=Marker.RUN if task.repeatable else Marker.NOT_REPEATABLE,
            manner=task.manner,
        )
        for task in job.tasks
    )


def definition_rows(text: str, problems: tuple[str, ...], width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """The lines of the file with their numbers; a line with a problem is marked and says it below."""
    wrong: dict[int, list[str]] = {}
    for problem in problems:
        where, _, said = problem.partition("  ")
        line = where.rpartition(":")[0].rpartition(":")[2]
        if said and line.isdigit():
            wrong.setdefault(int(line), []).append(said)
    lines = text.rstrip("\n").split("\n")
    digits = len(str(len(lines)))
    room = max(1, width - digits - 3)
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        bad = wrong.get(number, [])
        for at, piece in enumerate(wrap(safe(line), room, indent=_INDENT)):
            sign = Span(glyphs.failed, "fail", bold=True) if bad and not at else blank(1)
            label = own(f"{number:>{digits}}" if not at else " " * digits)
            rows.append(Row(left=(sign, Span(label, "faint"), blank(2), Span(piece)), bg="failbg" if bad else None))
        for said in bad:
            for piece in wrap(safe(said), room):
                rows.append(Row(left=(blank(digits + 3), Span(piece, "fail", bold=True)), bg="failbg"))
    return tuple(rows)
