"""The words with a shell that make another user of us, through sudo, before the supervisor is loaded.

Three shells in a row read one stdin, and a shell may read ahead. So each line is sent only once the shell that reads it
has said its mark, and holds all that this shell is ever told. Only ``sh`` without arguments is asked of sudo: a rule
that allows that shell is enough.
"""

from __future__ import annotations

from runners.remote.handshake import halves, mark
from runners.remote.request import checked_user, quote


def ask_sudo(user: str, asked: str, refused: str) -> bytes:
    """Say ``asked`` on both outputs, become ``user`` in a shell, and when that has ended ``refused STATUS``.

    Without a terminal and with -n sudo asks nobody anything. Raises ``RequestRefused`` for what is no user's name.
    """
    name = quote(checked_user(user).encode()).decode()
    return f"{mark(asked)}; sudo -n -H -u {name} sh; printf '\\n%s %s\\n' {halves(refused)} \"$?\"; exit\n".encode()


def leave_sudos_session(there: str) -> bytes:
    """Say ``there`` on both outputs and go on in a shell with a session of its own.

    sudo may have given its command a terminal (use_pty), whose end would hang up on everything that is just starting.
    """
    return f"{mark(there)}; setsid sh; exit\n".encode()


def words_of(said: bytes) -> str:
    """What sudo printed, in one line for a person."""
    lines = (" ".join(line.split()) for line in said.decode("utf-8", "replace").splitlines())
    return "; ".join(line for line in lines if line)[:300]
