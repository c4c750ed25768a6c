"""The keys that move, the same on every screen: a row, a page or half of one, to the first row, to the last."""

from __future__ import annotations

FAR = 10**9
"""More rows than anything has."""


class Moving:
    """What a screen says is moved, and by how much."""

    key: str
    """The key that is pressed now: page-up and page-down move by twice what ctrl-u and ctrl-d do."""

    def move_rows(self, by: int) -> None:
        """Choose another row, or scroll; down when ``by`` is positive, never past the ends."""
        raise NotImplementedError

    def page_rows(self) -> int:
        """Rows that are in view of what is moved."""
        raise NotImplementedError

    def move_pages(self, by: float) -> None:
        """As ``move_rows``, by pages."""
        rows = max(1, int(abs(by) * self.page_rows()))
        self.move_rows(rows if by > 0 else -rows)

    def do_up(self) -> None:
        """One row up."""
        self.move_rows(-1)

    def do_down(self) -> None:
        """One row down."""
        self.move_rows(1)

    def do_top(self) -> None:
        """The first row."""
        self.move_rows(-FAR)

    def do_bottom(self) -> None:
        """The last row."""
        self.move_rows(FAR)

    def do_half_page_up(self) -> None:
        """Half a page up, with page-up a whole one."""
        self.move_pages(-self._share())

    def do_half_page_down(self) -> None:
        """Half a page down, with page-down a whole one."""
        self.move_pages(self._share())

    def _share(self) -> float:
        return 1.0 if self.key.startswith("page") else 0.5
