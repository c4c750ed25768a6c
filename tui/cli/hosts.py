"""``onduty hosts``: the inventory, the connections as they are now, and keys to trust."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncssh.public_key import SSHKey

    from runners.model.api import HostStatus
    from runners.model.errors import OndutyError
    from runners.model.inventory import Host
    from tui.view.hops import HopDown


UNASKED = (
    "nobody was asked, there is no terminal: the keys above are trusted as they were shown; "
    "compare them with what this prints on the host, or say --yes: "
    "for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The keys that a host showed now: type, ``SHA256:…`` and the key."""

    host: Host
    keys: Sequence[tuple[str, str, SSHKey]]


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "hosts",
        help="inventory, connections, keys",
        usage="onduty hosts [PATTERN] [-i FILE] [--check] [--json]\n"
        "       onduty hosts trust PATTERN [-i FILE] [--yes]",
        epilog="""examples:
  onduty hosts                           connections of the controller
  onduty hosts web -i inventory.yaml     hosts of a group
  onduty hosts web --check               log in and look: time to connect, key, sudo, disk, clock, start-up files, runs
  onduty hosts trust web1                record the key that web1 shows, after asking

PATTERN is a host, a group, a list of them with commas, or all.
--check changes nothing there; exit 0: all are fine, 1: some are not, 4: none was reached.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", metavar="[trust] PATTERN", nargs="*", help="default: all")
    parser.add_argument("-i", "--inventory", metavar="FILE", help="default: inventory.yaml here, else the live runs")
    parser.add_argument("--yes", action="store_true", help="trust without asking; without a terminal that is implied")
    parser.add_argument("--check", action="store_true", help="log in and look how they are")
    parser.add_argument("--json", action="store_true", help="a list of hosts")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """List, or trust."""
    from runners.model.errors import InputRefused
    from tui.cli.session import run_async

    trusting = options.words[:1] == ["trust"]
    patterns = options.words[1:] if trusting else options.words
    if len(patterns) > 1:
        raise InputRefused("one pattern, please; several hosts are written as web1,web2")
    if trusting:
        if not patterns:
            raise InputRefused("trust whom?", hint="onduty hosts trust PATTERN")
        return _trust(patterns[0], options)
    pattern = patterns[0] if patterns else "all"
    if options.check:
        return run_async(_check(pattern, options))
    return run_async(_list(pattern, options))


async def _check(pattern: str, options: argparse.Namespace) -> int:
    from tui.cli.hosts_check import check

    return await check(await _hosts(pattern, options, execute=True), options)


async def _list(pattern: str, options: argparse.Namespace) -> int:
    from tui.cli.output import print_json, print_line, print_table
    from tui.view.hops import hops_down
    from tui.view.usage import reading_briefly

    known = {status.name: status for status in await _connections()}
    chosen = await _hosts(pattern, options)
    rows = [(host, known.get(host.name)) for host in chosen]
    if options.json:
        print_json([_document(host, status) for host, status in rows])
    elif not rows:
        print_line("No hosts. -i FILE names an inventory.")
    else:
        print_table(
            ("HOST", "ADDRESS", "CONNECTION", "LAST HEARD", "HOW IT IS", "WHY"),
            [
                (
                    host.name,
                    status.address if status else _address(host),
                    status.phase if status else "idle",
                    f"{status.last_heard_s:.0f}s ago" if status and status.last_heard_s is not None else "",
                    reading_briefly(status.reading) if status and status.reading else "",
                    _why(status) if status else "",
                )
                for host, status in rows
            ],
        )
        for down in hops_down(status for _, status in rows if status is not None):
            print_line(_hop_line(down))
    return 0


def _why(status: HostStatus) -> str:
    return f"behind {status.behind}" if status.behind else status.text


def _hop_line(down: HopDown) -> str:
    """``b1 is not reached since …, and 14 hosts are behind it``, once and not for each of them."""
    from runners.model.api import rfc3339

    since = f" since {rfc3339(down.since_utc)}" if down.since_utc is not None else ""
    many = f"{len(down.hosts)} hosts are" if len(down.hosts) > 1 else f"{down.hosts[0]} is"
    cause = f" ({down.cause})" if down.cause else ""
    return f"{down.hop} is not reached{since}{cause}; {many} behind it, one tries, and all go on when it answers"


async def _connections() -> list[HostStatus]:
    """What a running controller knows; nothing when none runs: a list needs no controller."""
    from runners.client.client import ControllerClient
    from runners.model.errors import ControllerUnreachable
    from tui.wiring import home

    if not home().is_dir():
        return []
    async with ControllerClient(home()) as client:
        try:
            return await client.hosts()
        except ControllerUnreachable:
            return []


async def _hosts(
    pattern: str, options: argparse.Namespace, *, waiting: bool = False, execute: bool = False
) -> list[Host]:
    """The hosts that a pattern names: of the inventory, else of the live runs. ``execute`` its command, where allowed.

    With ``waiting`` the hosts that live runs wait for stand in front of an inventory that merely lies in this folder:
    what a hold tells to type means them, wherever it is typed.
    """
    from runners.model.errors import InputRefused
    from runners.model.inventory import Inventory
    from runners.plan.patterns import hosts_of
    from tui.cli.inventories import inventory_for
    from tui.cli.texts import FileRefused, checked

    try:
        text = inventory_for(None, options.inventory, execute=waiting or execute)
    except InputRefused:
        live = Inventory(hosts=await _hosts_of_live_runs())
        names, _ = hosts_of(pattern, live)
        if options.inventory or not waiting or not names:
            raise
        return [live.hosts[name] for name in names if name in live.hosts]
    if text is not None:
        inventory = checked(text)
        if waiting and not options.inventory:
            asked = {status.name for status in await _connections() if status.phase == "host_key_unknown"}
            theirs = {name: host for name, host in (await _hosts_of_live_runs()).items() if name in asked}
            inventory = replace(inventory, hosts={**inventory.hosts, **theirs})
    else:
        inventory = Inventory(hosts=await _hosts_of_live_runs())
        if pattern == "all":
            return list(inventory.hosts.values())
    names, problems = hosts_of(pattern, inventory)
    if problems:
        raise FileRefused(f"{pattern}: nothing was done", problems, hint="-i FILE names an inventory")
    return [inventory.hosts[name] for name in names if name in inventory.hosts]


async def _hosts_of_live_runs() -> dict[str, Host]:
    from runners.client.client import ControllerClient
    from runners.model.errors import ControllerUnreachable
    from runners.model.inventory import LOCAL
    from tui.wiring import home

    if not home().is_dir():
        return {}
    found: dict[str, Host] = {}
    async with ControllerClient(home()) as client:
        try:
            for summary in reversed(await client.runs()):
                if summary.ended_at is None:
                    found |= (await client.definition(summary.uid)).plan.hosts
        except ControllerUnreachable:
            return {}
    return {name: host for name, host in found.items() if name != LOCAL}


def _trust(pattern: str, options: argparse.Namespace) -> int:
    """Three steps, so that the question in between can be answered with ctrl-c."""
    from runners.model.errors import InputRefused
    from runners.model.inventory import LOCAL
    from tui.cli.output import print_json
    from tui.cli.problems import print_error
    from tui.cli.session import run_async

    named = run_async(_hosts(pattern, options, waiting=True))
    hosts = [host for host in named if host.name != LOCAL and not host.local]
    if not hosts:
        raise InputRefused(f"{pattern}: no such host", hint="onduty hosts trust PATTERN -i INVENTORY")
    trusted: list[dict[str, Any]] = []
    errors: list[OndutyError] = []
    tried: set[str] = set()
    complete = True
    # A host is only seen through the hosts on the way to it, so these come first.
    while complete and (hops := [hop for hop in run_async(_unknown_hops(hosts)) if hop.name not in tried]):
        tried.update(hop.name for hop in hops)
        complete = _trust_these(hops, options, trusted, errors)
    complete = complete and _trust_these(hosts, options, trusted, errors)
    if options.json:
        print_json(trusted)
    return max([print_error(error) for error in errors], default=0 if complete else 1)


def _trust_these(
    hosts: Sequence[Host], options: argparse.Namespace, trusted: list[dict[str, Any]], errors: list[OndutyError]
) -> bool:
    """Show, ask, record; whether all of them are trusted now."""
    from tui.cli.output import print_line
    from tui.cli.session import run_async
    from tui.view.safe_text import safe

    shown, unseen = run_async(_scan(hosts))
    ask = sys.stdin.isatty() and not options.yes
    agreed: list[Shown] = []
    for one in shown:
        for key_type, fingerprint, _ in one.keys:
            print(safe(f"{one.host.name}  {key_type}  {fingerprint}"), file=sys.stderr)
        if ask and not _agreed(one.host.name):
            print_line(f"{one.host.name}: not trusted, nothing was written")
        else:
            agreed.append(one)
    recorded, refused = run_async(_record(agreed))
    if not ask and not options.yes and any(entry["added"] for entry in recorded):
        print(UNASKED, file=sys.stderr)
    for entry in () if options.json else recorded:
        wrote = f"{entry['added']} {'key' if entry['added'] == 1 else 'keys'} written to"
        print_line(f"{entry['name']}: {wrote if entry['added'] else 'was known in'} {entry['known_hosts']}")
    trusted += recorded
    errors += [*unseen, *refused]
    return len(recorded) == len(hosts)


async def _unknown_hops(hosts: Sequence[Host]) -> list[Host]:
    """The first host on the way to each of ``hosts`` that nobody trusted yet."""
    import asyncio

    from tui.wiring import ssh

    transport = ssh()
    found = await asyncio.gather(*(transport.unknown_hop(host) for host in hosts))
    return list({hop.name: hop for hop in found if hop is not None}.values())


async def _scan(hosts: Sequence[Host]) -> tuple[list[Shown], list[OndutyError]]:
    """The keys that the hosts show now, and why some showed none."""
    import asyncio

    from runners.model.errors import OndutyError
    from tui.wiring import ssh

    transport = ssh()
    answers = await asyncio.gather(*(transport.scan_keys(host) for host in hosts), return_exceptions=True)
    shown: list[Shown] = []
    errors: list[OndutyError] = []
    for host, answer in zip(hosts, answers, strict=True):
        if isinstance(answer, OndutyError):
            errors.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            shown.append(Shown(host=host, keys=answer))
    return shown, errors


async def _record(agreed: Sequence[Shown]) -> tuple[list[dict[str, Any]], list[OndutyError]]:
    """Write the keys down and tell the controller, whose runs go on."""
    from runners.client.client import ControllerClient
    from runners.model.errors import ControllerUnreachable, OndutyError
    from tui.wiring import home, ssh

    transport = ssh()
    trusted: list[dict[str, Any]] = []
    errors: list[OndutyError] = []
    for one in agreed:
        try:
            path, added = await transport.trust_keys(one.host, [key for _, _, key in one.keys])
        except OndutyError as error:
            errors.append(error)
            continue
        fingerprints = [fingerprint for _, fingerprint, _ in one.keys]
        trusted.append({"name": one.host.name, "known_hosts": path, "added": added, "keys": fingerprints})
    if trusted and home().is_dir():
        async with ControllerClient(home()) as client:
            # A controller that starts later reads the file anyway.
            with contextlib.suppress(ControllerUnreachable):
                await client.hosts_trusted([entry["name"] for entry in trusted])
    return trusted, errors


def _agreed(name: str) -> bool:
    from tui.view.safe_text import safe

    try:
        return input(f"trust {safe(name)}? (y/N) ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _document(host: Host, status: HostStatus | None) -> dict[str, Any]:
    import msgspec

    from runners.model.api import HostStatus

    now = status or HostStatus(name=host.name, address=_address(host), phase="idle")
    return {**msgspec.to_builtins(now), "labels": dict(host.labels), "port": host.port}


def _address(host: Host) -> str:
    return host.target if host.port is None else f"{host.target}:{host.port}"
