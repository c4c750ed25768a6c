"""Where a run's secrets come from. A pipeline, a plan and an event name sources; a value stands in none of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class SourceKind(enum.StrEnum):
    """Who reads the value. The key that stands in the file."""

    FILE = "file"
    """The controller."""
    COMMAND = "command"
    """The controller, without a shell."""
    ENV = "env"
    """The client, from its own environment; the value travels with the request."""
    PROMPT = "prompt"
    """The client, from the person at the terminal."""


BY_CLIENT = frozenset({SourceKind.ENV, SourceKind.PROMPT})
"""Sources whose values are lost when the controller ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """One declared secret."""

    name: str
    kind: SourceKind
    path: str = ""
    """Of ``file``; absolute in a plan."""
    words: tuple[str, ...] = ()
    """Of ``command``: the program and its arguments."""
    folder: str = ""
    """Of ``command``: where it runs; set in a plan."""
    variable: str = ""
    """Of ``env``."""
    text: str = ""
    """Of ``prompt``: what the person is asked."""

    def __str__(self) -> str:
        match self.kind:
            case SourceKind.FILE:
                return f"file {self.path}"
            case SourceKind.COMMAND:
                return f"command {' '.join(self.words)}"
            case SourceKind.ENV:
                return f"environment variable {self.variable}"
            case SourceKind.PROMPT:
                return f"prompt {self.text!r}"
