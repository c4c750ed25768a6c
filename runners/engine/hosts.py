"""Hosts as they are now: their connections, how they are doing, and a look at those that no run is on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext

from runners.engine.host_checks import HostChecks
from runners.engine.host_pool import HostPool
from runners.engine.readings import Readings
from runners.engine.run_cache import RunCache
from runners.engine.status_report import StatusReport
from runners.model import api
from runners.model.errors import NotFound
from runners.model.host_check import HostCheck
from runners.model.inventory import Host
from runners.model.metrics import HostReading
from runners.model.phases import RUN_ENDED
from runners.model.state import RunState
from runners.ports.transport import Transport


class Hosts:
    """What people see and say of hosts."""

    def __init__(
        self,
        transport: Transport,
        pool: HostPool,
        runs: RunCache,
        *,
        readings: Readings,
        report: StatusReport,
        checked_at_once: int,
    ) -> None:
        self._transport = transport
        self._pool = pool
        self._runs = runs
        self._readings = readings
        self._report = report
        self._checked_at_once = checked_at_once

    def statuses(self) -> tuple[api.HostStatus, ...]:
        """Connections as they are."""
        return self._report.hosts()

    async def readings(self, uid: str, host: str) -> tuple[HostReading, ...]:
        """How a host was while this run was on it, oldest first. Raises ``NotFound`` and ``OSError``."""
        _host_of(await self._runs.get(uid), host)
        return await self._readings.of(uid, host)

    async def follow(
        self, uid: str, host: str, sign_of_life_s: float
    ) -> AsyncGenerator[tuple[HostReading, ...] | None, None]:
        """As ``readings``, then each one as it comes, None as a sign of life.

        While this is open the host is connected and looked at often, if the run goes on and something of it was there:
        nobody is logged in to a host for having been on a screen. Raises as ``readings`` does.
        """
        with self._looked_at(await self._runs.get(uid), host):
            async with aclosing(self._readings.follow(uid, host, sign_of_life_s)) as found:
                async for readings in found:
                    yield readings

    async def check(self, hosts: Sequence[Host], sign_of_life_s: float) -> AsyncIterator[HostCheck | None]:
        """Look at each of these hosts over a connection of its own; each one as it comes, None as a sign of life."""
        checks = HostChecks(
            self._transport, most_at_once=self._checked_at_once, is_ours=lambda uid: uid in self._runs.live
        )
        async with aclosing(checks.of(hosts, sign_of_life_s)) as found:
            async for check in found:
                yield check

    # ----- what may open the way to one

    def trusted(self, names: Iterable[str]) -> None:
        """Keys of these hosts were recorded: connect now."""
        self._pool.trusted(names)

    def credentials_changed(self) -> None:
        """An SSH agent came: try the hosts that refused us."""
        self._pool.look_again()

    def agent_offered(self) -> None:
        """Somebody came along with the agent that we know: logins that wait look what it holds now."""
        self._pool.logins_moved()

    def _looked_at(self, state: RunState, name: str) -> AbstractContextManager[None]:
        host = _host_of(state, name)
        runs = (run for stage in state.stages for job in stage.jobs for run in job.runs)
        begun = any(run.attempts for run in runs if run.host == name)
        goes_on = begun and state.phase not in RUN_ENDED
        return self._pool.link(host).looked_at(state.uid) if goes_on else nullcontext()


def _host_of(state: RunState, name: str) -> Host:
    found = state.plan.hosts.get(name)
    if found is None:
        raise NotFound(f"{state.name} has no host {name[:200]!r}", hint=f"onduty show {state.name}")
    return found
