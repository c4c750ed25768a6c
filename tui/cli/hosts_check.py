"""``onduty hosts --check``: how hosts are now, looked at over the controller's own way to them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.model.host_check import HostCheck
    from runners.model.inventory import Host

EXIT_OK, EXIT_UNFIT, EXIT_UNREACHED = 0, 1, 4
_PHASES = {"host_key_unknown": "key unknown", "host_key_changed": "KEY CHANGED", "login": "login asks"}
_HEADS = (
    "HOST",
    "STATE",
    "CONNECT",
    "USER",
    "KEY",
    "SUDO",
    "STATE FREE",
    "HOME FREE",
    "CLOCK",
    "SHELL",
    "START",
    "RUNS",
)


async def check(hosts: Sequence[Host], options: argparse.Namespace) -> int:
    """Look, print, and say how it went: 0 all are fine, 1 some are not, 4 none was reached."""
    from runners.model.errors import InputRefused
    from tui.cli.output import print_json, print_line, print_table
    from tui.cli.session import persist

    if not hosts:
        raise InputRefused("no hosts to look at", hint="onduty hosts --check -i INVENTORY")

    async def look(client: ControllerClient) -> list[HostCheck]:
        return [found async for found in client.check_hosts(hosts)]

    places = {host.name: at for at, host in enumerate(hosts)}
    found = sorted(await persist(look), key=lambda one: places[one.name])
    if options.json:
        print_json(found)
    else:
        print_table(_HEADS, [_row(one) for one in found])
        for line in _remarks(found):
            print_line(line)
    if not any(one.reached for one in found):
        return EXIT_UNREACHED
    return EXIT_OK if all(one.phase == "ok" for one in found) else EXIT_UNFIT


def _row(one: HostCheck) -> tuple[str, ...]:
    return (
        one.name,
        _PHASES.get(one.phase, one.phase),
        _time(one.connect_s),
        one.user or "",
        _key(one),
        one.sudo or "",
        _size(one.state_free_bytes),
        _size(one.home_free_bytes),
        "" if one.clock_offset_s is None else f"{round(one.clock_offset_s, 1) or 0.0:+.1f} s",
        " ".join(word for word in ((one.shell or "").rpartition("/")[2], one.tools or "") if word),
        _time(one.shell_start_s),
        str(len(one.executions)) if one.reached else "",
    )


def _key(one: HostCheck) -> str:
    if one.key_known is None:
        return ""
    known = "known" if one.key_known else "not on record"
    return f"{(one.key_type or '').removeprefix('ssh-').removeprefix('ecdsa-sha2-')} {known}".strip()


def _remarks(found: Sequence[HostCheck]) -> Iterator[str]:
    """What is not fine, and what runs there."""
    for one in found:
        for problem in one.problems:
            yield f"  {problem}" if problem.startswith(one.name) else f"  {one.name}: {problem}"
        if one.hint and one.hint not in " ".join(one.problems):
            yield f"    try: {one.hint}"
    for one in found:
        for there in one.executions:
            whose = "" if there.ours else ", not of this controller"
            since = (there.since or "")[:19].replace("T", " ")
            yield f"  {one.name} runs {there.label or there.key}, since {since} UTC{whose}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _size(count_bytes: int | None) -> str:
    from tui.view.durations import size

    return "" if count_bytes is None else size(count_bytes)
