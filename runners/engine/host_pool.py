"""All hosts of all runs: one link per distinct host record, the cap over them, and who waits for which."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping

from runners.engine.host_around import Around
from runners.engine.host_hops import Hops
from runners.engine.host_link import HostLink
from runners.engine.host_slots import HostSlots
from runners.engine.limits import Limits
from runners.engine.logs import Logs
from runners.engine.readings import Readings
from runners.engine.tell import TellNews
from runners.engine.timers import Timers
from runners.model.api import HostStatus
from runners.model.holds import Hold
from runners.model.inventory import Host
from runners.ports.clock import Clock
from runners.ports.transport import Transport

_Record = tuple[object, ...]


class HostPool:
    """Links by host record: the same name with another address or user is another link."""

    def __init__(
        self,
        *,
        transport: Transport,
        clock: Clock,
        timers: Timers,
        dice: Callable[[], float],
        limits: Limits,
        logs: Logs,
        tell: TellNews,
        changed: Callable[[], None],
        watched: Callable[[], Collection[str]],
        readings: Readings,
    ) -> None:
        self._links: dict[_Record, HostLink] = {}
        self._around = Around(
            transport=transport,
            clock=clock,
            timers=timers,
            dice=dice,
            limits=limits,
            slots=HostSlots(limits.hosts, wanted=self._make_room),
            logs=logs,
            tell=tell,
            changed=changed,
            watched=watched,
            readings=readings,
            hops=Hops(clock=clock, timers=timers, dice=dice, limits=limits),
        )

    def link(self, host: Host) -> HostLink:
        """The link of a host; made, not yet connected, when it is first asked for."""
        own = (host.name, host.address, host.port, host.user, host.identity)
        record = (*own, host.known_hosts, host.ssh_config, host.via)
        found = self._links.get(record)
        if found is None:
            found = HostLink(host, self._around)
            self._links[record] = found
        return found

    def trusted(self, names: Iterable[str]) -> None:
        """The keys of these hosts were recorded: look again now."""
        wanted = set(names)
        for link in self._links.values():
            if link.host.name in wanted:
                link.look_again()

    def look_again(self) -> None:
        """Credentials came: every host that failed is tried now."""
        for link in self._links.values():
            link.look_again()

    def logins_moved(self) -> None:
        """Something was asked, answered, or is over: every host that waits for a login looks what became of it."""
        for link in self.waiting_for_login():
            link.look_again()

    def waiting_for_login(self, name: str = "") -> list[HostLink]:
        """Hosts that wait for a person's login; with ``name`` those of that name, or whose way goes through it."""
        waiting = [link for link in self._links.values() if link.login]
        return [link for link in waiting if not name or name in (link.host.name, link.login)]

    def secrets_known(self, run: str, secrets: Mapping[str, str]) -> None:
        """What waited for the secrets of a run goes on, on every host."""
        for link in self._links.values():
            link.secrets_known(run, secrets)

    def statuses(self, run_names: Callable[[str], str]) -> tuple[HostStatus, ...]:
        """Every host that was used since the controller started, by name."""
        found = (link.status(run_names) for link in self._links.values())
        return tuple(sorted(found, key=lambda status: (status.name, status.address)))

    def holds(self) -> dict[str, dict[str, Hold]]:
        """Why attempts wait for hosts: by run uid, by job run."""
        by_run: dict[str, dict[str, Hold]] = {}
        for link in self._links.values():
            for (run, job_run), hold in link.holds().items():
                by_run.setdefault(run, {})[job_run] = hold
        return by_run

    async def close(self) -> None:
        """End every session; jobs on hosts run on."""
        await asyncio.gather(*(link.close() for link in self._links.values()))

    def _make_room(self) -> None:
        for link in self._links.values():
            link.make_room()
