"""Which SSH agent to use: one that came with a terminal leaves with it, so the newest that still lives counts.

And which variables of our own environment are nobody's business.
"""

from __future__ import annotations

import os
import stat

from runners.controller.own_environment import forget
from runners.model.plan import Plan
from runners.model.secrets import SourceKind


class Agents:
    """Sockets of SSH agents that clients offered, newest last."""

    def __init__(self) -> None:
        self._offered: list[str] = []

    def offer(self, path: str) -> bool:
        """Remember a client's ``SSH_AUTH_SOCK``; whether another agent counts now."""
        before = self.current()
        if path in self._offered:
            self._offered.remove(path)
        self._offered.append(path)
        del self._offered[:-20]
        return self.current() != before

    def newest(self) -> str | None:
        """As ``current``, else the newest that was offered, though it is gone: whoever asks it can say so."""
        return self.current() or (self._offered[-1] if self._offered else None)

    def current(self) -> str | None:
        """The newest socket that is still there and ours; None when there is none."""
        for path in reversed(self._offered):
            try:
                found = os.stat(path)
            except (OSError, ValueError):
                continue
            if stat.S_ISSOCK(found.st_mode) and found.st_uid == os.getuid():
                return path
        return None


def forget_variables(plan: Plan) -> None:
    """Whoever started us may have had the variable set that holds a secret: it is nobody's to inherit or to read."""
    for source in plan.secrets.values():
        if source.kind is SourceKind.ENV:
            forget(source.variable)
