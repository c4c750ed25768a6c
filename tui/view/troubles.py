"""What stands in a body that has nothing better to show: no controller (LOOK section 6, "Errors")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.view.cells import wrap
from tui.view.durations import clock, duration
from tui.view.rows import Row, Span, blank
from tui.view.safe_text import SafeText, own, safe

if TYPE_CHECKING:
    from tui.view.glyphs import Glyphs
    from tui.view.scene import Here


def controller_rows(here: Here, trouble: str, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """No controller answers: what that means, and what to do."""
    said: list[tuple[SafeText, str]] = [(safe(trouble), "text")] if trouble else []
    said.append(
        (own("What was started on hosts is not stopped by that; nothing is lost and nothing runs twice."), "text")
    )
    if here.stale_s is not None:
        at = clock(here.now_utc - here.stale_s, here.zone, now_utc=here.now_utc)
        said.append((own(f"Shown: {at}, {duration(here.stale_s)} old."), "muted"))
    said.append((own("It is tried again by itself. To look: onduty controller status"), "muted"))
    return _trouble(own("The controller does not answer."), said, width, glyphs)


def _trouble(head: SafeText, said: Sequence[tuple[SafeText, str]], width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """``✗ head`` bold; sentences below it, indented by two."""
    room = max(1, width - 2)
    first, *more = wrap(head, room)
    rows = [Row(left=(Span(glyphs.failed, "fail", bold=True), blank(1), Span(first, bold=True)))]
    rows += [Row(left=(blank(2), Span(line, bold=True))) for line in more]
    for text, token in said:
        rows += [Row(left=(blank(2), Span(line, token))) for line in wrap(text, room)]
    return tuple(rows)
