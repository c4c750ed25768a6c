"""What the controller says of itself, and the form of its errors."""

from __future__ import annotations

import msgspec

PROTOCOL = 1
"""Raised when a client of the version before could misunderstand an answer."""


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /v1/hello``."""

    version: str
    protocol: int
    pid: int
    home: str
    user: str
    """Who the controller takes the caller for."""
    started_at: str
    capabilities: tuple[str, ...] = ()
    hosts_at_once: int = 0
    """Its cap: hosts connected or connecting at once. 0: it does not say."""
    attempts_per_host: int = 0
    """Its cap: attempts side by side on one host."""


class SelfCheck(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /v1/self``: what only the controller can say of itself."""

    database: str | None
    """What is wrong with what is stored; empty: it is sound. None: too much to look through in a moment."""
    trouble: str = ""
    """Why the last write did not happen; empty: it did."""
    live_runs: int = 0
    hosts_connected: int = 0
    agent: str | None = None
    """The SSH agent that it would use now."""
    free_bytes: int | None = None
    """Where its state lies; None: it does not say."""
    least_free_bytes: int = 0
    """With less it starts no new run."""
    kept_runs: int | None = None
    kept_bytes: int | None = None
    """Of logs and files of all runs, at its last look; None: it did not look yet."""
    kept_at: str | None = None
    """When that look was, RFC 3339 in UTC."""
    keeps_s: float | None = None
    """A run that ended longer ago goes; None: none goes by age."""
    keeps_bytes: int | None = None
    """Beyond it the runs that ended first go; None: none goes by size."""
    removed_runs: int = 0
    """Since it started."""
    logins_waiting: int = 0
    """Questions of hosts, and keys to bring, that wait for somebody."""
    keeping_trouble: str = ""
    """Why not everything that is old could go."""


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457 problem details; every error answer."""

    type: str
    """The stable word of the error: ``not_found``, ``refused``, ``input`` …"""
    title: str
    detail: str
    hint: str = ""
    problems: tuple[str, ...] = ()
    """For ``input``: every problem of the texts, ``file:line:column  path: text``."""
    exit_code: int = 1
