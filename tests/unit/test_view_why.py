"""Why: a failure in a few rows, reasons that wrap and are never cut, and nothing that was not measured."""

from __future__ import annotations

from dataclasses import replace

from runners.model.outputs import Outputs
from runners.model.phases import Result
from runners.testing.builders import job, plan_of, stage
from tests.screens import scenes
from tests.unit.view_text import texts_of
from tui.view.glyphs import UNICODE
from tui.view.scene import RunScene
from tui.view.why import why_rows, why_title
from tui.view.why_words import names_in


def said(scene: RunScene, width: int = 41) -> list[str]:
    return texts_of(why_rows(scene, width, UNICODE), width)


def test_a_failed_job_run_in_eight_rows_or_less() -> None:
    scene = scenes.failed_scene()
    assert why_title(scene) == ("why", ("release@web3",))
    assert said(scene) == [
        "failed       exit 1 in restart after 6.2s",
        "first error  line 7 of restart",
        "passed on    web2 web4 web5",
        "retry        asks: restart is not",
        "             repeatable, 2 attempts left",
        "next         r retry   S skip   o runbook",
    ]


def test_a_small_pane_breaks_between_keys_and_drops_what_it_can_spare() -> None:
    rows = said(scenes.failed_scene(), 37)
    assert rows[0] == "failed       exit 1 in restart"
    assert rows[-2:] == ["next         r retry   S skip", "             o runbook"]


def test_a_wide_pane_shows_the_first_bad_line_as_well() -> None:
    assert said(scenes.failed_scene(), 78)[1] == (
        "first error  line 7 of restart  bind: address already in use (0.0.0.0:8080)"
    )


def test_hosts_are_named_without_the_end_that_they_share_and_a_name_is_never_broken_over_two_rows() -> None:
    hosts = " ".join(f"ip-10-0-0-{number}.eu-central-1.compute.internal" for number in range(1, 5))
    sim = scenes.begun(plan_of(stage("build", job("check", hosts, "make"))))
    sim.ready()
    for number in (1, 2, 3):
        sim.finish(f"check@ip-10-0-0-{number}.eu-central-1.compute.internal", 3 if number == 1 else 0)
    scene = scenes.scene_of(sim, "build/check@ip-10-0-0-1.eu-central-1.compute.internal")
    assert "passed on    ip-10-0-0-2 ip-10-0-0-3" in said(scene)
    assert names_in(26, ["ip-10-0-4-12.eu.compute-7", "db1"]) == "ip-10-0⋯mpute-7 db1"


def test_unknown_is_not_failed_and_says_what_happens_next() -> None:
    assert said(scenes.unknown_scene()) == [
        "state        unknown, not failed",
        "in           restart, attempt 1",
        "lost         12:03:14, 46s ago",
        "because      no word within 15 s",
        "last heard   51s ago",
        "next         asked again when web6",
        "             answers; its disk knows",
        "meanwhile    what depends on it waits",
    ]


def test_a_running_job_run_says_what_it_does_since_when_and_what_follows() -> None:
    assert said(scenes.healthy_scene()) == [
        "now          healthy, task 3 of 4",
        "since        12:03:45, 12s",
        "limit        1m 00s, 48s left",
        "attempt      1, 2 attempts left",
        "done         fetch 13.7s, restart 5.9s",
        "then         verify",
        "needed by    stage after",
    ]


def test_the_reason_of_a_hold_wraps_and_is_never_cut() -> None:
    scene = scenes.host_key_scene()
    hold = scene.holds[0].text
    for width in (20, 30, 41, 78):
        rows = said(scene, width)
        joined = "".join(row.removeprefix("waits").strip() for row in rows)
        assert hold.replace(" ", "") in joined.replace(" ", "")


def test_a_host_that_was_not_reached_used_up_no_attempt() -> None:
    rows = said(scenes.unreached_scene())
    assert rows[0] == "failed       not reached, nothing was"
    assert "retry        asks: no attempt is used up" in rows


def test_cancelling_shows_the_step_and_survivors() -> None:
    scene = scenes.cancelling_scene()
    assert said(scene)[0] == "state        cancelling: TERM was sent"
    assert "last         alice cancelled it 4s ago" in said(scene)
    sim = scenes.failed_run()
    sim.cancel()
    sim.cancel_step(scenes.rollout("web6"), "survivors", "pid 4711 root (java)")
    rows = said(scenes.scene_of(sim, scenes.rollout("web6")))
    assert "survived     pid 4711 root (java)" in rows


def test_a_timeout_says_so_in_words_and_not_as_an_exit_code() -> None:
    sim = scenes.healthy_run()
    sim.now_utc += 48
    sim.finish(scenes.rollout("web9"), result=Result.TIMEOUT)
    rows = said(scenes.scene_of(sim, scenes.rollout("web9")), 60)
    assert rows[0].startswith("failed       timed out in healthy after")


def test_a_waiting_stage_says_what_comes_first() -> None:
    scene = replace(scenes.failed_scene(), selected="after")
    assert why_title(scene) == ("why", ("after",))
    assert said(scene) == [
        "waiting      purge-cache@edge1 and 2 more",
        "for          stage rollout comes first",
        "done         0 of 3",
    ]


def test_a_job_counts_its_hosts_by_phase() -> None:
    scene = replace(scenes.failed_scene(), selected="rollout/release")
    assert said(scene) == [
        "failed       web3",
        "running      web6 web7",
        "passed       web2 web4 web5",
        "waiting      web8 web9 web10 and 2 more",
        "for          web8 is being prepared",
        "done         3 of 11",
    ]


def test_who_acted_last_is_named() -> None:
    sim = scenes.failed_run()
    sim.retry(scenes.rollout("web3"), by="bob")
    sim.now_utc += 4
    rows = said(scenes.scene_of(sim, scenes.rollout("web3")))
    assert "last         bob retried it 4s ago" in rows
    assert "attempt      2" in rows


def test_without_a_selection_it_is_about_what_is_worst() -> None:
    assert why_title(replace(scenes.failed_scene(), selected="")) == ("why", ("release@web3",))


def with_outputs(exit_code: int, *outputs: Outputs) -> list[str]:
    """Of a job with two tasks that wrote these."""
    sim = scenes.begun(plan_of(stage("build", job("image", "ci1", "make push"))))
    sim.ready("image@ci1")
    sim.finish("image@ci1", outputs=outputs[0])
    sim.finish("image@ci1", exit_code, outputs=outputs[1])
    rows = said(scenes.scene_of(sim, sim.id_of("image@ci1")))
    at = next(number for number, row in enumerate(rows) if row.startswith("outputs"))
    return rows[at:]


def test_outputs_of_a_job_that_passed_stand_by_name_and_the_later_task_wins() -> None:
    first = Outputs(values={"tag": "2.4.0", "notes": "two\nlines \x1b[31mred"})
    assert with_outputs(0, first, Outputs(values={"tag": "2.4.1", "token": "***"})) == [
        "outputs      tag = 2.4.1",
        "             notes = two␊lines red",
        "             token = ***",
    ]


def test_outputs_of_a_job_that_failed_are_shown_and_said_to_reach_nobody() -> None:
    second = Outputs(problems=("line 2 of its outputs has no =",))
    assert with_outputs(1, Outputs(values={"tag": "2.4.0"}), second) == [
        "outputs      tag = 2.4.0",
        "             no later job reads them: it",
        "             did not succeed",
        "warning      line 2 of its outputs has no",
        "             =",
    ]


def test_long_and_many_outputs_leave_room_for_the_rest() -> None:
    many = Outputs(values={f"key{number}": "v" for number in range(30)})
    rows = with_outputs(0, Outputs(values={"text": "x" * 60_000}), many)
    assert len(rows) < 30
    assert rows[-1] == "             and 11 more"
    assert rows[2].endswith("⋯") or rows[3].endswith("⋯")
