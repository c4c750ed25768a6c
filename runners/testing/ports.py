"""Ports on loopback for what is started a moment later."""

from __future__ import annotations

import random
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _TRIES = 15_000, 100


def service_port() -> int:
    """A port that nobody listens on now, and that the kernel gives to no outgoing connection meanwhile (ip(7))."""
    for _ in range(_TRIES):
        if _is_free(port := random.randrange(_LOWEST, max(_LOWEST + 1, _first_given()))):  # noqa: S311  # no secret
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _first_given() -> int:
    """The first port that the kernel gives by itself."""
    try:
        return int(_RANGE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768
