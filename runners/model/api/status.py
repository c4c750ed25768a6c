"""What lists and screens are told again and again: one line of a run, the hosts, what is true only now."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import field

from runners.model.api.documents import HoldDocument
from runners.model.api.login import LoginQuestion
from runners.model.metrics import HostReading


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``runs``; newest first."""

    id: str
    uid: str
    pipeline: str
    phase: str
    result: str | None
    environment: str | None
    by: str
    created_at: str | None
    started_at: str | None
    ended_at: str | None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Job runs by phase."""
    hosts: int = 0
    hosts_done: int = 0
    """Hosts whose job runs have all ended well."""
    what: str = ""
    """One line: what failed, what runs, what it waits for."""
    first_line: str = ""
    runbook: str | None = None


class HostStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as it is now. Never stored."""

    name: str
    address: str
    phase: str
    """idle connecting connected silent unreachable host_key_unknown host_key_changed login refused."""
    text: str = ""
    """Why, when it is not connected."""
    last_heard_s: float | None = None
    """Seconds since the last byte; None: never heard."""
    connect_s: float | None = None
    clock_offset_s: float | None = None
    """Host's clock minus ours, as the session measured it; None: there was none."""
    fingerprint: str | None = None
    user: str | None = None
    runs: tuple[str, ...] = ()
    """Names of the runs that use it now."""
    behind: str = ""
    """The jump host on the way to it that is not reached: all hosts behind it wait for that one. Empty: it is not
    that."""
    behind_since: str | None = None
    """Since when that is known."""
    next_try_at: str | None = None
    """When one of them tries again; null: it is being tried, or it does not wait for a jump host."""
    reading: HostReading | None = None
    """How the host was when it was last looked at; null: nobody had a reason to look since the connection is open."""
    login: LoginQuestion | None = None
    """What its login waits for; hosts behind one jump host share its question. Null: it does not wait for a person."""


class RunStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of one run only now."""

    uid: str
    phase: str = ""
    """As the document says it: a run that waits for a trusted key alone is held."""
    holds: tuple[HoldDocument, ...] = ()
    log_bytes: Mapping[str, int] = field(default_factory=dict)
    """Bytes on disk by execution key, live executions only."""
    watchers: tuple[str, ...] = ()
    """Names of the people with a screen on it."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``GET /v1/status/stream``: sent when something changed, and every 2 s as a sign of life."""

    at: str
    runs: tuple[RunStatus, ...] = ()
    hosts: tuple[HostStatus, ...] = ()
    summaries: tuple[RunSummary, ...] | None = None
    """The list of runs, when it changed since the last line; None: unchanged."""
