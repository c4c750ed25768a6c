"""``onduty hosts``: the inventory, the connections as they are now, and keys to trust."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.model.api import HostStatus
    from runners.model.inventory import Host


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "hosts",
        help="inventory, connections, keys",
        usage="onduty hosts [PATTERN] [-i FILE] [--json]\n       onduty hosts trust PATTERN [-i FILE] [--yes]",
        epilog="""examples:
  onduty hosts                           connections of the controller
  onduty hosts web -i inventory.yaml     hosts of a group
  onduty hosts trust web1                record the key that web1 shows, after asking

PATTERN is a host, a group, a list of them with commas, or all.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", metavar="[trust] PATTERN", nargs="*")
    parser.add_argument("-i", "--inventory", metavar="FILE", help="default: inventory.yaml here, else the live runs")
    parser.add_argument("--yes", action="store_true", help="trust without asking; without a terminal that is implied")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="a list of hosts")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """List, or trust."""
    from runners.model.errors import InputRefused
    from tui.cli.session import run_async

    if options.check:
        raise InputRefused("--check: comes with a later version")
    trusting = options.words[:1] == ["trust"]
    patterns = options.words[1:] if trusting else options.words
    if len(patterns) > 1:
        raise InputRefused("one pattern, please; several hosts are written as web1,web2")
    if trusting:
        if not patterns:
            raise InputRefused("trust whom?", hint="onduty hosts trust PATTERN")
        return run_async(_trust(patterns[0], options))
    return run_async(_list(patterns[0] if patterns else "all", options))


async def _list(pattern: str, options: argparse.Namespace) -> int:
    from tui.cli.output import print_json, print_line, print_table

    known = {status.name: status for status in await _connections()}
    chosen = await _hosts(pattern, options, list(known))
    rows = [(host, known.get(host.name)) for host in chosen]
    if options.json:
        print_json([_document(host, status) for host, status in rows])
    elif not rows:
        print_line("No hosts. -i FILE names an inventory.")
    else:
        print_table(
            ("HOST", "ADDRESS", "CONNECTION", "LAST HEARD", "WHY"),
            [
                (
                    host.name,
                    status.address if status else _address(host),
                    status.phase if status else "idle",
                    f"{status.last_heard_s:.0f}s ago" if status and status.last_heard_s is not None else "",
                    status.text if status else "",
                )
                for host, status in rows
            ],
        )
    return 0


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


async def _hosts(pattern: str, options: argparse.Namespace, connected: list[str]) -> list[Host]:
    """The hosts that a pattern names: of the inventory, else of the live runs."""
    from runners.model.inventory import Inventory
    from runners.plan.patterns import hosts_of
    from tui.cli.texts import FileRefused, read_inventory_text, read_text

    if given := options.inventory or _inventory_here():
        inventory = read_inventory_text(read_text(given))
    else:
        inventory = Inventory(hosts=await _hosts_of_live_runs())
        if pattern == "all":
            return list(inventory.hosts.values())
    names, problems = hosts_of(pattern, inventory)
    if problems:
        raise FileRefused(f"{pattern}: nothing was done", problems, hint="-i FILE names an inventory")
    return [inventory.hosts[name] for name in names if name in inventory.hosts]


def _inventory_here() -> str | None:
    from pathlib import Path

    from tui.cli.texts import INVENTORY_NAME

    return INVENTORY_NAME if Path(INVENTORY_NAME).is_file() else None


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


async def _trust(pattern: str, options: argparse.Namespace) -> int:
    from runners.client.client import ControllerClient
    from runners.model.errors import ControllerUnreachable, InputRefused
    from runners.model.inventory import LOCAL
    from tui.cli.output import print_json, print_line
    from tui.wiring import home, ssh

    hosts = [host for host in await _hosts(pattern, options, []) if host.name != LOCAL]
    if not hosts:
        raise InputRefused(f"{pattern}: no such host", hint="onduty hosts trust PATTERN -i INVENTORY")
    transport = ssh()
    ask = sys.stdin.isatty() and not options.yes
    trusted: list[dict[str, Any]] = []
    for host in hosts:
        keys = await transport.scan_keys(host)
        for key_type, fingerprint, _ in keys:
            print(f"{host.name}  {key_type}  {fingerprint}", file=sys.stderr)
        if ask and not await asyncio.to_thread(_agreed, host.name):
            print_line(f"{host.name}: not trusted, nothing was written")
            continue
        path, added = await transport.trust_keys(host, [key for _, _, key in keys])
        trusted.append({"name": host.name, "known_hosts": path, "added": added, "keys": [key[1] for key in keys]})
        if not options.json:
            print_line(f"{host.name}: {f'{added} keys written to' if added else 'was known in'} {path}")
    if options.json:
        print_json(trusted)
    if trusted and home().is_dir():
        async with ControllerClient(home()) as client:
            # A controller that starts later reads the file anyway.
            with contextlib.suppress(ControllerUnreachable):
                await client.hosts_trusted([entry["name"] for entry in trusted])
    return 0 if len(trusted) == len(hosts) else 1


def _agreed(name: str) -> bool:
    return input(f"trust {name}? (y/N) ").strip().lower() in ("y", "yes")


def _document(host: Host, status: HostStatus | None) -> dict[str, Any]:
    import msgspec

    from runners.model.api import HostStatus

    now = status or HostStatus(name=host.name, address=_address(host), phase="idle")
    return {**msgspec.to_builtins(now), "labels": dict(host.labels), "port": host.port}


def _address(host: Host) -> str:
    return host.target if host.port is None else f"{host.target}:{host.port}"
