"""Programs that are run beside the controller, each in a session of its own, and ended with all that is in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from runners.adapters.to_the_end import owned, to_the_end

_REAPED_S = 1.0
"""For one that was killed. ``Process.wait`` waits for its pipes too, which what it left behind may hold for ever."""


async def start_child(
    *command: str,
    stdin: int,
    stdout: int,
    stderr: int,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
) -> asyncio.subprocess.Process:
    """Run ``command``. Raises ``OSError``; when its caller is cancelled nothing of it is left."""
    starting = asyncio.create_subprocess_exec(
        *command, stdin=stdin, stdout=stdout, stderr=stderr, cwd=cwd, env=env, start_new_session=True
    )
    return await owned(starting, _end)


async def end_child(process: asyncio.subprocess.Process) -> None:
    """Kill what still runs of it, whoever is cancelled meanwhile; return when it was reaped."""
    await to_the_end(_end(process))


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_REAPED_S):
                await process.wait()
