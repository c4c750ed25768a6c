"""One answer of ``ssh -G`` for many hosts, where the configuration provably says the same for all of them.

Asking costs 6 to 8 ms of processor time a host, a third of what the controller needs for a cold ``echo`` there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from runners.adapters.ssh_config_scan import ConfigScan
from runners.model.inventory import Host

Printed = Mapping[str, list[str]]
"""Keys in lower case and their values, in order."""

_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
"""``ssh -G`` prints such a name as it is."""


@dataclass(slots=True)
class _Template:
    scan: ConfigScan
    printed: Printed | None = None
    odd: bool = False
    """What was said of the first host cannot be said of another: each is asked about alone."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class SharedAnswers:
    """Remembers what was said of one host, while the files stay as they were scanned."""

    def __init__(self) -> None:
        self._templates: dict[tuple[object, ...], _Template] = {}

    async def printed(self, scan: ConfigScan, host: Host, ask: Callable[[Host], Awaitable[Printed]]) -> Printed:
        """What ``ask`` would say of ``host``, asked once for all that differ in name, port and user alone."""
        if not scan.uniform or not _PLAIN_NAME.fullmatch(host.target):
            return await ask(host)
        kind = (host.ssh_config, host.identity, host.port is None, host.user is None)
        one = self._templates.get(kind)
        if one is None or one.scan is not scan:
            one = self._templates[kind] = _Template(scan)
        if one.printed is None and not one.odd:
            async with one.turn:
                if one.printed is None and not one.odd:
                    return await self._first(one, host, ask)
        return await ask(host) if one.printed is None else _of(one.printed, host)

    async def _first(self, one: _Template, host: Host, ask: Callable[[Host], Awaitable[Printed]]) -> Printed:
        printed: Printed = {}
        try:
            printed = await ask(host)
        finally:
            # Whatever ssh did with the name, the port or the user is not ours to guess for another host.
            one.odd = not printed or _of(printed, host) != printed
        one.printed = None if one.odd else printed
        return printed


def _of(printed: Printed, host: Host) -> Printed:
    """What was printed for a host, as it is for another one with the same options on the command line."""
    changed = {**printed, "hostname": [host.target]}
    if "host" in printed:
        changed["host"] = [host.target]
    if host.port is not None:
        changed["port"] = [str(host.port)]
    if host.user is not None:
        changed["user"] = [host.user]
    return changed
