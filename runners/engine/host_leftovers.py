"""What is to be removed on one host: files of executions that were put away, work folders of runs that ended."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from runners.model.errors import HostRefused, SessionLost, SudoRefused
from runners.ports.transport import HostSession

log = logging.getLogger("onduty.engine")


class Leftovers:
    """Collected until there is a session. Nothing depends on it: what stays is collected by the host in time."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        """Whose they are: as ``ExecutionRequest.sudo``."""
        self._workdirs: dict[str, tuple[str, ...]] = {}
        """Who shares them."""

    def __bool__(self) -> bool:
        return bool(self._keys or self._workdirs)

    def add_key(self, key: str, user: str) -> None:
        """The files of an execution."""
        self._keys[key] = user

    def add_workdirs(self, workdirs: Sequence[str], sharers: Sequence[str]) -> None:
        """Work folders."""
        self._workdirs.update((workdir, tuple(sharers)) for workdir in workdirs)

    def clear(self) -> None:
        """Give all of it up."""
        self._keys.clear()
        self._workdirs.clear()

    def take(self) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
        """All of it, for ``remove``."""
        taken = dict(self._keys), dict(self._workdirs)
        self.clear()
        return taken

    async def remove(self, session: HostSession, keys: dict[str, str], workdirs: dict[str, tuple[str, ...]]) -> None:
        """Remove what was taken; after a loss of the session it is here again."""
        try:
            for user in dict.fromkeys(keys.values()):
                try:
                    await (await session.under(user)).remove([key for key, whose in keys.items() if whose == user])
                except (HostRefused, SudoRefused) as refused:
                    log.warning("files of executions stay: %s", refused.message)
            for sharers in dict.fromkeys(workdirs.values()):
                await session.remove_workdirs([name for name, who in workdirs.items() if who == sharers], sharers)
        except SessionLost:
            self._keys.update(keys)
            self._workdirs.update(workdirs)
            raise
