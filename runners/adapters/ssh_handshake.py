"""One handshake and login over a way that is open: every option by value, none from a file."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

import asyncssh

from runners.adapters.ssh_algorithms import Algorithms
from runners.adapters.ssh_login import Login, login_error, not_forwarded, reason, unreachable
from runners.adapters.ssh_socket import QuickAckSocket
from runners.model.errors import HostRefused

KEEPALIVE_INTERVAL_S = 5.0
KEEPALIVE_COUNT_MAX = 3
"""A dead link is noticed after interval x (count + 1) = 20 s."""
_TOO_MANY_CONNECTIONS = 12
"""SSH_DISCONNECT_TOO_MANY_CONNECTIONS, RFC 4253 section 11.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An open connection that a login succeeded on."""

    ssh: asyncssh.SSHClientConnection
    socket: QuickAckSocket | None
    """None: it goes through a jump host or over a command, and has no socket of its own."""
    login: Login
    connect_s: float
    """From the first step to the end of the login, waiting for our own turn included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What a handshake goes over: a socket of our own, a jump host, or a command."""

    sock: QuickAckSocket | None = None
    command: socket.socket | None = None
    tunnel: asyncssh.SSHClientConnection | None = None


class ClosedEarly(Exception):
    """The host closed the connection before it greeted: nothing but a TCP connection happened."""


async def log_in(login: Login, algorithms: Algorithms, way: Way) -> asyncssh.SSHClientConnection:
    """Shake hands and log in.

    Raises ``ClosedEarly`` when the host closed the connection before it greeted, ``TimeoutError`` of a caller's limit,
    and what ``login_error`` says of everything else.
    """
    options, record = login.options, login.record
    road: dict[str, Any] = {"tunnel": way.tunnel} if way.tunnel is not None else {"sock": way.sock or way.command}
    try:
        return await asyncssh.connect(
            options.address,
            options.port,
            **road,
            # Every option comes from ``ssh -G``; no file is read here.
            config=None,
            client_factory=lambda: login,
            username=options.user,
            # None keeps asyncssh from loading keys and asking the agent by itself: Login offers them.
            client_keys=None,
            # Login asks a person, or nobody; that it is asked tells what the host would take.
            preferred_auth=["publickey", "keyboard-interactive", "password"],
            password_auth=True,
            kbdint_auth=True,
            host_based_auth=False,
            gss_host=None,
            # No key is trusted beforehand, so that each one is judged by Login against the whole record.
            known_hosts=([], list(record.authorities), list(record.revoked) if record.authorities else []),
            host_key_alias=options.host_key_alias,
            x509_trusted_certs=None,
            server_host_key_algs=list(algorithms.host_keys),
            kex_algs=list(algorithms.kex),
            encryption_algs=list(algorithms.ciphers),
            mac_algs=list(algorithms.macs),
            compression_algs=["zlib@openssh.com", "none"] if options.compression else ["none"],
            keepalive_interval=KEEPALIVE_INTERVAL_S,
            keepalive_count_max=KEEPALIVE_COUNT_MAX,
            agent_forwarding=False,
            x11_forwarding=False,
            encoding=None,
            # Whoever calls us has a limit, which stands still while a person is asked.
            login_timeout=0,
        )
    except asyncssh.ChannelOpenError as problem:
        raise not_forwarded(options, problem) from None
    except asyncssh.DisconnectError as problem:
        if not login.said_its_name or problem.code == _TOO_MANY_CONNECTIONS:
            raise ClosedEarly(reason(problem)) from None
        raise login_error(login, problem) from None
    except TimeoutError:
        raise
    except OSError as problem:
        if not login.said_its_name:
            raise ClosedEarly(reason(problem)) from None
        raise unreachable(options, f"broke the connection while {login.doing} ({reason(problem)})") from None
    except ValueError as problem:
        raise HostRefused(f"{options.label} cannot be logged in to ({reason(problem)}); nothing was sent") from None
