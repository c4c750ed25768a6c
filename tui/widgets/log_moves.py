"""How a log pane is moved, and how its lines are drawn: the keys that need no search."""

from __future__ import annotations

from tui.widgets.log_core import LogCore


class LogMoves(LogCore):
    """Scrolling, following, wrapping."""

    def action_scroll_rows(self, by: int) -> None:
        """Scroll by rows; up lets go of the end, reaching the end takes it up again."""
        self._cursor = self._looked_at = None
        if by < 0:
            self._pause()
        self._window.scroll(by)
        self._changed()

    def action_scroll_pages(self, by: float) -> None:
        """Scroll by pages of the body."""
        rows = max(1, int(abs(by) * self._window.height))
        self.action_scroll_rows(rows if by > 0 else -rows)

    def action_go_top(self) -> None:
        """The first row."""
        self._pause()
        self._cursor = self._looked_at = None
        self._window.move_to((0, 0))
        self._changed()

    def action_go_end(self) -> None:
        """The last row, and follow."""
        self._cursor = self._looked_at = None
        self._window.follow = True
        self._changed()

    def action_follow(self) -> None:
        """Follow, or stop following here."""
        if self._window.follow:
            self._pause()
            self._changed()
        else:
            self.action_go_end()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        row, _ = self._window.top
        self._restyle(wrapped=not self._lines.style.wrapped, column=0)
        if not self._window.follow:
            self._window.move_to((row, 0))
        self._changed()

    def action_sideways(self, direction: int) -> None:
        """Half a window to the right (1) or left (-1) along lines that are cut; wrapped ones are cut again."""
        style = self._lines.style
        step = max(8, (style.width - style.indent) // 2)
        if style.wrapped:
            self.action_wrap()
        self._restyle(column=max(0, style.column + direction * step))
        self._changed()

    def action_times(self) -> None:
        """Times on or off."""
        self._restyle(times=not self._lines.style.times)
        self._changed()

    def action_colours(self) -> None:
        """The colours of the hosts on or off."""
        self._restyle(colours=not self._lines.style.colours)
        self._changed()

    @property
    def colours(self) -> bool:
        """Whether the colours of the hosts are shown, where they can be read."""
        return self._lines.style.colours

    @property
    def column(self) -> int:
        """Cells of each line that are left of the window."""
        return self._lines.style.column
