"""Every string on a screen is hostile: names, params, reasons, notes, outputs, holds, survivors, pages, previews.

``Tour`` opens every screen, pane and dialog over such a run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from msgspec.structs import replace as replace_struct
from textual.pilot import Pilot

import tui.wiring
from runbooks.library import Library, load_built_in
from runbooks.page import Page
from runners.model import api
from runners.model.api import HoldDocument, HostStatus, LoginPrompt, LoginQuestion, PastRun, PipelineHistory
from runners.model.host_check import HostCheck, LiveThere
from runners.model.intents import Note
from runners.model.inventory import Host
from runners.model.metrics import HostReading, Room
from runners.model.news import AdviceGiven
from runners.model.outputs import Outputs
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.screens.fake_controller import FakeController, FakeRun, memory_logs
from tests.screens.scenes import START_UTC
from tui.app import OndutyApp
from tui.screens.alike import AlikeScreen
from tui.screens.chooser import ChooserScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.host import HostScreen
from tui.screens.login import LoginScreen
from tui.screens.painted import PaintedScreen
from tui.screens.pipeline import PipelineScreen
from tui.screens.run import RunScreen
from tui.view.look import Look

CORPUS = {
    "osc": "\x1b]52;c;SE9TVElMRQ==\x07\x1b]0;HOSTILE\x07\x1b]8;;http://x\x1b\\",
    "csi": "\x1b[2J\x1b[1;1H\x1b[6n\x1b[5n\x1b[c\x1b[>c\x1b[?1049l\x1bc\x1b[!p\x1b[31m",
    "c1": "\u009b6n\u009d0;HOSTILE\u009c\u0090q\u009c\x85",
    "bidi": "\u202egnp.exe\u2066x\u2069\u061c\u200f",
    "zero-width": "a\u200bb\u200d\ufeffc\u0301\u0301\u0301\u20dd\ue000",
    "markup": "[/x] [@click=app.exit]go[/] [bold red]x[/] [link=http://x]y[/link] {x} %s",
    "lines": "one\ntwo\r\nthree\rfour\x0bfive\x0csix\u2028seven\x00\x08\x7f",
    "long": "long" * 30 + "\u4f60\u597d" * 30,
}
PANES = {"jobs": "1", "log": "2", "why": "3", "runbook": "4", "host": "5"}
MOST_ROWS = 4
"""Of the jobs tree: a stage, one that failed, one that runs, one unknown."""
DEADLINE_S = 60.0
Visit = Callable[[str], None]


def evil_from(first: str) -> str:
    """All of it in one text, one kind before the others: a short place shows that one."""
    kinds = sorted(CORPUS, key=lambda kind: kind != first)
    return "".join(CORPUS[kind] for kind in kinds)


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
    sim.finish(first, 1, outputs=Outputs(values={"key": evil, evil: evil}, problems=(evil,)))
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


def hostile_page(evil: str) -> Page:
    """A page of a site, with all it can say."""
    page = load_built_in().pages["port-in-use"]
    sections = tuple(
        replace(
            section,
            prose=evil,
            steps=tuple(
                replace(step, name=evil, command=f"{step.command}{evil}", prose=evil) for step in section.steps
            ),
        )
        for section in page.sections
    )
    return replace(page, title=evil, sections=sections, owner=evil, file=evil)


def hostile_before(job_run: str, evil: str) -> api.Before:
    """What earlier runs were called, had, and were done to."""
    names = (evil,)
    changes = api.Changes(
        run=f"p/{evil}",
        uid=evil,
        ended_at=evil,
        jobs=tuple(
            api.JobChange(job=f"s/{evil}", how=how, tasks=tasks) for how, tasks in (("changed", names), (evil, ()))
        ),
        params=(api.ParamChange(name=evil, before=evil, now=f"{evil}2"),),
        env=names,
        files=names,
        hosts_added=names,
        hosts_gone=names,
        hosts_moved=names,
        hosts_set=names,
        by=evil,
    )
    fix = api.Fix(run=f"p/{evil}", uid=evil, how="skipped", by=evil, why=evil, note=evil, note_by=evil, next_good=evil)
    seen = api.Seen(times=2, of=3, run=f"p/{evil}", uid=evil, host=evil, at=evil, always_on=evil, fix=fix)
    return api.Before(job_run=job_run, changes=changes, seen=seen)


def hostile_controller(evil: str) -> FakeController:
    """It says nothing that is not hostile."""
    sim = hostile_run(evil)
    run = FakeRun(sim, "u1", f"p{named(evil)}/1", {"what": evil, "first_line": evil, "by": evil, "environment": evil})
    controller = FakeController(run, user=evil)
    controller.watchers = (evil, "alice")
    hosts = list(sim.plan.hosts)
    ids = [one.id for one in sim.state.stages[0].jobs[0].runs]
    controller.before = hostile_before(ids[0], evil)
    controller.hosts = tuple(
        HostStatus(name=host, address=evil, phase=phase, text=evil, fingerprint=evil, user=evil, runs=(evil,))
        for host, phase in zip(sim.plan.hosts, ("connected", "silent", "host_key_unknown", evil), strict=False)
    )
    asked = LoginQuestion(
        id="q1",
        asker=hosts[2],
        kind="host",
        text=evil,
        words=(evil, evil),
        prompts=(LoginPrompt(text=evil, echo=True), LoginPrompt(text=evil)),
        note=evil,
        since=evil,
    )
    controller.hosts = tuple(
        replace_struct(one, phase="login", login=asked, runs=(sim.state.name,)) if one.name == hosts[2] else one
        for one in controller.hosts
    )
    controller.holds = {
        "u1": (
            HoldDocument(kind=evil, what=ids[3], text=evil, since=evil),
            HoldDocument(kind="host_key", what=ids[3], text=evil, since=None),
            HoldDocument(kind=evil, what=sim.state.name, text=evil, since=None),
            HoldDocument(kind="login", what=ids[3], text=f"{evil}; onduty login {evil}", since=None),
            HoldDocument(kind="stage", what=sim.state.stages[1].name, text=evil, since=None),
        )
    }
    room = Room(mount=f"/{evil}", size_bytes=10, free_bytes=1, used_percent=99.0)
    now_utc = controller.now()
    controller.readings = {
        host: tuple(
            HostReading(at=now_utc - 2 * (9 - at), cpu_percent=99.0, rooms=(room,), pressure={evil: 50.0}, load=1.0)
            for at in range(10)
        )
        for host in sim.plan.hosts
    }
    controller.checks = {
        host: HostCheck(
            name=host,
            address=evil,
            phase=evil,
            reached=True,
            problems=(evil,),
            hint=evil,
            user=evil,
            tools=evil,
            sudo=evil,
            shell=evil,
            fingerprint=evil,
            key_type=evil,
            state_dir=evil,
            executions=(LiveThere(key=evil, label=evil, since=evil, ours=False),),
        )
        for host in sim.plan.hosts
    }
    controller.histories[run.name.rpartition("/")[0]] = PipelineHistory(
        pipeline=evil,
        runs=tuple(
            PastRun(
                id=f"{evil}/{number}", uid=f"u{number}", phase=phase, result=evil, by=evil, environment=evil,
                params={evil: f"{evil}{number}"}, limit=evil, created_at=evil, started_at=evil, ended_at=None,
                duration_s=float(number), failed=evil, first_line=evil,
            )
            for number, phase in enumerate(("failed", "succeeded", evil))
        ),
        ended=3, succeeded=1, success_rate=1 / 3, p50_s=1.0, p95_s=2.0,
    )  # fmt: skip
    controller.later = (evil,)
    controller.definition = evil
    return controller


class Tour:
    """Somebody who opens everything; ``visit`` looks at each place."""

    def __init__(self, app: OndutyApp, pilot: Pilot[None], controller: FakeController, visit: Visit) -> None:
        self._app = app
        self._pilot = pilot
        self._controller = controller
        self._visit = visit

    async def starts(self) -> None:
        """From the list of runs: what can be started, and the pipeline of the run with all its parts."""
        app = self._app
        await self._until(lambda: app.feed.loaded and self._painted.why_not() == {})
        board = app.screen
        await self._press("plus")
        await self._until(lambda: isinstance(app.screen, ChooserScreen) and app.screen.is_read)
        self._visit("chooser")
        await self._press("escape", "y")
        await self._until(
            lambda: isinstance(app.screen, PipelineScreen) and app.screen.draft is not None and app.screen.history
        )
        for key in ("1", "2", "3", "4"):
            await self._press("escape", key) if key != "1" else await self._press(key)
            self._visit(f"pipeline {key}")
        self._painted.say("warn", self._controller.definition)
        await self._press("escape", "escape")
        await self._until(lambda: app.screen is board)

    async def looks(self) -> None:
        """The list of runs, and the run with all its panes."""
        app = self._app
        await self._until(lambda: app.feed.loaded and self._painted.why_not() == {})
        self._visit("board")
        await self._press("enter")
        await self._until(lambda: isinstance(app.screen, RunScreen) and app.screen.feed.state is not None)
        await self._until(lambda: app.pages.are_read)
        self._visit("run")
        for pane in self._screen.shown_panes()[1:]:
            await self._press(PANES[pane])
            self._visit(f"pane {pane}")

    async def opens(self) -> None:
        """Every row, every screen above the run, every dialog, a toast of each kind, a refusal, no controller."""
        app, screen, controller = self._app, self._screen, self._controller
        await self._press("5", "z")
        self._visit("host, alone")
        await self._press("z", "1", "g")
        for _ in range(MOST_ROWS):
            self._visit(f"selected {screen.choice.id()!r}")
            await self._press("j")
        await self._press("g", "j")
        for key, after in (("r", ("s", "V")), ("B", ("D",)), ("M", ())):
            await self._dialog(key, *after)
        await self._press("L")
        await self._until(lambda: isinstance(app.screen, LoginScreen) and app.screen.listens)
        self._visit("dialog L")
        await self._press("escape")
        for key in ("at", "y", "o", "d", "T", "D", "question_mark", "colon"):
            await self._press(key)
            await self._until(lambda: app.screen is not screen)
            self._visit(f"screen {key}")
            await self._press("escape")
            await self._until(lambda: app.screen is screen)
        await self._press("u")
        await self._until(lambda: isinstance(app.screen, AlikeScreen) and app.screen.is_over)
        self._visit("screen u")
        await self._press("escape", "a")
        await self._until(lambda: app.screen is screen and screen.together.job)
        self._visit("all hosts by time")
        await self._press("ampersand", "o", "enter", "space")
        self._visit("filtered, marked")
        await self._press("escape", "escape", "a", "1")
        await self._press("H")
        await self._until(lambda: isinstance(app.screen, HostScreen) and app.screen.scene().readings)
        await self._press("K")
        await self._until(lambda: isinstance(app.screen, HostScreen) and app.screen.scene().check)
        self._visit("screen host")
        await self._press("tab")
        self._visit("screen host, facts")
        await self._press("escape")
        await self._until(lambda: app.screen is screen)
        for kind in ("run", "warn", "fail"):
            screen.say(kind, controller.definition)
        await self._pilot.pause()
        self._visit("toasts")
        controller.refuse_with = controller.definition
        screen.toasts.clear()
        await self._dialog("M", "x", "enter", "enter")
        await self._until(lambda: screen.toasts)
        self._visit("refused")
        await controller.go_down(controller.definition)
        await self._until(lambda: app.feed.trouble)
        self._visit("no controller")

    @property
    def _screen(self) -> RunScreen:
        return next(one for one in self._app.screen_stack if isinstance(one, RunScreen))

    @property
    def _painted(self) -> PaintedScreen:
        assert isinstance(self._app.screen, PaintedScreen)
        return self._app.screen

    async def _press(self, *keys: str) -> None:
        await self._pilot.press(*keys)

    async def _until(self, condition: Callable[[], Any]) -> None:
        end = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < end
            await self._pilot.pause()
            await asyncio.sleep(0)

    async def _dialog(self, key: str, *after: str) -> None:
        app = self._app
        await self._press(key)
        await self._until(lambda: isinstance(app.screen, ConfirmScreen) and app.screen.listens)
        self._visit(f"dialog {key}")
        for more in after:
            await self._press(more)
            self._visit(f"dialog {key} {more}")
        if app.screen is not self._screen:
            await self._press("escape")


def app_over(controller: FakeController, patch: pytest.MonkeyPatch) -> OndutyApp:
    """The real app, over logs that are as hostile."""
    evil = controller.definition
    logs = {
        key: log
        for run in controller.runs
        for key, log in memory_logs(run.sim, {key: [evil.encode()] for key in _keys(run.sim)}).items()
    }
    patch.setattr(tui.wiring, "log_reader", lambda uid, key: logs[key])
    page = hostile_page(evil)
    library = Library(pages={page.id: page})
    return OndutyApp(controller.connect, lambda: library, Look(), now=controller.now, zone=UTC)


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
