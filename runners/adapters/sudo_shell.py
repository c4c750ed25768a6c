"""From an open shell to one of another user, through sudo; or why not, in sudo's own words."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass

from runners.adapters.shell_channel import ShellChannel, ShellLost
from runners.model.errors import SudoRefused
from runners.remote.becoming import ask_sudo, leave_sudos_session, words_of
from runners.remote.handshake import NoiseSkipper

READ_BYTES = 1 << 16
MOST_WORDS_BYTES = 4096
SUDO_DEADLINE_S = 20.0
"""Longer than a directory service that is slow; sudo itself waits for nobody."""
LAST_WORDS_S = 1.0
NO_SUCH_PROGRAM = 127
"""What a shell says then (POSIX 2.8.2)."""


class SudoSilent(Exception):
    """sudo said neither yes nor no in time; or the link is dead. Internal to the adapters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Become:
    """Whom a shell is to become, and the words for when it does not."""

    user: str
    host: str
    login: str
    """The account that asks."""


async def become(shell: ShellChannel, who: Become, *, deadline_s: float = SUDO_DEADLINE_S) -> None:
    """Make the shell one of another user, with a session of its own. Both outputs were read up to our last word.

    Raises ``SudoRefused``, ``SudoSilent``, or ``ShellLost`` when the connection or the shell ended.
    """
    asked, refused, there = (secrets.token_hex(16) for _ in range(3))
    said = bytearray()
    words = asyncio.create_task(_words(shell, asked, there, said), name=f"sudo on {who.host}")
    try:
        async with asyncio.timeout(deadline_s):
            await shell.write(ask_sudo(who.user, asked, refused))
            early = await _skip(shell, asked)
            await shell.write(leave_sudos_session(there))
            status = await _answer(shell, early, there=there, refused=refused)
            if status is None:
                await words
                return
    except TimeoutError:
        raise SudoSilent(f"sudo on {who.host} did not answer within {deadline_s:g} s") from None
    finally:
        # It ended, or is given up: what it had to say is on its way.
        with contextlib.suppress(TimeoutError, ShellLost):
            async with asyncio.timeout(LAST_WORDS_S):
                await words
    raise SudoRefused(sentence(who, status, words_of(bytes(said))), hint=f"sudo -n -u {who.user} sh, on {who.host}")


def sentence(who: Become, status: int, words: str) -> str:
    """Why sudo does not make a user of us, with its own words. ``status`` is what it, or its shell, ended with."""
    if status == NO_SUCH_PROGRAM:
        why = f"{who.host} has no sudo that {who.login} could run"
    else:
        why = f"sudo on {who.host} does not let {who.login} run a shell as {who.user}"
    return f"{why} ({words or f'exit {status}'}); nothing was started there"


async def _skip(shell: ShellChannel, nonce: str) -> bytes:
    skipper = NoiseSkipper(nonce)
    while data := await shell.read_stdout(READ_BYTES):
        rest = skipper.feed(data)
        if rest is not None:
            return rest
    raise ShellLost("the shell ended before it answered")


async def _answer(shell: ShellChannel, early: bytes, *, there: str, refused: str) -> int | None:
    """None: we are there. Else with which status sudo, or the shell it gave us, ended."""
    yes = f"\n{there}\n".encode()
    no = f"\n{refused} ".encode()
    held = early
    while True:
        if yes in held:
            return None
        _, found, rest = held.partition(no)
        if found and b"\n" in rest:
            status = rest.partition(b"\n")[0]
            return int(status) if status.isdigit() else 1
        if not found:
            held = held[-len(yes) :]
        data = await shell.read_stdout(READ_BYTES)
        if not data:
            raise ShellLost("the shell ended before sudo answered")
        held += data


async def _words(shell: ShellChannel, asked: str, there: str, said: bytearray) -> None:
    """Collect what comes on stderr between two marks, as much as a person would read."""
    begin, end = f"\n{asked}\n".encode(), f"\n{there}\n".encode()
    held = b""
    began = False
    try:
        while data := await shell.read_stderr(READ_BYTES):
            held += data
            if not began:
                began = begin in held
                held = held.partition(begin)[2] if began else held[-len(begin) :]
            if began and end in held:
                return
            if began and len(held) > MOST_WORDS_BYTES + len(end):
                held = held[:MOST_WORDS_BYTES] + held[-len(end) :]
        raise ShellLost("the shell ended before it answered")
    finally:
        said += held[:MOST_WORDS_BYTES] if began else b""
