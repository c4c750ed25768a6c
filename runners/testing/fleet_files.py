"""What a fleet keeps in its folder: keys, and the ports that its hosts had."""

from __future__ import annotations

import json
import os
from pathlib import Path

import asyncssh

KEY_TYPE = "ecdsa-sha2-nistp256"


def key_in(path: Path) -> asyncssh.SSHKey:
    """The key in the file, made when there is none."""
    if path.exists():
        return asyncssh.read_private_key(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = asyncssh.generate_private_key(KEY_TYPE, comment=f"onduty loopback fleet, {path.name}")
    write_private(path, key.export_private_key().decode())
    write_private(path.with_name(f"{path.name}.pub"), key.export_public_key().decode())
    return key


def public_text(key: asyncssh.SSHKey) -> str:
    """Its public half as ``known_hosts`` and ``authorized_keys`` have it."""
    return " ".join(key.export_public_key().decode().split()[:2])


def write_private(path: Path, text: str) -> None:
    """Write the file, 0600, whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    os.replace(fresh, path)


def ports_in(path: Path) -> dict[str, int]:
    """Ports that hosts had before, by the ``fleet.json`` there; none where it cannot be read."""
    try:
        found = json.loads(path.read_text())["hosts"]
        return {name: int(host["port"]) for name, host in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
