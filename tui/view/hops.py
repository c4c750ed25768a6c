"""Hosts that wait behind one jump host, as the one incident that it is: who, since when, what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.model.phases import Phase
from tui.view.durations import clock, count, duration
from tui.view.facts import WAITING, parse_time, places
from tui.view.rows import Span
from tui.view.safe_text import SafeText, own, safe

if TYPE_CHECKING:
    from runners.model.api import HostStatus
    from tui.view.scene import Here, RunScene


@dataclass(frozen=True, slots=True, kw_only=True)
class HopDown:
    """One jump host that is not reached."""

    hop: str
    since_utc: float | None
    next_try_utc: float | None
    """None: it is being tried."""
    hosts: tuple[str, ...]
    cause: str = ""
    """What is the matter with it, as it was found at the last try; not made safe."""


def hops_down(statuses: Iterable[HostStatus]) -> tuple[HopDown, ...]:
    """Every jump host that some of these hosts wait for, the one with most behind it first."""
    behind: dict[str, list[HostStatus]] = {}
    for status in statuses:
        if status.behind:
            behind.setdefault(status.behind, []).append(status)
    found = [
        HopDown(
            hop=hop,
            since_utc=parse_time(waiting[0].behind_since),
            next_try_utc=parse_time(waiting[0].next_try_at),
            hosts=tuple(status.name for status in waiting),
            cause=waiting[0].text.partition(f" through {hop}: ")[2].removesuffix("; nothing was started there"),
        )
        for hop, waiting in behind.items()
    ]
    return tuple(sorted(found, key=lambda one: -len(one.hosts)))


def hop_of_run(scene: RunScene, host: str) -> HopDown | None:
    """The incident that a host of the run waits in, with those of its hosts that do too."""
    status = scene.hosts.get(host)
    if status is None or not status.behind:
        return None
    mine = (scene.hosts[name] for name in scene.state.plan.hosts if name in scene.hosts)
    return next((one for one in hops_down(mine) if one.hop == status.behind), None)


def hop_sentence(down: HopDown, scene: RunScene) -> tuple[SafeText, SafeText]:
    """``b1 not reached`` and `` since 12:04:33: 14 hosts behind it, 3 unknown, 11 waiting.``"""
    here = scene.here
    since = f" since {clock(down.since_utc, here.zone, now_utc=here.now_utc)}" if down.since_utc is not None else ""
    unknown = {one.run.host for one in places(scene.state, Phase.UNKNOWN)} & set(down.hosts)
    waiting = {one.run.host for one in places(scene.state, *WAITING)} & set(down.hosts) - unknown
    parts = [count(len(down.hosts), "host") + " behind it"]
    parts += [f"{len(unknown)} unknown"] if unknown else []
    parts += [f"{len(waiting)} waiting"] if waiting else []
    disks = ""
    if unknown and not waiting:
        disks = " What they did is on their disks." if len(unknown) > 1 else " What it did is on its disk."
    return safe(f"{down.hop} not reached"), own(f"{since}: {', '.join(parts)}.{disks}")


def hop_on_the_way(down: HopDown, host: str, here: Here) -> tuple[SafeText, SafeText]:
    """``gate, on the way to web3, is not reached`` and `` since 12:04:33: connection refused.``, for one host."""
    since = f" since {clock(down.since_utc, here.zone, now_utc=here.now_utc)}" if down.since_utc is not None else ""
    why = f": {safe(down.cause)}" if down.cause else ""
    return own(f"{safe(down.hop)}, on the way to {safe(host)}, is not reached"), own(f"{since}{why}.")


def next_try(down: HopDown, now_utc: float) -> tuple[Span, ...]:
    """``next try 4s``."""
    if down.next_try_utc is None or down.next_try_utc < now_utc + 1:
        return (Span(own("trying now")),)
    return (Span(own(f"next try {duration(down.next_try_utc - now_utc)}")),)


def returned(before: Mapping[str, frozenset[str]], hosts: Mapping[str, HostStatus]) -> tuple[str, ...]:
    """A line for each jump host that hosts waited for and that answers again. ``before``: who waited for which."""
    now = {one.hop for one in hops_down(hosts.values())}
    return tuple(
        f"{hop} answers again\n{count(len(names), 'host')} behind it"
        for hop, names in before.items()
        if hop not in now and any(name in hosts and hosts[name].phase == "connected" for name in names)
    )
