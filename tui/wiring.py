"""The composition root: the one place that picks adapters. Imports late, so that asking for a path costs nothing."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runbooks.library import Library
    from runbooks.shelves import Shelves
    from runners.adapters.log_merge import MergedLog
    from runners.adapters.log_reader import LogReader
    from runners.adapters.ssh import SshTransport
    from runners.adapters.trust_store import TrustStore
    from runners.client.start import ControllerCommand
    from runners.controller.credentials import Agents
    from runners.controller.people import People
    from runners.engine.engine import Engine
    from runners.engine.vault import Vault
    from runners.model.inventory import Host
    from runners.model.kinds import PinnedSource
    from runners.model.retention import Retention
    from runners.ports.inventory_source import InventorySource
    from runners.spec.site import Site
    from tui.settings import Settings


OWN_CONTROLLER = "ONDUTY_OWN_CONTROLLER"
"""Set for a controller that serves one command: it ends soon after the run has."""
OWN_IDLE_S = 10.0
_FILES_ANYWAY = 256
"""Files that a screen has open at most beside the logs that it merges."""


def home() -> Path:
    """The state folder of this user's controller."""
    from runners.client.place import state_home

    return state_home(os.environ)


def controller_was_started() -> bool:
    """Whether there is a controller's socket; it may be one that was left behind."""
    from runners.client.place import SOCKET_NAME

    return (home() / SOCKET_NAME).exists()


def forget_variable(name: str) -> None:
    """Take a variable out of our environment: what we start has it not, and nobody reads it there."""
    from runners.controller.own_environment import forget

    forget(name)


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

    from runners.adapters.secret_sources import SystemSecretSources
    from runners.client.place import SocketPath, prepare_home
    from runners.controller.own_log import MaskingFormatter
    from runners.controller.serve import run
    from runners.engine.vault import Vault
    from tui.cli.version import version

    logging.basicConfig(level=logging.INFO)
    for name in ("asyncssh", "httpcore", "httpx", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
    os.umask(0o077)
    vault = Vault(SystemSecretSources())
    for handler in logging.getLogger().handlers:
        handler.setFormatter(MaskingFormatter(vault.any_text))
    place = prepare_home(home())
    socket_path = SocketPath(place)
    try:
        return run(
            place,
            socket_path.path,
            functools.partial(_make_engine, vault),
            version=version(),
            started_at=time.time(),
            ready_fd=ready_fd,
            idle_end_s=OWN_IDLE_S if os.environ.get(OWN_CONTROLLER) else None,
        )
    finally:
        socket_path.close()


async def _make_engine(vault: Vault, place: Path, agents: Agents, people: People) -> Engine:
    """The engine on the real world."""
    import random

    from ulid import ULID

    from runbooks.shelves import Shelves
    from runners.adapters.clock import SystemClock
    from runners.adapters.local import LocalTransport
    from runners.adapters.log_files import FileLogStore
    from runners.adapters.reading_files import LocalReadingFiles
    from runners.adapters.routing import RoutingTransport
    from runners.adapters.run_files import LocalRunFiles
    from runners.adapters.run_folders import LocalRunFolders
    from runners.adapters.source_files import LocalSourceFiles
    from runners.adapters.sqlite import SqliteRunStore
    from runners.adapters.ssh import SshTransport
    from runners.adapters.web import CoreWeb
    from runners.engine.engine import Engine
    from runners.engine.errand_of import Tools

    if auth_sock := os.environ.get("SSH_AUTH_SOCK"):
        agents.offer(auth_sock)
    return Engine(
        store=await SqliteRunStore.open(place / "onduty.sqlite"),
        logs=FileLogStore(place),
        transport=RoutingTransport(
            local=LocalTransport(), remote=SshTransport(agent_path=agents.newest, person_there=people.there)
        ),
        clock=SystemClock(),
        advisor=Shelves(own_runbooks()),
        dice=random.random,
        tools=Tools(web=CoreWeb(), sources=LocalSourceFiles(), files=LocalRunFiles(place)),
        new_uid=lambda: str(ULID()),
        vault=vault,
        folders=LocalRunFolders(place),
        retention=_retention(),
        readings=LocalReadingFiles(place),
    )


def _retention() -> Retention:
    """What this person keeps. With settings that cannot be read nothing goes: who wrote them meant something."""
    import logging

    from runners.model.errors import InputRefused
    from runners.model.retention import Retention

    try:
        return settings().retention
    except InputRefused as error:
        logging.getLogger("onduty.controller").error("no run goes by age or size: %s", error.message)
        return Retention(age_s=None, most_bytes=None)


def library(places: Sequence[str] = ()) -> Library:
    """The built-in runbooks, the user's own and those at ``places``, else of this folder's site; later ones win by id.

    A site that cannot be used is one of the library's problems: the other pages are there all the same.
    """
    from runbooks.library import load_library
    from runners.model.errors import InputRefused
    from runners.model.problems import Problem

    try:
        return load_library([*own_runbooks(), *map(Path, places or site_runbooks())])
    except InputRefused as error:
        found = load_library(own_runbooks())
        problem = Problem(file="onduty.yaml", line=1, column=1, path="", text=error.message)
        return replace(found, problems=(*found.problems, problem))


def shelves() -> Callable[[Sequence[str]], Library]:
    """What reads the pages of a run's site; what reads Markdown and YAML is not loaded before it is asked."""

    @functools.cache
    def made() -> Shelves:
        from runbooks.shelves import Shelves

        return Shelves(own_runbooks())

    return lambda places: made().library(places)


def own_runbooks() -> list[Path]:
    """The user's own pages."""
    own = config_home() / "runbooks"
    return [own] if own.is_dir() else []


def site_runbooks() -> tuple[str, ...]:
    """Files and folders with the pages of the site of this folder; raises ``InputRefused`` when it cannot be used."""
    found = site()
    return found.runbooks if found else ()


def site() -> Site | None:
    """The site of the current folder, else of the user's configuration folder; raises ``InputRefused``."""
    from runners.adapters.site_files import find_site

    return find_site(Path.cwd(), config_home())


def pipelines_of(site: Site) -> dict[str, tuple[str, ...]]:
    """Name of each pipeline of a site with the files that have it."""
    from runners.adapters import site_files

    return site_files.pipelines_of(site)


def inventories_of(site: Site) -> dict[str, str]:
    """Name of each inventory of a site with its file."""
    from runners.adapters import site_files

    return site_files.inventories_of(site)


def is_program(path: Path) -> bool:
    """Whether an inventory is executed for its ``--list``."""
    from runners.adapters import site_files

    return site_files.is_program(path)


def refuse_writable(path: Path) -> None:
    """Raise ``InputRefused`` when somebody else can change the file."""
    from runners.adapters import site_files

    site_files.refuse_writable(path)


def trust_store() -> TrustStore:
    """Which files this user vouched for."""
    from runners.adapters.trust_store import TrustStore

    return TrustStore(config_home() / "trusted.json")


def inventory_source(path: Path, shown: str) -> InventorySource:
    """What reads an inventory file, by its kind; executes nothing."""
    from runners.adapters.inventory_file import FileInventory
    from runners.adapters.inventory_ssh_config import SshConfigInventory
    from runners.adapters.text_file import read_utf8
    from runners.spec.inventory_kind import InventoryKind, inventory_kind

    if inventory_kind(read_utf8(path, shown), str(path)) is InventoryKind.SSH_CONFIG:
        return SshConfigInventory(path, shown, home=Path.home())
    return FileInventory(path, shown)


def inventory_command(words: Sequence[str], folder: Path) -> InventorySource:
    """What executes a program for the inventory that it prints."""
    from runners.adapters.inventory_command import CommandInventory

    return CommandInventory(words, folder)


def config_home() -> Path:
    """Where a person keeps what onduty reads: ``$XDG_CONFIG_HOME/onduty``."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "onduty"


def settings_file() -> Path | None:
    """Where this person's settings stand; None: none are wanted."""
    from tui.settings import SETTINGS_NAME, SETTINGS_VARIABLE

    named = os.environ.get(SETTINGS_VARIABLE)
    if named is None:
        return config_home() / SETTINGS_NAME
    return Path(named).expanduser() if named else None


def settings() -> Settings:
    """This person's settings. Raises ``BadSettings`` with everything that is wrong with them."""
    from tui.settings import Settings

    file = settings_file()
    if file is None or not file.is_file():
        return Settings()
    from runners.adapters.text_file import read_utf8
    from tui.settings_file import BadSettings, read_settings

    refuse_writable(file)
    found, problems = read_settings(read_utf8(file, str(file)), str(file))
    if problems:
        raise BadSettings(str(file), problems)
    return found


def pin_source(folder: str, src: str) -> PinnedSource:
    """What an upload would send now, by content. Raises ``SourceRefused``."""
    from runners.adapters.source_files import LocalSourceFiles

    return LocalSourceFiles().pin(folder, src)


def why_not_source(folder: str, src: str) -> str:
    """Say why an upload could not send ``src``; empty when it could."""
    from runners.plan.sources import SourceRefused

    try:
        pin_source(folder, src)
    except SourceRefused as reason:
        return str(reason)
    return ""


def filesystem_of(folder: Path) -> tuple[str, str]:
    """The type of filesystem that holds ``folder``, and why the state cannot lie there; empty when it can."""
    from runners.adapters import filesystems

    try:
        mounts = Path("/proc/mounts").read_text(errors="surrogateescape")
    except OSError:
        return "", ""
    path = str(folder.resolve())
    return filesystems.filesystem_of(path, mounts), filesystems.why_not_here(path, mounts)


async def agent_keys(path: str) -> int:
    """How many keys the SSH agent at ``path`` holds. Raises ``OSError`` when it does not answer."""
    from runners.adapters.agent_keys import count_keys

    return await count_keys(path)


def log_reader(uid: str, key: str) -> LogReader:
    """The log of one execution, read from disk beside the controller that writes it."""
    from runners.adapters.log_reader import LogReader

    return LogReader(home(), uid, key)


def log_file(uid: str, key: str) -> Path:
    """Where the bytes of one execution's log lie. ``ValueError`` for what cannot be a log."""
    from runners.adapters.log_paths import log_paths

    return log_paths(home(), uid, key)[0]


def merged_log() -> MergedLog:
    """No log yet, for several to be put together by time."""
    from runners.adapters.log_merge import MergedLog

    return MergedLog()


def may_open(files: int) -> bool:
    """Ask for so many open files more than a process has anyway; whether they may be opened."""
    import resource

    wanted = files + _FILES_ANYWAY
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted and (hard == resource.RLIM_INFINITY or wanted <= hard):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return True
    return soft == resource.RLIM_INFINITY or soft >= wanted


def ssh() -> SshTransport:
    """SSH as this command's own user and agent would use it."""
    from runners.adapters.ssh import SshTransport

    return SshTransport()


def shell_command(host: Host) -> list[str]:
    """The program behind ``!``: a shell on the host in the person's own terminal."""
    from runners.adapters.interactive import interactive_command

    return interactive_command(host)
