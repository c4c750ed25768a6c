"""``onduty trust FILE``: vouch for an inventory, or a program that prints one, as it is now."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = "nothing that needs trust"


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "trust",
        help="vouch for an inventory that was found and not named",
        epilog="""example:
  onduty trust inventory.yaml

An inventory beside a pipeline, or one that onduty.yaml names, may have come with somebody
else's repository. What it could execute (command:) or weaken (known_hosts, ssh_config) is
used only after this, and only while it stays the same.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="an inventory")
    parser.add_argument("--json", action="store_true", help="path, digest, and what it allows")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Say what that allows, and record path and digest. Executes nothing."""
    from runners.model.errors import InputRefused
    from tui.cli.output import print_json, print_line
    from tui.cli.texts import plain_path
    from tui.wiring import refuse_writable, trust_store

    path = plain_path(options.file)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputRefused(f"{options.file}: {error.strerror}; nothing is trusted") from None
    refuse_writable(path)
    allows = allowed(path, content, options.file)
    digest = trust_store().trust(path, content)
    if options.json:
        print_json({"path": str(path), "digest": digest, "allows": allows})
        return 0
    for line in allows:
        print_line(f"  {line}")
    print_line(f"{options.file} is trusted as it is now, {digest}")
    return 0


def allowed(path: Path, content: bytes, shown: str) -> list[str]:
    """What the file may do from now on: one line each."""
    from runners.spec.inventory_kind import command_of
    from tui.cli.texts import Text, inventory_problems
    from tui.wiring import is_program

    if is_program(path):
        return [f"execute: {path} --list"]
    text = content.decode("utf-8", "replace")
    words = command_of(text, str(path))
    if words:
        return [f"execute: {' '.join(words)}"]
    inventory, _ = inventory_problems(Text(path=path, shown=shown, content=text))
    lines: dict[str, None] = {}
    for host in inventory.hosts.values() if inventory else ():
        for key in ("known_hosts", "ssh_config"):
            if value := getattr(host, key):
                lines[f"{key}: {value}"] = None
    return list(lines) or [NOTHING]
