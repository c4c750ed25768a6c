"""A shell on this machine whose opening is given up: nothing of it is left, wherever it was and however often."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from runners.adapters.local import LocalShell, LocalTransport
from runners.adapters.opened_shell import open_supervised_shell
from runners.adapters.to_the_end import to_the_end
from runners.model.errors import HostRefused

NEVER = -1
AGAIN = (NEVER, 0, 1, 2, 3, 5, 8)
"""Turns of the loop between the first cancel and the second."""


def held() -> tuple[int, int]:
    """Children of this process, ended ones that nobody waited for included, and its open files."""
    me = psutil.Process()
    return len(me.children()), me.num_fds()


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def is_given_up(opening: Callable[[], Awaitable[object]], after: int, again: int) -> bool:
    """Cancel it after so many turns of the loop and perhaps once more; False when it was open before."""
    task = asyncio.ensure_future(opening())
    await turns(after)
    if task.done():
        return False
    task.cancel()
    if again != NEVER:
        await turns(again)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return True


@pytest.mark.parametrize("again", AGAIN)
async def test_a_start_that_is_given_up_leaves_no_process_and_no_pipe(again: int) -> None:
    opened: list[LocalShell] = []

    async def opening() -> None:
        opened.append(await LocalShell.open(("sh",), {"PATH": os.environ["PATH"], "HOME": "/"}))

    before = held()
    after = 1
    while await is_given_up(opening, after, again):
        assert (after, held()) == (after, before)
        after += 1
    assert after > 2, "it was given up at more than one place"
    for shell in opened:
        shell.close()
        await shell.wait_closed()


@pytest.mark.parametrize("again", AGAIN)
async def test_a_shell_that_is_given_up_while_it_loads_the_supervisor_is_gone(tmp_path: Path, again: int) -> None:
    transport = LocalTransport(env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})

    async def opening() -> None:
        opened = await open_supervised_shell(transport.open_shell, "helper", "here")
        opened.shell.close()
        await opened.shell.wait_closed()
        await asyncio.gather(opened.skip_stderr, return_exceptions=True)

    before = held()
    for after in (6, 12, 24):
        if await is_given_up(opening, after, again):
            assert (after, held()) == (after, before)


async def test_a_shell_that_cannot_be_started_leaves_nothing() -> None:
    before = held()
    with pytest.raises(HostRefused, match="/nowhere/sh cannot be started on this machine"):
        await LocalShell.open(("/nowhere/sh",), {"HOME": "/"})
    assert held() == before


async def test_what_is_done_to_the_end_gives_its_result_when_nobody_interrupts() -> None:
    assert await to_the_end(asyncio.sleep(0, "done")) == "done"


async def test_a_cancel_waits_for_what_is_done_to_the_end_and_then_counts() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await may_end.wait()
        raise OSError("nobody hears it")

    task = asyncio.create_task(to_the_end(work()))
    await begun.wait()
    for _ in range(3):
        task.cancel()
        await turns(3)
        assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
