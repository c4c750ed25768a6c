"""How this account gets to hosts: the ssh program, the agent, the keys of hosts on record."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tui.cli.finding import Finding, bad, ok, warn

SSH_S = 10.0


def ssh_program() -> Finding:
    """Whether there is one, and whether it can read its own configuration."""
    program = shutil.which("ssh")
    if program is None:
        return warn("ssh", "there is no ssh program, so ~/.ssh/config is not read", "apt-get install openssh-client")
    try:
        # The name is not looked up: -G prints what ssh would do and connects to nobody.
        asked = subprocess.run(
            [program, "-G", "onduty.invalid"], capture_output=True, timeout=SSH_S, stdin=subprocess.DEVNULL, check=False
        )
        version = subprocess.run([program, "-V"], capture_output=True, timeout=SSH_S, check=False).stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        return bad("ssh", f"{program} does not work: {error}", "ssh -G localhost")
    name = version.decode("utf-8", "replace").strip().partition(",")[0]
    if asked.returncode != 0:
        said = asked.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        return bad("ssh", f"{name}: ssh -G fails: {said or asked.returncode}", "ssh -G localhost")
    return ok("ssh", f"{name}, {program}, ssh -G works")


async def agent(path: str | None) -> Finding:
    """Whether the agent of this terminal lives, and what it holds."""
    from tui.wiring import agent_keys

    if not path:
        return warn("agent", "no SSH_AUTH_SOCK: keys with a passphrase cannot be used", "eval $(ssh-agent); ssh-add")
    try:
        count = await agent_keys(path)
    except OSError as error:
        return bad("agent", f"{path} does not answer: {error.strerror or error}", "eval $(ssh-agent); ssh-add")
    if not count:
        return warn("agent", f"{path} lives and holds no keys", "ssh-add")
    return ok("agent", f"{path} lives and holds {count} {'key' if count == 1 else 'keys'}")


def known_hosts(file: Path) -> Iterator[Finding]:
    """Whether the keys on record can be read, and are nobody else's to change."""
    try:
        found = file.stat()
        lines = [line for line in file.read_bytes().splitlines() if line.strip() and not line.startswith(b"#")]
    except FileNotFoundError:
        yield warn(
            "known_hosts", f"{file} is not there: no host is known yet", "onduty hosts trust PATTERN -i INVENTORY"
        )
        return
    except OSError as error:
        yield bad("known_hosts", f"{file}: {error.strerror}", f"ls -l {file}")
        return
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield bad("known_hosts", f"{file} can be written by others", f"chmod go-w {file}")
        return
    if not os.access(file, os.W_OK):
        yield warn("known_hosts", f"{file}: {len(lines)} lines; new keys cannot be written there", f"ls -l {file}")
        return
    yield ok("known_hosts", f"{file}, {len(lines)} {'line' if len(lines) == 1 else 'lines'}")
