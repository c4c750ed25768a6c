"""What a log pane is given to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tui.view.log_document import LineAt
from tui.view.rows import Span
from tui.view.safe_text import SafeText, own
from tui.widgets.log_lines import LogPart

_EMPTY = own("Nothing has run here yet.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogView:
    """One attempt of one job run."""

    id: str
    """Another id is another log: the pane starts anew. The same id brings news of the one that is shown."""
    name: SafeText
    """``release@web3``."""
    file_stem: str = "log"
    """Name of a file it is saved to, without what no name may hold being taken out yet."""
    details: tuple[SafeText, ...] = ()
    """``restart``, ``attempt 1``."""
    parts: tuple[LogPart, ...] = ()
    first_bad: LineAt | None = None
    """Index of the part and line in it; None: no line is to blame."""
    said: tuple[Span, ...] = ()
    """In the title instead of following or paused: ``no word for 46s`` in ``unk``."""
    today: date | None = None
    """Executions of another day say which; None: no day is ever shown."""
    empty: SafeText = _EMPTY
    """The sentence of a log without executions; it says what to do."""

    @property
    def live(self) -> bool:
        """More lines may come."""
        return any(part.section.live for part in self.parts)
