"""The composition root: the one place that picks adapters. Imports late, so that asking for a path costs nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runbooks.library import Library
    from runners.adapters.log_reader import LogReader
    from runners.adapters.ssh import SshTransport
    from runners.client.start import ControllerCommand
    from runners.controller.credentials import Agents
    from runners.engine.engine import Engine
    from runners.model.inventory import Host


def home() -> Path:
    """The state folder of this user's controller."""
    from runners.client.place import state_home

    return state_home(os.environ)


def controller_command() -> ControllerCommand:
    """How the controller of this installation is started."""
    from runners.client.start import ControllerCommand

    return ControllerCommand(
        argv=(sys.executable, "-m", "tui.cli", "controller", "run"),
        environ={**os.environ, "ONDUTY_HOME": str(home())},
    )


def serve(*, ready_fd: int | None) -> int:
    """Run the controller in this process until it is stopped."""
    import logging
    import time

    from runners.client.place import SocketPath, prepare_home
    from runners.controller.serve import run
    from tui.cli.version import version

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("asyncssh", "httpx", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
    os.umask(0o077)
    place = prepare_home(home())
    socket_path = SocketPath(place)
    try:
        return run(place, socket_path.path, _make_engine, version=version(), started_at=time.time(), ready_fd=ready_fd)
    finally:
        socket_path.close()


async def _make_engine(place: Path, agents: Agents) -> Engine:
    """The engine on the real world."""
    import random

    from ulid import ULID

    from runbooks.advisor import RunbookAdvisor
    from runners.adapters.clock import SystemClock
    from runners.adapters.local import LocalTransport
    from runners.adapters.log_files import FileLogStore
    from runners.adapters.routing import RoutingTransport
    from runners.adapters.sqlite import SqliteRunStore
    from runners.adapters.ssh import SshTransport
    from runners.engine.engine import Engine

    if auth_sock := os.environ.get("SSH_AUTH_SOCK"):
        agents.offer(auth_sock)
    return Engine(
        store=await SqliteRunStore.open(place / "onduty.sqlite"),
        logs=FileLogStore(place),
        transport=RoutingTransport(local=LocalTransport(), remote=SshTransport(agent_path=agents.current)),
        clock=SystemClock(),
        advisor=RunbookAdvisor(library()),
        dice=random.random,
        new_uid=lambda: str(ULID()),
    )


def library() -> Library:
    """The built-in runbooks and the user's own, which win by id."""
    from runbooks.library import load_library

    own = config_home() / "runbooks"
    return load_library([own] if own.is_dir() else [])


def config_home() -> Path:
    """Where a person keeps what onduty reads: ``$XDG_CONFIG_HOME/onduty``."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "onduty"


def vars_files(inventory: Path) -> dict[str, str]:
    """The texts under ``group_vars/`` and ``host_vars/`` beside an inventory, by their path from its folder."""
    from runners.adapters.vars_files import read_vars_files

    return read_vars_files(inventory.parent)


def log_reader(uid: str, key: str) -> LogReader:
    """The log of one execution, read from disk beside the controller that writes it."""
    from runners.adapters.log_reader import LogReader

    return LogReader(home(), uid, key)


def ssh() -> SshTransport:
    """SSH as this command's own user and agent would use it."""
    from runners.adapters.ssh import SshTransport

    return SshTransport()


def shell_command(host: Host) -> list[str]:
    """The program behind ``!``: a shell on the host in the person's own terminal."""
    from runners.adapters.interactive import interactive_command

    return interactive_command(host)
