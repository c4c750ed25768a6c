"""Who calls: the kernel's word (``SO_PEERCRED``), never an environment variable."""

from __future__ import annotations

import asyncio
import pwd
import socket
import struct

from uvicorn.protocols.http.h11_impl import H11Protocol

_UCRED = struct.Struct("3i")


def user_name(uid: int) -> str:
    """The login name of a uid, or ``uid 4711`` when it has none here."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


class PeerProtocol(H11Protocol):
    """HTTP/1.1 whose ``scope["client"]`` is (login name, pid) of the peer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Read the peer's credentials once per connection."""
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        pid, uid, _gid = _UCRED.unpack(raw)
        self.client = (user_name(uid), pid)
