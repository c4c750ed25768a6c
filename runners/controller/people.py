"""Whether somebody is at a terminal: hosts that take a password ask for it only then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HEADER = "onduty-person"
"""Set by clients with a terminal."""
STAYS_S = 60.0
"""Who typed a command is there for this long."""


class People:
    """Clients with a terminal, as they come and go."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._attending = 0
        self._seen_s: float | None = None

    def seen(self) -> None:
        """Somebody typed something."""
        self._seen_s = self._now()

    @contextmanager
    def attend(self) -> Iterator[None]:
        """Somebody follows something while this is open."""
        self._attending += 1
        try:
            yield
        finally:
            self._attending -= 1
            self.seen()

    def there(self) -> bool:
        """Whether anybody is there now."""
        return bool(self._attending) or (self._seen_s is not None and self._now() - self._seen_s < STAYS_S)
