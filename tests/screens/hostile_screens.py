"""Every string that a screen shows is hostile: names, params, reasons, notes, banners, holds, survivors, previews.

``tour`` opens every screen, pane and dialog over such a run. As a program it does so on the terminal it is given, for
``test_hostile_screens.py``.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from typing import Any

from textual.pilot import Pilot

import tui.wiring
from runbooks.library import load_built_in
from runners.model.api import HoldDocument, HostStatus
from runners.model.intents import Note
from runners.model.inventory import Host
from runners.model.news import AdviceGiven
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.screens.fake_controller import FakeController, FakeRun, memory_logs
from tests.screens.scenes import START_UTC
from tui.app import OndutyApp
from tui.widgets.look import Look

CORPUS = {
    "osc": "\x1b]52;c;SE9TVElMRQ==\x07\x1b]0;HOSTILE\x07\x1b]8;;http://x\x1b\\",
    "csi": "\x1b[2J\x1b[1;1H\x1b[6n\x1b[5n\x1b[c\x1b[>c\x1b[?1049l\x1bc\x1b[!p\x1b[31m",
    "c1": "\u009b6n\u009d0;HOSTILE\u009c\u0090q\u009c\x85",
    "bidi": "\u202egnp.exe\u2066x\u2069\u061c\u200f",
    "zero-width": "a\u200bb\u200d\ufeffc\u0301\u0301\u0301\u20dd\ue000",
    "markup": "[/x] [@click=app.exit]go[/] [bold red]x[/] [link=http://x]y[/link] {x} %s",
    "long": "long" * 400 + "\u4f60\u597d" * 300,
    "lines": "one\ntwo\r\nthree\rfour\x0bfive\x0csix\u2028seven\x00\x08\x7f",
}
PANES = ("1", "2", "3", "4", "5")
Visit = Callable[[str], None]


def named(evil: str) -> str:
    """As a part of a job run's id, which has no place for these two."""
    return evil.replace("/", "%").replace("@", "%")


def hostile_run(evil: str) -> Simulator:
    """A run with nothing in it but ``evil``: one failed, one runs, one is unknown, one waits."""
    name = named(evil)
    hosts = [f"{name}{number}" for number in range(4)]
    plan = plan_of(
        stage(f"s{name}", replace(job("x", "h", "t", rollback="u", closing="f"), name=f"j{name}", hosts=tuple(hosts))),
        stage(f"z{name}", replace(job("x", "h", "t"), name=f"k{name}", hosts=tuple(hosts[:2]))),
        pipeline=f"p{name}",
        environment=f"e{evil}",
    )
    stages = tuple(
        replace(
            one,
            jobs=tuple(
                replace(
                    planned,
                    stage=one.name,
                    tasks=tuple(replace(task, name=f"{task.name}{evil}", command=evil, env={evil: evil}, dir=evil)
                                for task in planned.tasks),
                    rollback=tuple(replace(task, name=f"{task.name}{evil}", command=evil) for task in planned.rollback),
                )
                for planned in one.jobs
            ),
        )
        for one in plan.stages
    )  # fmt: skip
    plan = replace(
        plan,
        stages=stages,
        params={"release": evil, evil: evil},
        hosts={host: Host(name=host, address=evil, user=evil) for host in hosts},
        definition_digest=evil,
        description=evil,
    )
    sim = Simulator(plan, by=evil, now_utc=START_UTC)
    first, second, third, _ = (run.id for run in sim.state.stages[0].jobs[0].runs)
    sim.ready(first, second, third)
    sim.started(second)
    sim.now_utc += 3
    sim.finish(first, 1)
    sim.finish(first)
    effect = sim.advices.pop(first)
    sim.tell(AdviceGiven(job_run=first, attempt=effect.attempt, page="port-in-use", section=evil, score=0.9, why=evil,
                         first_line=evil, task=effect.task, line=6))  # fmt: skip
    sim.lose(third, evil)
    sim.cancel(second, by=evil, reason=evil)
    sim.cancel_step(second, "survivors", evil, f"4711 root {evil}")
    sim.ask(Note(id="n", text=f"n{evil}"), evil)
    sim.now_utc += 5
    return sim


def hostile_controller(evil: str) -> FakeController:
    """It says nothing that is not hostile."""
    sim = hostile_run(evil)
    run = FakeRun(sim, "u1", f"p{named(evil)}/1", {"what": evil, "first_line": evil, "by": evil, "environment": evil})
    controller = FakeController(run, user=evil)
    controller.watchers = (evil, "alice")
    ids = [one.id for one in sim.state.stages[0].jobs[0].runs]
    controller.hosts = tuple(
        HostStatus(name=host, address=evil, phase=phase, text=evil, fingerprint=evil, user=evil, runs=(evil,))
        for host, phase in zip(sim.plan.hosts, ("connected", "silent", "host_key_unknown", evil), strict=False)
    )
    controller.holds = {
        "u1": (
            HoldDocument(kind=evil, what=ids[3], text=evil, since=evil),
            HoldDocument(kind="host_key", what=ids[3], text=evil, since=None),
            HoldDocument(kind=evil, what=sim.state.name, text=evil, since=None),
            HoldDocument(kind="stage", what=sim.state.stages[1].name, text=evil, since=None),
        )
    }
    controller.later = (evil,)
    controller.definition = evil
    return controller


async def tour(app: OndutyApp, pilot: Pilot[None], controller: FakeController, evil: str, visit: Visit) -> None:
    """Every screen, every pane, every dialog, a toast of each kind, a refusal; ``visit`` looks at each."""

    async def press(*keys: str) -> None:
        await pilot.press(*keys)
        await pilot.pause()

    async def until(condition: Callable[[], Any]) -> None:
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end
            await pilot.pause()
            await asyncio.sleep(0)

    async def dialog(key: str, *after: str) -> None:
        from tui.screens.confirm import ConfirmScreen

        await press(key)
        await until(lambda: isinstance(app.screen, ConfirmScreen) and app.screen.listens)
        visit(f"dialog {key}")
        for more in after:
            await press(more)
            visit(f"dialog {key} {more}")
        await press("escape")

    await until(lambda: app.feed.loaded and app.screen.why_not() == {})  # type: ignore[attr-defined]
    visit("board")
    await press("enter")
    from tui.screens.run import RunScreen

    await until(lambda: isinstance(app.screen, RunScreen) and app.screen.feed.state is not None)
    await until(lambda: app.pages.are_read)
    screen = app.screen
    assert isinstance(screen, RunScreen)
    visit("run")
    for pane in PANES:
        await press(pane)
        visit(f"pane {pane}")
    await press("z")
    visit("pane 5, zoomed")
    await press("z")
    await press("1", "g")
    for _ in screen.choice.tree.selectable():
        visit(f"selected {screen.choice.id()[:9]!r}")
        await press("j")
    await press("g", "j")
    for key, after in (("r", ("s", "v")), ("B", ("d",)), ("X", ()), ("P", ("s",)), ("M", ()), ("S", ())):
        if key[0] not in [one for one in "rSXBPM" if _disabled(screen, one)]:
            await dialog(key, *after)
    for key in ("at", "y", "o", "question_mark", "colon"):
        await press(key)
        visit(f"screen {key}")
        await press("escape")
        await until(lambda: app.screen is screen)
    for kind in ("run", "warn", "fail"):
        screen.say(kind, evil)
    await pilot.pause()
    visit("toasts")
    controller.refuse_with = evil
    await dialog("M")
    await controller.go_down(evil)
    await until(lambda: app.feed.trouble)
    visit("no controller")
    await press("r")
    await pilot.pause()
    visit("dialog without a controller")
    await press("escape")


def _disabled(screen: Any, key: str) -> bool:
    names = {"r": "retry", "S": "skip", "X": "cancel", "B": "roll-back", "P": "pause", "M": "note"}
    return names[key] in screen.why_not()


def app_over(controller: FakeController) -> OndutyApp:
    """The real app, over logs that are as hostile."""
    evil = controller.definition
    logs = {
        key: log
        for run in controller.runs
        for key, log in memory_logs(run.sim, {key: [evil.encode()] for key in _keys(run.sim)}).items()
    }
    tui.wiring.log_reader = lambda uid, key: logs[key]  # type: ignore[assignment, return-value]
    return OndutyApp(controller.connect, load_built_in, Look(), now=controller.now, zone=UTC)


def _keys(sim: Simulator) -> list[str]:
    return [
        task.key
        for one in sim.state.stages
        for planned in one.jobs
        for run in planned.runs
        for attempt in run.attempts
        for task in attempt.tasks
        if task.key
    ]


def main() -> None:
    """The tour on this terminal, with everything at once but what is only long."""
    evil = "".join(text for kind, text in CORPUS.items() if kind != "long")
    controller = hostile_controller(evil)
    app = app_over(controller)

    async def drive(pilot: Pilot[None]) -> None:
        try:
            await tour(app, pilot, controller, evil, lambda place: None)
        except Exception as error:
            app.crash = error
        app.exit()

    app.run(auto_pilot=drive)
    if app.crash is not None or app.broken:
        sys.exit(f"broke: {app.crash!r} {list(app.broken)}")


if __name__ == "__main__":
    main()
