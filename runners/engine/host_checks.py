"""Looks at hosts for a person who asks how they are: as many at once as may be connected, each answer as it comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

from runners.engine.host_failure import failure_of
from runners.model.api import rfc3339
from runners.model.errors import HostKeyChanged, HostKeyUnknown, OndutyError
from runners.model.host_check import HostCheck, LiveThere
from runners.model.inventory import Host
from runners.ports.transport import HostInspection, Transport

LEAST_FREE_BYTES = 64 * 1024 * 1024
"""Less than this and the next big log does not fit."""
MOST_OFFSET_S = 2.0
"""A clock that is further off tells wrong times in every log."""
MOST_START_S = 1.0
"""A shell that takes longer to start makes every login slow."""
_WORDS = {"facts": "its shell", "rooms": "df", "sudo": "sudo"}

log = logging.getLogger("onduty.engine")


class HostChecks:
    """One look at some hosts."""

    def __init__(self, transport: Transport, *, most_at_once: int, is_ours: Callable[[str], bool]) -> None:
        """``is_ours`` says of a run's uid whether it is a live run of this controller."""
        self._transport = transport
        self._turns = asyncio.Semaphore(most_at_once)
        self._is_ours = is_ours

    async def of(self, hosts: Sequence[Host], sign_of_life_s: float) -> AsyncGenerator[HostCheck | None, None]:
        """Each host as it comes; None when nothing came for ``sign_of_life_s`` seconds."""
        waiting = {asyncio.create_task(self._one(host), name=f"onduty look at {host.name}") for host in hosts}
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, timeout=sign_of_life_s, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    yield None
                for task in done:
                    yield task.result()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _one(self, host: Host) -> HostCheck:
        async with self._turns:
            try:
                return check_of(host, await self._transport.inspect(host), is_ours=self._is_ours)
            except OndutyError as error:
                return not_reached(host, error)
            except Exception as error:
                log.exception("host %s: the look at it failed", host.name)
                return not_reached(host, error)


def check_of(host: Host, said: HostInspection, *, is_ours: Callable[[str], bool]) -> HostCheck:
    """What a host said, judged."""
    problems = tuple(_problems(said))
    return HostCheck(
        name=host.name,
        address=host.target,
        phase="unfit" if problems else "ok",
        reached=True,
        problems=problems,
        connect_s=round(said.connect_s, 4),
        user=said.user or None,
        key_type=said.key_type or None,
        fingerprint=said.fingerprint or None,
        key_known=True if said.fingerprint else None,
        shell=said.shell or None,
        tools=said.tools or None,
        shell_start_s=round(said.shell_start_s, 4),
        sudo=said.sudo or None,
        state_dir=said.state_dir or None,
        state_free_bytes=said.state_free_bytes,
        home_free_bytes=said.home_free_bytes,
        clock_offset_s=None if said.clock_offset_s is None else round(said.clock_offset_s, 3),
        executions=tuple(
            LiveThere(
                key=one.key,
                label=one.label,
                since=rfc3339(one.since_utc),
                ours=is_ours(one.key.partition(".")[0]),
            )
            for one in said.executions
        ),
    )


def not_reached(host: Host, error: Exception) -> HostCheck:
    """Why a host could not be looked at."""
    failure = failure_of(host.name, error)
    shown = isinstance(error, HostKeyUnknown | HostKeyChanged) and not error.hop
    return HostCheck(
        name=host.name,
        address=host.target,
        phase=failure.phase,
        reached=False,
        problems=(failure.text,),
        hint=error.hint if isinstance(error, OndutyError) else "",
        key_type=error.key_type if isinstance(error, HostKeyUnknown) and shown else None,
        fingerprint=failure.fingerprint if shown else None,
        key_known=False if shown else None,
    )


def _problems(said: HostInspection) -> Iterator[str]:
    yield from (f"no job can run there: {why}" for why in said.missing)
    if said.silent:
        yield f"{_WORDS[said.silent]} did not answer there; what comes after it is not known"
    full = said.state_free_bytes is not None and said.state_free_bytes < LEAST_FREE_BYTES
    if full:
        yield f"{said.state_dir} has {_mib(said.state_free_bytes)} free, for what jobs print"
    if said.home_free_bytes is not None and said.home_free_bytes < LEAST_FREE_BYTES and not full:
        yield f"the home folder has {_mib(said.home_free_bytes)} free"
    if said.clock_offset_s is not None and abs(said.clock_offset_s) > MOST_OFFSET_S:
        ahead = "ahead of" if said.clock_offset_s > 0 else "behind"
        yield f"its clock is {abs(said.clock_offset_s):.0f} s {ahead} ours"
    if said.shell_start_s > MOST_START_S:
        yield f"a shell takes {said.shell_start_s:.1f} s to start there: look at its start-up files (~/.bashrc)"


def _mib(size_bytes: int | None) -> str:
    return f"{(size_bytes or 0) / 1024 / 1024:.0f} MiB"
