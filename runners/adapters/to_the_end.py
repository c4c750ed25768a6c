"""What has to be finished whoever is cancelled: the way in to what has an owner, and the way out of it.

A process that asyncio starts is forgotten when its start is cancelled twice, or while pipes are being connected:
https://github.com/python/cpython/issues/103847.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

_Result = TypeVar("_Result")


async def to_the_end(work: Awaitable[_Result]) -> _Result:
    """The result of ``work``, which goes on however often its caller is cancelled.

    Only when it is over is a cancellation passed on, as ``CancelledError``; what ``work`` raised is then dropped. For
    short work that leaves something behind when it is stopped half way, such as opening or closing a process.
    """
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if not cancelled:
        return task.result()
    if not task.cancelled():
        # Retrieved: otherwise the loop would report an exception that nobody asked for.
        task.exception()
    raise asyncio.CancelledError


async def owned(opening: Awaitable[_Result], undo: Callable[[_Result], Awaitable[object]]) -> _Result:
    """What ``opening`` opens. When its caller is cancelled meanwhile, it is opened and then undone to the end."""
    task = asyncio.ensure_future(opening)
    try:
        return await to_the_end(task)
    except asyncio.CancelledError:
        if not task.cancelled() and task.exception() is None:
            await to_the_end(undo(task.result()))
        raise
