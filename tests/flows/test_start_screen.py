"""Runs that are started on the screen, over a real controller: the same run that the command line starts."""

from __future__ import annotations

import asyncio

import pytest

from runbooks.library import load_built_in
from tests.flows.test_secrets_screen import Eyes, no_command
from tests.person import Person
from tui.app import OndutyApp
from tui.bridge import Line
from tui.screens.board import BoardScreen
from tui.screens.pipeline import PipelineScreen
from tui.screens.run import RunScreen
from tui.screens.start import StartScreen
from tui.view.look import Look

GREET = """\
version: 1
name: greet
params:
  who: {pattern: '[a-z]+', help: Whom to greet.}
  times: {type: integer, default: 2}
stages: [{name: one, jobs: {say: {hosts: local, tasks: [{name: say, run: 'echo "hello $who, $times times"'}]}}}]
"""


def uid_of(app: OndutyApp) -> str:
    """The run that is shown."""
    assert isinstance(app.screen, RunScreen)
    return app.screen.feed.uid


async def test_a_run_with_a_param_is_started_by_keys_and_then_again_from_its_history(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.write("greet.yaml", GREET)
    await asyncio.to_thread(person, "runs")
    for name in ("ONDUTY_HOME", "HOME", "XDG_CONFIG_HOME"):
        if name in person.env:
            monkeypatch.setenv(name, person.env[name])
    monkeypatch.chdir(person.work)
    app = OndutyApp(Line(person.home, no_command), load_built_in, Look())
    async with app.run_test(size=(120, 36)) as pilot:
        eyes = Eyes(app, pilot)
        await eyes.until(lambda: app.feed.loaded)
        await eyes.press("plus")
        await eyes.until(lambda: "greet.yaml" in eyes.look())
        await eyes.press("enter", *"bob", "shift+tab", "enter")
        await eyes.until(lambda: isinstance(app.screen, StartScreen) and app.screen.listens)
        assert "who=bob, times=2" in eyes.look()
        await eyes.press("Y")
        await eyes.until(lambda: isinstance(app.screen, RunScreen))
        uids = [uid_of(app)]
        await eyes.until(lambda: "hello bob, 2 times" in eyes.look())
        await eyes.press("escape")
        await eyes.until(lambda: isinstance(app.screen, BoardScreen) and app.feed.summaries)
        await eyes.until(lambda: app.feed.summaries[0].phase == "succeeded")
        await eyes.press("y", "4")
        await eyes.until(lambda: "100%" in eyes.look() and "/1" in eyes.look())
        await eyes.press("plus")
        await eyes.until(lambda: isinstance(app.screen, PipelineScreen) and app.screen.draft is not None)
        await eyes.press("x", "shift+tab", "enter")
        await eyes.until(lambda: isinstance(app.screen, StartScreen) and app.screen.listens)
        assert "as greet/1 pinned them" in eyes.look()
        await eyes.press("Y")
        await eyes.until(lambda: isinstance(app.screen, RunScreen))
        uids.append(uid_of(app))
        await eyes.until(lambda: "hello bobx, 2 times" in eyes.look())
        assert app.broken == {}
    first, second = await asyncio.to_thread(lambda: [person.document(uid) for uid in uids])
    assert first["params"] == {"who": "bob", "times": "2"}
    assert second["params"] == {"who": "bobx", "times": "2"}
    assert first["definition_digest"] == second["definition_digest"]
