"""Pictures of the real app: ``python -m tests.screens.shots DIR [NAME…] [LOOK…]`` over a controller in memory.

``python -m tests.screens.shots --live RUN FILE.png`` takes one of a run that a real controller has, at 120x36, for the
README: start ``onduty demo``, then name its run with ONDUTY_HOME set to the demo's state folder.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from runners.core.holds import holds
from runners.core.index import index_of
from runners.testing.simulator import Simulator
from tests.screens import repair_scenes
from tests.screens.desk import LIBRARY, Desk, desk
from tests.screens.fake_controller import FakeController, FakeRun, memory_logs
from tests.screens.picture import picture_svg, save_picture
from tests.screens.scenes import BIND, board_scene, failed_run, healthy_run, host_status, rollout, unknown_run
from tui.view.glyphs import ASCII
from tui.view.theme import DARK, HC, LIGHT, NONE
from tui.widgets.look import Look

LIVE_WIDTH = 1200
"""Pixels."""
SIZES = ((160, 44), (120, 36), (80, 24))
LOOKS = {"dark": Look(DARK), "light": Look(LIGHT)}
FEW_LOOKS = {"hc": Look(HC), "ascii-nocolor": Look(NONE, ASCII)}
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


def _fields(run: object) -> dict[str, object]:
    return {name: getattr(run, name) for name in run.__struct_fields__ if name not in ("uid", "id", "pipeline")}


async def _nothing(here: Desk) -> None:
    await here.sees("deploy-api/42")


def pressing(*keys: str) -> Steps:
    """Wait for the failure, then press keys."""

    async def steps(here: Desk) -> None:
        await here.sees("address already in use")
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


async def _lost(here: Desk) -> None:
    await here.sees("address already in use")
    await here.controller.go_down()
    await here.sees("no controller for")


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


SCENES: dict[str, tuple[Callable[[], FakeController], str | None, Steps]] = {
    "run-failed": (lambda: controller_of(failed_run()), "u1", pressing()),
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
    "find": (lambda: controller_of(failed_run()), "u1", pressing("slash", *"api")),
    "paused": (lambda: controller_of(repair_scenes.paused_run()), "u1", _looks),
    "paused-now": (lambda: controller_of(repair_scenes.paused_run(now=True)), "u1", selecting("web5")),
    "rolling-back": (lambda: controller_of(repair_scenes.rolling_back_run()), "u1", _looks),
    "rollback-incomplete": (lambda: controller_of(repair_scenes.incomplete_run()), "u1", _looks),
    "rolled-back": (lambda: controller_of(repair_scenes.rolled_back_run()), "u1", _looks),
    "secret": (lambda: controller_of(repair_scenes.secret_run()), "u1", _looks),
    "secret-board": (lambda: controller_of(repair_scenes.secret_run()), None, _nothing),
    "dialog-secret": (lambda: controller_of(repair_scenes.secret_run()), "u1", _typed),
    "finally": (lambda: controller_of(repair_scenes.finally_run()), "u1", selecting("web5")),
    "finally-cancelled": (lambda: controller_of(repair_scenes.finally_run()), "u1", selecting("web4")),
    "notes": (lambda: controller_of(repair_scenes.noted_run()), "u1", _looks),
    "dialog-rollback": (lambda: controller_of(repair_scenes.half_done()), "u1", _then("B")),
    "board": (busy, None, _nothing),
    "board-empty": (lambda: FakeController(), None, lambda here: here.sees("No runs yet")),
}


async def shoot(name: str, size: tuple[int, int], look: Look, path: Path) -> None:
    """One picture."""
    make, run, steps = SCENES[name]
    controller = make()
    logs = {}
    if run is not None:
        sim = controller.run(run).sim
        texts: dict[str, Sequence[bytes]] = {}
        for host in (
            one for one in ("web3", "web6", "web7", "web9", "web10") if rollout(one) in index_of(sim.plan).places
        ):
            for attempt in sim.run(rollout(host)).attempts:
                for task, lines in zip(attempt.tasks, (_FETCH, _RESTART), strict=False):
                    if task.key:
                        texts[task.key] = lines if host == "web3" or lines is _FETCH else lines[:4]
        logs = memory_logs(sim, texts)
        assert holds(sim.state, {}) is not None
    async with desk(controller, run=run, size=size, look=look, logs=logs) as here:
        await steps(here)
        await here.pilot.pause()
        save_picture(here.app, path)


async def shoot_live(run: str) -> str:
    """The screen of a run that a real controller has, as SVG."""
    from tui.app import OndutyApp
    from tui.bridge import Line
    from tui.wiring import controller_command, home

    line = Line(home(), controller_command())
    client, _ = await line(start=True)
    async with client:
        uid = await client.find(run)
    app = OndutyApp(line, lambda: LIBRARY, LOOKS["dark"], run=uid)
    async with app.run_test(size=(120, 36)) as pilot:
        here = Desk(app, pilot, FakeController())
        await here.sees("failed in restart", "address already in use", "port-in-use")
        await pilot.pause()
        return picture_svg(app)


def main(words: Sequence[str]) -> None:
    """See the module."""
    if words and words[0] == "--live":
        svg = asyncio.run(shoot_live(words[1]))
        # Small enough to be read over a phone; the SVG itself needs a font that not every reader has.
        program = ("rsvg-convert", "-w", str(LIVE_WIDTH), "-o", words[2])
        subprocess.run(program, input=svg.encode(), check=True)
        return
    folder, kinds = Path(words[0]), {**LOOKS, **FEW_LOOKS}
    wanted = [word for word in words[1:] if word in SCENES]
    some = [word for word in words[1:] if word in kinds]
    for name in wanted or SCENES:
        looks = {kind: kinds[kind] for kind in some or (kinds if name == "run-failed" else LOOKS)}
        for kind, look in looks.items():
            for size in SIZES:
                asyncio.run(shoot(name, size, look, folder / f"{name}-{size[0]}x{size[1]}-{kind}"))


if __name__ == "__main__":
    os.environ.setdefault("TZ", "UTC")
    main(sys.argv[1:])
