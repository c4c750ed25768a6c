"""What only small terminals have: tabs, the first error under the list, one pane in five rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runners.model.phases import FAILURES
from tui.keys.actions import key_of
from tui.view.cells import cut_right, wrap
from tui.view.durations import clock
from tui.view.facts import Place, how_it_ended, link_of, looked_at, reached, short_name, subject, worst
from tui.view.glyphs import Glyphs
from tui.view.headline import how_it_failed
from tui.view.rows import BLANK, Row, Span, blank, text_row, title_row, width_of
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene
from tui.view.why import first_why


def tab_bar(tabs: Sequence[str], active: str, width: int, glyphs: Glyphs) -> Row:
    """``1 jobs  2 log  3 why  4 runbook  5 host`` on ``panel``; the active one is reverse."""
    return Row(
        left=tuple(span for _, group in _tabs(tabs, active, width) for span in group), bg="panel", margins=(1, 1)
    )


def tab_at(tabs: Sequence[str], active: str, width: int, glyphs: Glyphs, x: int) -> str | None:
    """The tab under a cell of the tab bar; None between them."""
    at = 1
    for name, group in _tabs(tabs, active, width):
        at += width_of(group)
        if x < at:
            return name
    return None


def _tabs(tabs: Sequence[str], active: str, width: int) -> list[tuple[str | None, tuple[Span, ...]]]:
    """Each tab with its spans, and the gaps between as spans of no tab."""
    groups: list[tuple[str | None, tuple[Span, ...]]] = []
    for number, name in enumerate(tabs, 1):
        if name == active:
            groups.append((name, (Span(own(f" {number} {safe(name)} "), "acc", bold=True, reverse=True),)))
        else:
            key = Span(own(f" {number}"), "acc", bold=True)
            groups.append((name, (key, Span(own(f" {safe(name)} "), "muted"))))
    if sum(width_of(group) for _, group in groups) + len(groups) - 1 <= width - 2:
        gaps: list[tuple[str | None, tuple[Span, ...]]] = [(None, (blank(1),))] * len(groups)
        groups = [one for pair in zip(groups, gaps, strict=True) for one in pair][:-1]
    return groups


def first_error_title(scene: RunScene, glyphs: Glyphs) -> Row:
    """The title of the pane under the list of jobs: ``first error  web3 ──── 12:04:33``."""
    member = _bad(scene)
    if member is None:
        return BLANK
    link = link_of(member)
    at = member.run.since
    time = (Span(clock(at, scene.here.zone, now_utc=scene.here.now_utc), "muted"),) if at is not None else ()
    name = own("first error") if link is not None and link.first_line else own("failed")
    return title_row(name, (subject(member),), time, glyphs=glyphs)


def first_error_rows(scene: RunScene, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """The first bad line, where else it passed, the runbook's name; empty while nothing failed."""
    member = _bad(scene)
    if member is None:
        return ()
    rows = [_bad_line(member, glyphs)]
    elsewhere = first_why(replace(scene, selected=member.run.id), max(5, width - 2), glyphs)
    if elsewhere is not None:
        rows.append(Row(left=(blank(2), *elsewhere.left)))
    hint = _hint(member)
    if hint:
        rows.append(Row(left=(blank(2), *hint)))
    return tuple(rows)


def runbook_hint(scene: RunScene, width: int, glyphs: Glyphs) -> Row:
    """The row under the log that names the page: ``o runbook port-in-use``."""
    member = looked_at(scene)
    link = link_of(member) if member is not None else None
    if link is None or not link.page:
        return BLANK
    key = (Span(own(key_of("runbook")), "acc", bold=True), Span(own(" runbook ")), Span(safe(link.page), cut="middle"))
    return Row(left=(*key, blank(3), Span(safe(link.why), "muted", cut="words")))


def tiny_rows(scene: RunScene, width: int, glyphs: Glyphs, tail: Sequence[SafeText] = ()) -> tuple[Row, ...]:
    """The first bad line and lines of log; ``tail`` are the last ones that there is room for, already safe."""
    member = _bad(scene)
    lines = [text_row(cut_right(line, max(1, width), glyphs.cut), "text", cut="right") for line in tail]
    if member is not None:
        return (_bad_line(member, glyphs), *lines)
    now = looked_at(scene)
    if now is None and not lines:
        return tuple(text_row(line) for line in wrap(own("Nothing runs."), max(1, width)))
    name = (text_row(short_name(now), "text", bold=True, cut="middle"),) if now is not None else ()
    return (*name, *lines)


def _bad(scene: RunScene) -> Place | None:
    """The selected failure, else the first one."""
    chosen = looked_at(scene)
    if chosen is not None and chosen.run.phase in FAILURES:
        return chosen
    found = worst(scene.state)
    return found if found is not None and found.run.phase in FAILURES else None


def _bad_line(member: Place, glyphs: Glyphs) -> Row:
    link = link_of(member)
    if link is not None and link.first_line:
        text = safe(link.first_line)
    elif reached(member.run):
        text = own(f"{how_it_ended(member.run)}, no line of its log stands out")
    else:
        text = own(f"failed{how_it_failed(member)}")
    return Row(
        left=(Span(glyphs.mark, "fail", bold=True), blank(1), Span(text, "fail", bold=True, cut="right")), bg="failbg"
    )


def _hint(member: Place) -> tuple[Span, ...]:
    link = link_of(member)
    if link is None or not link.page:
        return ()
    return (
        Span(own(key_of("runbook")), "acc", bold=True),
        blank(1),
        Span(safe(link.page), cut="middle"),
        blank(3),
        Span(safe(link.why), "muted", cut="words"),
    )
