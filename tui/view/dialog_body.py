"""The middle of a dialog: what will happen where, with which commands, and what to think of before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runners.model.preview import Marker, Preview, PreviewHost, PreviewTask
from tui.view.cells import LEAST_CELLS, cells, cut_middle, wrap
from tui.view.durations import count
from tui.view.glyphs import Glyphs
from tui.view.question import spoken
from tui.view.rows import BLANK, Row, Span, blank, title_row, width_of
from tui.view.safe_text import SafeText, own, safe, safe_lines

MOST_HOSTS = 8
"""A list of more hosts is folded."""
MOST_COMMAND_LINES = 12
_LEAST_COMMAND = 12
"""Cells under which a command does not begin beside what is special about it."""
_WHAT = {
    "retry": "what will run",
    "skip": "what counts as satisfied",
    "cancel": "what is stopped",
    "rollback": "what is taken back, in this order",
    "start": "what will run, in this order",
}
_KEPT = {Marker.KEPT: own("kept, it passed before"), Marker.NOT_RUN: own("left out, it has not passed")}


class DialogBody:
    """The sections of a preview, for ``inner`` cells."""

    def __init__(self, preview: Preview, verb: str, inner: int, glyphs: Glyphs) -> None:
        self.preview = preview
        self.verb = verb
        self.inner = inner
        self.glyphs = glyphs

    def rows(self, address: str) -> list[Row]:
        """What will happen, and what to think of. ``address`` is where the one host is reached."""
        rows: list[Row] = []
        sections = (
            self._refusal(), self._what(address), self._not_started(), self._warnings(), self._untouched(),
        )  # fmt: skip
        for section in sections:
            found = list(section)
            rows += [*([BLANK] if rows and found else []), *found]
        return rows

    def wrapped(self, text: str, indent: int = 0) -> list[SafeText]:
        """A sentence in as many rows as it takes."""
        return wrap(safe(text), max(1, self.inner - indent)) if text else []

    def _refusal(self) -> Iterator[Row]:
        if self.preview.refusal:
            yield title_row(own("not possible now"), glyphs=self.glyphs)
            yield from self._marked(spoken(self.preview.refusal), self.glyphs.failed, "fail")

    def _warnings(self) -> Iterator[Row]:
        warnings = [one for one in self.preview.warnings if one not in self.preview.untouched]
        if warnings:
            yield title_row(own("before you go on"), glyphs=self.glyphs)
        for warning in warnings:
            yield from self._marked(spoken(warning), self.glyphs.person, "warn")

    def _untouched(self) -> Iterator[Row]:
        if self.preview.untouched:
            yield title_row(own("not rolled back"), glyphs=self.glyphs)
        for sentence in self.preview.untouched:
            yield from self._marked(spoken(sentence), self.glyphs.person, "warn")

    def _marked(self, text: str, sign: SafeText, token: str) -> Iterator[Row]:
        for number, line in enumerate(self.wrapped(text, 2)):
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
            Marker.NOT_RUN: (self.glyphs.skipped, "muted"),
            Marker.NOT_REPEATABLE: (self.glyphs.person, "warn"),
            Marker.STOP: (self.glyphs.cancelled, "muted"),
        }.get(task.marker, (self.glyphs.mark, "muted"))
        kept = task.marker in _KEPT
        marker: tuple[Span, ...] = ()
        if task.manner and not kept:
            marker = (Span(safe(", ".join(task.manner)), "muted"),)
        if task.marker is Marker.NOT_REPEATABLE:
            marker = (*marker, *([blank(2)] if marker else []), Span(own("not repeatable"), "warn"))
        room = max(LEAST_CELLS, self.inner - at)
        beside = max(LEAST_CELLS, room - (width_of(marker) + 2 if marker else 0))
        if kept:
            lines = [_KEPT[task.marker]]
        elif marker and beside < _LEAST_COMMAND:
            # What is special about it takes the row of its name, and the command stands whole below.
            lines = [own(""), *self._command(task.command, room, room)]
        else:
            lines = list(self._command(task.command, room, beside))
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


def _grouped(hosts: Sequence[PreviewHost]) -> list[list[PreviewHost]]:
    """Hosts of one job that get the same tasks, together."""
    groups: dict[tuple[str, tuple[PreviewTask, ...]], list[PreviewHost]] = {}
    for host in hosts:
        groups.setdefault((_job_of(host), host.tasks), []).append(host)
    return list(groups.values())


def _job_of(host: PreviewHost) -> str:
    return host.job_run.partition("@")[0]
