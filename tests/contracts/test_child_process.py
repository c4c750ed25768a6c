"""Programs beside the controller: what is given up is ended, and what they left behind stops nobody."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE

import psutil
import pytest

from runners.adapters.child_process import end_child, start_child


def held() -> tuple[int, int]:
    """Children of this process and its open files."""
    me = psutil.Process()
    return len(me.children()), me.num_fds()


@pytest.mark.parametrize("again", [None, 0, 2])
async def test_a_program_whose_start_is_given_up_is_ended(again: int | None) -> None:
    before = held()
    starting = asyncio.ensure_future(start_child("sleep", "600", stdin=DEVNULL, stdout=PIPE, stderr=PIPE))
    await asyncio.sleep(0)
    starting.cancel()
    for _ in range(again or 0):
        await asyncio.sleep(0)
    if again is not None:
        starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert held() == before


async def test_who_holds_the_pipes_of_a_program_that_was_ended_is_not_waited_for() -> None:
    left_behind = "setsid sh -c 'echo $$; exec sleep 600' & wait"
    process = await start_child("sh", "-c", left_behind, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    assert process.stdout is not None
    holder = int(await process.stdout.readline())
    try:
        async with asyncio.timeout(60):
            await end_child(process)
        assert process.returncode == -signal.SIGKILL
    finally:
        os.kill(holder, signal.SIGKILL)
    await process.stdout.read()
