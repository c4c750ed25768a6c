"""What went before, in rows: the nearest change first, one row each where it can be, nothing that is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from runners.model import api
from runners.model.inventory import Host
from tests.screens import scenes
from tests.screens.pasts import BEFORE, SEEN
from tests.unit.view_text import text_of, texts_of
from tui.view.board_side import side_rows
from tui.view.cells import cells
from tui.view.expected import left_words, usual_spans
from tui.view.glyphs import UNICODE
from tui.view.headline import run_headline
from tui.view.safe_text import safe
from tui.view.scene import RunScene
from tui.view.top_bar import run_bar
from tui.view.why import why_rows
from tui.view.why_before import About

WEB3 = "rollout/release@web3"


def failed(before: api.Before | None = BEFORE) -> RunScene:
    return replace(scenes.failed_scene(), before=before)


def said(scene: RunScene, width: int = 41, most: int | None = None) -> list[str]:
    return texts_of(why_rows(scene, width, UNICODE, most), width)


def row(scene: RunScene, label: str, width: int = 41) -> str:
    return next(line for line in said(scene, width) if line.startswith(label)).removeprefix(label).strip()


def told(changes: api.Changes, room: int = 200) -> str:
    about = About(job="rollout/release", host="web3", room=room, now_utc=scenes.START_UTC)
    return "".join(span.text for _, value in about.facts(api.Before(changes=changes)) for span in value)


def test_a_failure_says_what_changed_whether_it_was_seen_and_what_helped() -> None:
    assert said(failed(), 46) == [
        "failed       exit 1 in restart after 6.2s",
        "first error  line 7 of restart",
        "passed on    web2 web4 web5",
        "changed      restart edited, release 2.4.0 ->",
        "             2.4.1, web12 new +1 more",
        "seen         3 of 12 runs, always on web3",
        "fixed by     a retry by bob in run 38",
        "noted then   bob: java held the port",
        "retry        asks: restart is not repeatable,",
        "             2 attempts left",
        "next         r retry   S skip   o runbook",
    ]


def test_a_wide_pane_tells_all_of_it() -> None:
    scene = failed()
    assert row(scene, "changed", 140) == (
        "restart edited, release 2.4.0 -> 2.4.1, web12 new, bob ran that one, since run 41"
    )
    assert row(scene, "seen", 140) == "in 3 of 12 runs, always on web3, last 11d ago in run 39"


def test_in_eight_rows_the_keys_and_the_note_go_first_because_other_places_have_them() -> None:
    rows = said(failed(), 46, 8)
    assert len(rows) == 8
    assert [line.split("  ")[0] for line in rows] == [
        *("failed", "first error", "passed on", "changed", "seen", "fixed by", "retry", ""),
    ]


def test_nothing_is_said_until_it_is_known_nor_of_another_failure() -> None:
    plain = said(failed(None))
    assert said(failed(api.Before())) == plain
    assert said(failed(replace_job(BEFORE, "rollout/release@web9"))) == plain


def replace_job(before: api.Before, job_run: str) -> api.Before:
    return api.Before(job_run=job_run, changes=before.changes, seen=before.seen)


def test_that_nothing_changed_is_worth_a_row_too() -> None:
    same = api.Changes(run="deploy-api/41", uid="u41", ended_at=api.rfc3339(scenes.START_UTC - 7200), definition=True)
    assert told(same) == "nothing since run 41, 2h 00m ago"
    assert told(same, 20) == "nothing since run 41"


def test_every_kind_of_change_has_its_words() -> None:
    changes = api.Changes(
        run="p/1",
        uid="u",
        ended_at=None,
        jobs=(
            api.JobChange(job="rollout/release", how="changed"),
            api.JobChange(job="rollout/other", how="changed", tasks=("a", "b", "c")),
            api.JobChange(job="rollout/late", how="added"),
            api.JobChange(job="rollout/old", how="removed"),
        ),
        params=(
            api.ParamChange(name="new", before=None, now="x"),
            api.ParamChange(name="empty", before="y", now=""),
            api.ParamChange(name="long", before="z" * 90, now=None),
        ),
        env=("APP",),
        files=("app.conf",),
        hosts_added=("a", "b", "c"),
        hosts_gone=("d",),
        hosts_moved=("web3", "e"),
        hosts_set=("f",),
    )
    assert told(changes, 900) == (
        "web3 moved, how release is run, new unset -> x, empty y -> empty, long zzzzzzzzzzz⋯zzzzzzzzzzzz -> unset, "
        "3 tasks edited in other, job late new, job old gone, file app.conf, env APP, 3 hosts new, d gone, e moved, "
        "f with other variables, since run 1"
    )


def test_what_became_of_it_has_its_words_for_every_end() -> None:
    def fix(how: str, **fields: str) -> list[str]:
        seen = api.Seen(
            **{name: getattr(SEEN, name) for name in ("times", "of", "run", "uid", "host", "at")},
            fix=api.Fix(run="p/9", uid="u", how=how, **fields),
        )
        about = About(room=100, now_utc=scenes.START_UTC)
        facts = list(about.facts(api.Before(seen=seen)))
        return [f"{label}: {''.join(span.text for span in value)}" for label, value in facts[1:]]

    assert fix("passed") == ["fixed by: the next attempt, by itself in run 9"]
    assert fix("passed", by="bob", shell_by="bob") == ["fixed by: a retry by bob in run 9, after a shell on the host"]
    assert fix("passed", shell_by="eve") == [
        "fixed by: the next attempt, by itself in run 9, after eve's shell on the host"
    ]
    assert fix("skipped", by="carol", why="it leaves") == ["fixed by: skipped by carol in run 9: it leaves"]
    assert fix("cancelled", by="bob", next_good="p/10") == [
        "then: the run was cancelled by bob in run 9, run 10 passed"
    ]
    assert fix("rolled_back", by="bob") == ["then: the run was rolled back by bob in run 9"]
    assert fix("continued") == ["then: the run went on without it in run 9"]
    assert fix("failed_again", by="bob") == ["then: tried again, it never passed in run 9"]
    assert fix("nothing", next_good="p/11") == ["then: the run ended with it in run 9, run 11 passed"]
    assert fix("open") == ["then: it is still open there in run 9"]
    assert fix("of a later onduty") == ["then: of a later onduty in run 9"]


@settings(max_examples=30)
@given(width=st.integers(20, 120), value=st.text(max_size=60), most=st.integers(1, 20))
def test_any_words_of_people_fit_any_width_and_never_reach_the_terminal_raw(width: int, value: str, most: int) -> None:
    changes = api.Changes(
        run=f"p/{value}",
        uid="u",
        ended_at=None,
        params=(api.ParamChange(name="a", before=value, now=value + "x"),),
        files=(value,),
        by=value,
    )
    fix = api.Fix(run="p/1", uid="u", how="skipped", by=value, why=value, note=value or "n", note_by=value)
    seen = api.Seen(times=1, of=2, run="p/1", uid="u", host=value, at=None, always_on=value, fix=fix)
    scene = failed(api.Before(job_run=WEB3, changes=changes, seen=seen))
    for line in said(scene, width, most):
        assert safe(line) == line
        assert cells(line) <= width


# ----- only


def only(here: Host, *others: Host) -> str:
    scene = scenes.failed_scene()
    plan = scene.state.plan
    hosts = {**plan.hosts, here.name: here, **{host.name: host for host in others}}
    for name in ("web2", "web4", "web5"):
        hosts.setdefault(name, Host(name=name))
    from msgspec.structs import replace as changed

    state = changed(scene.state, plan=replace(plan, hosts=hosts))
    return next(
        (line for line in said(replace(scene, state=state), 80) if line.startswith("only")), ""
    )  # fmt: skip


def host(name: str, **fields: Any) -> Host:
    return Host(name=name, **fields)


def test_what_sets_the_failed_host_apart_is_what_all_that_passed_share() -> None:
    others = [host(f"web{n}", user="deploy", vars={"WEIGHT": "1"}, labels={"zone": "a"}) for n in (2, 4, 5)]
    found = only(host("web3", user="deploy", vars={"WEIGHT": "2"}, labels={"zone": "b"}), *others)
    assert found == "only web3    WEIGHT 2, the others 1, zone b, the others a"
    assert only(host("web3", user="root", vars={"WEIGHT": "1"}, labels={"zone": "a"}), *others) == (
        "only web3    user root, the others deploy"
    )


def test_where_those_that_passed_differ_among_themselves_nothing_is_claimed() -> None:
    others = [host(f"web{n}", vars={"WEIGHT": str(n)}) for n in (2, 4, 5)]
    assert only(host("web3", vars={"WEIGHT": "9"}), *others) == ""


def test_a_variable_that_is_missing_on_one_side_is_said_so() -> None:
    others = [host(f"web{n}", vars={"TIER": "web"}) for n in (2, 4, 5)]
    assert only(host("web3"), *others) == "only web3    no TIER, the others web"
    plain = [host(f"web{n}") for n in (2, 4, 5)]
    assert only(host("web3", port=2222), *plain) == "only web3    port 2222, the others none"


# ----- expected


def usual(**fields: Any) -> RunScene:
    made = {"runs": 10, "run_s": 300.0, "stages": {"canary": 40.0, "rollout": 200.0, "after": 40.0}, **fields}
    return replace(scenes.healthy_scene(), usual=api.Usual(**made))


def test_the_headline_says_what_is_left_when_every_stage_was_measured() -> None:
    assert text_of(run_headline(usual(), UNICODE), 120).strip() == (
        "Passing. rollout 7 of 11 hosts, then after. About 2m 20s left."
    )
    assert "left" not in text_of(run_headline(usual(stages={"rollout": 200.0}), UNICODE), 120)
    assert "left" not in text_of(run_headline(scenes.healthy_scene(), UNICODE), 120)


def test_old_news_and_a_stage_that_takes_longer_than_usual_say_nothing_of_what_is_left() -> None:
    scene = usual()
    assert left_words(replace(scene, here=structs.replace(scene.here, stale_s=9.0))) == ""
    assert left_words(usual(stages={"canary": 40.0, "rollout": 20.0, "after": 40.0})) == ""


def test_the_bar_has_the_usual_time_beside_what_has_gone_by_and_drops_it_first() -> None:
    scene = usual()
    assert "usually 5m 00s" in text_of(run_bar(scene, 160, 44, UNICODE), 160)
    assert "usually" not in text_of(run_bar(scene, 80, 24, UNICODE), 80)
    assert usual_spans(usual(run_s=None)) == ()


def test_a_running_job_that_takes_far_longer_than_usual_says_so() -> None:
    job = api.UsualJob(usual_s=40.0, longest_s=55.0)
    scene = usual(jobs={"rollout/release": job})
    assert row(scene, "usual", 60) == "40s in all, at most 55s"
    late = replace(scene, here=structs.replace(scene.here, now_utc=scene.here.now_utc + 240))
    assert row(late, "takes", 60).startswith("longer than usual: 4m")
    assert row(late, "takes", 60).endswith("usually 40s")


# ----- the board


def test_the_side_of_the_board_has_it_too() -> None:
    scene = structs.replace(scenes.board_scene(), before=BEFORE)
    rows = texts_of(side_rows(scene, 42, UNICODE), 42)
    assert [line for line in rows if line.startswith(("changed", "seen", "fixed"))] == [
        "changed      restart edited +3 more",
        "seen         3 of 12 runs, always on web3",
        "fixed by     a retry by bob in run 38",
    ]
