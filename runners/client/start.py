"""Find the controller, or start one: own session, stdio off the terminal, ready or its error told through a pipe.

Two clients that start at once end with one controller: it holds a lock for life, and the one that does not get the
lock says ``busy`` and leaves; its client then waits for the other to answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runners.client.client import ControllerClient
from runners.client.place import prepare_home
from runners.model import api
from runners.model.errors import ControllerUnreachable

START_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerCommand:
    """How this installation runs its controller in the foreground."""

    argv: Sequence[str]
    """``--ready-fd N`` is appended."""
    environ: Mapping[str, str]


async def connect(
    home: Path, command: ControllerCommand, *, auth_sock: str | None = None
) -> tuple[ControllerClient, api.Hello]:
    """An open client of a running controller, started when there was none."""
    # A controller that is ending still holds the lock while it no longer answers, and one that another client starts
    # holds it before it answers: in both cases ours says `busy`, and asking again decides.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_TIMEOUT_S):
            while True:
                client = ControllerClient(home)
                try:
                    return client, await client.hello(auth_sock=auth_sock)
                except ControllerUnreachable:
                    await client.close()
                if await asyncio.to_thread(_start, home, command) == "busy":
                    await asyncio.sleep(0.1)
    raise ControllerUnreachable(
        f"a controller holds {home} and did not answer within {START_TIMEOUT_S:g} s; runs on hosts go on without it",
        hint=f"cat {home}/controller.log",
    )


def _start(home: Path, command: ControllerCommand) -> str:
    """``ready`` or ``busy``; raises ``ControllerUnreachable`` with what the controller said."""
    try:
        prepare_home(home)
    except OSError as error:
        raise ControllerUnreachable(
            f"the state folder cannot be used: {error}", hint="ONDUTY_HOME=/var/tmp/onduty-$USER onduty …"
        ) from error
    answer = ""
    if scope := _systemd_scope():
        answer = _spawn([*scope, *command.argv], command.environ, home)
    if not answer:
        # No user manager, or it refused: a session of its own is what remains; `doctor` tells what logout does to it.
        answer = _spawn(list(command.argv), command.environ, home)
    if answer in ("ready", "busy"):
        return answer
    raise ControllerUnreachable(
        f"the controller did not start: {answer or 'it ended without a word'}", hint=f"cat {home}/controller.log"
    )


def _spawn(argv: list[str], environ: Mapping[str, str], home: Path) -> str:
    read_fd, write_fd = os.pipe()
    try:
        with open(home / "controller.log", "ab", opener=_private) as log:
            subprocess.Popen(
                [*argv, "--ready-fd", str(write_fd)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(write_fd,),
                start_new_session=True,
                cwd="/",
                env=dict(environ),
            )
    finally:
        os.close(write_fd)
    with open(read_fd, encoding="utf-8") as pipe:
        return pipe.read().strip()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _systemd_scope() -> list[str]:
    """The prefix that puts the controller into a scope of the user's manager, so that it survives logout."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if not runtime or not Path(runtime, "systemd", "private").exists() or not shutil.which("systemd-run"):
        return []
    return ["systemd-run", "--user", "--scope", "--quiet", "--collect", "--"]
