"""All that is known of what is selected, over the whole screen; arrows choose a line, ``c`` copies it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.bridge import RunFeed
from tui.keys.actions import action, key_of
from tui.screens.painted import PaintedScreen
from tui.screens.run_choice import Choice
from tui.screens.text import TextScreen
from tui.view.details import Detail, details, details_title
from tui.view.details_rows import detail_rows
from tui.view.rows import BLANK, Row, Span, blank, title_row
from tui.view.safe_text import own, safe
from tui.view.scene import RunScene
from tui.widgets.canvas import Canvas


def open_details(screen: PaintedScreen, feed: RunFeed, scene: Callable[[], RunScene], choice: Choice) -> None:
    """Over ``screen``: of what is selected there now, as it goes on."""
    selected = choice.selected
    screen.app.push_screen(DetailsScreen(feed, scene, selected))


class DetailsScreen(TextScreen, inherit_bindings=False):
    """Follows the run; the chosen line stays the same one."""

    NAME = "details"

    def __init__(self, feed: RunFeed, scene: Callable[[], RunScene], selected: str) -> None:
        title, kind = details_title(scene(), selected)
        super().__init__(title, kind, ())
        for key in action("copy").keys:
            self._bindings.bind(key, "copy_line", show=False)
        self._feed = feed
        self._scene = scene
        self._selected = selected
        self._found: Sequence[Detail] = ()
        self._starts: list[int] = []
        """First row of each line."""
        self._at = 0

    def news(self) -> object:
        """The run goes on while it is read."""
        return self._feed.version, self.onduty.feed.version

    def shows(self, uid: str) -> bool:
        """Its own run."""
        return uid == self._feed.uid

    def paint(self) -> None:
        """Title, lines, keys."""
        glyphs = self.onduty.look.glyphs
        self._found = details(self._scene(), self._selected)
        self._at = min(self._at, len(self._found) - 1)
        rows, self._starts = detail_rows(self._found, max(1, self.size.width - 2), glyphs)
        title = title_row(self._title, (self._details,), (), focused=True, glyphs=glyphs)
        canvas = self.query_one("#text", Canvas)
        canvas.set_rows(rows, head=[title, BLANK])
        first = self._starts[self._at]
        end = self._starts[self._at + 1] if self._at + 1 < len(self._starts) else len(rows)
        canvas.set_selection(first, end - first)
        groups = ((key_of("back"), " back"), (f"{key_of('down')} {key_of('up')}", " choose"), (key_of("copy"), " copy"))
        keys = [span for key, label in groups
                for span in (Span(own(key), "acc", bold=True), Span(own(label)), blank(3))]  # fmt: skip
        self.query_one("#keys", Canvas).set_rows([Row(left=tuple(keys[:-1]))])

    def action_scroll_by(self, by: int) -> None:
        """Choose another line; headings are passed over."""
        self.hush()
        step = 1 if by > 0 else -1
        wanted = max(0, min(len(self._found) - 1, self._at + by))
        while 0 <= wanted < len(self._found) and self._found[wanted].level == 0:
            wanted += step
        if 0 <= wanted < len(self._found):
            self._at = wanted
        elif step < 0:
            self.query_one("#text", Canvas).scroll_rows(-(10**6))
        self.paint()

    def action_copy_line(self) -> None:
        """The value of the chosen line."""
        if not self.is_top:
            return
        text = safe(self._found[self._at].value or self._found[self._at].label)
        self.app.copy_to_clipboard(text)
        self.say("run", f"copied to the clipboard\n{text}")

    def on_canvas_row_picked(self, message: Canvas.RowPicked) -> None:
        """A click chooses a line."""
        found = [at for at, first in enumerate(self._starts) if first <= message.row]
        if found:
            self._at = found[-1]
            self.paint()
