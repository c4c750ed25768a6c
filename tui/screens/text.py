"""A text to read: the pinned pipeline, and what was really sent to a host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.binding import Binding, BindingsMap, BindingType
from textual.widget import Widget

from runners.model.plan import Plan
from tui.keys.actions import action, key_of
from tui.screens.painted import PaintedScreen
from tui.view.cells import wrap
from tui.view.facts import Place, task_name
from tui.view.layout import Area, ScreenLayout, board_layout
from tui.view.rows import BLANK, Row, Span, blank, title_row
from tui.view.safe_text import own, safe
from tui.widgets.canvas import Canvas

_STEPS = {"up": -1, "down": 1, "top": -(10**9), "bottom": 10**9}
_PAGES = {"half-page-up": -1.0, "half-page-down": 1.0}
_INDENT = 2
"""Cells by which what is wrapped stands further in."""


def text_bindings() -> list[BindingType]:
    """The keys that move and leave, as the table of actions has them now."""
    found: dict[str, str] = {"space": "page_by(1.0)", "enter": "back"}
    for name, by in _STEPS.items():
        found |= dict.fromkeys(action(name).keys, f"scroll_by({by})")
    for name, whole in _PAGES.items():
        found |= {key: f"page_by({whole if key.startswith('page') else whole / 2})" for key in action(name).keys}
    found |= dict.fromkeys((*action("back").keys, *action("quit").keys), "back")
    found |= {"ctrl+c": "say_how_to_leave", "ctrl+z": "app.suspend_process"}
    return [Binding(key, does, show=False) for key, does in found.items()]


class TextScreen(PaintedScreen, inherit_bindings=False):
    """Scrolls; escape goes back. Long lines are wrapped: nothing of what was sent is cut off."""

    NAME = "text"
    LEAVE = "{quit} goes back"

    def __init__(self, title: str, details: str, lines: Sequence[str], *, numbered: bool = True) -> None:
        super().__init__()
        self._bindings = BindingsMap(text_bindings())
        self._title = safe(title)
        self._details = safe(details)
        self._lines = lines
        self._numbered = numbered
        self._wrapped: tuple[int, list[Row]] = (0, [])
        """The rows, and the width they were made for."""

    def compose(self) -> Iterable[Widget]:
        """Text and keys."""
        yield Canvas(id="text", shade="ground", can_focus=True)
        yield Canvas(id="keys", shade="bar")
        yield self.toast_canvas()

    def on_mount(self) -> None:
        """The text has the focus."""
        self.focus_pane("text")

    def current_layout(self) -> ScreenLayout:
        """The whole screen but the keys."""
        return board_layout(self.size.width, self.size.height)

    def area_of(self, name: str) -> Area | None:
        """Text over everything."""
        if name == "text":
            return Area(0, 0, self.size.width, max(1, self.size.height - 1))
        return super().area_of(name) if name in ("keys", "toasts") else None

    def news(self) -> object:
        """It never changes."""
        return 0

    def paint(self) -> None:
        """Title, lines, keys."""
        glyphs = self.onduty.look.glyphs
        info = (Span(own(f"{len(self._lines)} lines"), "muted"),)
        title = title_row(self._title, (self._details,), info, focused=True, glyphs=glyphs)
        self.query_one("#text", Canvas).set_rows(self._rows(), head=[title, BLANK])
        moves = f"{key_of('down')} {key_of('up')}"
        keys = (Span(own(key_of("back")), "acc", bold=True), Span(own(" back")), blank(3),
                Span(own(moves), "acc", bold=True), Span(own(" scroll")))  # fmt: skip
        self.query_one("#keys", Canvas).set_rows([Row(left=keys)])

    def _rows(self) -> list[Row]:
        width = max(1, self.size.width - 2)
        if self._wrapped[0] != width:
            digits = len(str(len(self._lines))) if self._numbered else 0
            lead = digits + 2 if digits else 0
            rows: list[Row] = []
            for number, line in enumerate(self._lines, 1):
                for at, piece in enumerate(wrap(safe(line), max(1, width - lead), indent=_INDENT)):
                    label = own(f"{number:>{digits}}" if digits and not at else " " * digits)
                    rows.append(Row(left=(Span(label, "faint"), blank(lead - digits), Span(piece, cut="right"))))
            self._wrapped = width, rows
        return self._wrapped[1]

    def action_scroll_by(self, by: int) -> None:
        """Scroll by rows."""
        self.hush()
        self.query_one("#text", Canvas).scroll_rows(by)

    def action_page_by(self, share: float) -> None:
        """Scroll by pages."""
        canvas = self.query_one("#text", Canvas)
        self.action_scroll_by(int(share * max(2, canvas.body_height)))

    def action_back(self) -> None:
        """Back."""
        self.app.pop_screen()


def sent_lines(plan: Plan, place: Place, number: int) -> list[str]:
    """Commands, folders, limits and values of one attempt of a job run."""
    lines: list[str] = []
    attempt = next((one for one in place.run.attempts if one.number == number), place.run.current)
    for at, task in enumerate(place.job.steps(rollback=attempt is not None and attempt.rollback)):
        sent = attempt.tasks[at] if attempt else None
        key = f"key {sent.key}" if sent and sent.key else "not sent"
        lines.append(f"{at + 1}. {task_name(task)}, {key}")
        if task.manner:
            lines.append(f"   how: {', '.join(task.manner)}")
        lines.append(f"   folder: {task.dir or 'the work folder, $ONDUTY_WORKDIR'}")
        limit = task.timeout_s or place.job.timeout_s
        lines.append(f"   limit: {f'{limit:g} s' if limit else 'none'}")
        lines += [f"   {name}={value}" for name, value in sorted(plan.env_of(task, place.run.host).items())]
        lines.append("")
        words = plan.words_of(task, place.run.host)
        lines += [f"   {line}" for line in words.rstrip("\n").split("\n")]
        lines.append("")
    return lines[:-1]
