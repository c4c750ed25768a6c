"""Connections to jump hosts: one for all hosts behind it, open while somebody goes through it.

OpenSSH's ``MaxSessions`` counts shells and not forwarded connections (sshd_config(5)), so one connection serves any
number of hosts, and 200 hosts behind a bastion cost it one login.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from runners.adapters.ssh_config import SshOptions
from runners.adapters.ssh_handshake import Connection
from runners.adapters.ssh_login import on_the_way
from runners.model.errors import OndutyError

Route = tuple[SshOptions, ...]
"""Jump hosts in order; the last one is where the connection leads."""


@dataclass(slots=True, eq=False)
class Bastion:
    """One connection to a jump host, perhaps still on its way, and how many go through it."""

    route: Route
    dialling: asyncio.Task[Connection]
    asks: bool
    """A person is asked where the login needs one."""
    users: int = 0

    @property
    def connection(self) -> Connection:
        """The open connection; only for who waited for it."""
        return self.dialling.result()

    @property
    def is_gone(self) -> bool:
        """It failed, or was lost since."""
        if not self.dialling.done():
            return False
        if self.dialling.cancelled() or self.dialling.exception() is not None:
            return True
        return bool(self.connection.login.lost_cause)


@dataclass(slots=True)
class Bastions:
    """The open connections to jump hosts, by the way to them."""

    dial: Callable[[SshOptions, bool], Coroutine[Any, Any, Connection]]
    """Opens a connection, through the hops of the options; the second says whether a person is asked on the way."""
    _open: dict[Route, Bastion] = field(default_factory=dict)
    _watchers: set[asyncio.Task[None]] = field(default_factory=set)

    async def enter(self, options: SshOptions, asks: bool = False) -> Bastion:
        """The last hop on the way to the host of ``options``; ``leave`` it, or ``keep`` it for a connection.

        Raises what dialling the hop raises, with the host in front. ``asks``: a person is asked where one is needed.
        """
        route = options.hops
        bastion = self._open.get(route)
        if bastion is None or bastion.is_gone or not (bastion.dialling.done() or bastion.asks == asks):
            hop = replace(route[-1], hops=route[:-1], leads_on=True)
            bastion = Bastion(route, asyncio.create_task(self.dial(hop, asks), name=f"jump host {hop.host}"), asks)
            # Who only looks has a connection of its own while somebody is asked for the shared one.
            if asks or route not in self._open or self._open[route].is_gone:
                self._open[route] = bastion
        bastion.users += 1
        try:
            # Others may wait for the same connection: who gives up takes it away from nobody.
            await asyncio.shield(bastion.dialling)
        except OndutyError as problem:
            self.leave(bastion)
            raise on_the_way(options, problem) from None
        except BaseException:
            self.leave(bastion)
            raise
        return bastion

    def keep(self, bastion: Bastion, connection: Connection) -> None:
        """Leave the hop once ``connection``, which goes through it, has ended."""

        async def until_it_ends() -> None:
            try:
                await connection.ssh.wait_closed()
            finally:
                self.leave(bastion)

        watcher = asyncio.create_task(until_it_ends(), name=f"behind {bastion.route[-1].host}")
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    def leave(self, bastion: Bastion) -> None:
        """One less goes through it; the last one closes it."""
        bastion.users -= 1
        if bastion.users:
            return
        if self._open.get(bastion.route) is bastion:
            del self._open[bastion.route]
        if not bastion.dialling.done():
            bastion.dialling.cancel()
        elif not bastion.dialling.cancelled() and bastion.dialling.exception() is None:
            bastion.connection.ssh.close()
