"""Where a host is, and a TCP connection to it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

from runners.adapters.ssh_config import SshOptions
from runners.adapters.ssh_login import reason, unreachable
from runners.adapters.ssh_socket import QuickAckSocket

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]
"""Family and what ``connect`` takes; for IPv6 with flow label and scope."""


async def addresses_of(options: SshOptions, patience_s: float) -> list[Address]:
    """Where the host may be, in the order of the name server. Raises ``HostUnreachable``."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patience_s):
            found = _numeric(options) or await loop.getaddrinfo(
                options.address, options.port, family=options.family, type=socket.SOCK_STREAM
            )
    except TimeoutError:
        raise unreachable(
            options, f"is not resolved by the name server within {options.connect_timeout_s:g} s"
        ) from None
    except (socket.gaierror, UnicodeError) as problem:
        raise unreachable(options, f"has no address ({reason(problem)})") from None
    internet = (socket.AF_INET, socket.AF_INET6)
    return list(
        dict.fromkeys(
            (family, cast("tuple[str, int]", address)) for family, _, _, _, address in found if family in internet
        )
    )


def _numeric(options: SshOptions) -> list[tuple[Any, ...]]:
    """An address that is one already; empty where a name server has to be asked, which takes a thread."""
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    try:
        return list(
            socket.getaddrinfo(
                options.address, options.port, family=options.family, type=socket.SOCK_STREAM, flags=flags
            )
        )
    except (socket.gaierror, UnicodeError):
        return []


async def open_tcp(
    family: socket.AddressFamily, address: tuple[object, ...], bind_address: str | None
) -> QuickAckSocket:
    """A connection that acknowledges at once. Raises ``OSError``."""
    sock = QuickAckSocket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if bind_address is not None:
            sock.bind((bind_address, 0))
        await asyncio.get_running_loop().sock_connect(sock, address)
        sock.acknowledge_at_once()
    except BaseException:
        sock.close()
        raise
    return sock


def tcp_cause(problem: OSError, options: SshOptions) -> str:
    """Why there is none, in words."""
    if isinstance(problem, ConnectionRefusedError):
        return f"refused the connection (nothing listens on port {options.port})"
    return f"cannot be reached ({reason(problem)})"
