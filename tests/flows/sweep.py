"""A controller that dies at every commit and around every exchange with a host, one moment after the other.

``every_moment`` plays a story once for each moment at which the controller can die: nothing returns from there, what is
left is what the store and the hosts have, and the next controller plays the story again from its start. A story is what
people do, said so that it can be repeated: the same intent twice takes effect once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from runners.core.chain import verify
from runners.engine.codec import read
from runners.engine.engine import Engine
from runners.model.errors import SessionLost
from runners.model.inventory import Host
from runners.model.state import RunState
from runners.ports.transport import HostInspection, SessionSink, Transport
from runners.testing.memory_store import MemoryRunStore
from tests.flows.engine_kit import Kit, phases

GUARD_S = 20.0
"""A story that takes longer is stuck."""


class Fate:
    """Counts the moments at which a controller can die, and lets it die at one of them: nothing returns from there."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0
        self.where = ""
        self.died = asyncio.Event()

    async def moment(self, where: str) -> None:
        self.count += 1
        if self.count == self.at:
            self.where = where
            self.died.set()
        if self.died.is_set():
            await asyncio.get_running_loop().create_future()


class Mortal:
    """Anything whose caller may die before or after each call of these methods, of all when none is named."""

    def __init__(self, inner: Any, fate: Fate, *methods: str) -> None:
        self._inner = inner
        self._fate = fate
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if not callable(method) or (self._methods and name not in self._methods):
            return method

        async def mortal(*args: Any, **options: Any) -> Any:
            await self._fate.moment(f"before {name}")
            result = await method(*args, **options)
            await self._fate.moment(f"after {name}")
            return result

        return mortal


class MortalSession(Mortal):
    """A session, or the part of it that is another user's. Being oneself is no exchange with the host."""

    async def under(self, user: str) -> MortalSession:
        if not user:
            return self
        await self._fate.moment("before under")
        other = await self._inner.under(user)
        await self._fate.moment("after under")
        return MortalSession(other, self._fate)


class MortalLogs:
    """A log store whose writers are mortal."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def open(self, *args: Any, **options: Any) -> Any:
        return Mortal(await self._inner.open(*args, **options), self._fate, "append", "end", "sync")


class MortalTransport:
    """Opens mortal sessions."""

    def __init__(self, inner: Transport, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate
        self.logins = inner.logins

    async def connect(self, host: Host, sink: SessionSink) -> Any:
        await self._fate.moment(f"before connect {host.name}")
        return MortalSession(await self._inner.connect(host, sink), self._fate)

    async def inspect(self, host: Host) -> HostInspection:
        return await self._inner.inspect(host)


Story = Callable[[Kit], Awaitable[RunState]]


async def live(deaths: Sequence[int], world: Callable[[Kit], None], story: Story) -> tuple[Kit, RunState, list[Fate]]:
    """Play ``story`` with a controller that dies at the first of these moments, again with one that dies at the next …

    The last controller lives. Returns how each of the others died; one that saw the story's rest did not.
    """
    kit = Kit()
    world(kit)
    fates = [Fate(at) for at in deaths]
    for number, fate in enumerate(fates):
        engine = kit.make(
            store=Mortal(MemoryRunStore(kit.disk), fate, "append", "create_run", "update_summary"),
            transport=MortalTransport(kit.transport, fate),
            logs=MortalLogs(kit.logs, fate),
        )
        state = await _until_death(kit, engine, fate, story)
        if state is not None:
            return kit, state, fates[: number + 1]
    await kit.start()
    try:
        async with asyncio.timeout(GUARD_S):
            state = await story(kit)
            await kit.settle()
    except TimeoutError:
        state = await kit.engine.records.state(next(iter(kit.disk.runs)))
        raise AssertionError(f"{_told(fates)}: stuck with {state.phase} {phases(state)}") from None
    await kit.stop()
    return kit, state, fates


async def _until_death(kit: Kit, engine: Engine, fate: Fate, story: Story) -> RunState | None:
    """One life: the state at the story's rest, or None when the controller died before."""

    async def life() -> RunState:
        await engine.start()
        state = await story(kit)
        await kit.settle()
        return state

    living = asyncio.create_task(life(), name="onduty life")
    death = asyncio.create_task(fate.died.wait(), name="onduty death")
    ended, _ = await asyncio.wait({living, death}, timeout=GUARD_S, return_when=asyncio.FIRST_COMPLETED)
    assert ended, f"moment {fate.at} did not come and the story is stuck"
    if fate.died.is_set():
        await kit.kill()
        await asyncio.gather(living, death, return_exceptions=True)
        await kit.logs.close()
        return None
    state = await living
    death.cancel()
    fate.at = -1
    await engine.stop()
    return state


def _told(fates: Sequence[Fate]) -> str:
    return ", then ".join(f"moment {fate.at} ({fate.where})" for fate in fates)


def whole(kit: Kit, state: RunState) -> None:
    """What holds at every end: an unbroken story, every key once, one line of the ledger per attempt and task."""
    rows = kit.disk.events[state.uid]
    assert verify(rows) == ""
    kit.transport.assert_each_key_ran_once()
    dispatched = Counter(row.payload for row in rows if row.type == "task_dispatched")
    assert set(dispatched.values()) <= {1}


async def every_moment(world: Callable[[Kit], None], story: Story, check: Callable[[Kit, RunState], None]) -> int:
    """Play the story once for each moment at which the controller can die; how many there were."""
    at = 1
    while True:
        (fate,) = await lives((at,), world, story, check)
        if not fate.died.is_set():
            print(f"\n{at - 1} points")
            return at - 1
        at += 1


async def lives(
    deaths: Sequence[int], world: Callable[[Kit], None], story: Story, check: Callable[[Kit, RunState], None]
) -> list[Fate]:
    """Play the story through these deaths and hold its end against ``check``; how each of them came."""
    kit, state, fates = await live(deaths, world, story)
    try:
        whole(kit, state)
        check(kit, state)
    except AssertionError as error:
        raise AssertionError(f"{_told(fates)}: {error}") from error
    return fates


class FrayedSession:
    """A session whose link drops before or after one of its exchanges."""

    def __init__(self, inner: Any, fate: Fate, drop: Callable[[], None]) -> None:
        self._inner = inner
        self._fate = fate
        self._drop = drop
        self.facts = getattr(inner, "facts", None)

    async def under(self, user: str) -> FrayedSession:
        """Becoming somebody else is an exchange; being oneself is none."""
        if not user:
            return self
        self._pull("before under")
        other = await self._inner.under(user)
        if self._pull("after under"):
            raise SessionLost("cut after under")
        return FrayedSession(other, self._fate, self._drop)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        async def frayed(*args: Any) -> Any:
            self._pull(f"before {name}")
            result = await method(*args)
            if name != "close" and self._pull(f"after {name}"):
                raise SessionLost(f"cut after {name}")
            return result

        return frayed

    def _pull(self, where: str) -> bool:
        self._fate.count += 1
        if self._fate.count != self._fate.at:
            return False
        self._fate.where = where
        self._fate.died.set()
        self._drop()
        return True


def events_of(kit: Kit, state: RunState) -> Sequence[Any]:
    """The events of a run as they were committed."""
    return [read(row) for row in kit.disk.events[state.uid]]
