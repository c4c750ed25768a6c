"""Who has a bar that is typed into: while it is, every key and every paste is the bar's."""

from __future__ import annotations

from textual import events

from tui.widgets.log_bar import LogBar, Typed


class BarKeys:
    """A subclass does what typing changed."""

    _bar: LogBar

    def _typed(self, typed: Typed) -> None:
        raise NotImplementedError

    def takes_key(self, event: events.Key) -> bool:
        """While the bar is typed into every key is its own, but the one that leaves for the shell; False: it is not."""
        if not self._bar.typing or event.key == "ctrl+z":
            return False
        self._typed(self._bar.takes(event))
        return True

    def takes_paste(self, text: str) -> bool:
        """The first line of what is pasted into the bar; False: it is not typed into."""
        if not self._bar.typing:
            return False
        self._typed(self._bar.pastes(text))
        return True
