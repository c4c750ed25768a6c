"""What the core says about a run: holds, documents, previews, commands, counts."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from runners.core import describe
from runners.core.ages import age
from runners.core.blast import blast
from runners.core.guards import in_words
from runners.core.holds import hold_of, holds
from runners.core.index import job_run_of
from runners.core.next_steps import next_steps
from runners.core.preview import preview
from runners.core.targets import resolve
from runners.core.usage import Usage, usage_of
from runners.model.errors import NotFound
from runners.model.holds import Hold, HoldKind
from runners.model.intents import Cancel, Retry, Skip
from runners.model.phases import FailureKind, Phase, RunPhase, TaskPhase
from runners.model.preview import Marker
from runners.model.wire import encode
from runners.testing.builders import UID, job, plan_of, stage, task
from runners.testing.simulator import Simulator

WEB = plan_of(
    stage("rollout", job("release", "web1 web2 web3", "fetch restart"), job("purge", "web1", needs="release")),
    stage("after", job("report", "web1")),
    environment="production",
)


def spoken(sim: Simulator, host_holds: dict[str, Hold] | None = None) -> list[tuple[str, str, str]]:
    return [(hold.kind.value, hold.what, hold.text) for hold in holds(sim.state, host_holds or {})]


def held() -> Simulator:
    sim = Simulator(WEB)
    sim.play(failing={"release@web3 restart": 1})
    return sim


# ----- holds


def test_whatever_waits_says_for_what_and_hosts_that_share_a_reason_say_it_once() -> None:
    sim = Simulator(WEB)
    assert spoken(sim) == [
        ("host", "rollout/release@web1", "web1 is being prepared"),
        ("host", "rollout/release@web2", "web2 is being prepared"),
        ("host", "rollout/release@web3", "web3 is being prepared"),
        ("needs", "rollout/purge", "needs release"),
        ("stage", "after", "stage rollout comes first"),
    ]
    full = "waits for a free place, 50 hosts are in use"
    places = {
        id_: Hold(kind=HoldKind.CAPACITY, what=id_, text=full)
        for id_ in ("rollout/release@web1", "rollout/release@web2")
    }
    key = Hold(kind=HoldKind.HOST_KEY, what="rollout/release@web3", text="web3 shows an unknown key", since=7.0)
    assert spoken(sim, {**places, "rollout/release@web3": key})[:2] == [
        ("capacity", "rollout/release", full),
        ("host_key", "rollout/release@web3", "web3 shows an unknown key"),
    ]


def test_two_hundred_waiting_hosts_are_one_hold_each_can_find() -> None:
    hosts = " ".join(f"web{n}" for n in range(200))
    sim = Simulator(plan_of(stage("s", job("a", "db1"), job("b", hosts, needs="a"))))
    found = holds(sim.state, {})
    assert len(found) == 2
    hold = hold_of(sim.state, found, "s/b@web150")
    assert hold is not None
    assert (hold.what, hold.text) == ("s/b", "needs a")
    assert hold_of(sim.state, found, "s/a@db1") == found[0]


def test_a_held_run_says_what_a_person_has_to_decide() -> None:
    sim = held()
    assert spoken(sim)[:2] == [
        ("failed", "rollout/release@web3", "failed; retry, skip or cancel"),
        ("needs", "rollout/purge", "needs release"),
    ]


def test_backoff_says_when() -> None:
    sim = Simulator(plan_of(stage("s", job("a", attempts=2, delay_s=12))))
    sim.ready()
    sim.finish("a@web1", 1)
    (hold,) = holds(sim.state, {})
    assert (hold.kind, hold.until) == (HoldKind.BACKOFF, sim.now_utc + 12)
    assert hold.text == "attempt 2 waits for its time, after exit 1 in work"


def test_unknown_tells_silence_from_an_answer() -> None:
    sim = Simulator(WEB)
    sim.ready()
    sim.lose("release@web3", "the link was cut")
    assert ("unknown", "rollout/release@web3", "web3 is silent (the link was cut); it may be running still") in spoken(
        sim
    )
    sim.vanish("release@web3", "rebooted since")
    text = next(text for kind, _, text in spoken(sim) if kind == "unknown")
    assert text == (
        "web3 has neither its process nor its result (rebooted since); "
        "look there, then retry or skip it with --not-running"
    )


def test_cancelling_says_how_far_it_is_and_who_survived() -> None:
    sim = Simulator(plan_of(stage("s", job("a"))))
    sim.ready()
    sim.cancel()
    assert spoken(sim) == [("cancel", "s/a@web1", "asked to stop")]
    sim.cancel_step("a@web1", "kill")
    assert spoken(sim) == [("cancel", "s/a@web1", "KILL was sent")]
    sim.cancel_step("a@web1", "survivors", "pid 311 root sleep 600")
    assert spoken(sim) == [
        ("cancel", "s/a@web1", "survived KILL: pid 311 root sleep 600; end them on web1, then cancel again")
    ]


def test_a_stop_says_what_failed() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1 web2 web3", on_failure="stop"))))
    sim.ready("a@web1", "a@web2")
    sim.finish("a@web1", 1)
    assert spoken(sim) == [("needs", "s/a", "nothing new starts: a@web1 failed")]
    sim.finish("a@web2")
    assert spoken(sim) == []


# ----- documents


def test_the_document_of_a_held_run_is_what_the_interface_promises() -> None:
    sim = Simulator(plan_of(stage("rollout", job("release", "web3", "fetch restart")), environment="production"))
    sim.ready()
    fetched = Usage(cpu_s=2.5, memory_peak_bytes=41_700_000, memory_peak_of="process")
    sim.finish("release@web3", log_bytes=1203, used=fetched)
    sim.advance(6.25)
    sim.finish("release@web3", 1, log_bytes=911, used=Usage(cpu_s=0.75))
    sim.advise("release@web3")
    document = json.loads(encode(describe.document(sim.state, holds(sim.state, {}))))
    assert document == {
        "id": "deploy-api/42",
        "uid": UID,
        "pipeline": "deploy-api",
        "phase": "held",
        "result": None,
        "environment": "production",
        "params": {},
        "by": "alice",
        "created_at": "1970-01-01T00:16:40.000Z",
        "started_at": "1970-01-01T00:16:40.000Z",
        "ended_at": None,
        "definition_digest": "sha256:" + "0" * 64,
        "stages": [{"name": "rollout", "phase": "held", "started_at": "1970-01-01T00:16:40.000Z", "ended_at": None}],
        "jobs": [
            {
                "stage": "rollout",
                "job": "release",
                "host": "web3",
                "matrix": None,
                "phase": "failed",
                "result": "failure",
                "attempt": 1,
                "exit_code": 1,
                "signal": None,
                "reason": "exit 1 in restart",
                "hold": "failed; retry, skip or cancel",
                "started_at": "1970-01-01T00:16:40.000Z",
                "ended_at": "1970-01-01T00:16:46.250Z",
                "log_bytes": 2114,
                "tasks": [
                    {
                        "name": "fetch",
                        "kind": "run",
                        "phase": "succeeded",
                        "attempt": 1,
                        "key": f"{UID}.1.1.1",
                        "exit_code": 0,
                        "started_at": "1970-01-01T00:16:40.000Z",
                        "ended_at": "1970-01-01T00:16:40.000Z",
                        "log_bytes": 1203,
                        "part": "tasks",
                        "files": [],
                        "host_started_at": None,
                        "host_ended_at": None,
                        "log_cut": None,
                        "limits_kept": None,
                        "host": None,
                        "cpu_s": 2.5,
                        "memory_peak_bytes": 41_700_000,
                        "memory_peak_of": "process",
                    },
                    {
                        "name": "restart",
                        "kind": "run",
                        "phase": "failed",
                        "attempt": 1,
                        "key": f"{UID}.1.1.2",
                        "exit_code": 1,
                        "started_at": "1970-01-01T00:16:40.000Z",
                        "ended_at": "1970-01-01T00:16:46.250Z",
                        "log_bytes": 911,
                        "part": "tasks",
                        "files": [],
                        "host_started_at": None,
                        "host_ended_at": None,
                        "log_cut": None,
                        "limits_kept": None,
                        "host": None,
                        "cpu_s": 0.75,
                        "memory_peak_bytes": None,
                        "memory_peak_of": None,
                    },
                ],
                "runbook": {
                    "id": "port-in-use",
                    "section": "Diagnosis",
                    "score": 0.9,
                    "why": "log matches 'boom'",
                },
                "first_line": "error: boom",
                "outputs": {},
                "cpu_s": 3.25,
                "memory_peak_bytes": 41_700_000,
                "memory_peak_of": "process",
            }
        ],
        "holds": [
            {
                "kind": "failed",
                "what": "rollout/release@web3",
                "text": "failed; retry, skip or cancel",
                "since": "1970-01-01T00:16:46.250Z",
            }
        ],
        "notes": [],
        "left": [],
        "concurrency": None,
        "before": None,
        "warnings": [],
        "next": [
            "onduty retry deploy-api/42 release@web3",
            "onduty skip deploy-api/42 release@web3",
            "onduty logs deploy-api/42 release@web3",
            "onduty cancel deploy-api/42",
        ],
    }


def test_what_a_stopped_run_never_started_says_so() -> None:
    sim = Simulator(plan_of(stage("s", job("a", on_failure="stop")), stage("t", job("b"))))
    sim.play(failing={"a@web1": 1})
    late = describe.document(sim.state, ()).jobs[1]
    assert (late.phase, late.result, late.reason, late.ended_at) == (
        "waiting",
        None,
        "not started: a@web1 failed",
        None,
    )
    assert [one.phase for one in late.tasks] == ["waiting"]


def test_a_line_of_the_list_says_what_matters_most() -> None:
    sim = Simulator(WEB)
    assert describe.summary(sim.state, ()).what == "rollout 0 of 4"
    sim.ready()
    sim.lose("release@web2", "cut")
    assert describe.summary(sim.state, ()).what == "release@web2 is unknown: cut"
    sim.finish("release@web3", 1)
    sim.advise("release@web3", "port-in-use", "error: address in use")
    line = describe.summary(sim.state, ())
    assert line.what == "release@web3 failed: exit 1 in fetch"
    assert (line.first_line, line.runbook) == ("error: address in use", "port-in-use")
    assert line.counts == {"running": 1, "unknown": 1, "failed": 1, "waiting": 2}
    sim.play(failing={"release@web1": 1})
    assert describe.summary(sim.state, ()).what == "release@web1 failed: exit 1 in fetch, and 1 more"
    sim.cancel(by="bob")
    assert describe.summary(sim.state, ()).what == "cancelled by bob"


def test_a_line_of_a_good_run() -> None:
    sim = Simulator(WEB)
    sim.skip("purge@web1")
    sim.play()
    line = describe.summary(sim.state, ())
    assert (line.what, line.hosts, line.hosts_done, line.phase) == ("passed, 1 skipped", 3, 3, "succeeded")


def test_a_key_that_nobody_trusts_is_what_the_line_says() -> None:
    sim = Simulator(plan_of(stage("s", job("a"))))
    hold = Hold(kind=HoldKind.HOST_KEY, what="s/a@web1", text="web1 shows an unknown key")
    line = describe.summary(sim.state, holds(sim.state, {"s/a@web1": hold}))
    assert line.what == "a@web1: web1 shows an unknown key"


# ----- next steps, blast radius


def test_next_steps_can_be_typed() -> None:
    sim = Simulator(WEB)
    assert next_steps(sim.state) == ()
    sim.ready()
    sim.vanish("release@web1")
    sim.finish("release@web2", 1)
    sim.finish("release@web3", 1)
    assert next_steps(sim.state) == (
        "onduty retry deploy-api/42",
        "onduty retry deploy-api/42 release@web1 --not-running",
        "onduty skip deploy-api/42 release@web2 release@web3",
        "onduty logs deploy-api/42 release@web2",
        "onduty cancel deploy-api/42",
    )
    sim.cancel()
    assert next_steps(sim.state) == ("onduty retry deploy-api/42", "onduty logs deploy-api/42 release@web2")
    sim.retry()
    sim.play()
    assert next_steps(sim.state) == ()


def test_blast_counts_hosts_and_phases() -> None:
    sim = Simulator(WEB)
    sim.give_up("release@web2")
    sim.ready("release@web1")
    sim.lose("release@web1")
    reach = blast(sim.state)
    assert (reach.hosts, reach.touched, reach.untouched, reach.failed, reach.unknown, reach.done) == (3, 1, 2, 1, 1, 0)
    assert reach.phases == {Phase.UNKNOWN: 1, Phase.FAILED: 1, Phase.QUEUED: 1, Phase.WAITING: 2}


# ----- previews


def test_a_preview_of_a_retry_shows_the_exact_tasks_and_marks_what_must_not_run_twice() -> None:
    tasks = (task("fetch"), task("restart", repeatable=False))
    sim = Simulator(plan_of(stage("s", job("release", "web3", tasks))))
    sim.play(failing={"release@web3 restart": 1})
    seen = preview(sim.state, Retry(id="x", targets=("s/release@web3",)))
    assert seen.title == "retry release@web3"
    assert seen.scope == "The whole job again on web3, all 2 tasks, as attempt 2."
    (host,) = seen.hosts
    assert (host.host, host.job_run, host.attempt) == ("web3", "s/release@web3", 2)
    assert [(one.name, one.command, one.marker) for one in host.tasks] == [
        ("fetch", "./fetch.sh", Marker.RUN),
        ("restart", "./restart.sh", Marker.NOT_REPEATABLE),
    ]
    assert seen.warnings == ("restart ran on web3 before and is marked as not repeatable.",)
    assert (seen.refusal, seen.seen_attempts) == ("", (("s/release@web3", 1),))


def test_a_preview_of_a_retry_of_everything_names_what_it_leaves_alone() -> None:
    sim = Simulator(WEB)
    sim.give_up("release@web2", FailureKind.UNREACHABLE)
    sim.ready()
    sim.finish("release@web1", 1)
    sim.lose("release@web3")
    seen = preview(sim.state, Retry(id="x"))
    assert seen.title == "retry 2 job runs"
    assert seen.scope == "2 job runs, all that failed or was not reached: the whole job again on web1, web2."
    assert seen.warnings == ("Left alone, because nobody knows what became of it: release@web3.",)


def test_a_preview_that_would_be_refused_says_why_and_still_shows_it() -> None:
    sim = Simulator(WEB)
    sim.ready()
    seen = preview(sim.state, Skip(id="x", targets=("rollout/release@web1",)))
    assert seen.refusal == "release@web1 is running; cancel it first, then skip it"
    assert seen.targets == ("rollout/release@web1",)
    assert preview(sim.state, Skip(id="y", targets=("no/such@host",))).refusal == (
        "deploy-api/42 has no job run no/such@host"
    )


def test_a_preview_of_a_skip_says_what_stays_and_what_follows() -> None:
    seen = preview(held().state, Skip(id="x", targets=("rollout/release@web3",)))
    assert seen.scope == ("It counts as satisfied on web3 without passing; what needs it may start. Nothing is run.")
    assert seen.warnings == ("release@web3 failed: exit 1 in restart; what it did until then stays.",)


def test_a_preview_of_a_cancel_names_what_runs_and_what_will_not() -> None:
    sim = Simulator(WEB)
    sim.ready("release@web1", "release@web2")
    sim.lose("release@web2")
    seen = preview(sim.state, Cancel(id="x"))
    assert seen.title == "cancel deploy-api/42"
    assert seen.scope == (
        "On web1 what runs is stopped, whole tree: TERM, 10 s, KILL; 3 job runs have not started, and will not."
    )
    assert seen.warnings == ("web2 is silent: release@web2 is stopped when it answers, and not before.",)
    assert [(host.job_run, [one.marker for one in host.tasks]) for host in seen.hosts][:2] == [
        ("rollout/release@web1", [Marker.STOP]),
        ("rollout/release@web2", [Marker.STOP]),
    ]


def test_a_preview_says_that_a_retry_opens_a_run_again_and_what_still_stops_it() -> None:
    sim = Simulator(plan_of(stage("s", job("a", "web1 web2", on_failure="stop"))))
    sim.ready()
    sim.finish("a@web1", 1)
    sim.finish("a@web2", 1)
    assert sim.run_phase() is RunPhase.FAILED
    assert preview(sim.state, Retry(id="x", targets=("s/a@web1",))).warnings == (
        "deploy-api/42 failed; this opens it again, and what comes after runs too.",
        "Nothing else starts: a@web2 failed too, and that stops the run.",
    )


def test_a_preview_of_a_vouched_retry_says_what_is_vouched_for() -> None:
    sim = Simulator(WEB)
    sim.ready()
    sim.lose("release@web3")
    seen = preview(sim.state, Retry(id="x", targets=("rollout/release@web3",), not_running=True))
    assert seen.warnings == ("You vouch that attempt 1 is dead on web3; its key is sealed there first.",)


# ----- names


def test_targets_are_found_by_job_and_by_host() -> None:
    sim = held()
    release = tuple(f"rollout/release@web{n}" for n in (1, 2, 3))
    assert resolve(sim.state, ["release@web3"]) == ("rollout/release@web3",)
    assert resolve(sim.state, ["rollout/release@web3", "release@web3"]) == ("rollout/release@web3",)
    assert resolve(sim.state, ["release"]) == release
    assert resolve(sim.state, ["rollout/release"], verb="retry") == ("rollout/release@web3",)
    assert resolve(sim.state, ["report"], verb="retry") == ("after/report@web1",), "so that the refusal says why"
    assert resolve(sim.state, ["purge", "report"], verb="skip") == ("rollout/purge@web1", "after/report@web1")
    assert resolve(sim.state, []) == ()


def test_a_name_that_is_not_there_is_told_with_the_nearest_one() -> None:
    sim = Simulator(plan_of(stage("a", job("release")), stage("b", job("release", "web1 web2"))))
    with pytest.raises(NotFound) as caught:
        resolve(sim.state, ["relaese@web1", "release", "release@web1", "b/release@web9"])
    assert caught.value.message.split("; ") == [
        "deploy-api/42 has no job relaese, did you mean release?",
        "release may be a/release, b/release: say which",
        "release@web1 may be a/release@web1, b/release@web1: say which",
        "b/release does not run on web9, did you mean web2?",
    ]
    assert resolve(sim.state, ["release@web2"]) == ("b/release@web2",)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0s"),
        (41.9, "41s"),
        (60, "1m"),
        (89, "1m 29s"),
        (725, "12m"),
        (4320, "1h 12m"),
        (7200, "2h"),
        (300_000, "3d"),
    ],
)
def test_ages_have_at_most_two_units(seconds: float, words: str) -> None:
    assert age(seconds) == words


def test_phases_in_words() -> None:
    assert [in_words(phase) for phase in (Phase.TIMED_OUT, Phase.CANCELLED, RunPhase.FAILED)] == [
        "timed out",
        "was cancelled",
        "failed",
    ]


def test_what_was_kept_from_an_earlier_attempt_is_not_used_again() -> None:
    sim = Simulator(plan_of(stage("s", job("a", tasks="fetch restart", attempts=2, delay_s=1))))
    sim.ready()
    sim.finish("a@web1", used=Usage(cpu_s=30, memory_peak_bytes=9_000, memory_peak_of="process"))
    sim.finish("a@web1", 1, used=Usage(cpu_s=0.5, memory_peak_bytes=2_000, memory_peak_of="job"))
    first = job_run_of(sim.state, "s/a@web1").attempts[0]
    assert usage_of(first.tasks) == Usage(cpu_s=30.5, memory_peak_bytes=9_000, memory_peak_of="process")
    kept = (replace(first.tasks[0], phase=TaskPhase.KEPT), first.tasks[1])
    assert usage_of(kept) == Usage(cpu_s=0.5, memory_peak_bytes=2_000, memory_peak_of="job")
    assert usage_of(()) == Usage()
