"""One transport for all hosts: the controller's own machine without SSH, everything else with it."""

from __future__ import annotations

from runners.model.inventory import Host
from runners.ports.logins import Logins
from runners.ports.transport import HostInspection, HostSession, SessionSink, Transport


class RoutingTransport:
    """Implements ``Transport`` by asking the one that fits."""

    def __init__(self, *, local: Transport, remote: Transport) -> None:
        self._local = local
        self._remote = remote

    @property
    def logins(self) -> Logins:
        """Only a host that is elsewhere asks."""
        return self._remote.logins

    async def connect(self, host: Host, sink: SessionSink) -> HostSession:
        """As ``Transport.connect``."""
        transport = self._local if host.is_here else self._remote
        return await transport.connect(host, sink)

    async def inspect(self, host: Host) -> HostInspection:
        """As ``Transport.inspect``."""
        return await (self._local if host.is_here else self._remote).inspect(host)
