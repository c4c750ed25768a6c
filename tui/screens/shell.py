"""``!``: a shell on a host in the person's own terminal, noted beside the run."""

from __future__ import annotations

import asyncio
import contextlib

from runners.model.api import IntentRequest
from runners.model.errors import OndutyError
from runners.model.inventory import Host
from tui.screens.painted import PaintedScreen
from tui.terminal import NOT_FOUND

SSH_FAILED = 255
"""ssh(1): its own exit status when no session was opened or it was cut."""
NOTED_WITHIN_S = 1.0
"""A controller that takes longer keeps nobody from the host."""


def open_shell(screen: PaintedScreen, uid: str, host: Host) -> None:
    """Note it beside the run, then a shell on a host in this terminal; ``screen`` says what went wrong."""
    screen.run_worker(_shell(screen, uid, host), group="shell", exclusive=True)


async def _shell(screen: PaintedScreen, uid: str, host: Host) -> None:
    await _note_shell(screen, uid, host)
    code = screen.onduty.run_shell(host)
    if code == NOT_FOUND:
        screen.say("warn", f"no shell on {host.name}; a program was not found (exit {code})")
    elif code == SSH_FAILED:
        screen.say("warn", f"the shell on {host.name} was not opened, or was cut off; the run is not touched by that")
    elif code < 0:
        screen.say("warn", f"the shell on {host.name} was killed (signal {-code}); the run is not touched by that")


async def _note_shell(screen: PaintedScreen, uid: str, host: Host) -> None:
    from ulid import ULID

    request = IntentRequest(id=str(ULID()), intent="shell", host=host.name)
    if screen.onduty.feed.trouble:
        return
    # Before the terminal is lent: nothing is sent while it is. A shell is wanted most when things do not answer.
    with contextlib.suppress(OndutyError, TimeoutError):
        async with asyncio.timeout(NOTED_WITHIN_S):
            await screen.onduty.feed.ask(lambda client: client.act(uid, request))
