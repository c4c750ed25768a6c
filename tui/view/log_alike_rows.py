"""The list of hosts by what they said (``u``): one row for each group, and where it first differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui.view.cells import cells
from tui.view.durations import count
from tui.view.host_names import short_names
from tui.view.log_alike import Alike, HostOutput
from tui.view.rows import BLANK, Row, Span, blank
from tui.view.safe_text import SafeText, own, safe

_NAME_CELLS = 10


def alike_rows(
    groups: Sequence[Alike], silent: Sequence[str], selected: int
) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    """The rows, and for each group the row that is chosen with it. ``silent``: hosts without a log."""
    rows: list[Row] = []
    heads: list[int] = []
    usual = groups[0].outputs[0] if groups else None
    called = short_names([*(one.host for group in groups for one in group.outputs), *silent])
    for number, group in enumerate(groups):
        if number:
            rows.append(BLANK)
        heads.append(len(rows))
        chosen = number == selected
        head = _head(group, usual, called)
        rows.append(Row(left=head, bg="sel" if chosen else None, edge="acc" if chosen else None))
        if group.difference is not None and usual is not None and not _is_behind(group):
            first = group.difference.line == 0
            rows.append(_said(called[usual.host], group.difference.usual, "muted", first=first))
            rows.append(_said(called[group.outputs[0].host], group.difference.other, "text", first=first))
    if silent:
        names = _names("no log yet: ", [called[host] for host in silent])
        rows += [BLANK, Row(left=(Span(names, "muted", cut="words"),))]
    return tuple(rows), tuple(heads)


def _is_behind(group: Alike) -> bool:
    """They said the same as far as they are, and go on."""
    return group.difference is not None and group.difference.other is None and group.outputs[0].live


def _head(group: Alike, usual: HostOutput | None, called: Mapping[str, SafeText]) -> tuple[Span, ...]:
    hosts = [called[one.host] for one in group.outputs]
    live = own(", so far") if any(one.live for one in group.outputs) else own("")
    if group.difference is None:
        if len(hosts) == 1:
            compared = (Span(own(", the others are compared with "), "muted"), Span(hosts[0], cut="middle"))
            return (Span(own("no two hosts said the same"), "text", bold=True), Span(live, "muted"), *compared)
        words = own(f"{count(len(hosts), 'host')} identical")
        names = Span(_names(": ", hosts), "muted", cut="words")
        return (Span(words, "text", bold=True), Span(live, "muted"), names)
    section = group.difference.section
    task = group.outputs[0].tasks[section : section + 1] or (usual.tasks[section : section + 1] if usual else ())
    of_task = f" of {safe(task[0])}" if task else ""
    where = f"from line {group.difference.line + 1}{of_task}"
    who = hosts[0] if len(hosts) == 1 else own(f"{count(len(hosts), 'host')}")
    verb = "differs" if len(hosts) == 1 else "differ"
    if _is_behind(group):
        lines, live = group.difference.line, own("")
        verb = "have said" if len(hosts) > 1 else "said" if lines else "has said"
        where = f"the same so far, {count(lines, 'line')}{of_task}" if lines else f"nothing{of_task} yet"
    rest = () if len(hosts) == 1 else (Span(_names(": ", hosts), "muted", cut="words"),)
    return (Span(who, "warn", bold=True, cut="middle"), Span(own(f" {verb} {where}")), Span(live, "muted"), *rest)


def _said(name: SafeText, line: bytes | None, token: str, *, first: bool) -> Row:
    """``first``: it is the first line of its task."""
    nothing = own("says nothing" if first else "says nothing more")
    text = Span(nothing, "muted") if line is None else Span(safe(line), token, cut="right")
    return Row(left=(blank(2), Span(name, "muted", cut="middle"), blank(max(2, _NAME_CELLS - cells(name))), text))


def _names(lead: str, hosts: Sequence[SafeText]) -> SafeText:
    return own(lead + " ".join(hosts))
