"""Keep secrets out of a stream of bytes, whatever pieces it comes in.

Every byte of every occurrence of every form is replaced; bytes that belong together become one marker that names the
secret. What is written depends on the bytes alone, never on where they were cut into pieces: the end of what came is
held back while it may be the beginning of a form, at most as long as the longest form.

A stream can be taken up again after any piece. The bytes that were held back are read again, and ``context_bytes``
before them, which tell whether the first of them belongs to something that was masked already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import re2

from runners.streams.secret_forms import Form, forms_of

_PREFIX_BYTES = 8
"""So much of each form is looked for everywhere; the rest is compared where that was found."""
_BLOCK_BYTES = 16 * 1024
_LONGEST_BREAK = b"\r\n"
_SHORT_TAIL_BYTES = _PREFIX_BYTES * (1 + len(_LONGEST_BREAK))


def marker(name: str) -> bytes:
    """What stands in place of a secret."""
    return f"[secret {name}]".encode()


class _Found(NamedTuple):
    start: int
    end: int
    name: str


class Mask:
    """Everything to look for in the output of one run. Immutable; holds the values, so it shows nothing of itself."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        """``values``: by the secret's name, every value it ever had in the run."""
        names: dict[Form, str] = {}
        for name, known in values.items():
            for value in known:
                for form in forms_of(value):
                    names.setdefault(form, name)
        # What is found as it stands needs no look past line breaks.
        self._names = names
        self._plain = [form.text for form in names if not form.breaks]
        self._broken = [form.text for form in names if form.breaks]
        self._by_first: dict[int, list[Form]] = {}
        for form in names:
            self._by_first.setdefault(form.text[0], []).append(form)
        self._prefixes: Any = None
        if names:
            options = re2.Options()
            options.encoding = re2.Options.Encoding.LATIN1
            options.log_errors = False
            self._prefixes = re2.compile(b"|".join(sorted({_prefix(form) for form in names})), options=options)
        self.context_bytes = max((_longest(form) for form in names), default=0)
        """How much before a place can say something about it."""

    def __repr__(self) -> str:
        return f"Mask({sorted(set(self._names.values()))})"

    def masker(self, *, already: int = 0) -> Masker:
        """For one stream. ``already``: bytes at its start that were written before; they are context alone."""
        return Masker(self, already=already)

    def whole(self, data: bytes) -> bytes:
        """Masked, nothing held back."""
        masker = self.masker()
        return masker.feed(data) + masker.end()

    def text(self, text: str) -> str:
        """Masked, as text."""
        if self._prefixes is None:
            return text
        raw = text.encode("utf-8", "surrogatepass")
        masked = self.whole(raw)
        return text if masked == raw else masked.decode("utf-8", "replace")

    def suspicious(self, data: bytes, start: int = 0) -> int:
        """Where the next form may begin; -1 when nowhere."""
        if self._prefixes is None:
            return -1
        found = self._prefixes.search(data, start)
        return -1 if found is None else int(found.start())

    def occurrences(self, data: bytes, first: int) -> list[_Found]:
        """Every whole form in ``data``, by its start, longer ones first. ``first``: from ``suspicious``."""
        found: list[_Found] = []
        at = first
        while at >= 0:
            until = min(at + _BLOCK_BYTES, len(data))
            self._in_block(data, at, until, found)
            at = self.suspicious(data, until) if until < len(data) else -1
        found.sort(key=lambda one: (one.start, -one.end))
        return found

    def _in_block(self, data: bytes, start: int, until: int, found: list[_Found]) -> None:
        """Add the forms that begin in ``data[start:until]``."""
        for text in self._plain:
            name, end = self._names[Form(text, False)], until + len(text) - 1
            at = data.find(text, start, end)
            while at >= 0:
                found.append(_Found(at, at + len(text), name))
                at = data.find(text, at + 1, end)
        if not self._broken:
            return
        block = data[start : until + self.context_bytes]
        # Without line breaks, and where each byte of it stood.
        even = block.translate(None, _LONGEST_BREAK)
        places = None
        for text in self._broken:
            at = even.find(text)
            while at >= 0:
                if places is None:
                    places = [index for index, byte in enumerate(block) if byte not in _LONGEST_BREAK]
                begin, last = places[at], places[at + len(text) - 1]
                if start + begin < until and _is_unbroken(block[begin : last + 1]):
                    found.append(_Found(start + begin, start + last + 1, self._names[Form(text, True)]))
                at = even.find(text, at + 1)

    def unfinished(self, data: bytes, first: int) -> int:
        """Where the first form begins that the end of ``data`` may be the start of; its length when none does.

        ``first``: from ``suspicious``.
        """
        earliest = max(0, len(data) - self.context_bytes + 1)
        short = max(earliest, len(data) - _SHORT_TAIL_BYTES)
        at = first if first < 0 or first >= earliest else self.suspicious(data, earliest)
        while 0 <= at < short:
            if self._may_begin(data, at):
                return at
            at = self.suspicious(data, at + 1)
        return next((at for at in range(short, len(data)) if self._may_begin(data, at)), len(data))

    def _may_begin(self, data: bytes, at: int) -> bool:
        forms = self._by_first.get(data[at])
        if forms is None:
            return False
        rest = data[at:]
        even = rest.translate(None, _LONGEST_BREAK)
        unbroken = _is_unbroken(rest)
        for form in forms:
            if form.breaks:
                if unbroken and len(even) < len(form.text) and form.text.startswith(even):
                    return True
            elif len(rest) < len(form.text) and form.text.startswith(rest):
                return True
        return False


class Masker:
    """The mask of one stream: bytes in, bytes out, in order."""

    def __init__(self, mask: Mask, *, already: int = 0) -> None:
        self._mask = mask
        self._held = b""
        self._covered = 0
        """Of ``_held``, bytes at the start that belong to something masked already."""
        self._inside = False
        """The byte before ``_held`` was masked."""
        self._already = already

    @property
    def held_bytes(self) -> int:
        """Bytes at the end of what came that are not written yet."""
        return len(self._held)

    def feed(self, data: bytes) -> bytes:
        """Take the bytes that follow; what can be written now."""
        whole = self._held + data if self._held else data
        first = self._mask.suspicious(whole)
        found = self._mask.occurrences(whole, first) if first >= 0 else []
        return self._release(whole, self._mask.unfinished(whole, first), found)

    def end(self) -> bytes:
        """Nothing follows: what was held back."""
        first = self._mask.suspicious(self._held)
        found = self._mask.occurrences(self._held, first) if first >= 0 else []
        return self._release(self._held, len(self._held), found)

    def copy(self) -> Masker:
        """One that goes on from here, too."""
        other = Masker(self._mask, already=self._already)
        other._held, other._covered, other._inside = self._held, self._covered, self._inside
        return other

    def _release(self, whole: bytes, until: int, found: list[_Found]) -> bytes:
        if self._already:
            silent = min(self._already, until)
            self._written(whole, silent, found)
            self._already -= silent
            whole, until = whole[silent:], until - silent
            found = [_Found(one.start - silent, one.end - silent, one.name) for one in found if one.start >= silent]
        out = self._written(whole, until, found)
        self._held = whole[until:]
        return out

    def _written(self, whole: bytes, until: int, found: list[_Found]) -> bytes:
        """``whole[:until]`` as it is written, and what is known about the place after it."""
        if not found and not self._covered:
            if until:
                self._inside = False
            return whole if until == len(whole) else whole[:until]
        out: list[bytes] = []
        done, inside = self._covered, self._inside
        for one in found:
            if one.start >= until:
                break
            if one.start > done:
                out.append(whole[done : one.start])
                inside = False
            if not inside:
                out.append(marker(one.name))
                inside = True
            done = max(done, one.end)
        if done < until:
            out.append(whole[done:until])
            inside = False
        self._covered = max(0, done - until)
        self._inside = inside
        return b"".join(out)


def _prefix(form: Form) -> bytes:
    head = [re2.escape(bytes([byte])) for byte in form.text[:_PREFIX_BYTES]]
    return (b"(?:\\r?\\n)?" if form.breaks else b"").join(head)


def _longest(form: Form) -> int:
    return len(form.text) + (len(form.text) - 1) * len(_LONGEST_BREAK) if form.breaks else len(form.text)


def _is_unbroken(data: bytes) -> bool:
    """Whether all line breaks in it are single ones: an empty line ends every form."""
    if b"\n" not in data and b"\r" not in data:
        return True
    plain = data.replace(b"\r\n", b"\n")
    # A carriage return at the very end may be the first half of a line break.
    return b"\n\n" not in plain and b"\r" not in plain[:-1]
