"""Requests and waits through a whole engine on fakes: one dispatch, one verdict, whatever ends in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from runners.core.describe import document
from runners.core.holds import holds
from runners.core.index import job_run_of
from runners.model.definition import RetryPolicy
from runners.model.intents import Cancel, Retry
from runners.model.kinds import HttpCheck, TaskKind
from runners.model.phases import FailureKind, Phase, Result, RunPhase
from runners.model.plan import Plan, PlannedJob, PlannedTask
from runners.model.secrets import SecretSource, SourceKind
from runners.ports.web import NoAnswer, WebAnswer
from tests.flows.engine_kit import Kit, plan

URL = "http://10.0.0.1:8080/health"
RELEASE = "s1/release@web1"


@pytest.fixture
async def kit() -> AsyncIterator[Kit]:
    kit = await Kit().start()
    yield kit
    await kit.stop()


def check(*, repeatable: bool = True, timeout_s: float | None = None, **values: Any) -> PlannedTask:
    http = HttpCheck(url=URL, **values)
    return PlannedTask(
        name="healthy", kind=TaskKind.HTTP, http=http, repeatable=repeatable and http.repeats, timeout_s=timeout_s
    )


def wait(seconds: float) -> PlannedTask:
    return PlannedTask(name="drain", kind=TaskKind.WAIT, wait_s=seconds)


def of(*tasks: PlannedTask, retry: RetryPolicy | None = None, timeout_s: float | None = None) -> Plan:
    job = PlannedJob(
        stage="", name="release", hosts=("web1",), tasks=tasks, retry=retry or RetryPolicy(), timeout_s=timeout_s
    )
    return plan([job])


async def log_of(kit: Kit, uid: str, task: int = 1, attempt: int = 1) -> list[str]:
    data = await kit.engine.records.read_log(uid, f"{uid}.1.{attempt}.{task}", 0, 1 << 20)
    return data.decode().splitlines()


async def test_a_right_answer_passes_and_the_log_says_what_came_back(kit: Kit) -> None:
    kit.web.on(URL, 204)
    uid = await kit.run(of(check()))
    state = await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert await log_of(kit, uid) == [f"GET {URL} -> 204 As Told in 0 ms"]
    task = document(state, ()).jobs[0].tasks[0]
    assert (task.kind, task.phase, task.exit_code) == ("http", "succeeded", None)
    assert await kit.types(uid) == [
        "run_created", "run_started", "stage_started", "job_queued", "job_started", "task_dispatched", "task_started",
        "task_finished", "job_finished", "stage_finished", "run_finished",
    ]  # fmt: skip


async def test_a_wrong_answer_fails_with_its_head_and_the_beginning_of_its_body(kit: Kit) -> None:
    answer = WebAnswer(status=503, words="Service Unavailable", headers=(("X-Who", "lb1"),), body=b"no backend")
    kit.web.on(URL, answer)
    uid = await kit.run(of(check()))
    run = await kit.until_job(uid, RELEASE, Phase.FAILED)
    assert run.reason == "answered 503 Service Unavailable, expected 200 to 299 in healthy"
    assert run.kind is FailureKind.EXIT
    assert await log_of(kit, uid) == [
        f"GET {URL} -> 503 Service Unavailable in 0 ms",
        "HTTP 503 Service Unavailable",
        "X-Who: lb1",
        "",
        "no backend",
    ]


async def test_a_redirect_is_an_answer_and_is_not_followed(kit: Kit) -> None:
    kit.web.on(URL, WebAnswer(status=302, words="Found", headers=(("Location", "http://10.0.0.1:8080/login"),)))
    uid = await kit.run(of(check()))
    run = await kit.until_job(uid, RELEASE, Phase.FAILED)
    assert "answered 302 Found" in run.reason
    assert len(kit.web.asked) == 1


async def test_get_is_tried_until_it_is_right_and_no_longer(kit: Kit) -> None:
    kit.web.on(URL, NoAnswer("Connection refused", sent=False), 503, 200)
    uid = await kit.run(of(check(within_s=60, every_s=5)))
    await kit.settle()
    await kit.clock.advance(5)
    await kit.settle()
    await kit.clock.advance(5)
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert await log_of(kit, uid) == [
        f"GET {URL} -> Connection refused in 0 ms",
        f"GET {URL} -> 503 As Told in 0 ms",
        f"GET {URL} -> 200 As Told in 0 ms",
    ]


async def test_when_within_passes_the_task_is_timed_out_and_says_what_came_last(kit: Kit) -> None:
    kit.web.on(URL, 503)
    uid = await kit.run(of(check(within_s=5, every_s=2)))
    for _ in range(4):
        await kit.settle()
        await kit.clock.advance(2)
    run = await kit.until_job(uid, RELEASE, Phase.TIMED_OUT)
    assert run.reason == "not right within 5s, at last: 503 As Told in healthy"
    assert run.kind is FailureKind.TIMEOUT
    assert len(kit.web.asked) == 4  # at 0, 2, 4 and 5 seconds
    assert kit.web.limits_s == [5.0, 3.0, 1.0, 0.5]


async def test_the_time_limit_of_the_task_ends_a_request_that_hangs(kit: Kit) -> None:
    kit.web.on(URL, None)
    uid = await kit.run(of(check(timeout_s=3)))
    await kit.settle()
    await kit.clock.advance(3)
    run = await kit.until_job(uid, RELEASE, Phase.TIMED_OUT)
    assert run.reason == "no answer within 3s in healthy"


async def test_a_post_is_sent_once_and_a_failed_one_is_not_repeated_by_the_policy(kit: Kit) -> None:
    kit.web.on(URL, 500)
    uid = await kit.run(of(check(method="POST", body="{}"), retry=RetryPolicy(attempts=3)))
    run = await kit.until_job(uid, RELEASE, Phase.FAILED)
    assert run.attempt == 1
    assert [(asked.method, asked.body) for asked in kit.web.asked] == [("POST", b"{}")]


async def test_a_post_that_is_cut_after_it_was_sent_is_unknown_not_failed(kit: Kit) -> None:
    kit.web.on(URL, NoAnswer("Connection reset by peer", sent=True))
    uid = await kit.run(of(check(method="POST")))
    run = await kit.until_job(uid, RELEASE, Phase.UNKNOWN)
    reason = f"Connection reset by peer while POST {URL} was under way; whether it had its effect is not known"
    assert run.reason == reason
    assert run.answered
    state = await kit.engine.records.state(uid)
    (hold,) = [hold for hold in holds(state, {}) if hold.what == RELEASE]
    assert hold.text == f"{reason}; look what became of it, then retry or skip it with --not-running"


async def test_a_post_that_never_reached_anybody_has_failed(kit: Kit) -> None:
    uid = await kit.run(of(check(method="POST")))
    run = await kit.until_job(uid, RELEASE, Phase.FAILED)
    assert run.reason == "Connection refused in healthy"


async def test_after_kill_9_a_get_is_asked_again_and_a_post_is_unknown_and_never_sent_twice(kit: Kit) -> None:
    kit.web.on(URL, None)
    get = await kit.run(of(check()), "get")
    post = await kit.run(of(check(method="POST")), "post")
    await kit.settle()
    assert len(kit.web.asked) == 2
    await kit.kill()
    await kit.logs.close()
    kit.web.on(URL, 200)
    await kit.start()
    await kit.until_run(get, RunPhase.SUCCEEDED)
    run = await kit.until_job(post, RELEASE, Phase.UNKNOWN)
    assert run.reason == (
        f"the controller ended while POST {URL} was under way; whether it had its effect is not known"
    )
    assert [asked.method for asked in kit.web.asked] == ["GET", "POST", "GET"]
    assert (await kit.engine.records.state(post)).phase is RunPhase.HELD
    again = Retry(id="r1", targets=(RELEASE,), seen_attempts={RELEASE: 1}, not_running=True)
    await kit.engine.submit(post, again, "alice")
    await kit.until_run(post, RunPhase.SUCCEEDED)
    assert [asked.method for asked in kit.web.asked] == ["GET", "POST", "GET", "POST"]


async def test_cancel_ends_a_request_at_once(kit: Kit) -> None:
    kit.web.on(URL, None)
    uid = await kit.run(of(check(within_s=600)))
    await kit.settle()
    await kit.engine.submit(uid, Cancel(id="c1"), "alice")
    await kit.until_run(uid, RunPhase.CANCELLED)
    assert await log_of(kit, uid) == ["cancelled"]


async def test_cancel_of_a_post_says_that_it_may_have_had_its_effect(kit: Kit) -> None:
    kit.web.on(URL, None)
    uid = await kit.run(of(check(method="POST")))
    await kit.settle()
    await kit.engine.submit(uid, Cancel(id="c1"), "alice")
    await kit.until_run(uid, RunPhase.CANCELLED)
    assert await log_of(kit, uid) == [f"cancelled while POST {URL} was under way; it may have had its effect"]


async def test_templates_are_filled_for_the_host_and_only_once(kit: Kit) -> None:
    kit.web.on("http://web1/{{ host.name }}/x", 200)
    http = HttpCheck(
        url="http://{{ host.address }}/{{ params.path }}/x",
        method="POST",
        headers={"X-Host": "{{ host.name }}"},
        body="b",
    )
    task = PlannedTask(name="h", kind=TaskKind.HTTP, http=http, repeatable=False)
    uid = await kit.run(replace(of(task), params={"path": "{{ host.name }}"}))
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert kit.web.asked[0].headers == (("X-Host", "web1"),)


async def test_a_wait_says_until_when_and_passes_then(kit: Kit) -> None:
    uid = await kit.run(of(wait(30), check()))
    kit.web.on(URL, 200)
    await kit.settle()
    state = await kit.engine.records.state(uid)
    (hold,) = holds(state, {})
    dispatched = job_run_of(state, RELEASE).attempts[0].tasks[0].dispatched_at
    assert dispatched is not None
    assert (hold.kind.value, hold.what, hold.until) == ("wait", RELEASE, dispatched + 30)
    assert hold.text.startswith("drain waits until ")
    await kit.clock.advance(29)
    assert (await kit.engine.records.state(uid)).phase is RunPhase.RUNNING
    await kit.clock.advance(1)
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert (await log_of(kit, uid))[0].startswith("wait 30s, until ")


async def test_a_wait_goes_on_by_its_own_deadline_over_a_restart(kit: Kit) -> None:
    uid = await kit.run(of(wait(100)))
    await kit.settle()
    await kit.clock.advance(40)
    await kit.kill()
    await kit.logs.close()
    await kit.clock.advance(40)
    await kit.start()
    await kit.settle()
    assert (await kit.engine.records.state(uid)).phase is RunPhase.RUNNING
    await kit.clock.advance(19)
    assert (await kit.engine.records.state(uid)).phase is RunPhase.RUNNING
    await kit.clock.advance(1)
    await kit.until_run(uid, RunPhase.SUCCEEDED)


async def test_a_wait_whose_time_came_while_the_machine_slept_is_over_when_it_wakes(kit: Kit) -> None:
    uid = await kit.run(of(wait(3600)))
    await kit.settle()
    kit.clock.jump_utc(3600)
    await kit.clock.advance(31)
    await kit.until_run(uid, RunPhase.SUCCEEDED)


async def test_cancel_ends_a_wait_at_once(kit: Kit) -> None:
    uid = await kit.run(of(wait(3600)))
    await kit.settle()
    await kit.engine.submit(uid, Cancel(id="c1"), "alice")
    state = await kit.until_run(uid, RunPhase.CANCELLED)
    assert state.result is Result.CANCELLATION


async def test_a_wait_is_bounded_by_what_is_left_of_the_attempt(kit: Kit) -> None:
    kit.transport.host("web1").on("slow")
    uid = await kit.run(of(PlannedTask(name="a", command="true"), wait(50), timeout_s=20))
    await kit.settle()
    await kit.clock.advance(20)
    run = await kit.until_job(uid, RELEASE, Phase.TIMED_OUT)
    assert run.reason.startswith("no answer within 20s in drain")


async def test_a_get_from_the_host_goes_through_its_connection(kit: Kit) -> None:
    kit.transport.host("web1").servers["told.by.the.url", 80] = b""
    kit.web.on(URL, 200)
    uid = await kit.run(of(check(from_host=True)))
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert kit.transport.host("web1").asked_streams == [("told.by.the.url", 80)]
    assert kit.transport.host("web1").removed == []


async def test_a_host_that_is_lost_under_a_get_is_unknown_until_it_is_back_and_then_it_is_asked_again(kit: Kit) -> None:
    host = kit.transport.host("web1")
    host.servers["told.by.the.url", 80] = b""
    kit.web.on(URL, None)
    uid = await kit.run(of(check(from_host=True)))
    await kit.settle()
    kit.transport.unreachable("web1")
    kit.transport.cut("web1")
    await kit.settle()
    await kit.clock.advance(3)
    await kit.until_job(uid, RELEASE, Phase.UNKNOWN)
    kit.web.on(URL, 200)
    kit.transport.restore("web1")
    await kit.clock.advance(20)
    await kit.until_run(uid, RunPhase.SUCCEEDED)


async def test_a_host_that_is_lost_under_a_post_leaves_it_unknown_when_it_is_back(kit: Kit) -> None:
    host = kit.transport.host("web1")
    host.servers["told.by.the.url", 80] = b""
    kit.web.on(URL, None)
    uid = await kit.run(of(check(from_host=True, method="POST")))
    await kit.settle()
    kit.transport.drop("web1")
    await kit.settle()
    await kit.clock.advance(1)
    run = await kit.until_job(uid, RELEASE, Phase.UNKNOWN)
    await kit.settle()
    run = job_run_of(await kit.engine.records.state(uid), RELEASE)
    assert run.answered
    assert "while POST" in run.reason
    assert len(kit.web.asked) == 1


TOKEN = "s3cret-token-value"


def with_secret(task: PlannedTask) -> Plan:
    return replace(of(task), secrets={"TOKEN": SecretSource(name="TOKEN", kind=SourceKind.PROMPT, text="Token")})


async def test_a_secret_reaches_headers_and_body_and_no_log_or_event(kit: Kit) -> None:
    kit.web.on(URL, WebAnswer(status=403, words=f"no {TOKEN}", body=f"you said {TOKEN}".encode()))
    task = check(method="POST", headers={"Authorization": "Bearer {{ secrets.TOKEN }}"}, body="{{ secrets.TOKEN }}")
    uid = await kit.run(with_secret(task), secrets={"TOKEN": TOKEN})
    await kit.until_job(uid, RELEASE, Phase.FAILED)
    (asked,) = kit.web.asked
    assert asked.headers == (("Authorization", f"Bearer {TOKEN}"),)
    assert asked.body == TOKEN.encode()
    assert "you said" in "\n".join(await log_of(kit, uid))
    assert TOKEN not in "\n".join(await log_of(kit, uid))
    assert TOKEN not in "\n".join(map(repr, await kit.story(uid)))


async def test_a_secret_that_is_no_header_is_refused_before_anything_is_sent(kit: Kit) -> None:
    task = check(headers={"Authorization": "Bearer {{ secrets.TOKEN }}"})
    uid = await kit.run(with_secret(task), secrets={"TOKEN": "line one\nline two"})
    run = await kit.until_job(uid, RELEASE, Phase.FAILED)
    assert run.reason == (
        "header Authorization must be one line without control characters; nothing was sent in healthy"
    )
    assert kit.web.asked == []


async def test_after_kill_9_a_get_waits_for_its_secret_and_is_cancelled_while_it_waits(kit: Kit) -> None:
    kit.web.on(URL, None)
    task = check(headers={"Authorization": "Bearer {{ secrets.TOKEN }}"})
    first = await kit.run(with_secret(task), "one", secrets={"TOKEN": TOKEN})
    second = await kit.run(with_secret(task), "two", secrets={"TOKEN": TOKEN})
    await kit.settle()
    await kit.kill()
    await kit.logs.close()
    kit.web.on(URL, 200)
    await kit.start()
    await kit.settle()
    assert len(kit.web.asked) == 2
    await kit.engine.submit(second, Cancel(id="c1"), "alice")
    await kit.until_run(second, RunPhase.CANCELLED)
    await kit.engine.give_secrets(first, intent_id="g", names=(), values={"TOKEN": TOKEN}, actor="bob")
    await kit.until_run(first, RunPhase.SUCCEEDED)
    assert [asked.headers for asked in kit.web.asked] == [(("Authorization", f"Bearer {TOKEN}"),)] * 3
