"""The blast radius: how many hosts this run touched, how many not, and what is bad among them."""

from __future__ import annotations

from runners.core.blast import blast
from tui.view.durations import count_of
from tui.view.rows import Row, Span, spaced
from tui.view.safe_text import own
from tui.view.scene import RunScene


def strip_row(scene: RunScene) -> Row:
    """``touched 7 of 12   untouched 5   failed 1   unknown 0``; hosts, not job runs."""
    reach = blast(scene.state)
    return Row(
        left=spaced(
            [
                (Span(own("touched "), "muted"), Span(count_of(reach.touched, reach.hosts))),
                (Span(own("untouched "), "muted"), Span(own(str(reach.untouched)))),
                (Span(own("failed "), "muted"), _value(reach.failed, "fail")),
                (Span(own("unknown "), "muted"), _value(reach.unknown, "unk")),
            ],
            3,
        )
    )


def _value(number: int, token: str) -> Span:
    return Span(own(str(number)), token if number else "text", bold=bool(number))
