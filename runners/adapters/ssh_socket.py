"""A TCP socket that acknowledges at once while a connection is young."""

from __future__ import annotations

import contextlib
import socket

_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class QuickAckSocket(socket.socket):
    """Re-arms ``TCP_QUICKACK`` after every read while ``quick`` is set.

    sshd answers in two small writes, and Nagle's algorithm holds the second one back until the first is acknowledged;
    a delayed acknowledgement then costs 40 ms in the handshake and 40 ms in the first exec. Linux forgets the option
    by itself (tcp(7)), so it is set again whenever bytes arrived.
    """

    quick: bool = True

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Read as ``socket.recv``; asyncio calls this for every batch of bytes."""
        data = super().recv(bufsize, flags)
        if self.quick:
            self.acknowledge_at_once()
        return data

    def acknowledge_at_once(self) -> None:
        """Ask for immediate acknowledgements until the kernel changes its mind."""
        if _QUICK_ACK is not None:
            with contextlib.suppress(OSError):
                self.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
