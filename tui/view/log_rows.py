"""What a log pane shows, row by row (LOOK section 6, "Log"): pure, from bytes and counts to rows.

Columns: mark 1, time 8, gap 2, text. Bytes become text here and only here, through ``safe_line``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from msgspec.structs import replace

from tui.view.cells import cells, cut_right, pad, take, wrap
from tui.view.durations import clock, day, duration, task_duration
from tui.view.glyphs import TASK_PHASES, Glyphs
from tui.view.log_document import LogSection, Note
from tui.view.log_window import skip, states, window_bytes, without_torn_start
from tui.view.rows import Fill, Row, Span, blank, width_of
from tui.view.safe_text import SafeText, own, safe, safe_line
from tui.view.theme import Theme

TIME_CELLS = 8
RESULT_CELLS = 16
"""Width of a divider's right end, so that all dividers of a log end in one column."""
LINE_BYTES = 4096
"""Most bytes of one line that are ever read while lines are cut."""
WRAPPED_BYTES = 16 * 1024
"""The same while lines are wrapped; a longer line ends in the cut mark."""


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
    column: int = 0
    """Cells of each line that are left of the window; 0 while lines are wrapped."""
    find: Any = None
    """A compiled pattern over str whose matches are shown reversed; None: nothing is searched."""

    @property
    def indent(self) -> int:
        """Cells before the text."""
        return 1 + (TIME_CELLS + 2 if self.times else 1)

    @property
    def max_line_bytes(self) -> int:
        """Bytes to read of each line."""
        return WRAPPED_BYTES if self.wrapped else self.window[1]

    @property
    def window(self) -> tuple[int, int]:
        """(first byte, number of bytes) to read of each line while lines are cut."""
        return window_bytes(self.column, self.width, LINE_BYTES)


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
    raw: bytes,
    style: LogStyle,
    *,
    at_utc: float | None,
    first_bad: bool = False,
    error: bool = False,
    gutter: SafeText | None = None,
    marked: bool = False,
) -> tuple[Row, ...]:
    """One line of a host: one row, or several when wrapped.

    ``raw`` is the line from the first byte of ``style.window`` on; one of ``style.max_line_bytes`` bytes counts as
    cut. ``gutter``: whose line it is, as wide as all others of the log. ``marked``: in the range that was marked.
    """
    whole = len(raw) < style.max_line_bytes
    raw = raw if whole else _without_torn_end(raw)
    mark = Span(style.glyphs.marked, "acc", bold=True) if marked else blank(1)
    if first_bad or error:
        mark = Span(style.glyphs.mark, "acc" if marked else "fail")
    lead = [mark, *_time(at_utc, style, token="muted" if first_bad else "faint")]
    room = style.width - style.indent
    if gutter is not None:
        lead += [Span(gutter, "muted"), blank(2)]
        room -= cells(gutter) + 2
    bg = "failbg" if first_bad else "sel" if marked else None
    if not style.wrapped:
        return (Row(left=(*lead, *_windowed(raw, style, room, first_bad=first_bad, whole=whole)), bg=bg),)
    pieces = [
        piece
        for state in states(raw.rstrip(b"\r"))
        for piece in _wrapped(
            _text_spans(state, style, first_bad=first_bad), max(1, room), style.glyphs.cut, whole=whole
        )
    ]
    hang = blank(style.width - room + 2)
    rows = [Row(left=(*lead, *pieces[0]), bg=bg)]
    rows += [Row(left=(hang, *piece), bg=bg) for piece in pieces[1:]]
    return tuple(rows)


def _windowed(raw: bytes, style: LogStyle, room: int, *, first_bad: bool, whole: bool) -> tuple[Span, ...]:
    """What of a line is in the window; a mark where something is left out, before it or behind."""
    start, _ = style.window
    past = states(raw.rstrip(b"\r"))
    spans = _text_spans(without_torn_start(raw) if start else past[-1], style, first_bad=first_bad)
    # What was overwritten is not hidden: the mark says that there is more, and wrapped lines show it.
    before = not start and len(past) > 1
    if style.column and raw:
        spans = spans if start else skip(spans, style.column + 1)
        before = True
    lead: tuple[Span, ...] = (Span(style.glyphs.cut, "muted"),) if before else ()
    if lead and not style.column:
        lead = (*lead, blank(1))
    return (*lead, *crop(spans, max(1, room - width_of(lead)), style.glyphs.cut, whole=whole))


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


def gap_row(style: LogStyle) -> Row:
    """Between two groups of lines that a filter leaves: ``╌╌`` where their text begins."""
    return Row(left=(blank(style.indent), Span(own(style.glyphs.divider * 2), "rule")))


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
