"""A transport in memory for tests: scripted hosts, cuts on command, a ledger of what really ran. No time passes in it.

    fake = FakeTransport()
    fake.on("make build", prints("ok"))                       # on every host
    fake.on("release.sh", prints("boom", code=1), prints("ok"), host="web3")   # first start fails, later ones pass
    fake.on("migrate", hangs(Print(b"working\\n")))
    session = await fake.connect(Host(name="web3"), sink)
    ...
    await fake.until_started("uid.1.1.0")
    fake.cut("web3"); fake.finish("uid.1.1.0", exit_code=0); fake.restore("web3")
    fake.assert_each_key_ran_once()

A script that nobody described exits 0 and prints nothing. Descriptions of one host win over those of all; later ones
over earlier ones. It passes the contract suite of ``transport_contract``, as ``local`` and ``ssh`` do.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from runners.model.errors import AuthFailed, HostKeyChanged, HostKeyUnknown, HostRefused, HostUnreachable, OndutyError
from runners.model.inventory import Host
from runners.ports.transport import ExecutionPhase, ExecutionRequest, HostInspection, SessionSink
from runners.testing.behaviour import Exit, Step
from runners.testing.fake_host import FakeExecution, FakeHost, Start
from runners.testing.fake_logins import FakeLogins
from runners.testing.fake_session import FakeSession


class FakeTransport:
    """Implements ``Transport``; hosts come into being when they are first named."""

    def __init__(self, *, chunk_bytes: int = 65536) -> None:
        self._hosts: dict[str, FakeHost] = {}
        self._anywhere = FakeHost("*", now=lambda: 0.0)
        self._sessions: list[FakeSession] = []
        self._chunk_bytes = chunk_bytes
        self._changed = asyncio.Event()
        self.logins = FakeLogins()
        self.now_utc: float = 1_800_000_000.0
        """What every host's clock says; a test moves it."""
        self.connects: list[str] = []
        """Every attempt to connect, by host name, in order."""

    # ----- Transport

    async def connect(self, host: Host, sink: SessionSink) -> FakeSession:
        """As the promise says; raises what the host was told to raise."""
        fake = self.host(host.name)
        self.connects.append(host.name)
        await asyncio.sleep(0)
        if fake.connect_error is not None:
            raise fake.connect_error
        session = FakeSession(
            fake, sink, behaviour=self._behaviour, chunk_bytes=self._chunk_bytes, on_end=self._session_ended
        )
        self._sessions.append(session)
        self._notify()
        return session

    async def inspect(self, host: Host) -> HostInspection:
        """As the promise says: what the host was told to say of itself."""
        fake = self.host(host.name)
        self.connects.append(host.name)
        await asyncio.sleep(0)
        if fake.connect_error is not None:
            raise fake.connect_error
        return fake.inspection

    # ----- telling hosts what to do

    @property
    def hosts(self) -> tuple[FakeHost, ...]:
        """Every host that was named."""
        return tuple(self._hosts.values())

    def host(self, name: str) -> FakeHost:
        """The host of that name, with its disk; made when it is first named."""
        if name not in self._hosts:
            host = FakeHost(name, now=lambda: self.now_utc)
            host.listeners.append(self._notify)
            self._hosts[name] = host
        return self._hosts[name]

    def on(self, script: str, *runs: Sequence[Step], host: str | None = None) -> None:
        """Scripts that contain ``script`` do the first of ``runs`` at the first start, and so on; the last repeats.

        Without ``host`` the runs are counted over all hosts together.
        """
        (self._anywhere if host is None else self.host(host)).on(script, *runs)

    def fail_connect(self, host: str, error: OndutyError) -> None:
        """Every connect to ``host`` raises ``error`` until ``restore``; sessions that are open stay open."""
        self.host(host).connect_error = error

    def unreachable(self, host: str) -> None:
        """Nobody answers there until ``restore``."""
        self.fail_connect(host, HostUnreachable(f"{host} did not answer; nothing was started there"))

    def hop_down(self, hop: str, *behind: str) -> None:
        """The jump host on the way to these is not reached, until ``restore`` of each; their sessions end."""
        for host in behind:
            said = f"{host} is reached through {hop}: {hop} did not answer; nothing was started there"
            self.fail_connect(host, HostUnreachable(said, hop=hop, cause=f"{hop} did not answer"))
            self.drop(host, f"the line to {hop} was cut")

    def key_unknown(self, host: str, fingerprint: str = "SHA256:fake") -> None:
        """The host shows a key that is not on record, until ``restore`` (``hosts trust``)."""
        self.fail_connect(
            host,
            HostKeyUnknown(
                f"{host} shows a key that is not on record; nothing was sent",
                key_type="ssh-ed25519",
                fingerprint=fingerprint,
                hint=f"onduty hosts trust {host}",
            ),
        )

    def key_changed(self, host: str, known: str = "SHA256:old", shown: str = "SHA256:new") -> None:
        """The host shows another key than the one on record."""
        self.fail_connect(
            host,
            HostKeyChanged(
                f"{host} shows {shown}, on record is {known}; nothing was sent", known=(known,), shown=shown
            ),
        )

    def auth_failed(self, host: str) -> None:
        """The host refuses us."""
        self.fail_connect(host, AuthFailed(f"{host} refused every key; nothing was started there"))

    def ask_login(
        self, host: str, *prompts: str, right: Sequence[str] = ("123456",), behind: Sequence[str] = ()
    ) -> None:
        """The host asks whoever logs in to it, or to a host ``behind`` it, until somebody gives the right answers."""
        hosts = [self.host(name) for name in (host, *behind)]
        self.logins.ask(hosts, prompts or ("Verification code: ",), right, asker=host)

    def agent_gone(self, host: str) -> None:
        """The key of the host was in an agent that is gone, until ``restore``."""
        self.logins.need_agent(self.host(host))

    def refuse(self, host: str, why: str = "no writable state folder") -> None:
        """The host answers and cannot serve."""
        self.fail_connect(host, HostRefused(f"{host}: {why}; nothing was started there"))

    def refuse_sudo(self, host: str, why: str = "sudo: a password is required") -> None:
        """sudo lets us be nobody else there, until ``allow_sudo``; the account's own tasks go on."""
        self.host(host).sudo_refusal = why

    def allow_sudo(self, host: str) -> None:
        """sudo lets us be anybody."""
        self.host(host).sudo_refusal = ""

    # ----- the link

    def cut(self, host: str, cause: str = "connection lost") -> None:
        """End every session with ``host`` and answer no connect until ``restore``. Jobs there run on."""
        self.unreachable(host)
        self.drop(host, cause)

    def drop(self, host: str, cause: str = "connection lost") -> None:
        """End every session with ``host``; the next connect works."""
        for session in [s for s in self._sessions if s.host.name == host]:
            session.lose(cause)

    def restore(self, host: str) -> None:
        """Connects work again."""
        self.host(host).connect_error = None

    def lose_next_start(self, host: str, *, arrived: bool) -> None:
        """The link drops during the next ``start``: after the host began it (``arrived``) or before it heard of it."""
        self.host(host).lose_next_start = "after" if arrived else "before"

    def controller_died(self) -> None:
        """As ``kill -9`` of the controller: every session is gone and no sink hears of it; the hosts run on."""
        for session in list(self._sessions):
            session.forget()

    def reboot(self, host: str) -> None:
        """Everything that runs there is gone without a result, and the link drops."""
        fake = self.host(host)
        for execution in list(fake.executions.values()):
            if execution.phase is ExecutionPhase.RUNNING:
                fake.vanish(execution.key, "rebooted since")
        self.drop(host, "rebooted")

    # ----- jobs that run

    def execution(self, key: str) -> FakeExecution:
        """What the host's disk has about ``key``. Raises ``KeyError`` when no host knows it."""
        for host in self._hosts.values():
            if key in host.executions:
                return host.executions[key]
        raise KeyError(key)

    def print(self, key: str, data: bytes) -> None:
        """The running job prints."""
        self._host_of(key).write(key, data)

    def finish(
        self,
        key: str,
        *,
        exit_code: int | None = None,
        signal: str | None = None,
        error: str | None = None,
        timed_out: bool = False,
        cancelled: bool = False,
    ) -> None:
        """The running job ends; with nothing given, with exit status 0."""
        self._host_of(key).finish(
            key, exit_code=exit_code, signal=signal, error=error, timed_out=timed_out, cancelled=cancelled
        )

    def vanish(self, key: str, reason: str = "the supervisor is gone") -> None:
        """Job and supervisor are gone without a result."""
        self._host_of(key).vanish(key, reason)

    def release(self, gate: str = "gate", *, host: str | None = None) -> None:
        """Open a gate, on one host or on all that exist."""
        for fake in [self.host(host)] if host is not None else list(self._hosts.values()):
            fake.release(gate)

    # ----- looking and waiting

    @property
    def ledger(self) -> list[Start]:
        """Every execution that really began, host by host, in order within each host."""
        return [start for host in self._hosts.values() for start in host.ledger]

    def started(self, key: str) -> bool:
        """Whether some host began this execution."""
        return any(start.key == key for start in self.ledger)

    def running(self) -> list[str]:
        """Keys that run now, in order of their start on each host."""
        return [
            execution.key
            for host in self._hosts.values()
            for execution in host.executions.values()
            if execution.phase is ExecutionPhase.RUNNING
        ]

    def sessions(self, host: str) -> int:
        """Sessions that are open with ``host`` now."""
        return sum(1 for session in self._sessions if session.host.name == host)

    def assert_each_key_ran_once(self) -> None:
        """Raise ``AssertionError`` naming every key that began more than once, anywhere."""
        twice = [key for key, count in Counter(start.key for start in self.ledger).items() if count > 1]
        assert not twice, f"ran more than once: {', '.join(twice)}"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until ``condition`` holds; it is looked at after every change on any host or session."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def until_started(self, *keys: str) -> None:
        """Wait until hosts began all of these executions."""
        await self.until(lambda: all(self.started(key) for key in keys))

    async def until_connected(self, host: str) -> None:
        """Wait until a session with ``host`` is open."""
        await self.until(lambda: self.sessions(host) > 0)

    async def settle(self) -> None:
        """Wait until the sinks have taken everything that hosts have to tell so far."""
        for session in list(self._sessions):
            await session.settled()

    def _host_of(self, key: str) -> FakeHost:
        for host in self._hosts.values():
            if key in host.executions:
                return host
        raise AssertionError(f"no host knows {key}; started were: {[start.key for start in self.ledger]}")

    def _behaviour(self, host: FakeHost, request: ExecutionRequest) -> Sequence[Step]:
        found = host.behaviour(request.script)
        if found is None:
            found = self._anywhere.behaviour(request.script)
        return (Exit(0),) if found is None else found

    def _session_ended(self, session: FakeSession) -> None:
        if session in self._sessions:
            self._sessions.remove(session)
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
