"""What a log pane shows, row by row (LOOK section 6, "Log"): pure, from bytes and counts to rows.

Columns: mark 1, time 8, gap 2, text. Bytes become text here and only here, through ``safe_line``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Any

from tui.keys.actions import key_of
from tui.view.cells import cells, cut_right, pad, take, wrap
from tui.view.durations import clock, count, day, duration, task_duration
from tui.view.glyphs import TASK_PHASES, Glyphs
from tui.view.log_document import LogSection, Note
from tui.view.rows import Fill, Row, Span, blank, spaced, title_row, width_of
from tui.view.safe_text import SafeText, own, safe, safe_line
from tui.view.theme import Theme

TIME_CELLS = 8
RESULT_CELLS = 16
"""Width of a divider's right end, so that all dividers of a log end in one column."""
LINE_BYTES = 4096
"""Most bytes of one line that are ever read while lines are cut."""
WRAPPED_BYTES = 16 * 1024
"""The same while lines are wrapped; a longer line ends in the cut mark."""
NARROW_CELLS = 84
"""Under this width the title has no room for the number of lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStyle:
    """How the lines of a pane are drawn; a change of any of it draws all of them again."""

    width: int
    """Cells between the pane's margins."""
    theme: Theme
    glyphs: Glyphs
    zone: tzinfo
    today: date | None = None
    """Executions of another day say which."""
    times: bool = True
    wrapped: bool = False
    colours: bool = True
    """Keep the colours of the host where they can be read."""
    find: Any = None
    """A compiled pattern over str whose matches are shown reversed; None: nothing is searched."""

    @property
    def indent(self) -> int:
        """Cells before the text."""
        return 1 + (TIME_CELLS + 2 if self.times else 1)

    @property
    def max_line_bytes(self) -> int:
        """Bytes to read of each line."""
        return WRAPPED_BYTES if self.wrapped else max(LINE_BYTES, self.width * 8)


def result_spans(
    phase: str,
    glyphs: Glyphs,
    *,
    exit_code: int | None = None,
    signal: str | None = None,
    took_s: float | None = None,
    word: SafeText | None = None,
) -> tuple[Span, ...]:
    """The right end of a divider: ``✓ exit 0   14.2s``, ``✗ exit 1    6.2s``, ``↻ running    12s``.

    ``took_s``: seconds since the start while it runs, else how long it took. ``word`` replaces the phase's word.
    """
    mark = TASK_PHASES.get(phase, TASK_PHASES["unknown"])
    live = phase in ("running", "dispatched", "unknown", "cancelling")
    if word is None:
        if exit_code is not None and phase in ("succeeded", "failed"):
            word = own(f"exit {exit_code}")
        elif signal is not None and phase == "failed":
            word = safe(signal)
        else:
            word = mark.word
    took = own("") if took_s is None else duration(took_s) if live else task_duration(took_s)
    room = RESULT_CELLS - 2 - cells(word)
    return (
        Span(glyphs.of(mark.glyph), mark.token),
        blank(1),
        Span(word, mark.word_token),
        Span(pad(took, max(room, cells(took) + 1 if took else 0), right=True), mark.word_token),
    )


def divider_row(section: LogSection, style: LogStyle, *, after: LogSection | None = None) -> Row:
    """Where an execution starts: time, task name bold, a dashed rule, the result.

    The first one of another day than today says which; ``after`` is the execution before it.
    """
    left: list[Span] = [blank(1), *_time(section.started_at, style), Span(section.task, bold=True, cut="middle")]
    at = section.started_at
    if at is not None and style.today is not None:
        said = {style.today}
        if after is not None and after.started_at is not None:
            said.add(_date(after.started_at, style))
        if _date(at, style) not in said:
            left += [blank(2), Span(day(at, style.zone), "muted")]
    return Row(left=tuple(left), right=section.result, fill=Fill(style.glyphs.divider), gap=3)


def line_rows(
    raw: bytes, style: LogStyle, *, at_utc: float | None, first_bad: bool = False, error: bool = False
) -> tuple[Row, ...]:
    """One line of a host: one row, or several when wrapped.

    ``raw`` is the line or its first ``style.max_line_bytes`` bytes; a line of that length counts as cut.
    """
    whole = len(raw) < style.max_line_bytes
    spans = _text_spans(raw if whole else _without_torn_end(raw), style, first_bad=first_bad)
    mark = Span(style.glyphs.mark, "fail") if first_bad or error else blank(1)
    lead = (mark, *_time(at_utc, style, token="muted" if first_bad else "faint"))
    room = max(1, style.width - style.indent)
    bg = "failbg" if first_bad else None
    if not style.wrapped:
        return (Row(left=(*lead, *crop(spans, room, style.glyphs.cut, whole=whole)), bg=bg),)
    pieces = _wrapped(spans, room, style.glyphs.cut, whole=whole)
    rows = [Row(left=(*lead, *pieces[0]), bg=bg)]
    rows += [Row(left=(blank(style.indent + 2), *piece), bg=bg) for piece in pieces[1:]]
    return tuple(rows)


def note_rows(note: Note, style: LogStyle) -> tuple[Row, ...]:
    """A sentence of ours: muted, usually without a time."""
    room = max(1, style.width - style.indent)
    lead = (blank(1), *_time(note.at_utc, style))
    if note.rule:
        return (Row(left=(*lead, Span(note.text, note.token, cut="words")), fill=Fill(style.glyphs.divider)),)
    if not style.wrapped:
        return (Row(left=(*lead, Span(note.text, note.token, cut="words"))),)
    first, *more = wrap(note.text, room)
    return (
        Row(left=(*lead, Span(first, note.token))),
        *(Row(left=(blank(style.indent), Span(line, note.token))) for line in more),
    )


def log_title(
    name: SafeText,
    details: Sequence[SafeText],
    *,
    width: int,
    focused: bool,
    glyphs: Glyphs,
    lines: int,
    following: bool,
    live: bool,
    current: int | None,
    new: int,
    said: tuple[Span, ...] = (),
) -> Row:
    """The pane's title: ``release@web3   restart   attempt 1 ━━━ 21 lines  following``.

    ``current``: number of the line that is looked at, while not following. ``new``: lines since then. ``said`` takes
    the place of following and paused (``no word for 46s``).
    """
    info: list[tuple[Span, ...]] = []
    if following or current is None:
        if width >= NARROW_CELLS or not following:
            info.append((Span(count(lines, "line"), said[0].token if said else "muted"),))
        if said:
            info.append(said)
        elif following:
            info.append((Span(own("following"), "muted"),))
    else:
        info.append((Span(own(f"line {current} of {lines}"), "muted"),))
        if said:
            info.append(said)
        elif live:
            info.append((Span(own(f"paused, {new} new" if new else "paused"), "warn"),))
    return title_row(name, tuple(details), spaced(info, 2), focused=focused, glyphs=glyphs, detail_gap=3)


def find_row(query: SafeText, status: SafeText, *, typing: bool, bad: SafeText | None, glyphs: Glyphs) -> Row:
    """The find bar: `` / EADDR      3 of 12   n N   esc ``; with a bad pattern the reason instead of the count."""
    cursor = (Span(own(" "), "acc", reverse=True),) if typing else ()
    keys = [(Span(own(f"{key_of('next-match')} {key_of('previous-match')}"), "muted"),), (Span(own("esc"), "muted"),)]
    right = spaced([(Span(bad, "fail", cut="words"),) if bad else (Span(status, "muted"),), *keys], 3)
    return Row(
        left=(Span(own("/"), "acc", bold=True), blank(1), Span(query, cut="left"), *cursor),
        right=right,
        bg="bar",
        margins=(2, 2),
        gap=3,
    )


def scroll_column(height: int, first: int, shown: int, total: int, errors: Sequence[int]) -> list[str]:
    """Kind of each cell of the scroll column: ``track``, ``thumb`` or ``error``; empty when all fits.

    ``first`` is the first of ``shown`` rows of ``total``; ``errors`` are rows of errors. The thumb has at least one
    cell and touches an end only when the first or last row is shown; an error's mark is drawn over it.
    """
    if total <= shown or height <= 0:
        return []
    size = max(1, height * shown // total)
    span = height - size
    last_first = total - shown
    start = 0 if first <= 0 else span if first >= last_first else first * span // last_first
    if 0 < first < last_first and span >= 2:
        start = min(max(start, 1), span - 1)
    cells_of = ["thumb" if start <= y < start + size else "track" for y in range(height)]
    for row in errors:
        cells_of[min(height - 1, row * height // total)] = "error"
    return cells_of


def crop(spans: Sequence[Span], width: int, mark: SafeText, *, whole: bool = True) -> tuple[Span, ...]:
    """Cut a run of spans at the right; ``whole=False``: more follows, so the mark is there in any case."""
    if whole and width_of(spans) <= width:
        return tuple(spans)
    kept: list[Span] = []
    room = width - 1
    for span in spans:
        text = take(span.text, room)
        if text:
            kept.append(replace(span, text=text))
        room -= cells(text)
        if text != span.text or room <= 0:
            break
    return (*kept, Span(mark, kept[-1].token if kept else "text"))


def _date(at_utc: float, style: LogStyle) -> date:
    return datetime.fromtimestamp(at_utc, style.zone).date()


def _time(at_utc: float | None, style: LogStyle, token: str = "faint") -> tuple[Span, ...]:
    if not style.times:
        return (blank(1),)
    if at_utc is None:
        return (blank(TIME_CELLS + 2),)
    return (Span(clock(at_utc, style.zone), token), blank(2))


def _text_spans(raw: bytes, style: LogStyle, *, first_bad: bool) -> list[Span]:
    if first_bad:
        text = safe(raw)
        return _highlighted([Span(text, "fail", bold=True)] if text else [], style.find)
    spans = [
        Span(text, "text", look.bold and style.colours, fg=style.theme.remote_fg(look) if style.colours else None)
        for text, look in safe_line(raw)
    ]
    return _highlighted(spans, style.find)


def _highlighted(spans: list[Span], find: Any) -> list[Span]:
    """Reverse what the search matched; matches may begin in one colour and end in another."""
    if find is None or not spans:
        return spans
    text = "".join(span.text for span in spans)
    found = [match.span() for match in find.finditer(text) if match.end() > match.start()]
    if not found:
        return spans
    result: list[Span] = []
    at = 0
    for span in spans:
        start, end = at, at + len(span.text)
        for low, high in [*found, (end, end)]:
            low, high = max(low, start), min(high, end)
            if low > at:
                result.append(replace(span, text=SafeText(text[at:low])))
                at = low
            if high > at:
                result.append(Span(SafeText(text[at:high]), "warn", span.bold, reverse=True))
                at = high
    return result


def _wrapped(spans: Sequence[Span], room: int, mark: SafeText, *, whole: bool) -> list[list[Span]]:
    """Break spans into lines of ``room`` cells, two fewer after the first for the indent."""
    room = max(room, 4)  # a wide character must fit beside the indent; what is too much is cropped later
    lines: list[list[Span]] = [[]]
    left = room
    for span in spans:
        rest = span.text
        while rest:
            text = take(rest, left)
            if not text and left >= room - 2:
                text = SafeText(rest[0])  # wider than a whole line
            if text:
                lines[-1].append(replace(span, text=text))
                rest = SafeText(rest[len(text) :])  # not by cells: a mark that combines has none
                left -= cells(text)
            if rest:
                lines.append([])
                left = room - 2
    if not whole:
        last = lines[-1]
        end = last.pop() if last else Span(own(""))
        last.append(replace(end, text=SafeText(cut_right(end.text, max(0, cells(end.text) - 1), own("")) + mark)))
    return [line for line in lines if line] or [[]]


def _without_torn_end(raw: bytes) -> bytes:
    """Leave out a UTF-8 sequence that the cut tore apart."""
    for back in range(1, min(4, len(raw)) + 1):
        byte = raw[-back]
        if byte < 0x80:
            return raw
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return raw[:-back] if back < needed else raw
    return raw
