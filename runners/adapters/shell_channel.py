"""The seam between a way to reach a host and the protocol spoken there: one open shell, its bytes and its end.

``ssh`` opens it as an exec channel, ``local`` as a child process; ``supervised`` speaks the session protocol over it
and never knows which. A channel is bytes only: no terminal, no text mode, no decoding.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol


class ShellLost(Exception):
    """The shell's channel is gone: the connection dropped or the shell ended. Internal to the adapters."""


class ShellChannel(Protocol):
    """One running ``sh`` on a host, without a terminal.

    One task writes, one reads stdout and one reads stderr, at the same time. Reading slowly must slow the host (the SSH
    window or a full pipe); an implementation buffers at most a few MiB.
    """

    async def write(self, data: bytes) -> None:
        """Hand all of ``data`` to the shell's stdin, in order, and return once it may be forgotten (drained).

        Raises ``ShellLost`` when the channel is gone; then any prefix of ``data`` may have arrived.
        """
        ...

    async def read_stdout(self, max_bytes: int) -> bytes:
        """The next bytes, 1 to ``max_bytes`` of them; ``b""`` at end of file or when the channel is gone."""
        ...

    async def read_stderr(self, max_bytes: int) -> bytes:
        """As ``read_stdout``, for stderr."""
        ...

    def close(self) -> None:
        """Close stdin and the channel now, dropping what was not read. Never blocks, may be called again."""
        ...

    async def wait_closed(self) -> None:
        """Return when the channel is gone, whoever ended it (shell, network or ``close``). Never raises."""
        ...


OpenShell = Callable[[], Awaitable[ShellChannel]]
"""Open one more ``exec sh`` on the host, on the connection that is there.

Raises ``ShellLost`` when the connection is gone and ``HostRefused`` when the host would not open another shell.
Called twice for a session (helper, then follower); both may be open at once.
"""
