"""Open one authenticated SSH connection, within a host's limits, or say exactly why there is none.

Handshakes are capped per destination address, because sshd drops new connections at random beyond ``MaxStartups``
(10:30:100, sshd_config(5)); a connection that was closed before the host greeted is tried again with jitter.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from asyncssh.public_key import SSHKey

from runners.adapters.known_hosts import HostRecord, KnownHosts
from runners.adapters.ssh_address import Address, addresses_of, open_tcp, tcp_cause
from runners.adapters.ssh_algorithms import choose_algorithms, key_families
from runners.adapters.ssh_asking import Patience
from runners.adapters.ssh_bastions import Bastions
from runners.adapters.ssh_config import SshOptions
from runners.adapters.ssh_handshake import ClosedEarly, Connection, Way, log_in
from runners.adapters.ssh_identities import AgentsSeen, Identities
from runners.adapters.ssh_identity_files import IdentityFiles
from runners.adapters.ssh_login import KeyIsLocked, Login, reason, unreachable
from runners.adapters.ssh_proxy import ProxyProcess, proxy_error
from runners.adapters.ssh_questions import Asker, Desk
from runners.model.errors import AuthFailed, HostKeyChanged, HostRefused, HostUnreachable, LoginNeeded, OndutyError

log = logging.getLogger("onduty.ssh")

HANDSHAKES_PER_ADDRESS = 8
"""Below sshd's stock ``MaxStartups`` of 10, with room for the person's own ssh."""
FIRST_RETRY_DELAY_S = 0.1
MAX_RETRY_DELAY_S = 2.0

AgentPath = Callable[[], str | None]
"""Where the agent listens now; None or empty: there is none. Asked for every connection."""
T = TypeVar("T")


class _Budget:
    """Seconds that may still be spent on a host. Waiting for our own turn is not the host's doing and costs nothing."""

    def __init__(self, total_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._total_s = total_s
        self._deadline = self._loop.time() + total_s

    def restart(self) -> None:
        """What went before was not the host's doing."""
        self._deadline = self._loop.time() + self._total_s

    def left_s(self) -> float:
        return max(0.0, self._deadline - self._loop.time())

    @contextlib.asynccontextmanager
    async def turn(self, slot: asyncio.Semaphore) -> AsyncIterator[None]:
        waiting_since = self._loop.time()
        async with slot:
            self._deadline += self._loop.time() - waiting_since
            yield


@dataclass(slots=True)
class Dialler:
    """Opens connections; one for the whole process, because the caps are shared."""

    known_hosts: KnownHosts
    agent_path: AgentPath
    person_there: Callable[[], bool] = lambda: True
    """Whether somebody is at a terminal who can be asked for a password."""
    desk: Desk = field(init=False)
    offered: dict[SshOptions, object] = field(default_factory=dict)
    """The outlook of the last login that a person could be asked for."""
    _files: IdentityFiles = field(default_factory=IdentityFiles)
    _agents: AgentsSeen = field(default_factory=AgentsSeen)
    _slots: dict[object, asyncio.Semaphore] = field(default_factory=dict)
    _watchers: set[asyncio.Task[None]] = field(default_factory=set)
    _bastions: Bastions = field(init=False)

    def __post_init__(self) -> None:
        self._bastions = Bastions(self._dial)
        self.desk = Desk(self._unlock, self.person_there)

    async def dial(self, options: SshOptions, *, asks: bool = False) -> Connection:
        """Open a connection, through the hosts on the way to it, log in, and return it.

        Raises ``HostUnreachable``, ``HostKeyUnknown``, ``HostKeyChanged``, ``AuthFailed``, ``LoginNeeded`` or
        ``HostRefused``; nothing was started on the host then. Of a jump host that fails the message says so.
        ``asks``: wait for a person where one is needed, who is told by ``desk``; otherwise nobody is asked.
        """
        return await self._dial(options, asks)

    async def outlook(self, options: SshOptions) -> object:
        """What could be shown to the host now, as ``Identities.outlook``."""
        identities = Identities(options, self.agent_path(), self._files, self._agents)
        try:
            return await identities.look()
        finally:
            identities.close()

    def forget_keys(self) -> int:
        """Forget what passphrases unlocked; how many keys there were."""
        return self._files.forget()

    async def _unlock(self, path: str, passphrase: str) -> bool:
        return await asyncio.to_thread(self._files.unlock, path, passphrase)

    async def _dial(self, options: SshOptions, asks: bool) -> Connection:
        if not asks:
            try:
                return await self._dial_recorded(options, None)
            except KeyIsLocked as locked:
                raise locked.told(options) from None
        with self.desk.asker(options) as asker:
            while True:
                asker.begin()
                try:
                    return await self._dial_recorded(options, asker)
                except KeyIsLocked as locked:
                    await asker.wait_for_key(locked.path, locked.why)
                except (AuthFailed, HostUnreachable, LoginNeeded) as problem:
                    if asker.again:
                        continue
                    if not asker.was_asked:
                        raise
                    # Who mistyped a code, or came after the host had hung up, is asked again and loses nothing.
                    log.info("host %s hung up while a person was asked: %s", options.host, problem.message)
                    await asker.lapse()

    async def _dial_recorded(self, options: SshOptions, asker: Asker | None) -> Connection:
        record = await self.look_up(options)
        try:
            return await self._dial_judged_by(options, record, asker)
        except HostKeyChanged as refused:
            # As OpenSSH does (sshconnect.c, check_host_key): a certificate that is not good leaves the host's plain
            # key, which then has to be the one on record. Nothing is asked of a person, and no revocation is passed by.
            if refused.shown or refused.hop or not (record.keys or record.portless_keys) or record.revoked:
                raise
            return await self._dial_judged_by(options, replace(record, authorities=()), asker)

    async def _dial_judged_by(self, options: SshOptions, record: HostRecord, asker: Asker | None) -> Connection:
        loop = asyncio.get_running_loop()
        started = loop.time()
        algorithms = choose_algorithms(
            options, on_record=record.keys or record.portless_keys, authorities=bool(record.authorities)
        )
        budget = _Budget(options.connect_timeout_s)

        async def handshake(way: Way) -> Connection:
            identities = Identities(options, self.agent_path(), self._files, self._agents)
            login = Login(options, record, identities, asker)
            try:
                async with asyncio.timeout(budget.left_s()) as limit:
                    login.asking.patience = Patience(limit, options.connect_timeout_s)
                    ssh = await log_in(login, algorithms, way)
            except TimeoutError:
                raise unreachable(
                    options, f"did not answer within {options.connect_timeout_s:g} s ({login.doing})"
                ) from None
            finally:
                identities.close()
                login.asking.end()
                if asker is not None:
                    asker.outlook = self.offered[options] = identities.outlook
            return Connection(ssh=ssh, socket=way.sock, login=login, connect_s=loop.time() - started)

        return await self._reach(options, budget, handshake, asks=asker is not None)

    async def scan(self, options: SshOptions) -> list[SSHKey]:
        """The host's keys, one of each type it has; nothing is sent but the key exchange.

        Raises ``HostUnreachable``, or ``HostRefused`` when it has no key of a type that we know.
        """
        found: list[SSHKey] = []
        problems: list[OndutyError] = []
        for answer in await asyncio.gather(
            *(self._scan_family(options, family) for family in key_families()), return_exceptions=True
        ):
            if isinstance(answer, SSHKey):
                found.append(answer)
            elif isinstance(answer, OndutyError):
                problems.append(answer)
            elif isinstance(answer, BaseException):
                raise answer
        if not found:
            raise problems[0] if problems else HostRefused(f"{options.label} showed no host key; nothing was sent")
        return found

    async def look_up(self, options: SshOptions) -> HostRecord:
        """What the known_hosts files say about the host.

        Raises ``HostRefused`` when they cannot be read: without them no key can be judged.
        """
        try:
            return await asyncio.to_thread(
                self.known_hosts.look_up,
                [*options.known_hosts, *options.global_known_hosts],
                options.record_name,
                revoked_file=options.revoked_host_keys,
            )
        except (OSError, ValueError) as problem:
            raise HostRefused(
                f"{options.host}: the known host keys cannot be read ({problem}); nothing was sent"
            ) from None

    async def _scan_family(self, options: SshOptions, family: tuple[str, ...]) -> SSHKey | None:
        strict = replace(options, accept_new=False)
        algorithms = replace(choose_algorithms(options, on_record=(), authorities=False), host_keys=family)
        budget = _Budget(options.connect_timeout_s)

        async def handshake(way: Way) -> SSHKey | None:
            # With nothing on record every key is refused once it was shown, so a login never begins.
            login = Login(strict, HostRecord(), Identities(strict, None, self._files))
            try:
                async with asyncio.timeout(budget.left_s()):
                    await log_in(login, algorithms, way)
            except TimeoutError:
                raise unreachable(options, f"did not answer within {options.connect_timeout_s:g} s") from None
            except OndutyError:
                if not login.said_its_name:
                    raise
            return login.shown

        return await self._reach(options, budget, handshake)

    async def _reach(
        self, options: SshOptions, budget: _Budget, handshake: Callable[[Way], Awaitable[T]], *, asks: bool = False
    ) -> T:
        """Go to the host, shake hands, and try again where the host was only busy."""
        if options.proxy:
            return await self._reach_over(options, budget, handshake)
        if options.hops:
            return await self._reach_through(options, budget, handshake, asks)
        addresses = await addresses_of(options, budget.left_s())
        return await self._insist(options, budget, lambda: self._reach_once(options, addresses, budget, handshake))

    async def _reach_through(
        self, options: SshOptions, budget: _Budget, handshake: Callable[[Way], Awaitable[T]], asks: bool
    ) -> T:
        """Go through the jump hosts; the last one looks the host's name up itself."""
        bastion = await self._bastions.enter(options, asks)
        place = (*options.hops, options.address, options.port)
        slot = self._slots.setdefault(place, asyncio.Semaphore(HANDSHAKES_PER_ADDRESS))

        async def once() -> T:
            async with budget.turn(slot):
                return await handshake(Way(tunnel=bastion.connection.ssh))

        try:
            # The time to the jump host was its own.
            budget.restart()
            reached = await self._insist(options, budget, once)
        except BaseException:
            self._bastions.leave(bastion)
            raise
        if isinstance(reached, Connection):
            self._bastions.keep(bastion, reached)
        else:
            self._bastions.leave(bastion)
        return reached

    async def _reach_over(self, options: SshOptions, budget: _Budget, handshake: Callable[[Way], Awaitable[T]]) -> T:
        """Go over a command; what it says when it ends early is why there is no connection."""
        slot = self._slots.setdefault(options.proxy, asyncio.Semaphore(HANDSHAKES_PER_ADDRESS))
        environ = dict(os.environ)
        if path := self.agent_path():
            environ["SSH_AUTH_SOCK"] = path
        async with budget.turn(slot):
            try:
                command = await ProxyProcess.start(options.proxy, environ)
            except OSError as problem:
                cause = f"is reached over a command that cannot be started ({reason(problem)})"
                raise unreachable(options, cause) from None
            try:
                reached = await handshake(Way(command=command.socket))
            except ClosedEarly:
                said = await command.last_words()
                await command.end()
                raise proxy_error(options, said) from None
            except BaseException:
                await command.end()
                raise
        if isinstance(reached, Connection):
            self._end_with(reached, command)
        else:
            await command.end()
        return reached

    def _end_with(self, connection: Connection, command: ProxyProcess) -> None:
        """End the command once the connection over it has ended."""

        async def until_it_ends() -> None:
            try:
                await connection.ssh.wait_closed()
            finally:
                await command.end()

        watcher = asyncio.create_task(until_it_ends(), name="proxy command")
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    async def _insist(self, options: SshOptions, budget: _Budget, once: Callable[[], Awaitable[T]]) -> T:
        """Try again where the host was only busy."""
        delay_s = FIRST_RETRY_DELAY_S
        while True:
            try:
                return await once()
            except ClosedEarly as closed:
                # Full jitter, so that a crowd that was turned away does not come back as one.
                pause_s = random.uniform(delay_s / 2, delay_s)  # noqa: S311  # spreads load, protects nothing
                delay_s = min(2 * delay_s, MAX_RETRY_DELAY_S)
                if budget.left_s() <= pause_s:
                    raise unreachable(
                        options,
                        f"closed every connection before it greeted, for {options.connect_timeout_s:g} s "
                        f"({closed}; is it busy, or does a rule keep this machine out?)",
                    ) from None
                await asyncio.sleep(pause_s)

    async def _reach_once(
        self,
        options: SshOptions,
        addresses: list[Address],
        budget: _Budget,
        handshake: Callable[[Way], Awaitable[T]],
    ) -> T:
        """Connect to the host's addresses in turn and shake hands with the first that answers."""
        cause = ""
        for position, (family, address) in enumerate(addresses):
            slot = self._slots.setdefault(address[:2], asyncio.Semaphore(HANDSHAKES_PER_ADDRESS))
            async with budget.turn(slot):
                # A silent first address must leave time for the next one.
                patience_s = budget.left_s() / (len(addresses) - position)
                try:
                    async with asyncio.timeout(patience_s):
                        sock = await open_tcp(family, address, options.bind_address)
                except TimeoutError:
                    cause = cause or f"did not answer within {options.connect_timeout_s:g} s (connecting)"
                    continue
                except ConnectionResetError as problem:
                    raise ClosedEarly(reason(problem)) from None
                except OSError as problem:
                    cause = cause or tcp_cause(problem, options)
                    continue
                try:
                    return await handshake(Way(sock=sock))
                except BaseException:
                    sock.close()
                    raise
        raise unreachable(options, cause or "has no address")
