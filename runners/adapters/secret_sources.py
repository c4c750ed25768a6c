"""Secrets out of files and commands.

A file is used as ssh uses a private key: one of ours that others can read is refused. A command runs without a shell,
and nothing that it prints is shown: its stderr may hold the very value that it failed to print.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import stat

from runners.adapters.child_process import end_child, start_child
from runners.model.secrets import SecretSource, SourceKind
from runners.ports.secrets import SecretUnfit, SecretUnreadable
from runners.spec.names import MAX_ENV_BYTES
from runners.spec.secret_values import read_secret

COMMAND_TIMEOUT_S = 30.0
_MOST_BYTES = MAX_ENV_BYTES + 2
"""With the line break that is cut off."""


class SystemSecretSources:
    """``SecretSources`` of this machine."""

    def __init__(self, *, timeout_s: float = COMMAND_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s

    async def read(self, source: SecretSource) -> str:
        """The value now. Raises ``SecretUnreadable``; ``ValueError`` for a source that a client has to read."""
        match source.kind:
            case SourceKind.FILE:
                raw, where = await asyncio.to_thread(_read_file, source.path), source.path
            case SourceKind.COMMAND:
                raw, where = await self._run(source), shown(source)
            case _:
                raise ValueError(f"{source.name}: a {source.kind.value} is read by the client")
        value, reason = read_secret(source.name, raw)
        if reason:
            raise SecretUnfit(f"what {where} gives {reason}")
        return value

    async def _run(self, source: SecretSource) -> bytes:
        program = source.words[0] if "/" in source.words[0] else shutil.which(source.words[0])
        if program is None:
            raise SecretUnreadable(f"{source.words[0]}: no such program on the controller's PATH")
        try:
            process = await start_child(
                program,
                *source.words[1:],
                cwd=source.folder or None,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise SecretUnreadable(f"{shown(source)}: {error.strerror}") from None
        try:
            async with asyncio.timeout(self._timeout_s):
                raw = await _read_most(process)
                code = await process.wait()
        except TimeoutError:
            raise SecretUnreadable(f"{shown(source)} did not end within {self._timeout_s:g} s") from None
        finally:
            await end_child(process)
        if code != 0:
            how = f"ended with {code}" if code > 0 else f"was killed by {signal.Signals(-code).name}"
            raise SecretUnreadable(f"{shown(source)} {how}; what it said is not shown, run it to see")
        return raw


def shown(source: SecretSource) -> str:
    """A command as a person would type it."""
    return shlex.join(source.words)


def _read_file(path: str) -> bytes:
    try:
        # Not blocking: a pipe that nobody writes to must not stop us.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SecretUnreadable(f"{path}: {error.strerror}") from None
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            raise SecretUnreadable(f"{path}: is not a file")
        if about.st_uid == os.getuid() and about.st_mode & 0o077:
            raise SecretUnreadable(f"{path}: others can read it; chmod 600 {shlex.quote(path)}")
        data = b""
        while len(data) < _MOST_BYTES and (more := os.read(fd, _MOST_BYTES - len(data))):
            data += more
        return data
    except OSError as error:
        raise SecretUnreadable(f"{path}: {error.strerror}") from None
    finally:
        os.close(fd)


async def _read_most(process: asyncio.subprocess.Process) -> bytes:
    """What it prints, as far as it may be a secret."""
    assert process.stdout is not None
    data = b""
    while more := await process.stdout.read(65536):
        if len(data) < _MOST_BYTES:
            data += more
    return data
