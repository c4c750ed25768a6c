"""The parts of the pipeline screen: its edges, the plan, the definition, what ran before, and the chooser."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed

from runners.model.api import PipelineHistory, RunSummary
from runners.model.definition import Param, ParamType
from runners.model.plan import Plan
from runners.model.preview import Marker
from runners.model.secrets import SecretSource, SourceKind
from runners.testing.builders import job, plan_of, stage, task
from tests.screens.hostile_screens import evil_from, hostile_run
from tests.screens.launch_scenes import past_runs
from tests.screens.scenes import START_UTC, quiet_summary, release_plan
from tests.unit.view_text import text_of, texts_of, token_of
from tui.view.chooser import Candidate, candidates, chooser_rows, matching
from tui.view.dialog import dialog_rows
from tui.view.dialog_fields import Form
from tui.view.form import form_of, left_all
from tui.view.form_rows import FormScene, form_rows
from tui.view.glyphs import UNICODE
from tui.view.history import differences, history_rows, usual_params
from tui.view.pipeline import PipelineScene, about_rows, pipeline_bar, pipeline_headline
from tui.view.plan_rows import definition_rows, plan_rows, start_preview
from tui.view.scene import Here

HERE = Here(now_utc=START_UTC, user="alice")
SCENE = PipelineScene(here=HERE, name="deploy-api", file="pipelines/deploy-api.yaml", environment="production")


def plan() -> Plan:
    return release_plan()


def headline(**more: Any) -> str:
    return text_of(pipeline_headline(replace(SCENE, **more)), 120)


def ran(number: int, pipeline: str = "deploy-api", **fields: Any) -> RunSummary:
    name = f"{pipeline}/{number}"
    return quiet_summary(f"u{number}", name, ended_ago_s=7200.0, now_utc=START_UTC, **fields)


# ----- edges


def test_the_headline_says_what_keeps_it_from_being_started_first() -> None:
    said = "  Not started yet: 15 job runs on 15 hosts, 2 tasks not repeatable."
    assert headline(plan=plan()) == said
    assert headline(missing=("release",)) == "  release needs a value."
    assert headline(missing=("a", "b", "c", "d", "e")) == "  a, b, c and 2 more need values."
    assert headline(missing=("a",), wrong=("drain",)) == "\u2503 drain has a value that cannot be used."
    assert headline(problems=("p.yaml:1:1  x",)) == "\u2503 1 problem: nothing can be started as it is."
    assert headline(trouble="gone") == "\u2503 deploy-api cannot be read."
    assert headline(is_read=False) == "  Reading pipelines/deploy-api.yaml."


@pytest.mark.parametrize("width", [120, 80, 60, 40])
def test_the_bar_keeps_the_name_and_the_environment(width: int) -> None:
    text = text_of(pipeline_bar(SCENE, width, 24, UNICODE), width)
    assert "deploy-api" in text
    assert "PRODUCTION" in text


def test_the_left_panel_has_the_parts_and_what_is_known() -> None:
    scene = replace(
        SCENE, description="Roll out.", owner="ops", last=ran(41), facts={"plan": "15 job runs"},
        history=past_runs(START_UTC),
    )  # fmt: skip
    rows = texts_of(about_rows(scene, 30, UNICODE, active=True), 30)
    assert rows[:4] == ["1 start", "2 plan             15 job runs", "3 definition", "4 history"]
    text = "\n".join(rows)
    for word in (
        "Roll out.",
        "owner     ops",
        "\u22ef/deploy-api.yaml",
        "\u2713 /41 passed 2h 00m",
        "p50 1m 30s",
        "p95",
    ):
        assert word in text


# ----- plan and definition


def test_the_plan_reads_as_the_command_line_says_it_with_a_sign_at_what_is_not_repeatable() -> None:
    rows = plan_rows(plan(), 100, UNICODE)
    text = texts_of(rows, 100)
    assert text[0] == "deploy-api  in production  3 stages, 4 jobs, 15 job runs on 15 hosts"
    assert "stage rollout, after canary" in text
    assert "  ! 2. restart  (not repeatable)" in text
    assert "      sudo systemctl restart api" in text
    (sign, _) = [token_of(row, "!") for row in rows if "restart  (not" in text_of(row, 100)]
    assert sign.token == "warn"


def test_the_preview_of_a_start_has_counts_params_hosts_and_marks() -> None:
    preview = start_preview(plan())
    assert preview.title == "start deploy-api"
    assert preview.scope == ("3 stages, 4 jobs, 15 job runs on 15 hosts, 2 tasks not repeatable. With release=2.4.1.")
    assert len(preview.hosts) == 15
    assert {task.marker for host in preview.hosts for task in host.tasks} == {Marker.RUN, Marker.NOT_REPEATABLE}
    limited = start_preview(replace(plan(), limit="web1", left_out=("after/purge-cache",)), "deploy-api/41")
    assert "as deploy-api/41 pinned them" in limited.scope
    assert "Limited to web1; left out: after/purge-cache." in limited.scope
    dialog = dialog_rows(
        preview, Form(asks_reason=False), environment="production", width=88, glyphs=UNICODE, themed_box=False
    )
    text = "\n".join(texts_of(dialog.rows, 88))
    assert "web2 \u22ef web12  11 hosts" in text
    assert "not repeatable" in text
    assert "reason" not in text


def test_a_line_with_a_problem_is_marked_and_says_it_below() -> None:
    text = "version: 1\nname: x\nstages: [\n"
    rows = definition_rows(text, ("some/p.yaml:3:10  stages: not closed", "no place"), 60, UNICODE)
    assert texts_of(rows, 60) == [" 1  version: 1", " 2  name: x", "\u27173  stages: [", "    stages: not closed"]
    assert [row.bg for row in rows] == [None, None, "failbg", "failbg"]


# ----- what ran before


def test_history_has_numbers_with_every_bar_and_a_row_for_each_run() -> None:
    found = history_rows(past_runs(START_UTC), HERE, 84, UNICODE)
    rows = texts_of(found.rows, 84)
    assert rows[0].endswith("82%  9 of 11 runs that ended")
    assert rows[1] == "took      p50 1m 30s   p95 1m 37s   of those that succeeded"
    assert "1m 24s to 6m 52s" in rows[2]
    assert rows[4].split() == ["state", "run", "when", "took", "by", "what", "differs"]
    assert rows[5].startswith("\u21bb running   /42")
    assert len(found.order()) == 12
    assert found.index_of("u4") == (8, 2)
    assert rows[9].strip() == "release@web3: exit 1 in restart, and 2 more"
    assert token_of(found.rows[9], "release@web3").token == "fail"


def test_what_differs_is_what_is_not_usual() -> None:
    runs = past_runs(START_UTC).runs
    usual = usual_params(runs)
    assert usual == {"drain": "10s"}
    said = {run.id: differences(run, usual) for run in runs}
    assert said["deploy-api/41"] == "release=2.4.1"
    assert said["deploy-api/38"] == "release=2.3.8  drain=30s"
    assert said["deploy-api/36"] == "release=2.3.6  only web1"


def test_a_failure_that_was_mended_is_quiet() -> None:
    history = past_runs(START_UTC)
    mended = changed(history.runs[1], failed="release@web1: exit 1 in fetch")
    found = history_rows(changed(history, runs=(mended,)), HERE, 84, UNICODE)
    assert token_of(found.rows[-1], "release@web1").token == "muted"


@pytest.mark.parametrize("width", [84, 78, 58, 40])
def test_history_fits_every_width(width: int) -> None:
    rows = texts_of(history_rows(past_runs(START_UTC), HERE, width, UNICODE).rows, width)
    assert any("/41" in row and "1m 32s" in row for row in rows)
    assert any("release=2.4.1" in row for row in rows) or width < 58


def test_history_that_is_not_there_says_what_to_do() -> None:
    assert texts_of(history_rows(None, HERE, 84, UNICODE).rows, 84) == ["Reading what ran before."]
    (row,) = texts_of(history_rows(PipelineHistory(pipeline="x"), HERE, 84, UNICODE).rows, 84)
    assert row == "This pipeline has not run yet. + fills in what it needs and starts it."
    young = PipelineHistory(pipeline="x", runs=past_runs(START_UTC).runs[:1])
    assert texts_of(history_rows(young, HERE, 84, UNICODE).rows, 84)[2].startswith("\u21bb running   /42")


# ----- the chooser

FILES = (
    Candidate(name="cert-rotate", path="/ops/cert.yaml", shown="cert.yaml", of_site=True),
    Candidate(name="deploy-api", path="/ops/deploy.yaml", shown="deploy.yaml", of_site=True),
)


def test_the_pipeline_of_the_run_that_is_looked_at_comes_first_then_that_run_again() -> None:
    runs = (ran(42), ran(41), ran(7, "backup"))
    found = candidates(FILES, runs, runs[1])
    assert [(one.name, one.again) for one in found] == [
        ("deploy-api", False), ("deploy-api", True), ("cert-rotate", False), ("backup", False),
    ]  # fmt: skip
    assert found[0].run is runs[0]
    assert found[0].of_site
    assert found[1].run is runs[1]
    assert [one.name for one in candidates(FILES, runs, None)] == ["cert-rotate", "deploy-api", "backup"]


def test_words_filter_by_name_and_file_and_a_name_that_begins_so_is_first() -> None:
    found = candidates(FILES, (ran(42), ran(7, "redeploy")), ran(42))
    assert [one.words for one in matching(found, "deploy")] == [
        "deploy-api deploy.yaml", "again deploy-api/42 ", "redeploy ",
    ]  # fmt: skip
    assert [one.name for one in matching(found, "AGAIN 42")] == ["deploy-api"]
    assert matching(found, "nothing") == ()


def test_the_chooser_shows_where_a_pipeline_is_and_how_it_went_last() -> None:
    found = candidates(FILES, (ran(42), ran(7, "backup")), ran(42))
    rows = texts_of(chooser_rows(found, "", 0, 82, UNICODE, here=HERE, is_read=True), 82)
    assert rows[0].startswith("start ")
    assert rows[1].startswith("deploy-api")
    assert "deploy.yaml" in rows[1]
    assert rows[1].endswith("\u2713 /42 passed 2h 00m")
    assert "again deploy-api/42   as it was: same text, same hosts" in rows[2]
    assert rows[3].endswith("never ran")
    assert "its file is looked for where it ran last" in rows[4]


def test_a_chooser_without_pipelines_says_what_to_do() -> None:
    def said(query: str = "", *, is_read: bool = True, trouble: str = "") -> str:
        rows = chooser_rows((), query, 0, 200, UNICODE, here=HERE, is_read=is_read, trouble=trouble)
        return "\n".join(texts_of(rows[1:], 200))

    assert said().startswith("There is no pipeline here: this folder has none, no onduty.yaml names any")
    assert "onduty run FILE" in said()
    assert said("x") == "No pipeline has that name."
    assert said(is_read=False) == "Looking for pipelines."
    assert said(trouble="onduty.yaml:1:1  bad").endswith("! onduty.yaml:1:1  bad")


# ----- whatever a file says


def test_whatever_a_pipeline_says_is_text_and_no_more() -> None:
    evil = evil_from("osc")
    param = Param(name=evil, help=evil, pattern=evil, default=evil, choices=(evil, "x"))
    source = SecretSource(name=evil, kind=SourceKind.PROMPT, text=evil)
    form = form_of([replace(param, choices=()), replace(param, type=ParamType.CHOICE)], inventories=(evil, "b"))
    scene = FormScene(form=left_all(form), pipeline=evil, secrets={evil: source}, problems=(evil,), remark=evil)
    about = replace(SCENE, name=evil, file=evil, description=evil, owner=evil, environment=evil, pinned=evil,
                    last=ran(1, by=evil, phase=evil), missing=(evil,), problems=(), part="history")  # fmt: skip
    hostile = hostile_run(evil).plan
    rows = [
        *form_rows(scene, 80, UNICODE).rows,
        *about_rows(about, 30, UNICODE, active=True),
        pipeline_bar(about, 120, 36, UNICODE),
        pipeline_headline(about),
        pipeline_headline(replace(about, part="start")),
        *plan_rows(hostile, 80, UNICODE),
        *definition_rows(evil, (evil,), 80, UNICODE),
        *chooser_rows((Candidate(name=evil, shown=evil, path=evil),), evil, 0, 80, UNICODE, here=HERE, is_read=True,
                      trouble=evil),
        *dialog_rows(start_preview(hostile, evil), Form(asks_reason=False), environment=evil, width=88,
                     glyphs=UNICODE, themed_box=False).rows,
    ]  # fmt: skip
    for row in rows:
        text = "".join(span.text for span in (*row.left, *row.right))
        assert text.isprintable(), ascii(text)


def test_a_command_is_whole_also_where_a_dialog_is_as_small_as_can_be() -> None:
    restart = replace(task("restart", command="systemctl restart api", repeatable=False), sudo="root")
    preview = start_preview(plan_of(stage("one", job("release", "web1", (restart,)))))
    dialog = dialog_rows(preview, Form(asks_reason=False), environment=None, width=44, glyphs=UNICODE, themed_box=False)
    text = " ".join("\n".join(texts_of(dialog.rows, 44)).split())
    assert "systemctl restart api" in text
    assert "sudo as root not repeatable" in text
