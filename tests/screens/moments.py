"""Moments of the real app to look at: a controller in memory, the keys that lead there, and a clock that stands.

What the pictures (``shots``) and the snapshots are made of. Every run is a log of events that is played through the
core and streamed to the app, as a controller would.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from runners.core.index import index_of
from runners.model.api import RunSummary
from runners.testing.simulator import Simulator
from tests.screens import repair_scenes
from tests.screens.desk import Desk, desk
from tests.screens.fake_controller import FakeController, FakeRun, memory_logs
from tests.screens.host_story import host_desk
from tests.screens.launch_scenes import launch_controller, open_form, site
from tests.screens.login_scenes import login_controller, question
from tests.screens.logs import MemoryLog
from tests.screens.pasts import expected_desk, seen_before, told_before
from tests.screens.scenes import BIND, board_scene, failed_run, healthy_run, host_status, rollout, unknown_run
from tests.screens.timeline_scenes import record_desk, timeline_desk, told_run
from tui.view.look import Look

_FETCH = (
    b"GET registry.internal/api/2.4.1/manifest.json",
    b"layer 1/3",
    b"layer 2/3",
    b"layer 3/3",
    b"unpacked to /srv/api/2.4.1",
)
_RESTART = (
    b"+ sudo systemctl restart api",
    b"stopping api.service",
    b"stopped api.service (pid 20114 exited 0)",
    b"starting api.service, release 2.4.1",
    b"config /etc/api/api.toml loaded, 14 keys",
    b"tls: certificate valid until 2027-02-11",
    BIND.encode(),
    b"api: cannot start listener http-public",
    b"Main process exited, code=exited, status=1/FAILURE",
    b"Failed with result 'exit-code'",
)
_HEALTHY = (b"GET /health 200",)
_VERIFIED = (b"smoke: 14 of 14 passed", b"version 2.4.1")


def _log_is_read(here: Desk) -> bool:
    pager = here.run.pager
    return pager.is_settled and (not pager.size or pager.current_line is not None)


Steps = Callable[[Desk], Awaitable[None]]


def controller_of(sim: Simulator) -> FakeController:
    """A controller with one run and its hosts."""
    controller = FakeController(FakeRun(sim, "u1", "deploy-api/42"))
    controller.hosts = tuple(host_status(f"web{number}") for number in range(1, 8))
    controller.watchers = ("alice", "bob")
    return controller


def busy() -> FakeController:
    """The picture ``board``: its lines, over one simulated run."""
    scene = board_scene()
    controller = FakeController(*(FakeRun(failed_run(), run.uid, run.id, _fields(run)) for run in scene.summaries))
    controller.holds = {run.uid: () for run in scene.summaries}
    controller.holds |= {uid: status.holds for uid, status in scene.statuses.items()}
    return controller


def _fields(run: RunSummary) -> dict[str, object]:
    return {name: getattr(run, name) for name in run.__struct_fields__ if name not in ("uid", "id", "pipeline")}


async def _nothing(here: Desk) -> None:
    await here.sees("deploy-api/42")
    await here.sees_no("Reading")


def pressing(*keys: str) -> Steps:
    """Wait for the failure, then press keys."""

    async def steps(here: Desk) -> None:
        await here.sees("address already in use")
        await here.sees_no("Reading")
        await here.until(lambda: _log_is_read(here), "the log to be read")
        for key in keys:
            await here.press(key)

    return steps


async def _retried(here: Desk) -> None:
    await here.sees("address already in use")
    here.run.say("run", "release@web3 runs again as attempt 2; alice retried it")
    here.run.say("warn", "only a failed job can be retried; release@web6 runs")
    here.run.say("fail", f"cert-rotate/9 in production: rotate@lb2 failed: exit 2 in reload\n{BIND}")
    await here.pilot.pause()


async def _looks(here: Desk) -> None:
    await here.sees("deploy-api/42", "rollout", "touched")
    await here.sees_no("Reading")
    if here.run.pager.view.parts:
        await here.until(lambda: _log_is_read(here), "the log to be read")


async def _lost(here: Desk) -> None:
    await here.sees("address already in use")
    await here.controller.go_down()
    await here.sees("no controller for")


async def _then_told(here: Desk) -> None:
    await pressing()(here)
    await told_before(here)


def _then(*keys: str) -> Steps:
    """See a run, then press keys."""

    async def steps(here: Desk) -> None:
        await _looks(here)
        await here.press(*keys)
        await here.until(lambda: getattr(here.app.screen, "listens", True))

    return steps


def selecting(host: str) -> Steps:
    """The job run of one host is selected."""

    async def steps(here: Desk) -> None:
        await _looks(here)
        here.run.choice.selected, here.run.choice.by_person = rollout(host), True
        here.run.paint()
        await here.pilot.pause()

    return steps


async def _typed(here: Desk) -> None:
    await _then("V")(here)
    await here.type("abcdefghij")


async def _found(here: Desk) -> None:
    await _nothing(here)
    await here.press("slash")
    await here.type("prod")
    await here.press("down")


def _logs_in(*keys: str) -> Steps:
    async def steps(here: Desk) -> None:
        await _then("L")(here)
        await here.press(*keys)

    return steps


TWICE = question(("Password:", False), ("Verification code:", True), note="bastion did not take that answer")

_OF_RUNS: dict[str, tuple[Callable[[], FakeController], str | None, Steps]] = {
    "run-failed": (lambda: controller_of(failed_run()), "u1", pressing()),
    "run-seen-before": (seen_before, "u1", _then_told),
    "run-log": (lambda: controller_of(failed_run()), "u1", pressing("2")),
    "run-healthy": (lambda: controller_of(healthy_run()), "u1", _looks),
    "run-unknown": (lambda: controller_of(unknown_run()), "u1", _looks),
    "run-lost": (lambda: controller_of(failed_run()), "u1", _lost),
    "toasts": (lambda: controller_of(failed_run()), "u1", _retried),
    "dialog-retry": (lambda: controller_of(failed_run()), "u1", pressing("r")),
    "dialog-cancel": (lambda: controller_of(failed_run()), "u1", pressing("g", "X")),
    "runbook": (lambda: controller_of(failed_run()), "u1", pressing("o")),
    "sent": (lambda: controller_of(failed_run()), "u1", pressing("at")),
    "help": (lambda: controller_of(failed_run()), "u1", pressing("question_mark")),
    "palette": (lambda: controller_of(failed_run()), "u1", pressing("colon")),
    "filter": (lambda: controller_of(failed_run()), "u1", pressing("2", "ampersand", *"api", "enter")),
    "marked": (lambda: controller_of(failed_run()), "u1", pressing("2", "k", "space", "k", "k", "space")),
    "hosts-merged": (lambda: controller_of(failed_run()), "u1", pressing("2", "a")),
    "hosts-alike": (lambda: controller_of(failed_run()), "u1", pressing("2", "u")),
    "find": (lambda: controller_of(failed_run()), "u1", pressing("slash", *"api")),
    "paused": (lambda: controller_of(repair_scenes.paused_run()), "u1", _looks),
    "paused-now": (lambda: controller_of(repair_scenes.paused_run(now=True)), "u1", selecting("web5")),
    "rolling-back": (lambda: controller_of(repair_scenes.rolling_back_run()), "u1", _looks),
    "rollback-incomplete": (lambda: controller_of(repair_scenes.incomplete_run()), "u1", _looks),
    "rolled-back": (lambda: controller_of(repair_scenes.rolled_back_run()), "u1", _looks),
    "secret": (lambda: controller_of(repair_scenes.secret_run()), "u1", _looks),
    "secret-board": (lambda: controller_of(repair_scenes.secret_run()), None, _nothing),
    "dialog-secret": (lambda: controller_of(repair_scenes.secret_run()), "u1", _typed),
    "login": (login_controller, "u1", _looks),
    "login-board": (login_controller, None, _nothing),
    "dialog-login": (login_controller, "u1", _logs_in(*"12")),
    "dialog-login-again": (lambda: login_controller(TWICE), "u1", _logs_in(*"hunter", "enter", *"123")),
    "dialog-login-lapsed": (lambda: login_controller(question(lapsed=True, note="bastion hung up")), "u1", _logs_in()),
    "finally": (lambda: controller_of(repair_scenes.finally_run()), "u1", selecting("web5")),
    "finally-cancelled": (lambda: controller_of(repair_scenes.finally_run()), "u1", selecting("web4")),
    "notes": (lambda: controller_of(repair_scenes.noted_run()), "u1", _looks),
    "dialog-rollback": (lambda: controller_of(repair_scenes.half_done()), "u1", _then("B")),
    "board": (busy, None, _nothing),
    "board-found": (busy, None, _found),
    "board-empty": (lambda: FakeController(), None, lambda here: here.sees("No runs yet")),
}


def _logs_of(sim: Simulator) -> dict[str, MemoryLog]:
    """What the hosts of the release said."""
    texts: dict[str, Sequence[bytes]] = {}
    for number in range(2, 13):
        host = f"web{number}"
        if rollout(host) not in index_of(sim.plan).places:
            continue
        for attempt in sim.run(rollout(host)).attempts:
            for task, lines in zip(attempt.tasks, (_FETCH, _RESTART, _HEALTHY, _VERIFIED), strict=False):
                if task.key is None:
                    continue
                passed = (*_RESTART[:6], b"api: listening on 0.0.0.0:8080")
                restarted = _RESTART if host == "web3" else passed if task.ended_at is not None else _RESTART[:4]
                texts[task.key] = restarted if lines is _RESTART else lines
    return memory_logs(sim, texts)


Open = Callable[[tuple[int, int], Look], AbstractAsyncContextManager[Desk]]


def _of_run(name: str) -> Open:
    make, run, steps = _OF_RUNS[name]

    @asynccontextmanager
    async def open_(size: tuple[int, int], look: Look) -> AsyncIterator[Desk]:
        controller = make()
        logs = _logs_of(controller.run(run).sim) if run is not None else {}
        async with desk(controller, run=run, size=size, look=look, logs=logs) as here:
            await steps(here)
            yield here

    return open_


def _then_press(opened: Callable[..., AbstractAsyncContextManager[Desk]], *keys: str, sees: str = "") -> Open:
    @asynccontextmanager
    async def open_(size: tuple[int, int], look: Look) -> AsyncIterator[Desk]:
        async with opened(size=size, look=look) as here:
            await here.press(*keys)
            await here.sees(sees)
            yield here

    return open_


def _launching(steps: Steps) -> Open:
    @asynccontextmanager
    async def open_(size: tuple[int, int], look: Look) -> AsyncIterator[Desk]:
        # Files are named with where they are: the same place each time.
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch, site(Path(folder)):
            patch.setenv("HOME", "/home/alice")
            async with desk(launch_controller(), run=None, size=size, look=look) as here:
                await steps(here)
                yield here

    return open_


async def _chooser(here: Desk) -> None:
    await here.sees("deploy-api")
    await here.press("plus")
    await here.sees("type a part of its name", "nightly-etl")


async def _form(here: Desk) -> None:
    screen = await open_form(here, "2.4.1", "staging")
    await here.until(lambda: screen.plan is not None, "the plan")


async def _part_of_pipeline(here: Desk, number: str, sees: str) -> None:
    await _form(here)
    await here.press("escape", number)
    await here.sees(sees)


async def _start_dialog(here: Desk) -> None:
    await open_form(here, "2.4.1", "production")
    await here.press("enter")
    await here.until(lambda: getattr(here.app.screen, "listens", False), "the preview")


MOMENTS: Mapping[str, Open] = {
    **{name: _of_run(name) for name in _OF_RUNS},
    "run-expected": _then_press(expected_desk),
    "timeline": _then_press(timeline_desk, sees="alice started"),
    "timeline-ended": _then_press(functools.partial(timeline_desk, told_run()), sees="alice started"),
    "record": _then_press(record_desk, sees="alice started it"),
    "details": _then_press(timeline_desk, "d", sees="attempt"),
    "host": _then_press(host_desk, sees="web3"),
    "chooser": _launching(_chooser),
    "pipeline-start": _launching(_form),
    "pipeline-plan": _launching(lambda here: _part_of_pipeline(here, "2", "restart")),
    "pipeline-definition": _launching(lambda here: _part_of_pipeline(here, "3", "version: 1")),
    "pipeline-history": _launching(lambda here: _part_of_pipeline(here, "4", "p50")),
    "dialog-start": _launching(_start_dialog),
}


@asynccontextmanager
async def moment(name: str, size: tuple[int, int], look: Look) -> AsyncIterator[Desk]:
    """The app at that moment."""
    async with MOMENTS[name](size, look) as here:
        await here.pilot.pause()
        yield here
