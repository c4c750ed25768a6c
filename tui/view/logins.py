"""Logins that wait for a person: each question once, with all hosts that wait for its answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runners.model.api import HostStatus, LoginQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLogin:
    """One thing that somebody is asked, or has to bring."""

    question: LoginQuestion
    hosts: tuple[str, ...]
    """Everything that is reached once that is done, in order."""
    runs: tuple[str, ...]
    """Names of the runs that wait for it."""

    @property
    def asker(self) -> str:
        """Who asks: a host, or one on the way to others."""
        return self.question.asker

    @property
    def is_asked(self) -> bool:
        """Whether something can be typed now, or after its host was asked anew."""
        return bool(self.question.prompts) or self.question.lapsed

    @property
    def behind(self) -> tuple[str, ...]:
        """Hosts that are reached through the one that asks."""
        return tuple(host for host in self.hosts if host != self.asker)


def open_logins(hosts: Iterable[HostStatus], wanted: str = "") -> tuple[OpenLogin, ...]:
    """What waits, longest first; with ``wanted`` what that host waits for, or what it asks itself."""
    found: dict[tuple[str, str], list[HostStatus]] = {}
    for status in hosts:
        if status.login is not None:
            found.setdefault((status.login.id, status.login.asker), []).append(status)
    logins = [_login(group) for group in found.values()]
    logins.sort(key=lambda one: (one.question.since or "", one.asker))
    return tuple(one for one in logins if not wanted or wanted == one.asker or wanted in one.hosts)


def next_login(hosts: Iterable[HostStatus], *, run: str = "", host: str = "") -> OpenLogin | None:
    """What to answer first: what ``host`` waits for, then ``run``, by name; without both the oldest of all."""
    found = open_logins(hosts)
    if run:
        found = tuple(one for one in found if run in one.runs)
    return next((one for one in found if host in one.hosts), found[0] if found else None)


def _login(group: list[HostStatus]) -> OpenLogin:
    question = group[0].login
    assert question is not None, "a group waits for a login"
    runs = dict.fromkeys(run for status in group for run in status.runs)
    return OpenLogin(question=question, hosts=tuple(status.name for status in group), runs=tuple(runs))
