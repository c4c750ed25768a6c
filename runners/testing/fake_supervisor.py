"""What a scripted host does for one of its users in a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from runners.ports.transport import (
    CancelStep,
    ExecutionPhase,
    ExecutionReport,
    ExecutionRequest,
    Survivor,
)
from runners.testing.behaviour import Step
from runners.testing.fake_host import FakeHost


class Teller(Protocol):
    """The session that it is part of."""

    host: FakeHost
    behaviour: Callable[[FakeHost, ExecutionRequest], Sequence[Step]]

    async def turn(self) -> None: ...
    def check(self) -> None: ...
    def lose(self, cause: str) -> None: ...
    def deliver(self, key: str, user: str, offset: int) -> None: ...
    def forget_key(self, key: str) -> None: ...
    def step(self, key: str, step: CancelStep, survivors: tuple[Survivor, ...] = ()) -> None: ...


class FakeSupervisor:
    """Keeps the promises of ``Supervisor``. Made by ``FakeSession.under``."""

    def __init__(self, session: Teller, user: str) -> None:
        self._session = session
        self._user = user
        """Empty: the account that logs in."""

    @property
    def _host(self) -> FakeHost:
        return self._session.host

    async def start(self, request: ExecutionRequest) -> ExecutionReport:
        """As the promise says; a key that is known is followed too."""
        assert request.sudo == self._user, f"{request.key} is for {request.sudo!r}, asked was {self._user!r}"
        await self._session.turn()
        how = self._host.lose_next_start
        self._host.lose_next_start = ""
        if how == "before":
            self._session.lose("cut before the request arrived")
            self._session.check()
        if self._host.report(request.key, self._user).phase is ExecutionPhase.ABSENT:
            self._host.start(request, self._session.behaviour(self._host, request))
        report = self._host.report(request.key, self._user)
        if how == "after":
            self._session.lose("cut before the answer came")
            self._session.check()
        if report.phase in (ExecutionPhase.RUNNING, ExecutionPhase.DONE):
            self._session.deliver(request.key, self._user, 0)
        return report

    async def ask(self, keys: Sequence[str]) -> Sequence[ExecutionReport]:
        """As the promise says."""
        await self._session.turn()
        return [self._host.report(key, self._user) for key in keys]

    async def seal(self, key: str) -> ExecutionReport:
        """As the promise says."""
        await self._session.turn()
        return self._host.seal(key, self._user)

    async def follow(self, key: str, offset: int) -> None:
        """As the promise says."""
        await self._session.turn()
        self._session.deliver(key, self._user, offset)

    async def output(self, key: str, size_bytes: int) -> bytes:
        """As the promise says."""
        await self._session.turn()
        if self._host.lose_next_output:
            self._host.lose_next_output = False
            self._session.lose("cut before the outputs came")
            self._session.check()
        execution = self._host.executions.get(key)
        if execution is None or execution.user != self._user:
            return b""
        return bytes(execution.output[:size_bytes]).rstrip(b"\0")

    async def cancel(self, key: str, grace_s: float) -> None:
        """TERM ends a job at once unless its ``OnCancel`` says otherwise; ``grace_s`` passes in no time."""
        await self._session.turn()
        if self._host.report(key, self._user).phase is not ExecutionPhase.RUNNING:
            self._session.step(key, CancelStep.GONE)
            return
        how = self._host.executions[key].on_cancel
        self._session.step(key, CancelStep.TERM)
        if how.ignores_term or how.survivors:
            self._session.step(key, CancelStep.KILL)
        if how.survivors:
            self._session.step(key, CancelStep.SURVIVORS, how.survivors)
            return
        self._host.finish(key, signal="KILL" if how.ignores_term else "TERM", cancelled=True)
        self._session.step(key, CancelStep.GONE)

    async def remove(self, keys: Sequence[str]) -> None:
        """As the promise says."""
        await self._session.turn()
        for key in keys:
            self._host.remove(key, self._user)
            if key not in self._host.executions:
                self._session.forget_key(key)
