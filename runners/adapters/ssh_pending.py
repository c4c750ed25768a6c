"""Logins that outlive the ``connect`` that began them: a person is asked meanwhile, and the next ``connect`` goes on.

``connect`` never waits for a person: what waits for the host says so, and takes no place among those who connect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from runners.adapters.ssh_config import SshOptions
from runners.adapters.ssh_dial import Dialler
from runners.adapters.ssh_handshake import Connection
from runners.adapters.ssh_questions import path_to
from runners.model.api.login import LoginReply
from runners.model.errors import LoginNeeded
from runners.model.inventory import Host

Resolve = Callable[[Host], Awaitable[SshOptions]]


@dataclass(slots=True)
class PendingLogins:
    """Implements ``Logins``, and opens the connections that ask."""

    dialler: Dialler
    resolve: Resolve
    _dials: dict[SshOptions, asyncio.Task[Connection]] = field(default_factory=dict)
    _refused: dict[SshOptions, tuple[object, LoginNeeded]] = field(default_factory=dict)
    """Logins that something outside has to change for, with what could be offered when they were refused."""

    async def connection(self, options: SshOptions) -> Connection:
        """An open connection to a host, from an earlier login where that went on meanwhile.

        Raises as ``Transport.connect`` does: ``LoginNeeded`` while somebody is asked.
        """
        desk = self.dialler.desk
        await self._look_around(options)
        dial = self._dials.get(options)
        if dial is None:
            dial = asyncio.create_task(self.dialler.dial(options, asks=True), name=f"login {options.host}")
            self._dials[options] = dial
        try:
            while not dial.done():
                change = desk.change()
                if (needed := desk.in_the_way(options)) is not None:
                    # It goes on without us; whoever comes again takes it up.
                    dial.add_done_callback(_seen)
                    raise needed
                moved = asyncio.create_task(change.wait(), name=f"login of {options.host} moves")
                try:
                    await asyncio.wait({dial, moved}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    moved.cancel()
        except asyncio.CancelledError:
            await self._hang_up(options)
            raise
        if self._dials.get(options) is not dial:
            # Somebody else took it, or gave it up, meanwhile.
            return await self.connection(options)
        del self._dials[options]
        try:
            return dial.result()
        except LoginNeeded as needed:
            asker = next((step for step in path_to(options) if step.host == needed.question.asker), options)
            self._refused[asker] = (self.dialler.offered.get(asker), needed)
            raise

    # ----- Logins

    def listen(self, moved: Callable[[], None]) -> None:
        """As the promise says."""
        self.dialler.desk.listen(moved)

    async def answer(self, question: str, answers: Sequence[str], by: str) -> LoginReply:
        """As the promise says."""
        return await self.dialler.desk.answer(question, answers, by)

    async def try_now(self, host: Host) -> LoginReply:
        """As the promise says."""
        options = await self.resolve(host)
        for step in path_to(options):
            self._refused.pop(step, None)
        reply = await self.dialler.desk.ask_anew(options)
        if reply is None and (needed := self.dialler.desk.in_the_way(options)) is not None:
            reply = LoginReply(text=needed.message, question=needed.question)
        return reply or LoginReply(text=f"{host.name} is tried now")

    async def give_up(self, host: Host) -> None:
        """As the promise says."""
        options = await self.resolve(host)
        for step in path_to(options):
            self._refused.pop(step, None)
        await self._hang_up(options)

    def forget_keys(self) -> int:
        """As the promise says."""
        return self.dialler.forget_keys()

    async def _look_around(self, options: SshOptions) -> None:
        """Begin again what could go another way now, and try nothing again that could not."""
        for asker in self.dialler.desk.askers(options):
            if asker.open is None or asker.outlook is None:
                continue
            if asker.outlook != await self.dialler.outlook(asker.options):
                asker.begin_again()
        for step in path_to(options):
            if step in self._refused:
                outlook, needed = self._refused[step]
                if outlook == await self.dialler.outlook(step):
                    raise needed
                self._refused.pop(step, None)

    async def _hang_up(self, options: SshOptions) -> None:
        dial = self._dials.pop(options, None)
        if dial is None:
            return
        dial.cancel()
        await asyncio.wait({dial})
        if not dial.cancelled() and dial.exception() is None:
            dial.result().ssh.abort()


def _seen(dial: asyncio.Task[Connection]) -> None:
    """What became of it is taken up later, or by nobody."""
    if not dial.cancelled():
        dial.exception()
