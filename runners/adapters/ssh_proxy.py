"""The running command that a connection goes over: ``ProxyCommand`` of ssh_config(5), or that of ``via: openssh``."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Mapping

from runners.adapters.child_process import end_child, start_child
from runners.adapters.ssh_config import SshOptions, printable
from runners.adapters.ssh_login import unreachable
from runners.model.errors import AuthFailed, HostUnreachable, OndutyError

_MAX_SAID_BYTES = 4096
_END_PATIENCE_S = 2.0
_LAST_WORDS_S = 1.0
_DENIED = re.compile(r"permission denied|authentication fail|host key verification failed", re.IGNORECASE)
_NOT_REACHED = re.compile(r"ssh: (?:connect to host (\S+) port [0-9]+: |Could not resolve hostname (\S+): )")
"""What OpenSSH says of the host that it goes to itself (sshconnect.c); of one behind that it says another thing."""


class ProxyProcess:
    """One running command, its standard input and output in one socket of ours."""

    def __init__(self, process: asyncio.subprocess.Process, sock: socket.socket) -> None:
        self._process = process
        self.socket = sock
        assert process.stderr is not None
        self._said = asyncio.create_task(_tail(process.stderr), name="proxy command's words")

    @classmethod
    async def start(cls, command: str, environ: Mapping[str, str]) -> ProxyProcess:
        """Run it as OpenSSH does, by ``exec`` of a shell, in a session of its own. Raises ``OSError``."""
        ours, theirs = socket.socketpair()
        try:
            ours.setblocking(False)
            process = await start_child(
                "/bin/sh",
                "-c",
                f"exec {command}",
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=asyncio.subprocess.PIPE,
                env=environ,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(process, ours)

    async def last_words(self) -> str:
        """What it said last on standard error, as one printable line; empty when it said nothing or goes on."""
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self._said), _LAST_WORDS_S)
        return ""

    async def end(self) -> None:
        """Hang up; what does not go by itself is ended with all that it started."""
        self.socket.close()
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _END_PATIENCE_S)
        finally:
            # Also when whoever waits is cancelled: nothing stays behind.
            await end_child(self._process)
            self._said.cancel()


async def _tail(stream: asyncio.StreamReader) -> str:
    kept = b""
    while block := await stream.read(_MAX_SAID_BYTES):
        kept = (kept + block)[-_MAX_SAID_BYTES:]
    lines = [line for text in kept.decode(errors="replace").splitlines() if (line := printable(text))]
    return lines[-1] if lines else ""


def proxy_error(options: SshOptions, said: str) -> OndutyError:
    """Why there is no connection over the command, in its own last words."""
    if not said:
        return unreachable(options, "is reached over a command (ProxyCommand) that ended and said nothing")
    cause = f"{options.label} is reached over a command (ProxyCommand) that ended: {said}; nothing was started there"
    if not _DENIED.search(said):
        hop = _NOT_REACHED.match(said)
        return HostUnreachable(
            cause,
            hint=f"sh -c {_quoted(options.proxy)}",
            hop=(hop[1] or hop[2]) if hop else "",
            cause=said if hop else "",
        )
    if options.declared is not None and options.declared.via and options.declared.jump:
        # A ControlMaster, or an agent, that somebody with a terminal opens again.
        return AuthFailed(cause, hint=f"ssh {options.declared.jump[-1].target} true")
    return AuthFailed(cause, hint=f"sh -c {_quoted(options.proxy)}")


def _quoted(command: str) -> str:
    return "'" + command.replace("'", "'\\''") + "'"
