"""What starts a run, from a file and as an earlier run was: the same for the command line and the screen."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from runners.model.errors import InputRefused
from runners.model.plan import Plan
from runners.model.secrets import SecretSource, SourceKind
from runners.model.snapshot import PlanAnswer
from tests.screens.launch_scenes import DEPLOY, PRODUCTION, site
from tui.cli.inventories import ProgramNotExecuted
from tui.cli.texts import FileRefused
from tui.launch.drafts import FileDraft, again_draft, file_draft
from tui.launch.earlier import inventory_of
from tui.launch.found import FoundPipeline, file_of, find_pipelines
from tui.launch.values import Values
from tui.launch.variables import Variables
from tui.launch.words import command_of

GIVEN = Values(params={"release": "2.4.1"}, inventory="inventories/production.yaml")


def draft_of(name: str = "deploy-api") -> FileDraft:
    return file_draft(next(one for one in find_pipelines().pipelines if one.name == name))


def planned(plan: Plan) -> tuple[int, int]:
    return plan.job_run_count(), len(plan.hosts)


def test_pipelines_of_the_site_and_of_this_folder_are_found_once(tmp_path: Path) -> None:
    with site(tmp_path) as folder:
        (folder / "pipelines" / "notes.yaml").write_text("just: notes\n")
        (folder / "here.yml").write_text("version: 1\nname: here\nstages: []\n")
        found = find_pipelines()
        assert [(one.name, one.shown, one.of_site) for one in found.pipelines] == [
            ("cert-rotate", "pipelines/cert-rotate.yaml", True),
            ("deploy-api", "pipelines/deploy-api.yaml", True),
            ("nightly-etl", "pipelines/nightly-etl.yaml", True),
            ("here", "here.yml", False),
        ]
        os.chdir(folder / "pipelines")
        assert len(find_pipelines().pipelines) == 3
        (folder / "onduty.yaml").write_text("pipeline: x\n")
        broken = find_pipelines()
        assert "unknown key" in broken.trouble
        assert [one.of_site for one in broken.pipelines] == [False, False, False]
        os.chdir(folder)


def test_the_file_of_a_run_is_the_only_one_of_its_folder_with_that_name(tmp_path: Path) -> None:
    with site(tmp_path) as folder:
        place = str(folder / "pipelines")
        found = file_of("deploy-api", place)
        assert found is not None
        assert found.path == f"{place}/deploy-api.yaml"
        assert file_of("gone", place) is None
        assert file_of("deploy-api", str(folder / "nowhere")) is None
        assert file_of("deploy-api", "") is None
        (folder / "pipelines" / "copy.yaml").write_text(DEPLOY)
        assert file_of("deploy-api", place) is None


def test_what_is_sent_is_the_file_as_it_is_now_with_what_was_given(tmp_path: Path) -> None:
    with site(tmp_path) as folder:
        draft = draft_of()
        assert planned(draft.plan(GIVEN)) == (15, 15)
        file = folder / "pipelines" / "deploy-api.yaml"
        file.write_text(DEPLOY + "# later\n")
        ready = draft.ready(GIVEN)
        assert planned(ready.plan) == (15, 15)
        request = ready.request
        assert request.definition == DEPLOY + "# later\n"
        assert request.definition_path == str(file)
        assert request.inventory_path == str(folder / "inventories" / "production.yaml")
        assert request.params == {"release": "2.4.1"}
        assert request.limit is None
        assert not request.again
        limited = draft.ready(Values(params={"release": "2.4.1"}, inventory=GIVEN.inventory, limit="web1:local"))
        assert limited.request.limit == "web1:local"
        assert planned(limited.plan) == (2, 2)


def test_problems_come_all_at_once_with_the_path_as_people_see_it(tmp_path: Path) -> None:
    with site(tmp_path):
        with pytest.raises(FileRefused) as refused:
            draft_of().plan(Values(params={"drain": "x", "slot": "red"}, inventory=GIVEN.inventory))
        places = [problem.split("  ")[0] for problem in refused.value.problems]
        assert places == [f"pipelines/deploy-api.yaml:{line}:3" for line in (7, 8, 9)]
        broken = draft_of("cert-rotate")
        assert broken.pipeline is None
        assert broken.problems == (
            'pipelines/cert-rotate.yaml:6:25  stages[0].jobs.a.taks: unknown key, did you mean "tasks"?',
        )
        with pytest.raises(FileRefused, match="1 problem; nothing was started"):
            broken.plan(Values())


def test_of_several_inventories_one_is_chosen_and_the_one_beside_the_file_is_usual(tmp_path: Path) -> None:
    with site(tmp_path) as folder:
        draft = draft_of()
        assert [one.shown for one in draft.choices] == ["inventories/production.yaml", "inventories/staging.yaml"]
        assert draft.usual == ""
        with pytest.raises(InputRefused, match="which inventory"):
            draft.plan(Values(params={"release": "2.4.1"}))
        staging = Values(params={"release": "2.4.1"}, inventory="inventories/staging.yaml")
        assert draft.plan(staging).environment == "staging"
        (folder / "pipelines" / "inventory.yaml").write_text(
            "hosts: {web1: , web9: , edge1: }\ngroups: {web: [web1, web9], edge: [edge1]}\n"
        )
        beside = draft_of()
        assert beside.usual == "pipelines/inventory.yaml"
        assert set(beside.plan(Values(params={"release": "2.4.1"})).hosts) == {"web1", "web9", "edge1", "local"}
        named = Values(params={"release": "2.4.1"}, inventory="inventories/staging.yaml")
        assert beside.plan(named).environment == "staging"
        with pytest.raises(InputRefused, match="no such file"):
            beside.plan(Values(params={"release": "2.4.1"}, inventory="inventories/stagin"))


def test_without_an_inventory_the_path_of_one_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "echo.yaml").write_text(
        "version: 1\nname: echo\nstages: [{name: s, jobs: {a: {hosts: web1, tasks: [{run: 'true'}]}}}]\n"
    )
    (tmp_path / "elsewhere.yaml").write_text("hosts: {web1: }\n")
    draft = file_draft(FoundPipeline(name="echo", path=str(tmp_path / "echo.yaml"), shown="echo.yaml"))
    assert draft.inventories == ()
    with pytest.raises(FileRefused):
        draft.plan(Values())
    named = Values(inventory=str(tmp_path / "elsewhere.yaml"))
    assert list(draft.plan(named).hosts) == ["web1"]
    assert draft.ready(named).request.inventory == "hosts: {web1: }\n"
    with pytest.raises(InputRefused, match=r"no such file"):
        draft.plan(Values(inventory=str(tmp_path / "gone.yaml")))


def pinned_by(draft: FileDraft, values: Values) -> PlanAnswer:
    """As the controller kept a run that was started so."""
    ready = draft.ready(values)
    return PlanAnswer(plan=ready.plan, definition=ready.request.definition, inventory=ready.request.inventory)


def test_the_inventory_of_the_run_before_counts_until_another_is_chosen(tmp_path: Path) -> None:
    with site(tmp_path) as folder:
        pinned = pinned_by(draft_of(), GIVEN)
        production = inventory_of(pinned)
        assert production is not None
        draft = draft_of().after(production)
        assert (draft.usual, len(draft.choices)) == ("inventories/production.yaml", 2)
        assert draft.earlier is not None
        assert draft.earlier.found
        own = Values(params={"release": "2.4.2"})
        assert draft.plan(own).inventory_path == str(folder / "inventories" / "production.yaml")
        assert command_of(draft, own) == (
            "onduty run pipelines/deploy-api.yaml -p release=2.4.2 -i inventories/production.yaml"
        )
        other = Values(params={"release": "2.4.2"}, inventory="inventories/staging.yaml")
        assert draft.newest().plan(other).environment == "staging"
        (folder / "inventories" / "production.yaml").unlink()
        assert inventory_of(pinned) is None
        assert (
            inventory_of(PlanAnswer(plan=replace(pinned.plan, inventory_path=""), definition="", inventory="")) is None
        )


def test_an_inventory_that_was_named_is_named_again_only_with_the_text_that_it_had(tmp_path: Path) -> None:
    with site(tmp_path, several=False) as folder:
        (folder / "mine.yaml").write_text(PRODUCTION + "defaults: {known_hosts: ./known}\n")
        named = Values(params={"release": "2.4.1"}, inventory="mine.yaml")
        pinned = pinned_by(draft_of(), named)
        same = inventory_of(pinned)
        assert same is not None
        draft = draft_of().after(same)
        assert draft.inventories == ("mine.yaml", "inventories/production.yaml")
        own = Values(params={"release": "2.4.1"})
        assert draft.ready(own).request.inventory_path == str(folder / "mine.yaml")
        (folder / "mine.yaml").write_text(PRODUCTION + "defaults: {known_hosts: ./others}\n")
        changed = inventory_of(pinned)
        assert changed is not None
        with pytest.raises(InputRefused, match="nobody vouched for it"):
            draft_of().after(changed).ready(own)


def test_a_program_is_asked_for_hosts_by_what_starts_and_by_nothing_before(tmp_path: Path) -> None:
    with site(tmp_path, several=False) as folder:
        asked = folder / "asked"
        program = folder / "pipelines" / "inventory.yaml"
        program.write_text(f'#!/bin/sh\ntouch {asked}\necho \'{{"web": ["web1"], "edge": ["edge1"]}}\'\n')
        program.chmod(0o755)
        draft = draft_of()
        values = Values(params={"release": "2.4.1"}, inventory=draft.usual)
        with pytest.raises(ProgramNotExecuted):
            draft.plan(values)
        with pytest.raises(InputRefused, match="nobody vouched for it"):
            draft.ready(values)
        assert not asked.exists()


def test_a_run_is_repeated_with_its_own_text_and_hosts_and_other_params(tmp_path: Path) -> None:
    with site(tmp_path):
        plan = draft_of().plan(GIVEN)
        draft = again_draft("u1", "deploy-api/41", PlanAnswer(plan=plan, definition=DEPLOY, inventory=None))
        ready = draft.ready(Values(params={"release": "2.4.0"}))
        assert ready.plan.params["release"] == "2.4.0"
        assert ready.request.again == "u1"
        assert ready.request.params == {"release": "2.4.0"}
        assert ready.request.inventory is None
        with pytest.raises(FileRefused) as refused:
            draft.ready(Values(params={"release": "x"}))
        assert refused.value.problems[0].startswith("deploy-api/41:7:3  params.release: ")


def test_a_site_file_that_others_can_write_is_refused(tmp_path: Path) -> None:
    with site(tmp_path) as folder:
        file = folder / "pipelines" / "deploy-api.yaml"
        file.chmod(0o666)
        with pytest.raises(InputRefused, match="can be written by everybody"):
            draft_of()
        named = FoundPipeline(name="deploy-api", path=str(file), shown="deploy-api.yaml")
        assert file_draft(named).name == "deploy-api"


def test_the_command_that_does_the_same_is_quoted_for_a_shell(tmp_path: Path) -> None:
    with site(tmp_path):
        values = Values(params={"release": "2.4.1", "note": "it's"}, inventory="a b.yaml", limit="web:!web1")
        assert command_of(draft_of(), values) == (
            "onduty run pipelines/deploy-api.yaml -p release=2.4.1 -p 'note=it'\"'\"'s' -i 'a b.yaml' "
            "--limit 'web:!web1'"
        )
        pinned = PlanAnswer(plan=draft_of().plan(GIVEN), definition=DEPLOY, inventory=None)
        again = again_draft("u1", "deploy-api/41", pinned)
        assert command_of(again, Values()) == "onduty run --again deploy-api/41"


def test_a_variable_is_taken_out_of_the_environment_once_and_serves_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_TOKEN", "zq7Kx9wvj")
    monkeypatch.setenv("SHORT", "abc")
    sources = [
        SecretSource(name="TOKEN", kind=SourceKind.ENV, variable="CI_TOKEN"),
        SecretSource(name="LITTLE", kind=SourceKind.ENV, variable="SHORT"),
        SecretSource(name="GONE", kind=SourceKind.ENV, variable="NOT_SET_ANYWHERE"),
        SecretSource(name="ASKED", kind=SourceKind.PROMPT),
    ]
    variables = Variables()
    assert variables.known(sources) == {"TOKEN", "LITTLE"}
    assert "CI_TOKEN" in os.environ
    assert variables.values(sources) == {"TOKEN": "zq7Kx9wvj"}
    assert "CI_TOKEN" not in os.environ
    assert variables.values(sources) == {"TOKEN": "zq7Kx9wvj"}
    assert "zq7Kx9wvj" not in f"{variables!r}{variables}"


def test_a_folder_that_cannot_be_read_keeps_nobody_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site(tmp_path) as folder:
        gone = folder / "gone"
        gone.mkdir()
        monkeypatch.chdir(gone)
        gone.rmdir()
        nowhere = find_pipelines()
        assert nowhere.pipelines == ()
        assert "No such file" in nowhere.trouble
        monkeypatch.chdir(folder)
