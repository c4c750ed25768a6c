"""Which ended runs go, whatever runs there are: never one that somebody still needs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runners.core.retention import GRACE_S, KeptRun, leaving
from runners.model.phases import RUN_ENDED, RunPhase
from runners.model.retention import KEEP_ALL, Retention

NOW = 1_000_000.0
DAY = 86_400.0
AGE = Retention(age_s=90 * DAY, most_bytes=None)
SIZE = Retention(age_s=None, most_bytes=100)


def run(
    uid: str, days: float | None = None, phase: RunPhase = RunPhase.FAILED, size: int = 10, *, is_wanted: bool = False
) -> KeptRun:
    ended_at = None if days is None else NOW - days * DAY
    return KeptRun(uid=uid, pipeline="p", phase=phase, ended_at=ended_at, size_bytes=size, is_wanted=is_wanted)


NEWEST = run("newest", 0.5)


def test_a_run_that_ended_long_ago_goes_and_a_younger_one_stays() -> None:
    assert leaving([run("old", 91), run("young", 89), NEWEST], AGE, NOW) == ("old",)


def test_those_that_ended_first_go_until_the_rest_has_room() -> None:
    runs = [run("late", 3, size=60), run("early", 9, size=60), run("middle", 5, size=60), NEWEST]
    assert leaving(runs, SIZE, NOW) == ("early", "middle")


def test_a_run_without_a_byte_does_not_go_for_room() -> None:
    runs = [run("empty", 9, size=0), run("large", 5, size=200), NEWEST]
    assert leaving(runs, SIZE, NOW) == ("large",)


def test_what_ended_a_moment_ago_stays_for_its_readers_however_large() -> None:
    just = KeptRun(uid="x", pipeline="p", phase=RunPhase.FAILED, ended_at=NOW - GRACE_S + 1, size_bytes=10**9)
    assert leaving([just, NEWEST], SIZE, NOW) == ()


def test_a_run_that_lives_is_held_or_has_a_rollback_to_finish_never_goes() -> None:
    runs = [
        run("held", None, RunPhase.HELD),
        run("running", None, RunPhase.RUNNING),
        run("half rolled back", 999, RunPhase.ROLLBACK_INCOMPLETE),
        run("looked at", 999, is_wanted=True),
        NEWEST,
    ]
    assert leaving(runs, AGE, NOW) == ()


def test_the_newest_run_and_the_newest_that_succeeded_stay_for_ever() -> None:
    runs = [run("good", 900, RunPhase.SUCCEEDED), run("better", 800, RunPhase.SUCCEEDED), run("bad", 700)]
    assert leaving(runs, AGE, NOW) == ("good",)


phases = st.sampled_from(RunPhase)
kept_runs = st.lists(
    st.builds(
        KeptRun,
        uid=st.uuids().map(str),
        pipeline=st.sampled_from(["a", "b"]),
        phase=phases,
        ended_at=st.none() | st.floats(0, NOW),
        size_bytes=st.integers(0, 1000),
        is_wanted=st.booleans(),
    ),
    unique_by=lambda run: run.uid,
    max_size=12,
)
retentions = st.builds(
    Retention, age_s=st.none() | st.floats(0, NOW), most_bytes=st.none() | st.integers(0, 3000)
)  # fmt: skip


@given(kept_runs, retentions)
def test_whatever_there_is_nothing_that_is_needed_goes(runs: list[KeptRun], retention: Retention) -> None:
    gone = set(leaving(runs, retention, NOW))
    for one in runs:
        if one.uid in gone:
            assert one.phase in RUN_ENDED
            assert one.phase is not RunPhase.ROLLBACK_INCOMPLETE
            assert one.ended_at is not None
            assert not one.is_wanted
    for name in {one.pipeline for one in runs}:
        of_one = [one for one in runs if one.pipeline == name]
        assert of_one[-1].uid not in gone
        if passed := [one for one in of_one if one.phase is RunPhase.SUCCEEDED]:
            assert passed[-1].uid not in gone


@given(kept_runs, retentions)
def test_what_goes_is_too_old_or_needed_for_room_and_no_more_than_that(
    runs: list[KeptRun], retention: Retention
) -> None:
    gone = leaving(runs, retention, NOW)
    assert len(set(gone)) == len(gone)
    by_uid = {one.uid: one for one in runs}
    by_age = {
        uid for uid in gone if retention.age_s is not None and NOW - (by_uid[uid].ended_at or 0.0) >= retention.age_s
    }
    for_room = [uid for uid in gone if uid not in by_age]
    if retention.most_bytes is None:
        assert for_room == []
    elif for_room:
        left = sum(one.size_bytes for one in runs if one.uid not in gone)
        # Without the last of them there would be too much.
        assert left + by_uid[for_room[-1]].size_bytes > retention.most_bytes
    assert leaving(runs, KEEP_ALL, NOW) == ()
    rest = [one for one in runs if one.uid not in gone]
    assert leaving(rest, retention, NOW) == ()
