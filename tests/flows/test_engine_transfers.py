"""Uploads and downloads through a whole engine on fakes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from runners.core.describe import document
from runners.core.index import job_run_of
from runners.model.intents import Cancel
from runners.model.kinds import TaskKind, Transfer
from runners.model.phases import FailureKind, Phase, RunPhase
from runners.model.plan import Plan, PlannedJob, PlannedTask
from tests.flows.engine_kit import Kit, plan
from tests.flows.test_engine_kinds import log_of

RELEASE = "s1/release@web1"


@pytest.fixture
async def kit() -> AsyncIterator[Kit]:
    kit = await Kit().start()
    yield kit
    await kit.stop()


def of(kit: Kit, kind: TaskKind, src: str, dest: str, *, mode: int | None = None, dir: str | None = "/srv") -> Plan:
    task = PlannedTask(name="move", kind=kind, transfer=Transfer(src=src, dest=dest, mode=mode), dir=dir)
    whole = plan([PlannedJob(stage="", name="release", hosts=("web1",), tasks=(task,))])
    if kind is TaskKind.DOWNLOAD:
        return whole
    filled = whole.scope_of("web1").fill(src)
    return replace(whole, folder="/pipelines", sources={filled: kit.sources.pin("/pipelines", filled)})


def upload(kit: Kit, src: str, dest: str, *, mode: int | None = None, dir: str | None = "/srv") -> Plan:
    return of(kit, TaskKind.UPLOAD, src, dest, mode=mode, dir=dir)


def download(kit: Kit, src: str, dest: str) -> Plan:
    return of(kit, TaskKind.DOWNLOAD, src, dest)


def short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


async def test_a_file_is_sent_for_its_host_and_the_log_says_where_it_is(kit: Kit) -> None:
    kit.sources.files["conf/web1.conf"] = b"port=80\n"
    uid = await kit.run(upload(kit, "conf/{{ host.name }}.conf", "etc/", mode=0o600))
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    host = kit.transport.host("web1")
    assert host.files == {"/srv/etc/web1.conf": b"port=80\n"}
    assert host.modes == {"/srv/etc/web1.conf": 0o600}
    assert await log_of(kit, uid) == [f"web1:etc/web1.conf written, 8 B, sha256 {short(b'port=80' + bytes([10]))}"]
    assert host.removed == []
    assert kit.transport.ledger == []


async def test_a_folder_is_sent_file_by_file_and_what_else_is_there_stays(kit: Kit) -> None:
    kit.sources.files |= {"site/a": b"1", "site/sub/b": b"2"}
    host = kit.transport.host("web1")
    host.files["/srv/www/other"] = b"mine"
    host.files["/srv/www/a"] = b"1"
    uid = await kit.run(upload(kit, "site/", "www"))
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert host.files == {"/srv/www/other": b"mine", "/srv/www/a": b"1", "/srv/www/sub/b": b"2"}
    assert await log_of(kit, uid) == [
        f"web1:www/a is the same already, 1 B, sha256 {short(b'1')}",
        f"web1:www/sub/b written, 1 B, sha256 {short(b'2')}",
    ]


async def test_without_a_folder_files_go_into_the_work_folder_of_the_attempt(kit: Kit) -> None:
    kit.sources.files["a"] = b"1"
    uid = await kit.run(upload(kit, "a", "./", dir=None))
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert list(kit.transport.host("web1").files) == [f"/fake/web1/onduty/work/{uid}.1.1/a"]


async def test_a_source_that_changed_since_the_plan_is_not_sent(kit: Kit) -> None:
    kit.sources.files["a"] = b"planned"
    whole = upload(kit, "a", "a")
    kit.sources.files["a"] = b"changed"
    uid = await kit.run(whole)
    run = await kit.until_job(uid, RELEASE, Phase.FAILED)
    assert run.kind is FailureKind.ERROR
    assert run.reason == (
        f"a changed since the run was planned (sha256 {short(b'planned')}, now {short(b'changed')}); "
        "nothing was sent in move"
    )
    assert kit.transport.host("web1").files == {}


async def test_a_file_that_is_gone_or_new_since_the_plan_stops_all_of_it(kit: Kit) -> None:
    kit.sources.files |= {"d/a": b"1", "d/b": b"2"}
    whole = upload(kit, "d", "d")
    del kit.sources.files["d/b"]
    first = await kit.run(whole, "one")
    assert "d/b is not there any more" in (await kit.until_job(first, RELEASE, Phase.FAILED)).reason
    kit.sources.files |= {"d/b": b"2", "d/c": b"3"}
    second = await kit.run(whole, "two")
    assert "d/c was added since the run was planned" in (await kit.until_job(second, RELEASE, Phase.FAILED)).reason
    assert kit.transport.host("web1").files == {}


async def test_what_the_host_refuses_is_the_failure_in_its_words(kit: Kit) -> None:
    kit.sources.files["a"] = b"1"
    kit.transport.host("web1").files["/srv/a/b"] = b""
    uid = await kit.run(upload(kit, "a", "a"))
    run = await kit.until_job(uid, RELEASE, Phase.FAILED)
    assert run.reason == "web1: a is a folder there; write it with / at its end in move"


async def test_a_download_lands_under_the_run_and_show_names_it(kit: Kit) -> None:
    kit.transport.host("web1").files |= {"/var/log/app/a.log": b"one\n", "/var/log/app/old/b.log": b"two\n"}
    uid = await kit.run(download(kit, "/var/log/app", "logs/"))
    state = await kit.until_run(uid, RunPhase.SUCCEEDED)
    place = f"/state/{uid}/1.1/logs/app"
    assert kit.files.files == {f"{place}/a.log": b"one\n", f"{place}/old/b.log": b"two\n"}
    assert document(state, ()).jobs[0].tasks[0].files == (place,)
    assert (await log_of(kit, uid))[0] == f"{place}/a.log written, 4 B, sha256 {short(b'one' + bytes([10]))}"


async def test_a_download_of_what_is_not_there_fails(kit: Kit) -> None:
    uid = await kit.run(download(kit, "/nothing", "./"))
    run = await kit.until_job(uid, RELEASE, Phase.FAILED)
    assert run.reason == "web1: /nothing is not there, or cannot be read in move"


async def test_progress_is_told_at_most_once_a_second(kit: Kit) -> None:
    kit.sources.files["a"] = bytes(64 * 4)
    host = kit.transport.host("web1")
    host.holds_transfers = asyncio.Event()
    uid = await kit.run(upload(kit, "a", "a"))
    await kit.settle()
    await kit.clock.advance(2)
    host.holds_transfers.set()
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    lines = await log_of(kit, uid)
    assert lines[0] == "25 %, 64 B of 256 B"
    assert len(lines) == 2


async def test_a_host_that_is_lost_under_an_upload_is_unknown_and_the_upload_begins_again_when_it_is_back(
    kit: Kit,
) -> None:
    kit.sources.files["a"] = b"1"
    host = kit.transport.host("web1")
    host.holds_transfers = asyncio.Event()
    uid = await kit.run(upload(kit, "a", "a"))
    await kit.settle()
    kit.transport.cut("web1")
    await kit.settle()
    await kit.clock.advance(3)
    run = await kit.until_job(uid, RELEASE, Phase.UNKNOWN)
    assert not run.answered
    host.holds_transfers.set()
    kit.transport.restore("web1")
    await kit.clock.advance(20)
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert host.files == {"/srv/a": b"1"}
    assert (await kit.types(uid)).count("task_dispatched") == 1


async def test_after_kill_9_an_upload_is_done_again_under_the_same_key(kit: Kit) -> None:
    kit.sources.files["a"] = b"1"
    host = kit.transport.host("web1")
    host.holds_transfers = asyncio.Event()
    uid = await kit.run(upload(kit, "a", "a"))
    await kit.settle()
    await kit.kill()
    await kit.logs.close()
    host.holds_transfers.set()
    await kit.start()
    await kit.until_run(uid, RunPhase.SUCCEEDED)
    assert host.files == {"/srv/a": b"1"}
    assert (await kit.types(uid)).count("task_dispatched") == 1


async def test_cancel_ends_a_transfer_at_once(kit: Kit) -> None:
    kit.sources.files["a"] = b"1"
    host = kit.transport.host("web1")
    host.holds_transfers = asyncio.Event()
    uid = await kit.run(upload(kit, "a", "a"))
    await kit.settle()
    await kit.engine.submit(uid, Cancel(id="c1"), "alice")
    await kit.until_run(uid, RunPhase.CANCELLED)
    assert host.files == {}


async def test_a_transfer_is_cancelled_also_while_its_host_is_silent(kit: Kit) -> None:
    kit.sources.files["a"] = b"1"
    kit.transport.host("web1").holds_transfers = asyncio.Event()
    uid = await kit.run(upload(kit, "a", "a"))
    await kit.settle()
    kit.transport.cut("web1")
    await kit.settle()
    await kit.engine.submit(uid, Cancel(id="c1"), "alice")
    state = await kit.until_run(uid, RunPhase.CANCELLED)
    assert job_run_of(state, RELEASE).phase is Phase.CANCELLED


async def test_the_time_limit_of_the_job_ends_a_transfer(kit: Kit) -> None:
    kit.sources.files["a"] = b"1"
    kit.transport.host("web1").holds_transfers = asyncio.Event()
    whole = upload(kit, "a", "a")
    stage = whole.stages[0]
    limited = replace(whole, stages=(replace(stage, jobs=(replace(stage.jobs[0], timeout_s=5.0),)),))
    uid = await kit.run(limited)
    await kit.settle()
    await kit.clock.advance(5)
    run = await kit.until_job(uid, RELEASE, Phase.TIMED_OUT)
    assert run.reason == "no answer within 5s in move"
