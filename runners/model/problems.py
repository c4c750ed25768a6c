"""One thing wrong in a text that a person wrote."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A sentence with its place. All problems of a text are reported at once, in the order of the text."""

    file: str
    line: int
    """From 1."""
    column: int
    """From 1."""
    path: str
    """Key path such as ``stages[0].jobs.release.retrys``; empty for the whole file."""
    text: str
    """``unknown key, did you mean "retry"?``"""
    warning: bool = False
    """A warning refuses nothing."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}  {self.path}: {self.text}" if self.path else f"{where}  {self.text}"
