"""The blast radius: how many hosts this run touched, how many not, and what is bad among them."""

from __future__ import annotations

from msgspec.structs import replace

from runners.core.blast import blast
from tui.view.durations import count_of
from tui.view.glyphs import Glyphs
from tui.view.host_strip import GAP, host_strip
from tui.view.rows import Row, Span, spaced, width_of
from tui.view.safe_text import own
from tui.view.scene import RunScene


def strip_row(scene: RunScene, room: int, glyphs: Glyphs, *, with_host: bool) -> Row:
    """``touched 7 of 12   untouched 5   failed 1   unknown 0``; hosts, not job runs. ``room``: cells of the row.

    ``with_host``: the selected host stands at the right, where no pane of its own shows it.
    """
    reach = blast(scene.state)
    row = Row(
        left=spaced(
            [
                (Span(own("touched "), "muted"), Span(count_of(reach.touched, reach.hosts))),
                (Span(own("untouched "), "muted"), Span(own(str(reach.untouched)))),
                (Span(own("failed "), "muted"), _value(reach.failed, "fail")),
                (Span(own("unknown "), "muted"), _value(reach.unknown, "unk")),
            ],
            GAP,
        ),
        gap=GAP,
    )
    return replace(row, right=host_strip(scene, room - width_of(row.left) - GAP, glyphs)) if with_host else row


def _value(number: int, token: str) -> Span:
    return Span(own(str(number)), token if number else "text", bold=bool(number))
