"""The program behind ``!``: an interactive shell on a host, in the person's own terminal.

Built without the SSH library, so that the screen can ask for it cheaply. ``ssh`` reads its own configuration; only
what the inventory says is added. Where there is no ``ssh``, our own client takes its place.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from dataclasses import replace

from runners.model.inventory import Host

OWN_CLIENT = "runners.adapters.ssh_shell"
FALLBACK_SHELL = "/bin/sh"


def interactive_command(host: Host, *, ssh_program: str | None = None, look_for_ssh: bool = True) -> list[str]:
    """Program and arguments. ``ssh_program`` is used when given, else looked for on PATH unless told not to."""
    if host.is_here:
        return [os.environ.get("SHELL") or FALLBACK_SHELL]
    program = ssh_program or (shutil.which("ssh") if look_for_ssh else None)
    if program is None:
        return [sys.executable, "-m", OWN_CLIENT, "--host-json", host_to_json(host)]
    return [program, "-t", *_options(host, program), "--", host.target]


def _options(host: Host, program: str) -> list[str]:
    """What the inventory says about a host, as options of ssh."""
    command = ["-o", "StrictHostKeyChecking=yes"]
    if host.ssh_config is not None:
        command += ["-F", host.ssh_config]
    if host.port is not None:
        command += ["-p", str(host.port)]
    if host.user is not None:
        command += ["-l", host.user]
    if host.identity is not None:
        command += ["-i", host.identity.replace("%", "%%")]
        if os.access(host.identity, os.R_OK):
            # ssh would try every key of a full agent first, and hosts stop listening after six.
            command += ["-o", "IdentitiesOnly=yes"]
    if host.known_hosts is not None:
        command += ["-o", f"UserKnownHostsFile={_quoted(host.known_hosts)}"]
    if host.jump is not None:
        command += ["-o", f"ProxyCommand={proxy_command(host.jump, program)}" if host.jump else "ProxyJump=none"]
    return command


def proxy_command(hops: tuple[Host, ...], program: str, *more: str) -> str:
    """The command that reaches the last of the hops through those before it, with ``more`` options for that one.

    ``-J`` could not carry keys and known_hosts of the inventory. ssh hands the text to a shell and expands ``%`` in it
    (ssh_config(5), ProxyCommand), so every word is quoted and every ``%`` that is not ours is doubled.
    """
    *before, last = hops
    inner = _options(replace(last, jump=tuple(before) or last.jump), program)
    words = [shlex.quote(word).replace("%", "%%") for word in (program, *inner, *more)]
    return " ".join([*words, "-W", "'[%h]:%p'", "--", shlex.quote(last.target).replace("%", "%%")])


def host_to_json(host: Host) -> str:
    """What our own client needs to reach ``host``; nothing in it is secret."""
    return json.dumps(_document(host))


def _document(host: Host) -> dict[str, object]:
    fields = ("name", "address", "port", "user", "identity", "known_hosts", "ssh_config")
    found: dict[str, object] = {field: value for field in fields if (value := getattr(host, field)) is not None}
    return found if host.jump is None else {**found, "jump": [_document(hop) for hop in host.jump]}


def host_from_json(text: str) -> Host:
    """The inverse of ``host_to_json``. Raises ``ValueError`` for anything else."""
    return _host(json.loads(text))


def _host(found: object) -> Host:
    if not isinstance(found, dict) or not isinstance(found.get("name"), str):
        raise ValueError("not a host")
    port = found.get("port")
    if port is not None and not isinstance(port, int):
        raise ValueError("the port is not a number")
    words: dict[str, str | None] = {}
    for field in ("address", "user", "identity", "known_hosts", "ssh_config"):
        value = found.get(field)
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{field} is not text")
        words[field] = value
    jump = found.get("jump")
    if jump is not None and not isinstance(jump, list):
        raise ValueError("jump is not a list")
    return Host(
        name=found["name"],
        address=words["address"],
        port=port,
        user=words["user"],
        identity=words["identity"],
        known_hosts=words["known_hosts"],
        ssh_config=words["ssh_config"],
        jump=None if jump is None else tuple(_host(hop) for hop in jump),
    )


def _quoted(path: str) -> str:
    """A path as the value of an option that holds several: quoted, tokens escaped (ssh_config(5))."""
    return '"' + path.replace("%", "%%") + '"'
