"""The controller: whether one runs, whether it answers, whether it outlives a logout, whether what it stores is sound.

Nothing here starts one: a look must not change what it looks at, and a state folder that no controller can use must be
looked at too.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.finding import Finding, bad, ok, warn
from tui.cli.keeping import kept, room

if TYPE_CHECKING:
    from runners.model.api import Hello, SelfCheck

RESTART = "onduty controller restart"
LAST_WORDS_BYTES = 16 * 1024
ANSWER_S = 5.0
"""A controller answers a hello in milliseconds, whatever it does."""
_ERROR = re.compile(r"^\d{4}-\d\d-\d\d \S+ (?:ERROR|CRITICAL) \S+ (.*)$", re.MULTILINE)


def none_runs() -> Finding:
    """There is none, and that is fine."""
    return ok("controller", "none runs; any command that needs one starts it")


async def controller(home: Path) -> list[Finding]:
    """All that can be said of the one that owns ``home``, a folder that is there."""
    from runners.client.client import ControllerClient
    from runners.model.errors import ControllerUnreachable, OndutyError
    from tui.cli.version import version

    async with ControllerClient(home) as client:
        asked_s = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_S):
                hello = await client.hello()
        except ControllerUnreachable as error:
            return list(_silent(home, error.message))
        except TimeoutError:
            return list(_silent(home, f"nothing came within {ANSWER_S:g} s"))
        found = [_answers(hello, took_s=time.monotonic() - asked_s, ours=version()), _survives(hello.pid)]
        try:
            itself: SelfCheck | None = await client.self_check()
        except OndutyError:
            itself = None
    return [*found, *_stored(home, itself)]


def _answers(hello: Hello, *, took_s: float, ours: str) -> Finding:
    from runners.model.api import PROTOCOL

    since = datetime.fromisoformat(hello.started_at)
    up_s = datetime.now(since.tzinfo).timestamp() - since.timestamp()
    text = f"version {hello.version}, pid {hello.pid}, up {_duration(up_s)}, answered in {took_s * 1000:.0f} ms"
    if hello.protocol != PROTOCOL:
        return bad("controller", f"{text}; it speaks protocol {hello.protocol}, this onduty {PROTOCOL}", RESTART)
    if hello.version != ours:
        return warn("controller", f"{text}; this is {ours}", RESTART)
    return ok("controller", text)


def _silent(home: Path, why: str) -> Iterator[Finding]:
    """Nobody answers: because none runs, or because it hangs."""
    pid = holder(home / "controller.lock")
    if pid:
        yield bad("controller", f"pid {pid} owns {home} and does not answer: {why}", f"kill {pid}")
    else:
        yield none_runs()
        if last := last_error(home / "controller.log"):
            yield warn("last controller", f"it wrote: {last}", f"tail {home}/controller.log")
    if (home / "onduty.sqlite").exists():
        yield ok("database", "not looked at: only a controller opens it, and none runs (onduty runs starts one)")


def holder(lock: Path) -> str:
    """Pid of the process that holds the lock of a state folder; empty when nobody does."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
    finally:
        os.close(descriptor)
    return ""


def last_error(log: Path) -> str:
    """The last error that a controller wrote down; empty when there is none near the end."""
    try:
        with open(log, "rb") as handle:
            handle.seek(max(0, log.stat().st_size - LAST_WORDS_BYTES))
            text = handle.read().decode("utf-8", "replace")
    except OSError:
        return ""
    found = _ERROR.findall(text)
    return found[-1][:300] if found else ""


def _stored(home: Path, itself: SelfCheck | None) -> Iterator[Finding]:
    from tui.view.durations import size

    if itself is None:
        yield warn("database", "this controller cannot look at it: it is an older one", RESTART)
        return
    names = ("onduty.sqlite", "onduty.sqlite-wal")
    taken_bytes = sum((home / name).stat().st_size for name in names if (home / name).exists())
    if itself.trouble:
        yield bad("database", f"the last write failed: {itself.trouble}", f"df -h {home}")
    elif itself.database:
        yield bad(
            "database", f"damaged: {itself.database}; nothing is changed by looking", f"cp -a {home} a safe place"
        )
    elif itself.database is None:
        yield ok("database", f"{size(taken_bytes)}, nothing wrong in as much as could be looked at in a moment")
    else:
        yield ok("database", f"{size(taken_bytes)}, sound")
    yield from room(itself, str(home))
    yield from kept(itself, now_utc=time.time())
    runs = "1 run goes on" if itself.live_runs == 1 else f"{itself.live_runs} runs go on"
    hosts = "1 host is connected" if itself.hosts_connected == 1 else f"{itself.hosts_connected} hosts are connected"
    yield ok("work", f"{runs}, {hosts}, its SSH agent: {itself.agent or 'none'}")
    if itself.logins_waiting:
        waits = "1 login waits" if itself.logins_waiting == 1 else f"{itself.logins_waiting} logins wait"
        yield warn("logins", f"{waits} for somebody; what is behind them does not go on", "onduty login")


def _survives(pid: int) -> Finding:
    """What logout does to it, read from where systemd put it."""
    import psutil

    try:
        group = Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8", errors="replace")
    except OSError:
        group = ""
    there = Path("/run/systemd/system").is_dir()
    return survival(
        group,
        systemd=there,
        lingers=_lingers(psutil.Process().username()),
        kills=_kills_user_processes() if there else False,
    )


def survival(cgroup: str, *, systemd: bool, lingers: bool, kills: bool) -> Finding:
    """What logout does to a process in this cgroup; ``kills``: logind ends what a session leaves behind."""
    if not systemd:
        return ok("logout", "nothing here ends it at logout (no systemd)")
    if re.search(r"/user@\d+\.service/", cgroup):
        if lingers:
            return ok("logout", "it outlives every logout (a scope of your user manager, lingering)")
        return warn(
            "logout",
            "it ends with your last session; jobs on hosts go on and the next command starts it again",
            "loginctl enable-linger",
        )
    if re.search(r"/session-[^/]+\.scope", cgroup) and kills:
        return warn(
            "logout",
            "logind kills it at logout (KillUserProcesses=yes); jobs on hosts go on",
            "loginctl enable-linger, then onduty controller restart",
        )
    return ok("logout", "it outlives logout")


def _lingers(user: str) -> bool:
    return Path("/var/lib/systemd/linger", user).exists()


def _kills_user_processes() -> bool:
    """logind.conf(5): the drop-ins win over the file, later names over earlier ones."""
    value = ""
    folders = (Path("/usr/lib/systemd"), Path("/run/systemd"), Path("/etc/systemd"))
    drop_ins = {path.name: path for folder in folders for path in sorted(folder.glob("logind.conf.d/*.conf"))}
    for path in (*(folder / "logind.conf" for folder in folders), *(drop_ins[name] for name in sorted(drop_ins))):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found = re.findall(r"^\s*KillUserProcesses\s*=\s*(\S+)", text, re.MULTILINE)
        value = found[-1] if found else value
    return value.lower() in ("yes", "true", "on", "1")


def _duration(seconds: float) -> str:
    from tui.view.durations import duration

    return duration(seconds)
