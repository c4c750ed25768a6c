"""A text to read: the pinned pipeline, and what was really sent to a host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from runners.model.state import RunState
from tui.screens.painted import PaintedScreen
from tui.view.facts import Place, steps_of
from tui.view.layout import Area, ScreenLayout, board_layout
from tui.view.rows import Row, Span, blank, title_row
from tui.view.safe_text import own, safe
from tui.widgets.canvas import Canvas

_STEPS = {
    "up": -1,
    "k": -1,
    "down": 1,
    "j": 1,
    "pageup": -20,
    "ctrl+u": -10,
    "pagedown": 20,
    "ctrl+d": 10,
    "g": -(10**9),
    "home": -(10**9),
    "G": 10**9,
    "end": 10**9,
}


class TextScreen(PaintedScreen):
    """Scrolls; escape goes back."""

    NAME = "text"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"scroll_by({by})", show=False) for key, by in _STEPS.items()),
        *(Binding(key, "back", show=False) for key in ("escape", "q", "h", "left")),
    ]

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> Iterable[Widget]:
        """Text and keys."""
        yield Canvas(id="text", shade="ground", can_focus=True)
        yield Canvas(id="keys", shade="bar")
        toasts = Canvas(id="toasts", shade="bar")
        toasts.styles.layer = "overlay"
        yield toasts

    def current_layout(self) -> ScreenLayout:
        """The whole screen but the keys."""
        return board_layout(self.size.width, self.size.height)

    def area_of(self, name: str) -> Area | None:
        """Text over everything."""
        if name == "text":
            return Area(0, 0, self.size.width, max(1, self.size.height - 1))
        return super().area_of(name)

    def news(self) -> object:
        """It never changes."""
        return 0

    def paint(self) -> None:
        """Numbered lines."""
        glyphs = self.onduty.look.glyphs
        digits = len(str(len(self._lines)))
        rows = [
            Row(left=(Span(own(f"{number:>{digits}}"), "faint"), blank(2), Span(safe(line), cut="right")))
            for number, line in enumerate(self._lines, 1)
        ]
        info = (Span(own(f"{len(self._lines)} lines"), "muted"),)
        title = title_row(safe(self._title), (), info, focused=True, glyphs=glyphs)
        self.query_one("#text", Canvas).set_rows(rows, head=[Row(), title, Row()])
        keys = (Span(own("esc"), "acc", bold=True), Span(own(" back")), blank(3), Span(own("j k"), "acc", bold=True),
                Span(own(" scroll")))  # fmt: skip
        self.query_one("#keys", Canvas).set_rows([Row(left=keys)])

    def action_scroll_by(self, by: int) -> None:
        """Scroll."""
        self.query_one("#text", Canvas).scroll_rows(by)

    def action_back(self) -> None:
        """Back."""
        self.app.pop_screen()


def sent_lines(state: RunState, place: Place) -> list[str]:
    """Commands, folders, limits and values of the selected job run's current attempt."""
    lines: list[str] = []
    attempt = place.run.current
    for number, task in enumerate(steps_of(place), 1):
        sent = attempt.tasks[number - 1] if attempt else None
        key = f"key {sent.key}" if sent and sent.key else "not sent yet"
        lines.append(f"{number}. {task.name}  {key}")
        lines.append(f"   shell: sh -e    folder: {task.dir or 'the work folder, $ONDUTY_WORKDIR'}")
        limit = task.timeout_s or place.job.timeout_s
        lines.append(f"   limit: {f'{limit:g} s' if limit else 'none'}")
        lines += [f"   {name}={value}" for name, value in sorted(task.env.items())]
        lines.append("")
        lines += [f"   {line}" for line in task.command.rstrip("\n").split("\n")]
        lines.append("")
    return lines
