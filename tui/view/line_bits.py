"""Sets of line numbers of one log, one bit a line in pieces of 4096: flat, whatever the log says.

``LineBits`` is what a search found so far. ``ShownLines`` is what a filter makes of it: turned round, with lines of
context, and with a row of its own between groups that do not touch. Rows and lines are found in either direction by
counting bits; 10 million lines cost 1.3 MB and a page of them microseconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

PIECE_LINES = 4096
_ALL = (1 << PIECE_LINES) - 1


class LineBits:
    """Lines of one log that matched. Pieces are searched in any order; a thread sets, the screen reads."""

    def __init__(self) -> None:
        self._bits: list[int] = []
        self._known: list[int] = []
        self._changed: deque[int] = deque()
        self._full = 0
        """All pieces before this one are known whole."""
        self.count = 0
        """Lines that matched."""

    @property
    def pieces(self) -> int:
        """Pieces that were ever set or passed over."""
        return len(self._bits)

    def known(self, piece: int) -> int:
        """How many lines of a piece were searched, from its start on."""
        return self._known[piece] if piece < len(self._known) else 0

    def bits(self, piece: int) -> int:
        """Matches of a piece; bit 0 is its first line."""
        return self._bits[piece] if piece < len(self._bits) else 0

    def put(self, piece: int, bits: int, known: int) -> None:
        """``known`` lines from the start of the piece were searched."""
        while len(self._bits) <= piece:
            self._known.append(0)
            self._bits.append(0)
        self.count += bits.bit_count() - self._bits[piece].bit_count()
        self._bits[piece], self._known[piece] = bits, known
        self._changed.append(piece)

    @property
    def has_changed(self) -> bool:
        """Pieces were set since ``take_changed`` was asked last."""
        return bool(self._changed)

    def take_changed(self) -> set[int]:
        """Pieces that were set since this was asked last; by one asker."""
        changed: set[int] = set()
        while self._changed:
            changed.add(self._changed.popleft())
        return changed

    def has(self, line: int) -> bool:
        """Whether the line matched."""
        piece, bit = divmod(line, PIECE_LINES)
        return bool(self.bits(piece) >> bit & 1)

    def rank(self, line: int) -> int:
        """Matches above ``line``."""
        piece, bit = divmod(line, PIECE_LINES)
        whole = sum(one.bit_count() for one in self._bits[:piece])
        return whole + (self.bits(piece) & ((1 << bit) - 1)).bit_count()

    def complete(self, lines: int) -> bool:
        """Whether all of ``lines`` lines were searched."""
        return self.unknown_from(0, lines) is None

    def unknown_from(self, piece: int, lines: int) -> int | None:
        """The first piece from ``piece`` on that has lines nobody searched; None when there is none."""
        last = (lines + PIECE_LINES - 1) // PIECE_LINES
        while self.known(self._full) == PIECE_LINES:
            self._full += 1
        for one in range(max(piece, self._full), last):
            if self.known(one) < min(PIECE_LINES, lines - one * PIECE_LINES):
                return one
        return None


class ShownLines:
    """The lines of one log that a filter leaves, as rows."""

    def __init__(self, found: LineBits, *, inverted: bool = False, context: int = 0) -> None:
        """``context``: lines shown above and below each, less than a piece; with it groups have a row between them."""
        self._found = found
        self._inverted = inverted
        self._context = context
        self._size = 0
        self._shown: list[int] = []
        self._starts: list[int] = []
        """First lines of groups but the very first: each has the row of a gap above it. Empty without context."""
        self._rows_before: list[int] = [0]
        self._matched = 0

    @property
    def rows(self) -> int:
        """Rows, gaps included."""
        return self._rows_before[-1]

    @property
    def matched(self) -> int:
        """Lines that are meant, without their context."""
        return self._matched

    def update(self, size: int, changed: set[int]) -> bool:
        """Take over what was found in these pieces of a log that has ``size`` lines now; True when rows changed."""
        changed = set(changed)
        if size != self._size:
            old = self._size // PIECE_LINES
            changed.update(range(old, (size + PIECE_LINES - 1) // PIECE_LINES))
            self._size = size
        if not changed:
            return False
        for piece in list(changed) if self._context else ():
            changed.update((piece - 1, piece + 1))
        last = (size + PIECE_LINES - 1) // PIECE_LINES
        first = max(0, min(changed))
        while len(self._shown) < last:
            self._shown.append(0)
            self._starts.append(0)
            self._rows_before.append(self._rows_before[-1])
        for piece in sorted(one for one in changed if 0 <= one < last):
            self._shown[piece] = self._piece(piece)
        self._count(first, last)
        return True

    def _meant(self, piece: int) -> int:
        if piece < 0:
            return 0
        bits = self._found.bits(piece)
        return (~bits & ((1 << self._found.known(piece)) - 1)) if self._inverted else bits

    def _piece(self, piece: int) -> int:
        context = self._context
        bits = self._meant(piece)
        if not context:
            return bits
        low = self._meant(piece - 1) >> (PIECE_LINES - context)
        wide = low | bits << context | (self._meant(piece + 1) & ((1 << context) - 1)) << (context + PIECE_LINES)
        # Bit n of ``wide`` is line n - context; each step doubles how far a bit reaches.
        reach, spread = 0, wide
        while reach < 2 * context:
            step = min(max(1, reach), 2 * context - reach)
            spread |= spread >> step
            reach += step
        # Now bit n stands for lines n - context … n + context.
        valid = min(PIECE_LINES, self._size - piece * PIECE_LINES)
        return spread & ((1 << valid) - 1)

    def _count(self, first: int, last: int) -> None:
        rows = self._rows_before[first]
        any_before = rows > 0
        for piece in range(first, last):
            shown = self._shown[piece]
            starts = 0
            if self._context and shown:
                carry = self._shown[piece - 1] >> (PIECE_LINES - 1) if piece else 0
                starts = shown & ~(shown << 1 | carry) & _ALL
                if not any_before and starts:
                    starts &= starts - 1
            self._starts[piece] = starts
            rows += shown.bit_count() + starts.bit_count()
            any_before = any_before or shown != 0
            self._rows_before[piece + 1] = rows
        found = self._found
        if self._inverted:
            self._matched = sum(found.known(piece) for piece in range(found.pieces)) - found.count
        else:
            self._matched = found.count

    def has(self, line: int) -> bool:
        """Whether the line is shown."""
        piece, bit = divmod(line, PIECE_LINES)
        return 0 <= piece < len(self._shown) and bool(self._shown[piece] >> bit & 1)

    def common(self, found: LineBits, end: int | None = None) -> int:
        """How many lines of ``found`` are shown; those above ``end`` when it is given."""
        pieces = len(self._shown) if end is None else min(len(self._shown), end // PIECE_LINES)
        count = sum((self._shown[piece] & found.bits(piece)).bit_count() for piece in range(pieces))
        if end is not None and pieces < len(self._shown):
            below = (1 << end % PIECE_LINES) - 1
            count += (self._shown[pieces] & found.bits(pieces) & below).bit_count()
        return count

    def row_of(self, line: int) -> int:
        """The row of a line; of one that is not shown the row of the next one, ``rows`` behind the last."""
        piece, bit = divmod(max(0, line), PIECE_LINES)
        if piece >= len(self._shown):
            return self.rows
        below = (1 << bit) - 1
        shown, starts = self._shown[piece], self._starts[piece]
        row = self._rows_before[piece] + (shown & below).bit_count() + (starts & below).bit_count()
        following = self.next(line)
        # The row of the gap stands above its line.
        return row + (following is not None and self._is_start(following))

    def places(self, first: int, count: int) -> list[int | None]:
        """Lines of at most ``count`` rows from row ``first`` on; None is the row of a gap."""
        found: list[int | None] = []
        row = max(0, first)
        end = min(row + count, self.rows)
        if row >= end:
            return []
        piece = bisect_right(self._rows_before, row) - 1
        bit = self._bit_of(piece, row - self._rows_before[piece])
        line: int | None = piece * PIECE_LINES + bit
        if line is not None and self._is_start(line) and self.row_of(line) == row + 1:
            found.append(None)
        elif line is not None:
            found.append(line)
            line = self.next(line + 1)
        first_of_page = bool(found) and found[0] is None
        while line is not None and len(found) < end - row:
            if self._is_start(line) and not first_of_page:
                found.append(None)
                if len(found) >= end - row:
                    break
            first_of_page = False
            found.append(line)
            line = self.next(line + 1)
        return found

    def next(self, line: int) -> int | None:
        """The first shown line from ``line`` on."""
        piece, bit = divmod(max(0, line), PIECE_LINES)
        while piece < len(self._shown):
            rest = self._shown[piece] >> bit
            if rest:
                return piece * PIECE_LINES + bit + (rest & -rest).bit_length() - 1
            if piece + 1 < len(self._rows_before) and self._rows_before[piece + 1] == self.rows:
                return None
            piece, bit = self._next_piece(piece), 0
        return None

    def previous(self, line: int) -> int | None:
        """The last shown line up to ``line``."""
        if line < 0:
            return None
        piece, bit = divmod(line, PIECE_LINES)
        if piece >= len(self._shown):
            piece, bit = len(self._shown) - 1, PIECE_LINES - 1
        while piece >= 0:
            rest = self._shown[piece] & ((2 << bit) - 1)
            if rest:
                return piece * PIECE_LINES + rest.bit_length() - 1
            if not self._rows_before[piece]:
                return None
            piece, bit = bisect_right(self._rows_before, self._rows_before[piece] - 1) - 1, PIECE_LINES - 1
        return None

    def _next_piece(self, piece: int) -> int:
        """The piece after this one that has rows: the last one where as many rows lie before as behind this one."""
        return bisect_right(self._rows_before, self._rows_before[piece + 1]) - 1

    def _is_start(self, line: int) -> bool:
        piece, bit = divmod(line, PIECE_LINES)
        return bool(self._starts[piece] >> bit & 1)

    def _bit_of(self, piece: int, within: int) -> int:
        """The line of the piece that takes up row ``within`` of it, itself or the gap above it."""
        shown, starts = self._shown[piece], self._starts[piece]
        low, high = 0, PIECE_LINES
        while low < high:
            middle = (low + high) // 2
            below = (2 << middle) - 1
            if (shown & below).bit_count() + (starts & below).bit_count() > within:
                high = middle
            else:
                low = middle + 1
        return low
