"""The controller's life: lock, engine, socket, ready, serve, end. The wiring says which adapters it stands on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import uvicorn

from runners.controller.app import EXIT_BUG, Routes
from runners.controller.credentials import Agents
from runners.controller.identity import PeerProtocol
from runners.controller.ownership import AnotherController, Ownership, bind_socket
from runners.controller.people import People
from runners.engine.engine import Engine
from runners.model import api
from runners.model.errors import OndutyError
from runners.model.intents import INTENTS

IDLE_END_S = 30 * 60.0
"""Without a live run and without a client it ends by itself after this long."""
IDLE_CHECK_S = 5.0

log = logging.getLogger("onduty.controller")

EngineFactory = Callable[[Path, Agents, People], Awaitable[Engine]]


def run(
    home: Path,
    socket_path: str,
    make_engine: EngineFactory,
    *,
    version: str,
    started_at: float,
    ready_fd: int | None,
    idle_end_s: float | None = None,
) -> int:
    """Serve until stopped; returns the exit code. Tells ``ready``, ``busy`` or the error through ``ready_fd``."""
    try:
        ownership = Ownership(home)
    except AnotherController as error:
        _tell(ready_fd, "busy")
        log.info("%s", error.message)
        return 0 if ready_fd is not None else error.exit_code
    try:
        asyncio.run(_serve(home, socket_path, make_engine, version, started_at, ready_fd, idle_end_s))
    except OndutyError as error:
        _tell(ready_fd, f"{error.message}{'; ' + error.hint if error.hint else ''}")
        log.error("%s", error.message)
        return error.exit_code
    except Exception as error:
        # Whoever started us waits on the pipe and must hear why; the trace stands in the log.
        _tell(ready_fd, f"{type(error).__name__}: {error}")
        log.exception("the controller ended")
        return EXIT_BUG
    finally:
        ownership.release()
    return 0


async def _serve(
    home: Path,
    socket_path: str,
    make_engine: EngineFactory,
    version: str,
    started_at: float,
    ready_fd: int | None,
    idle_end_s: float | None,
) -> None:
    agents, people = Agents(), People()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    # A closed terminal must not end us, also when somebody runs the controller in the foreground of one.
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    engine = await make_engine(home, agents, people)

    def hello(user: str) -> api.Hello:
        return api.Hello(
            version=version,
            protocol=api.PROTOCOL,
            pid=os.getpid(),
            home=str(home),
            user=user,
            started_at=api.rfc3339(started_at) or "",
            capabilities=tuple(INTENTS),
            hosts_at_once=engine.limits.hosts,
            attempts_per_host=engine.limits.attempts_per_host,
        )

    routes = Routes(engine, hello=hello, agents=agents, stop=ended.set, people=people)
    await engine.start()
    server = _Server(
        uvicorn.Config(
            routes.app(),
            http=PeerProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=64 * 1024,
        )
    )
    # Its half for asyncio is imported with the first group, which would be that of the first one who asks.
    async with anyio.create_task_group():
        pass
    sock = bind_socket(socket_path)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        await server.up.wait()
        _tell(ready_fd, "ready")
        log.info("controller %s of %s is ready, pid %d", version, home, os.getpid())
        await _until_ended_or_idle(ended, routes, engine, idle_end_s)
    finally:
        # The path goes first: whoever comes now starts the next controller instead of meeting a closing one.
        with contextlib.suppress(OSError):
            os.unlink(socket_path)
        routes.stopping = True
        server.should_exit = True
        await engine.stop()
        await serving


async def _until_ended_or_idle(ended: asyncio.Event, routes: Routes, engine: Engine, idle_end_s: float | None) -> None:
    loop = asyncio.get_running_loop()
    busy_at, answered = loop.time(), routes.requests
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), IDLE_CHECK_S)
            return
        if routes.open_streams or engine.records.live_runs() or routes.requests != answered:
            busy_at, answered = loop.time(), routes.requests
        elif loop.time() - busy_at > (end_s := IDLE_END_S if idle_end_s is None else idle_end_s):
            log.info("idle for %g minutes, ending", end_s / 60)
            return


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers, telling when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        """The controller handles signals."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        self.up.set()


def _tell(ready_fd: int | None, word: str) -> None:
    if ready_fd is None:
        return
    with contextlib.suppress(OSError):
        os.write(ready_fd, word.encode()[:4000])
        os.close(ready_fd)
