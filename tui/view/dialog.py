"""What would happen, before anybody says yes: the dialog in front of every change (LOOK section 6, "Dialogs").

Order: title and environment, scope, what will run, what to think of, reason, typed name, buttons. The middle scrolls
when it has to; title, fields and buttons always stay. The safe button has the focus first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from runners.model.preview import Marker, Preview, PreviewHost, PreviewTask
from tui.view.cells import LEAST_CELLS, cells, cut_middle, drop, take, wrap
from tui.view.durations import count
from tui.view.glyphs import Glyphs
from tui.view.rows import BLANK, Row, Span, blank, lay_out, spaced, text_row, title_row, width_of
from tui.view.safe_text import SafeText, own, safe, safe_lines
from tui.view.scene import RunScene
from tui.view.top_bar import environment_spans

NO, CONFIRM, REASON, NAME = "no", "confirm", "reason", "name"
MOST_HOSTS = 8
"""A list of more hosts is folded."""
MOST_COMMAND_LINES = 12
PLACEHOLDER = own("optional, kept with the run")
_LABEL = 13
_WHAT = {"retry": "what will run", "skip": "what counts as satisfied", "cancel": "what is stopped"}
_DESTROYS = ("cancel",)


@dataclass(frozen=True, slots=True)
class Button:
    """Where a button stands, relative to the dialog's first cell."""

    name: str
    """``no`` or ``confirm``."""
    row: int
    x: int
    width: int
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """Rows over the dialog's whole width, margins included."""

    rows: tuple[Row, ...]
    buttons: tuple[Button, ...]
    max_scroll: int = 0
    """Largest ``scroll`` that changes anything."""

    def button_at(self, row: int, x: int) -> Button | None:
        """The button under a cell."""
        return next((one for one in self.buttons if one.row == row and one.x <= x < one.x + one.width), None)


def focus_order(preview: Preview, *, name_wanted: str | None) -> tuple[str, ...]:
    """What tab goes through, the safe one first: ``no``, ``confirm``, ``reason``, ``name``."""
    if preview.refusal:
        return (NO,)
    return (NO, CONFIRM, REASON, NAME) if name_wanted is not None else (NO, CONFIRM, REASON)


def may_confirm(preview: Preview, *, typed: str, name_wanted: str | None) -> bool:
    """Whether ``Y`` does anything."""
    return not preview.refusal and (name_wanted is None or typed == name_wanted)


def asks_for_name(preview: Preview, scene: RunScene) -> str | None:
    """The name to type: that of the run, for cancelling a whole one in production; None otherwise (INTERFACE.md)."""
    environment = scene.state.plan.environment or ""
    whole = preview.title == f"cancel {scene.state.name}"
    return scene.state.name if whole and environment.lower() == "production" else None


def dialog_rows(
    preview: Preview,
    *,
    environment: str | None,
    reason: str,
    reason_cursor: int,
    typed: str,
    name_wanted: str | None,
    focus: str,
    width: int,
    glyphs: Glyphs,
    themed_box: bool,
    height: int | None = None,
    scroll: int = 0,
    address: str = "",
) -> Dialog:
    """The dialog for a retry, a skip or a cancel.

    ``focus``: no, confirm, reason or name. ``reason_cursor`` counts characters of ``reason``. ``themed_box`` draws a
    box for terminals whose colours do not set the dialog apart. ``height`` is the most rows it may have; what does not
    fit scrolls by ``scroll`` rows. ``address`` says where one host is reached, such as ``deploy@10.0.0.13``.
    """
    pen = _Pen(preview, width, glyphs, themed_box)
    head = pen.head(environment)
    body = pen.body(address)
    enabled = may_confirm(preview, typed=typed, name_wanted=name_wanted)
    fields = [] if preview.refusal else pen.fields(reason, reason_cursor, typed, name_wanted, focus)
    bar, places = pen.buttons(focus, enabled)
    foot = [BLANK, *fields, BLANK, BLANK, bar, BLANK] if fields else [BLANK, bar, BLANK]
    spare = None if height is None else max(1, height - pen.frame_rows)
    if spare is not None and len(head) + len(body) + len(foot) > spare:
        tight = len(head) + len(foot) + 4 > spare
        foot = [row for row in foot if row is not BLANK] if tight else foot
        head = [row for row in head if row is not BLANK] if tight else head
        keep = 1 + len(foot)
        head = head[: max(1, spare - keep)] if len(head) + keep > spare else head
    room = len(body) if spare is None else max(0, spare - len(head) - len(foot))
    shown, max_scroll = pen.window(body, room, scroll)
    inner = [*head, *shown, *foot]
    if spare is not None and len(inner) > spare:
        inner = inner[-spare:]
    at = next((number for number, row in enumerate(inner) if row is bar), len(inner) - 1)
    buttons = tuple(Button(name, at + 1, x, wide, name == NO or enabled) for name, x, wide in places)
    return Dialog(rows=pen.framed(inner), buttons=buttons, max_scroll=max_scroll)


class _Pen:
    def __init__(self, preview: Preview, width: int, glyphs: Glyphs, box: bool) -> None:
        self.preview = preview
        self.verb = preview.title.partition(" ")[0]
        self.width = width
        self.glyphs = glyphs
        self.box = box
        self.pad = 3 if width >= 60 else 2 if width >= 30 else 1
        self.inner = max(1, width - 2 * self.pad)
        self.label = _LABEL if self.inner >= 40 else 8
        self.frame_rows = 2 if box else 1

    # ----- frame

    def framed(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """The top edge and margins; in a box also sides and a bottom."""
        margins = (self.pad, self.pad)
        if not self.box:
            token = "fail" if self.verb in _DESTROYS else "acc"
            top = Row(left=(Span(own(self.glyphs.heavy * self.width), token),), margins=(0, 0))
            return (top, *(replace(row, margins=margins) for row in rows))
        edge = Row(left=(Span(own(self.glyphs.thin * self.width), "text"),), margins=(0, 0))
        side = Span(self.glyphs.track, "text")
        inside = max(0, self.width - 2)
        lines = [
            replace(
                BLANK,
                left=(side, *lay_out(row, inside, self.glyphs, (self.pad - 1, self.pad - 1)), side),
                margins=(0, 0),
            )
            for row in rows
        ]
        return (edge, *lines, edge)

    def window(self, body: Sequence[Row], room: int, scroll: int) -> tuple[list[Row], int]:
        """The part of the middle that fits, and how far it scrolls."""
        if len(body) <= room:
            return list(body), 0
        if room < 2:
            return list(body[:room]), 0
        shown = room - 1
        last = len(body) - shown
        first = max(0, min(scroll, last))
        rest = len(body) - first - shown
        more = f"{rest} more below" if rest else f"{first} more above"
        return [*body[first : first + shown], text_row(own(f"{self.glyphs.cut} {more}, up and down show them"))], last

    # ----- head

    def head(self, environment: str | None) -> list[Row]:
        """Title, environment, scope."""
        title = safe(self.preview.title)
        title = own(title[:1].upper() + title[1:])
        return [
            BLANK,
            Row(left=(Span(title, bold=True, cut="middle"),), right=environment_spans(environment), gap=2),
            *(text_row(line) for line in self._wrapped(self.preview.scope)),
            BLANK,
        ]

    def _wrapped(self, text: str, indent: int = 0) -> list[SafeText]:
        return wrap(safe(text), max(1, self.inner - indent)) if text else []

    # ----- body

    def body(self, address: str) -> list[Row]:
        """What will happen, and what to think of."""
        rows: list[Row] = []
        for section in (self._refusal(), self._what(address), self._not_started(), self._warnings()):
            found = list(section)
            rows += [*([BLANK] if rows and found else []), *found]
        return rows

    def _refusal(self) -> Iterator[Row]:
        if self.preview.refusal:
            yield title_row(own("not possible now"), glyphs=self.glyphs)
            yield from self._marked(self.preview.refusal, self.glyphs.failed, "fail")

    def _warnings(self) -> Iterator[Row]:
        if self.preview.warnings:
            yield title_row(own("before you go on"), glyphs=self.glyphs)
        for warning in self.preview.warnings:
            yield from self._marked(warning, self.glyphs.person, "warn")

    def _marked(self, text: str, sign: SafeText, token: str) -> Iterator[Row]:
        for number, line in enumerate(self._wrapped(text, 2)):
            lead = blank(1) if number else Span(sign, token, bold=True)
            yield Row(left=(lead, blank(1), Span(line)))

    def _what(self, address: str) -> Iterator[Row]:
        hosts = [host for host in self.preview.hosts if host.tasks or self.verb != "cancel"]
        if not hosts:
            return
        names = list(dict.fromkeys(host.host for host in hosts))
        title = _WHAT.get(self.verb, self.verb)
        one = len(names) == 1
        roomy = self.inner >= cells(title) + len(address) + 24
        where = own("") if one and not (address and roomy) else safe(address) if one else count(len(names), "host")
        info = (Span(where, "muted", cut="middle"),) if where else ()
        name = own(f"{title} on {safe(names[0])}" if one else title)
        yield title_row(name, (), info, glyphs=self.glyphs)
        groups = _grouped(hosts)
        for number, group in enumerate(groups):
            if number and group[0].tasks:
                yield BLANK
            if len(groups) > 1 or len(group) > 1 or not group[0].tasks:
                yield self._hosts_row(group, groups)
            yield from self._tasks(group[0].tasks)

    def _not_started(self) -> Iterator[Row]:
        """What a cancel ends before it began."""
        waiting = [host for host in self.preview.hosts if not host.tasks]
        if self.verb != "cancel" or not waiting:
            return
        yield title_row(own("what will not start"), (), (Span(count(len(waiting), "job run"), "muted"),),
                        glyphs=self.glyphs)  # fmt: skip
        groups = _grouped(waiting)
        for group in groups:
            yield self._hosts_row(group, groups)

    def _hosts_row(self, group: Sequence[PreviewHost], groups: Sequence[Sequence[PreviewHost]]) -> Row:
        """``rollout/release   web3 web5 web6   attempt 2``; more than eight hosts are folded."""
        job = safe(_job_of(group[0]))
        job_cells = min(max(cells(safe(_job_of(one[0]))) for one in groups), max(LEAST_CELLS, self.inner // 2))
        hosts = [safe(one.host) for one in group]
        names = own(" ".join(hosts))
        room = self.inner - job_cells - 3 - 13
        if len(hosts) > MOST_HOSTS or cells(names) > room:
            names = own(f"{hosts[0]} {self.glyphs.cut} {hosts[-1]}  {count(len(hosts), 'host')}")
        attempts = sorted({one.attempt for one in group})
        right = own("")
        if self.verb == "retry":
            right = own(f"attempt {attempts[0]}" if len(attempts) == 1 else f"attempts {attempts[0]} to {attempts[-1]}")
        lead = () if group[0].tasks else (Span(self.glyphs.skipped, "muted"), blank(1))
        job = cut_middle(job, job_cells, self.glyphs.cut)
        return Row(
            left=(*lead, Span(job), blank(job_cells - cells(job) + 3), Span(names, "text", cut="middle")),
            right=(Span(right, "muted"),) if right else (),
        )

    def _tasks(self, tasks: Sequence[PreviewTask]) -> Iterator[Row]:
        """Sign, name, exactly what is sent, and what is special about it."""
        if not tasks:
            return
        longest = max(cells(safe(task.name)) for task in tasks)
        at = min(max(longest + 3, 13), max(LEAST_CELLS, self.inner // 3)) + 2
        for task in tasks:
            yield from self._task(task, at)

    def _task(self, task: PreviewTask, at: int) -> Iterator[Row]:
        sign, token = {
            Marker.KEPT: (self.glyphs.skipped, "muted"),
            Marker.NOT_REPEATABLE: (self.glyphs.person, "warn"),
            Marker.STOP: (self.glyphs.cancelled, "muted"),
        }.get(task.marker, (self.glyphs.mark, "muted"))
        kept = task.marker is Marker.KEPT
        marker: tuple[Span, ...] = ()
        if task.manner and not kept:
            marker = (Span(safe(", ".join(task.manner)), "muted"),)
        if task.marker is Marker.NOT_REPEATABLE:
            marker = (*marker, *([blank(2)] if marker else []), Span(own("not repeatable"), "warn"))
        room = max(LEAST_CELLS, self.inner - at)
        beside = max(LEAST_CELLS, room - (width_of(marker) + 2 if marker else 0))
        lines = [own("kept, it passed before")] if kept else list(self._command(task.command, room, beside))
        name = cut_middle(safe(task.name), max(1, at - 4), self.glyphs.cut)
        for number, line in enumerate(lines):
            text = Span(line, "muted" if kept else "text", cut="right")
            if number:
                yield Row(left=(blank(at), text))
                continue
            lead = (Span(sign, token, bold=token == "warn"), blank(1), Span(name, "muted" if kept else "text"))
            yield Row(left=(*lead, blank(at - 2 - cells(name)), text), right=marker)

    def _command(self, command: str, room: int, first_room: int) -> Iterator[SafeText]:
        lines = [line for line in safe_lines(command) if line.strip()] or [own("")]
        shown: list[SafeText] = []
        for line in lines:
            shown += wrap(line, first_room if not shown else room, indent=2)
        yield from shown[:MOST_COMMAND_LINES]
        if len(shown) > MOST_COMMAND_LINES:
            yield own(f"{self.glyphs.cut} {count(len(shown) - MOST_COMMAND_LINES, 'more line', 'more lines')}")

    # ----- fields

    def fields(self, reason: str, cursor: int, typed: str, name_wanted: str | None, focus: str) -> list[Row]:
        """The reason, and where it is asked for the name."""
        label_cells = self.label
        name_label: tuple[Span, ...] = ()
        above: list[Row] = []
        if name_wanted is not None:
            name_label = (Span(own("type "), "muted"), Span(safe(name_wanted), bold=True))
            if width_of(name_label) + 2 <= self.inner // 2:
                label_cells = max(label_cells, width_of(name_label) + 2)
            else:
                # The name to type is never cut: it gets rows of its own.
                above = [
                    Row(left=(Span(line, bold=True),)) for line in wrap(own(f"type {safe(name_wanted)}"), self.inner)
                ]
                name_label = ()
        rows = [
            self._field(
                (Span(own("reason"), "muted"),), label_cells, reason, cursor, focus == REASON, PLACEHOLDER, own(""), ""
            )
        ]
        if name_wanted is None:
            return rows
        left = len(name_wanted) - len(typed)
        to_go = own("")
        bad = bool(typed) and not name_wanted.startswith(typed)
        if bad:
            to_go = own("not this name")
        elif left:
            to_go = count(left, "letter to go", "letters to go")
        field = self._field(
            name_label, label_cells, typed, len(typed), focus == NAME, own(""), to_go, "fail" if bad else ""
        )
        return [*rows, BLANK, *above, field]

    def _field(
        self,
        label: tuple[Span, ...],
        label_cells: int,
        text: str,
        cursor: int,
        focused: bool,
        placeholder: SafeText,
        right: SafeText,
        bad: str,
    ) -> Row:
        """Label, edge, and the text on its own shade, around the cursor when it is long."""
        room = max(LEAST_CELLS, self.inner - label_cells)
        shown = safe(text)
        at = cells(safe(text[:cursor])) if text else 0
        space = max(1, room - 2 - (cells(right) + 2 if right else 0) - 1)
        if cells(shown) > space:
            first = max(0, min(at - space + 1, cells(shown) - space))
            shown, at = take(drop(shown, first), space), at - first
        spans: list[Span] = [Span(own(" "), bg="panel")]
        if focused:
            under = take(drop(shown, at), 1) or own(" ")
            spans += [
                Span(take(shown, at), bg="panel"),
                Span(under, "acc", reverse=True),
                Span(drop(shown, at + 1), bg="panel"),
            ]
        elif shown:
            spans.append(Span(shown, bg="panel"))
        else:
            spans.append(Span(placeholder, "faint", bg="panel", cut="right"))
        spans = [span for span in spans if span.text]
        end = (Span(right, bad or "muted", bg="panel"), Span(own(" "), bg="panel")) if right else ()
        fill = room - width_of(spans) - width_of(end)
        edge = Span(self.glyphs.edge, bad or "acc") if focused or bad else blank(1)
        before = (*label, blank(max(0, label_cells - 1 - width_of(label))), edge)
        return Row(left=(*before, *spans, Span(own(" " * max(0, fill)), bg="panel"), *end))

    # ----- buttons

    def buttons(self, focus: str, enabled: bool) -> tuple[Row, list[tuple[str, int, int]]]:
        """The safe one, the other one, and the keys that do the same; with each button's name, x and width."""
        title = safe(self.preview.title)
        room = max(LEAST_CELLS, self.inner - 15 - 2 - 4)
        label = cut_middle(own(title[:1].upper() + title[1:]), room, self.glyphs.cut)
        refused = bool(self.preview.refusal)
        back = own("Go back" if refused else "No, go back")
        shown = [(NO, back, True)] if refused else [(NO, back, True), (CONFIRM, label, enabled)]
        groups = [(self._button(text, focus == name, on),) for name, text, on in shown]
        left = spaced(groups, 2)
        places: list[tuple[str, int, int]] = []
        x = self.pad
        for (name, _, _), group in zip(shown, groups, strict=True):
            places.append((name, x, width_of(group)))
            x += width_of(group) + 2
        keys = [("esc", "no")]
        if enabled and not refused:
            keys.append(("Y", self.verb))
        if not refused:
            keys.append(("tab", "move"))
        right = spaced([(Span(own(key), "acc", bold=True), Span(own(f" {word}"), "muted")) for key, word in keys], 3)
        if width_of(left) + 3 + width_of(right) > self.inner:
            right = ()
        return Row(left=left, right=right, gap=3), places

    def _button(self, text: SafeText, focused: bool, enabled: bool) -> Span:
        # Without colours only the brackets say that a button can be pressed.
        text = own(f"[ {text} ]" if self.box and enabled else f"  {text}  ")
        if focused and enabled:
            return Span(text, "acc", bold=True, reverse=True, cut="middle")
        return Span(text, "text" if enabled else "faint", bg="button" if enabled else "panel", cut="middle")


def _grouped(hosts: Sequence[PreviewHost]) -> list[list[PreviewHost]]:
    """Hosts of one job that get the same tasks, together."""
    groups: dict[tuple[str, tuple[PreviewTask, ...]], list[PreviewHost]] = {}
    for host in hosts:
        groups.setdefault((_job_of(host), host.tasks), []).append(host)
    return list(groups.values())


def _job_of(host: PreviewHost) -> str:
    return host.job_run.partition("@")[0]
