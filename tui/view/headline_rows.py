"""The rows of a headline: what must be looked at, what may be read, and a controller that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.keys.actions import key_of
from tui.view.durations import ago, clock
from tui.view.rows import Row, Span, spaced
from tui.view.safe_text import SafeText, own

if TYPE_CHECKING:
    from tui.view.scene import Here

MARGINS = (2, 1)


def loud_row(
    subject: SafeText,
    sentence: SafeText,
    token: str,
    tint: str,
    *,
    more: int = 0,
    age: float | None = None,
    here: Here | None = None,
    key: bool = True,
) -> Row:
    """What somebody must look at: in its colour, over the full row, with its age."""
    extra: tuple[Span, ...] = ()
    if more > 0:
        extra = (Span(own(f"+{more} more"), token, bold=True),)
        if key:
            extra = (*extra, Span(own(", ")), Span(own(key_of("next-error")), "acc", bold=True))
    old = (Span(ago(here.now_utc - age)),) if age is not None and here is not None else ()
    return Row(
        left=(Span(subject, token, bold=True, cut="middle"), Span(sentence, cut="words")),
        right=spaced([extra, old], 3),
        bg=tint,
        edge=token,
        margins=MARGINS,
        gap=3,
    )


def plain_row(first: SafeText, rest: SafeText, age: float | None = None, here: Here | None = None) -> Row:
    """What may be read or not: grey, without a background."""
    old = (Span(ago(here.now_utc - age), "muted"),) if age is not None and here is not None else ()
    return Row(left=(Span(first), Span(rest, "muted", cut="words")), right=old, margins=MARGINS, gap=3)


def full_stop(text: str) -> str:
    """A full stop where the sentence of somebody else has none."""
    return "" if text.endswith((".", "!", "?", ":")) or not text else "."


def lost_row(here: Here) -> Row:
    """The controller is gone; what is shown is what was last heard."""
    stale_s = here.stale_s or 0.0
    shown = clock(here.now_utc - stale_s, here.zone, now_utc=here.now_utc)
    return loud_row(
        own("The controller does not answer"),
        own(f": what was started on hosts is not stopped by that. Shown is {shown}."),
        "warn",
        "warnbg",
        more=0,
        age=here.now_utc - stale_s,
        here=here,
    )
