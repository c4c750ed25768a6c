"""Runs are started from the screen: a pipeline is chosen, its form filled in, the preview agreed to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.screens.desk import Desk, desk
from tests.screens.fake_controller import FakeController
from tests.screens.launch_scenes import launch_controller, open_form, pipeline_of, site
from tui.screens.chooser import ChooserScreen
from tui.screens.pipeline import PipelineScreen
from tui.screens.run import RunScreen
from tui.screens.secrets import SecretScreen
from tui.screens.start import StartScreen


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    with site(tmp_path) as place:
        yield place


async def asked(here: Desk) -> StartScreen:
    """The preview is there and listens."""
    await here.until(lambda: isinstance(here.app.screen, StartScreen) and here.app.screen.listens, "the preview")
    screen = here.app.screen
    assert isinstance(screen, StartScreen)
    return screen


async def test_a_run_is_started_with_what_was_filled_in_and_its_screen_opens() -> None:
    controller = launch_controller()
    controller.refuse_with = "deploy-api/42 holds the group deploy-api"
    async with desk(controller, run=None) as here:
        screen = await open_form(here, "2.4.1", "staging")
        await here.sees("Not started yet: 4 job runs on 4 hosts, 2 tasks not repeatable.", "staging")
        await here.press("enter")
        await asked(here)
        await here.sees("Start deploy-api", "release=2.4.1, drain=10s", "not repeatable", "Y start")
        assert controller.started == []
        await controller.go_down()
        await here.press("Y")
        await here.sees("the controller does not answer (connection refused)", "whether it was started is not known")
        assert here.app.screen is screen
        unanswered = screen.unanswered
        assert unanswered is not None
        await controller.come_back()
        await here.press("enter")
        await asked(here)
        await here.press("Y")
        await here.sees("deploy-api/42 holds the group deploy-api")
        assert here.app.screen is screen
        controller.refuse_with = ""
        await here.press("enter")
        await asked(here)
        await here.press("Y")
        await here.until(lambda: isinstance(here.app.screen, RunScreen), "the run")
        request = controller.started[-1]
        assert {one.id for one in controller.started} == {unanswered.id}
        assert request.params == {"release": "2.4.1"}
        assert request.inventory is not None
        assert request.inventory.startswith("environment: staging")
        await here.press("escape")
        assert here.painted.NAME == "board"


async def test_production_wants_its_name_and_keys_typed_before_the_preview_confirm_nothing() -> None:
    controller = launch_controller()
    async with desk(controller, run=None, size=(80, 24)) as here:
        screen = await open_form(here, "2.4.1", "production")
        await here.pilot.press("enter", "Y", "Y")
        preview = await asked(here)
        await here.press("Y", "enter")
        await here.until(lambda: here.app.screen is screen)
        assert controller.started == []
        await here.press("enter")
        preview = await asked(here)
        await here.sees("type deploy-api", "10 letters to go")
        # The name is typed at once, and the way from the safe button is one tab.
        await here.press("d", "e")
        await here.sees("8 letters to go")
        await here.press("enter", "shift+tab", "tab")
        preview.takes_paste("ploy-ap")
        await here.press("Y", "backspace", "i", "escape")
        await here.until(lambda: here.app.screen is screen)
        await here.press("enter")
        preview = await asked(here)
        await here.press("shift+tab")
        preview.takes_paste("deploy-api")
        await here.press("enter", "enter")
        await here.until(lambda: controller.started)


async def test_the_environment_stays_in_sight_while_a_value_is_wrong() -> None:
    async with desk(launch_controller(), run=None) as here:
        await open_form(here, "2.4.1", "production")
        await here.sees("PRODUCTION")
        await here.press("tab", "x")
        await here.sees("release has a value that cannot be used.", "PRODUCTION")


async def test_values_are_judged_while_they_are_typed_and_nothing_is_asked_with_a_bad_one() -> None:
    async with desk(launch_controller(), run=None) as here:
        screen = await open_form(here)
        await here.type("2.4")
        await here.sees('"2.4" does not match the pattern', "release has a value that cannot be used.")
        await here.type(".1")
        await here.sees_no("does not match")
        await here.press("shift+tab")
        assert screen.form.focus == "start"
        await here.press("enter")
        await here.until(lambda: any("inventory needs a value" in toast.text for toast in screen.toasts))
        assert screen.form.focus == "inventory"
        assert isinstance(here.app.screen, PipelineScreen)
        await here.press("escape", "escape")
        assert here.painted.NAME == "board"


async def test_a_prompted_secret_is_asked_after_the_preview_and_goes_with_the_run_alone() -> None:
    controller = launch_controller()
    async with desk(controller, run=None) as here:
        await here.sees("deploy-api")
        await here.press("plus")
        await here.sees("nightly-etl")
        await here.type("night")
        await here.press("enter")
        await here.sees("asked when you start: Password of the warehouse")
        screen = pipeline_of(here)
        await here.press("s", "shift+tab", "enter")
        await asked(here)
        await here.press("Y")
        await here.until(lambda: isinstance(here.app.screen, SecretScreen) and here.app.screen.listens)
        await here.sees("Password of the warehouse", "It is asked for once, before the run starts.")
        await here.press("escape")
        await here.sees("nothing was started")
        assert controller.started == []
        await here.press("enter")
        await asked(here)
        await here.press("Y")
        await here.until(lambda: isinstance(here.app.screen, SecretScreen) and here.app.screen.listens)
        asking = here.app.screen
        assert isinstance(asking, SecretScreen)
        asking.takes_paste("zq7Kx9wvj")
        await here.press("enter", "enter")
        await here.until(lambda: controller.started)
        assert controller.started[0].secrets == {"WAREHOUSE": "zq7Kx9wvj"}
        assert "zq7Kx9wvj" not in repr(vars(screen)) + here.text


async def test_a_file_with_problems_says_all_of_them_where_they_are_and_cannot_be_started() -> None:
    async with desk(launch_controller(), run=None) as here:
        await here.sees("deploy-api")
        await here.press("plus")
        await here.sees("cert-rotate")
        await here.type("cert")
        await here.press("enter")
        await here.sees("1 problem: nothing can be started", "pipelines/cert-rotate.yaml:6:25", 'did you mean "tasks"?')
        await here.press("enter")
        await here.until(lambda: pipeline_of(here).toasts)
        assert isinstance(here.app.screen, PipelineScreen)
        await here.press("escape", "3")
        await here.sees("a: {hosts: local, taks: []}")


async def test_a_file_that_changed_meanwhile_is_looked_at_again_first(folder: Path) -> None:
    async with desk(launch_controller(), run=None) as here:
        screen = await open_form(here, "2.4.1", "staging")
        file = folder / "pipelines" / "deploy-api.yaml"
        file.write_text(file.read_text().replace("default: 10s,", ""))
        await here.press("enter")
        await here.sees("was changed meanwhile")
        assert screen.form.params["release"] == "2.4.1"
        assert [field.label for field in screen.form.missing] == ["drain"]
        assert isinstance(here.app.screen, PipelineScreen)


async def test_y_opens_the_pipeline_of_a_run_whose_history_opens_runs_and_starts_them_again() -> None:
    async with desk(launch_controller(), run=None) as here:
        await here.sees("deploy-api")
        await here.press("y")
        await here.sees("3 definition", "canary first")
        await here.press("4")
        await here.sees("82%", "p95", "release@web3: exit 1 in restart")
        await here.press("j", "c")
        assert here.app.clipboard == "deploy-api/41"
        await here.press("k", "enter")
        await here.until(lambda: isinstance(here.app.screen, RunScreen))
        await here.press("escape", "plus")
        await here.sees("hosts", "as deploy-api/42 pinned them", "again deploy-api/42")
        screen = pipeline_of(here)
        await here.press("escape", "c")
        assert here.app.clipboard == "onduty run --again deploy-api/42"
        await here.press("5")
        await here.until(lambda: any("there are 4 parts" in toast.text for toast in screen.toasts))
        await here.press("escape")
        assert pipeline_of(here) is not screen


async def test_the_form_of_a_run_has_the_inventory_that_the_run_was_started_with(folder: Path) -> None:
    controller = launch_controller()
    sim = controller.run("u1").sim
    pipelines, staging = str(folder / "pipelines"), str(folder / "inventories" / "staging.yaml")
    sim.plan = replace(sim.plan, folder=pipelines, inventory_path=staging)
    async with desk(controller, run=None) as here:
        await here.sees("deploy-api")
        await here.press("y")
        await here.until(lambda: pipeline_of(here).draft is not None, "the form")
        assert pipeline_of(here).form.missing[0].label == "release"
        await here.press("1")
        pipeline_of(here).takes_paste("2.4.1")
        await here.sees("Not started yet: 4 job runs on 4 hosts")
        planned = pipeline_of(here).plan
        assert planned is not None
        assert planned.inventory_path == staging


async def test_the_selected_run_again_sends_only_what_differs() -> None:
    controller = launch_controller()
    async with desk(controller, run="u1") as here:
        await here.sees("deploy-api/42")
        await here.press("plus")
        await here.sees("as it was: same text, same hosts", "pipelines/deploy-api.yaml")
        await here.press("down", "enter")
        await here.sees("as deploy-api/42 pinned them", "as then")
        screen = pipeline_of(here)
        await here.press("backspace", "0", "shift+tab", "enter")
        preview = await asked(here)
        await here.sees("pinned them", "release=2.4.0")
        await here.press("shift+tab")
        preview.takes_paste("deploy-api")
        await here.press("enter", "enter")
        await here.until(lambda: controller.started)
        assert controller.started[0].again == "u1"
        assert controller.started[0].params == {"release": "2.4.0"}
        await here.until(lambda: screen not in here.app.screen_stack)


async def test_without_any_pipeline_the_chooser_says_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = folder.parent / "bare"
    bare.mkdir()
    monkeypatch.chdir(bare)
    async with desk(FakeController(), run=None) as here:
        await here.sees("No runs yet. + starts one")
        await here.press("y")
        await here.sees("no run is selected", "+ starts one")
        await here.press("plus")
        await here.sees("There is no pipeline here", "no onduty.yaml names any")
        await here.press("enter")
        assert isinstance(here.app.screen, ChooserScreen)
        await here.press("escape")
        assert here.painted.NAME == "board"


async def test_keys_typed_before_the_form_was_read_are_typed_into_it() -> None:
    async with desk(launch_controller(), run=None) as here:
        await here.sees("deploy-api")
        await here.press("plus")
        await here.sees("pipelines/deploy-api.yaml")
        await here.pilot.press("enter", "9", ".", "8", ".", "7", "tab")
        await here.until(lambda: pipeline_of(here).form.params == {"release": "9.8.7"}, "what was typed")
        assert pipeline_of(here).form.focus == "param drain"
