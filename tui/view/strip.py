"""The blast radius: how many hosts this run touched, how many not, and what is bad among them."""

from __future__ import annotations

from runners.model.phases import BAD, Phase
from tui.view.durations import count_of
from tui.view.facts import places
from tui.view.rows import Row, Span, spaced
from tui.view.safe_text import own
from tui.view.scene import RunScene


def strip_row(scene: RunScene) -> Row:
    """``touched 7 of 12   untouched 5   failed 1   unknown 0``; hosts, not job runs."""
    hosts: dict[str, set[str]] = {}
    for place in places(scene.state):
        kinds = hosts.setdefault(place.run.host, set())
        if place.run.attempts:
            kinds.add("touched")
        if place.run.phase in BAD:
            kinds.add("failed")
        if place.run.phase is Phase.UNKNOWN:
            kinds.add("unknown")
    touched = sum("touched" in kinds for kinds in hosts.values())
    failed = sum("failed" in kinds for kinds in hosts.values())
    unknown = sum("unknown" in kinds for kinds in hosts.values())
    return Row(
        left=spaced(
            [
                (Span(own("touched "), "muted"), Span(count_of(touched, len(hosts)))),
                (Span(own("untouched "), "muted"), Span(own(str(len(hosts) - touched)))),
                (Span(own("failed "), "muted"), _value(failed, "fail")),
                (Span(own("unknown "), "muted"), _value(unknown, "unk")),
            ],
            3,
        )
    )


def _value(number: int, token: str) -> Span:
    return Span(own(str(number)), token if number else "text", bold=bool(number))
