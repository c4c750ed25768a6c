"""The homes of the demo's hosts: a small service on each, and on web3 a process that holds its port."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from runners.testing.ports import service_port

HOSTS = ("web1", "web2", "web3", "web4", "edge1", "db1")
GROUPS = {"web": ("web1", "web2", "web3", "web4"), "edge": ("edge1",), "db": ("db1",)}
BROKEN_HOST = "web3"
OLD_RELEASE = "2.3.9"

_PROFILE = """\
PATH="$HOME/bin:$PATH"
PS1='{host}:$PWD$ '
cat <<'TEXT'
This is {host}, a throw-away host of the onduty demo.
  api status      who holds the service's port
  kill PID        end a process
  exit            back to onduty, then r retries
TEXT
"""


def furnish(homes: Path, *, broken: str | None = BROKEN_HOST) -> dict[str, int]:
    """Put the service into the home of every host; its port by host. Something holds the port of ``broken``."""
    ports = {name: service_port() for name in HOSTS}
    for name in HOSTS:
        home = homes / name
        for folder in ("bin", "etc", "log", "run", "releases"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        (home / "etc" / "api.env").write_text(f"PORT={ports[name]}\n", encoding="utf-8")
        (home / ".profile").write_text(_PROFILE.format(host=name), encoding="utf-8")
        _install("api.sh", home / "bin" / "api")
        _install("apid.py", home / "bin" / "apid")
    if broken is not None:
        _hold_port(homes / broken)
    return ports


def fleet_words(ports: Mapping[str, int]) -> list[str]:
    """What the fleet's process is told about hosts, groups and the services' ports."""
    words = ["--hosts", ",".join(HOSTS)]
    for name, hosts in GROUPS.items():
        words += ["--group", f"{name}={','.join(hosts)}"]
    for name, port in ports.items():
        words += ["--var", f"{name}:API_PORT={port}"]
    return words


def pipeline_text() -> str:
    """The demo's pipeline."""
    return files("runners.testing").joinpath("demo", "release-api.yaml").read_text(encoding="utf-8")


def mend_text() -> str:
    """What a person types on ``BROKEN_HOST`` (find who holds the port, end it), as a pipeline."""
    return files("runners.testing").joinpath("demo", "mend.yaml").read_text(encoding="utf-8")


def stop_services(homes: Path) -> None:
    """End every process that the demo's services left running."""
    for pid_file in homes.glob("*/run/*.pid"):
        try:
            pid = int(pid_file.read_text(encoding="ascii"))
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        # The number may have been given to somebody else since: only a process of this home is ended.
        if str(pid_file.parent.parent).encode() in command:
            os.kill(pid, signal.SIGTERM)


def _install(name: str, target: Path) -> None:
    text = files("runners.testing").joinpath("demo", name).read_text(encoding="utf-8")
    target.write_text(text.replace("@PYTHON@", sys.executable), encoding="utf-8")
    target.chmod(0o755)


def _hold_port(home: Path) -> None:
    """Start the process that nobody remembers: an old release, by hand, with a pid file of its own."""
    port = (home / "etc" / "api.env").read_text(encoding="utf-8").strip().removeprefix("PORT=")
    stray = home / "run" / "by-hand.pid"
    subprocess.Popen(
        [sys.executable, str(home / "bin" / "apid"), OLD_RELEASE, port, str(stray)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=home,
    )
    deadline = time.monotonic() + 10
    while not stray.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def remove(folder: Path) -> None:
    """Delete the demo's folder."""
    shutil.rmtree(folder, ignore_errors=True)
