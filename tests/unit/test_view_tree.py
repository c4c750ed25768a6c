"""The tree of jobs: what failed first, what passed folded, columns that hold, and no word of a state cut."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runners.model import api
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.screens import scenes
from tests.unit.view_text import texts_of
from tui.view.facts import under
from tui.view.glyphs import ASCII, UNICODE
from tui.view.host_names import without_common_suffix
from tui.view.job_tree import Item, job_tree, jobs_info
from tui.view.rows import DrawnRows, Row, text_row
from tui.view.safe_text import own


def test_the_failed_host_stands_first_and_passed_and_queued_hosts_are_folded() -> None:
    tree = job_tree(scenes.failed_scene(), 30, UNICODE)
    assert texts_of(tree.rows, 30) == [
        "✓ canary                   41s",
        "  ✓ web1    passed         41s",
        "",
        "✗ rollout  3 of 11      1m 40s",
        "  ✗ web3    exit 1 restart 21s",
        "  ↻ web6    restart     1m 10s",
        "  ↻ web7    fetch       1m 10s",
        "  ✓ web2 web4 web5         10s",
        "  ◦ web8 ⋯ web12   5 preparing",
        "",
        "◦ after          needs rollout",
        "  ◦ purge-cache        2 hosts",
        "  ◦ report   needs purge-cache",
    ]


def test_the_narrow_tree_has_four_columns_and_folds_what_is_quiet() -> None:
    tree = job_tree(scenes.failed_scene(), 78, UNICODE, narrow=True)
    assert texts_of(tree.rows, 78) == [
        "✓ canary              1 host            passed                             41s",
        "✗ rollout             3 of 11 hosts     running                         1m 40s",
        "  ✗ web3                                exit 1 in restart                  21s",
        "  ↻ web6                                restart                         1m 10s",
        "  ↻ web7                                fetch                           1m 10s",
        "  ✓ web2 web4 web5                      passed                             10s",
        "  ◦ web8 ⋯ web12      5 hosts           preparing",
        "◦ after               2 jobs            needs rollout",
    ]


def test_the_task_of_a_failure_stands_there_whole_or_not_at_all() -> None:
    tree = job_tree(scenes.failed_scene(), 29, UNICODE)
    assert texts_of(tree.rows, 29)[4] == "  ✗ web3    exit 1        21s"


def test_how_long_it_usually_takes_stands_behind_the_time_where_nothing_gives_way_to_it() -> None:
    jobs = {"rollout/release": api.UsualJob(usual_s=30.0, longest_s=32.0)}
    usual = api.Usual(runs=5, run_s=300.0, stages={"rollout": 165.0, "canary": 41.0}, jobs=jobs)
    scene = replace(scenes.failed_scene(), usual=usual)
    assert texts_of(job_tree(scene, 30, UNICODE).rows, 30)[4:7] == [
        "  ✗ web3    exit 1 restart 21s",
        "  ↻ web6    restart     1m 10s",
        "  ↻ web7    fetch       1m 10s",
    ]
    assert texts_of(job_tree(scene, 34, UNICODE).rows, 34)[5:7] == [
        "  ↻ web6    restart         1m 10s",
        "  ↻ web7    fetch   1m 10s of ~30s",
    ]
    wide = texts_of(job_tree(scene, 78, UNICODE, narrow=True).rows, 78)
    assert wide[:5] == [
        "✓ canary              1 host            passed                             41s",
        "✗ rollout             3 of 11 hosts     running              1m 40s of ~2m 45s",
        "  ✗ web3                                exit 1 in restart                  21s",
        "  ↻ web6                                restart                 1m 10s of ~30s",
        "  ↻ web7                                fetch                   1m 10s of ~30s",
    ]


def test_unknown_hosts_show_how_long_nothing_was_heard() -> None:
    rows = texts_of(job_tree(scenes.unknown_scene(), 30, UNICODE).rows, 30)
    assert rows[3:6] == [
        "? rollout  4 of 11      1m 44s",
        "  ? web6    unknown        46s",
        "  ? web7    unknown        46s",
    ]


def test_a_host_that_waits_for_trust_has_its_own_row_and_sign() -> None:
    rows = texts_of(job_tree(scenes.host_key_scene(), 30, UNICODE).rows, 30)
    assert rows[1] == "  ! web1         trust its key"


def test_what_a_wait_is_for_stands_there_whole_or_gives_way_to_the_word() -> None:
    assert texts_of(job_tree(scenes.failed_scene(), 28, UNICODE).rows, 28)[-1] == "  ◦ report needs purge-cache"
    assert texts_of(job_tree(scenes.failed_scene(), 26, UNICODE).rows, 26)[-1] == "  ◦ report         waiting"


def test_ascii_has_the_same_grid() -> None:
    scene = scenes.failed_scene()
    unicode_rows = texts_of(job_tree(scene, 30, UNICODE).rows, 30)
    ascii_rows = texts_of(job_tree(scene, 30, ASCII).rows, 30, glyphs=ASCII)
    assert [len(row) for row in unicode_rows] == [len(row) for row in ascii_rows]
    assert all(row.isascii() for row in ascii_rows)


def test_a_long_name_gives_way_to_the_word_of_its_state() -> None:
    sim = scenes.begun(plan_of(stage("build", job("compile", "ip-10-0-4-12.compute-7 ip-10-0-4-13.compute-8", "make"))))
    sim.ready()
    sim.lose("compile@ip-10-0-4-12.compute-7")
    rows = texts_of(job_tree(scenes.scene_of(sim), 26, UNICODE).rows, 26)
    assert rows[1] == "  ? ip⋯e-7 unknown      0s"


def test_hosts_lose_the_end_of_their_names_that_they_share() -> None:
    names = [own("web1.prod.example.com"), own("web2.prod.example.com")]
    assert without_common_suffix(names) == ("web1", "web2")
    assert without_common_suffix([own("web1.example.com"), own("db.other.org")]) == ("web1.example.com", "db.other.org")
    assert without_common_suffix([own("web1"), own("web2")]) == ("web1", "web2")


def test_a_folded_row_stands_for_its_members_until_it_is_opened() -> None:
    scene = scenes.failed_scene()
    tree = job_tree(scene, 30, UNICODE)
    folded = tree.index_of(scenes.rollout("web2"))
    assert folded is not None
    item = tree.items[folded]
    assert item is not None
    assert item.id == "rollout/release@passed"
    assert [place.run.host for place in under(scene.state, item.id)] == ["web2", "web4", "web5"]
    opened = job_tree(replace(scene, opened=frozenset({item.id})), 30, UNICODE)
    assert len(opened.rows) == len(tree.rows) + 2
    at = opened.index_of(scenes.rollout("web2"))
    assert at is not None
    shown = opened.items[at]
    assert shown is not None
    assert shown.members == (scenes.rollout("web2"),)


def test_every_row_but_the_blank_ones_can_be_selected() -> None:
    tree = job_tree(scenes.failed_scene(), 30, UNICODE)
    assert len(tree.selectable()) == len(tree.rows) - 2


def test_marked_rows_have_a_sign_and_are_counted() -> None:
    scene = replace(scenes.failed_scene(), marked=frozenset({scenes.rollout("web3")}))
    assert texts_of(job_tree(scene, 30, UNICODE).rows, 30)[4].startswith(" +✗ web3")
    assert jobs_info(scene) == "1 marked"
    assert jobs_info(scenes.failed_scene()) == "15 hosts"


def test_cancelling_a_run_folds_what_never_started() -> None:
    rows = texts_of(job_tree(scenes.cancelling_scene(), 30, UNICODE).rows, 30)
    assert "  ⊖ web8 ⋯ web12     cancelled" in rows
    assert "⊖ after" in rows


def test_a_row_is_drawn_when_it_is_looked_at() -> None:
    drawn: list[int] = []

    def draw(at: int) -> Row:
        drawn.append(at)
        return text_row(own(f"row {at}"))

    rows = DrawnRows(100_000, draw)
    assert len(rows) == 100_000
    assert rows[7] == rows[7] == rows[-99_993] == text_row(own("row 7"))
    assert rows[99_999:] == (text_row(own("row 99999")),)
    assert drawn == [7, 99_999]
    with pytest.raises(IndexError):
        rows[100_000]


def test_a_run_of_a_hundred_thousand_job_runs_is_a_tree_of_those_that_need_a_look() -> None:
    hosts = " ".join(f"web{number}" for number in range(200))
    sim = Simulator(plan_of(*(stage(f"s{at}", job("a", hosts), job("b", hosts)) for at in range(250))))
    tree = job_tree(scenes.scene_of(sim), 30, UNICODE)
    assert len(tree.rows) < 1_500, "what waits is folded"
    assert tree.index_of("s249/b@web199") is None
    assert tree.item(tree.index_of("s249/b")) == Item("s249/b", tuple(f"s249/b@web{n}" for n in range(200)))
