"""The seam to the places that secrets come from, as far as the controller reads them itself."""

from __future__ import annotations

from typing import Protocol

from runners.model.secrets import SecretSource


class SecretUnreadable(Exception):
    """A source gave no value that can be used. The message says why and holds nothing of what was read."""


class SecretUnfit(SecretUnreadable):
    """It was read, and is none: too short, too long, not UTF-8."""


class SecretSources(Protocol):
    """Reads files and commands."""

    async def read(self, source: SecretSource) -> str:
        """The value now. Raises ``SecretUnreadable``; ``ValueError`` for a source that a client has to read."""
        ...
