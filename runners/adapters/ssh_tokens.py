"""Tokens, tilde and variables in the values of ssh_config(5), and lists of paths as ``ssh -G`` prints them."""

from __future__ import annotations

import getpass
import hashlib
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path


def split_paths(value: str, home: Path) -> tuple[str, ...]:
    """Split the paths of a ``…KnownHostsFile`` line.

    ``ssh -G`` joins them with spaces and quotes nothing, so a word that does not begin like a path belongs to the one
    before it.
    """
    found: list[str] = []
    for word in value.split(" "):
        if word.startswith(("/", "~")) or word == "none" or not found:
            found.append(word)
        else:
            found[-1] += " " + word
    return tuple(tilde(path, home) for path in found if path and path != "none")


def expand(value: str, tokens: Mapping[str, str], home: Path) -> str:
    """Expand tilde, ``%`` tokens and ``${VARIABLES}`` as ssh_config(5), TOKENS, describes."""
    path = re.sub(r"\$\{(\w+)\}", lambda found: os.environ.get(found[1], ""), tilde(value, home))
    return expand_tokens(path, tokens)


def expand_tokens(value: str, tokens: Mapping[str, str]) -> str:
    """Expand ``%`` tokens alone, as in a command that a shell reads."""
    return re.sub(r"%(.)", lambda found: tokens.get(found[1], found[0]), value)


def tokens_for(*, home: Path, address: str, name: str, port: int, user: str, alias: str | None) -> dict[str, str]:
    """By letter what stands for ``%`` and it (ssh_config(5), TOKENS)."""
    machine = socket.gethostname()
    digest = hashlib.sha1(f"{machine}{address}{port}{user}".encode(), usedforsecurity=False).hexdigest()
    return {
        "%": "%",
        "C": digest,
        "d": str(home),
        "h": address,
        "i": str(os.getuid()),
        "j": "",
        "k": alias or name,
        "L": machine.split(".")[0],
        "l": machine,
        "n": name,
        "p": str(port),
        "r": user,
        "u": login_name(),
    }


def agent_path(value: str, tokens: Mapping[str, str], home: Path) -> str | None:
    """``IdentityAgent`` of ssh_config(5): a path, ``none``, ``SSH_AUTH_SOCK``, or a variable that holds the path."""
    if value in ("", "SSH_AUTH_SOCK"):
        return None
    if value == "none":
        return ""
    if value.startswith("$") and not value.startswith("${"):
        return os.environ.get(value[1:], "")
    return expand(value, tokens, home)


def tilde(value: str, home: Path) -> str:
    """``~`` and ``~name`` at the start of a path."""
    if value == "~" or value.startswith("~/"):
        return str(home) + value[1:]
    return os.path.expanduser(value) if value.startswith("~") else value


def login_name() -> str:
    """Who is logged in here."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
