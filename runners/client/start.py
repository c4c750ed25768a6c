"""Find the controller, or start one: own session, stdio off the terminal, ready or its error told through a pipe.

Two clients that start at once end with one controller: it holds a lock for life, and the one that does not get the
lock says ``busy`` and leaves; its client then waits for the other to answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runners.client.client import ControllerClient
from runners.client.place import prepare_home
from runners.model import api
from runners.model.errors import ControllerUnreachable

START_TIMEOUT_S = 20.0


class ControllerNotStarted(ControllerUnreachable):
    """None runs and none can be started, for a reason that trying again does not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerCommand:
    """How this installation runs its controller in the foreground."""

    argv: Sequence[str]
    """``--ready-fd N`` is appended."""
    environ: Mapping[str, str]


async def connect(
    home: Path, command: ControllerCommand, *, auth_sock: str | None = None, version: str | None = None
) -> tuple[ControllerClient, api.Hello]:
    """An open client of a running controller, started when there was none."""
    _prepare(home)
    # A controller that is ending still holds the lock while it no longer answers, and one that another client starts
    # holds it before it answers: in both cases ours says `busy`, and asking again decides.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_TIMEOUT_S):
            while True:
                client = ControllerClient(home)
                try:
                    return client, await client.hello(auth_sock=auth_sock, version=version)
                except ControllerUnreachable:
                    await client.close()
                except BaseException:
                    await client.close()
                    raise
                if await asyncio.to_thread(_start, home, command) == "busy":
                    await asyncio.sleep(0.1)
    raise ControllerUnreachable(
        f"a controller holds {home} and did not answer within {START_TIMEOUT_S:g} s; runs on hosts go on without it",
        hint=f"cat {home}/controller.log",
    )


def _start(home: Path, command: ControllerCommand) -> str:
    """``ready`` or ``busy``; raises ``ControllerUnreachable`` with what the controller said."""
    _prepare(home)
    answer = ""
    if scope := _systemd_scope():
        answer = _spawn([*scope, *command.argv], command.environ, home)
    if not answer:
        # No user manager, or it refused: a session of its own is what remains; `doctor` tells what logout does to it.
        answer = _spawn(list(command.argv), command.environ, home)
    if answer in ("ready", "busy"):
        return answer
    hint = f"cat {home}/controller.log"
    if not answer:
        raise ControllerUnreachable("the controller ended before it was ready, without a word", hint=hint)
    raise ControllerNotStarted(f"the controller did not start: {answer}", hint=hint)


def _prepare(home: Path) -> None:
    try:
        prepare_home(home)
    except OSError as error:
        raise ControllerNotStarted(
            f"the state folder cannot be used: {error}; nothing was started",
            hint=f"ONDUTY_HOME=/var/tmp/onduty-home-{os.getuid()} onduty",
        ) from error


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
    with open(read_fd, "rb") as pipe:
        return _read_until_closed(pipe, START_TIMEOUT_S).decode("utf-8", "replace").strip()


def _read_until_closed(pipe: BinaryIO, timeout_s: float) -> bytes:
    """What was said, also when the writer never lets go: ``busy``, since it may still answer later."""
    deadline_s, said = time.monotonic() + timeout_s, b""
    while (left_s := deadline_s - time.monotonic()) > 0:
        if select.select([pipe], [], [], left_s)[0]:
            data = os.read(pipe.fileno(), 4096)
            if not data:
                return said
            said += data
    return said or b"busy"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _systemd_scope() -> list[str]:
    """The prefix that puts the controller into a scope of the user's manager, so that it survives logout."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if not runtime or not Path(runtime, "systemd", "private").exists() or not shutil.which("systemd-run"):
        return []
    return ["systemd-run", "--user", "--scope", "--quiet", "--collect", "--"]
