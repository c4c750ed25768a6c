"""Looking at hosts through the engine: what is judged, who is not reached, and how many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from runners.engine.host_checks import HostChecks, check_of
from runners.engine.limits import Limits
from runners.model.host_check import HostCheck
from runners.model.inventory import Host
from runners.ports.transport import HostInspection, LiveExecution
from runners.testing.behaviour import hangs
from tests.flows.engine_kit import Kit, job, plan

FINE = HostInspection(
    user="deploy", tools="GNU", shell="/usr/bin/dash", sudo="no", connect_s=0.05, shell_start_s=0.01,
    clock_offset_s=0.4, state_dir="/home/deploy/.local/state/onduty", state_free_bytes=2**30, home_free_bytes=2**30,
    key_type="ssh-ed25519", fingerprint="SHA256:abc",
)  # fmt: skip


async def looked(kit: Kit, *names: str) -> dict[str, HostCheck]:
    hosts = [Host(name=name) for name in names]
    return {one.name: one async for one in kit.engine.hosts.check(hosts, 2.0) if one is not None}


def judged(**changes: Any) -> Sequence[str]:
    from dataclasses import replace

    return check_of(Host(name="web1"), replace(FINE, **changes), is_ours=lambda uid: False).problems


async def test_each_host_is_looked_at_and_who_is_not_reached_says_why() -> None:
    kit = await Kit().start()
    kit.transport.host("web1").inspection = FINE
    kit.transport.unreachable("web2")
    kit.transport.key_unknown("web3", "SHA256:new")
    kit.transport.key_changed("web4", known="SHA256:old", shown="SHA256:new")
    found = await looked(kit, "web1", "web2", "web3", "web4")
    assert {name: (one.phase, one.reached, one.key_known) for name, one in found.items()} == {
        "web1": ("ok", True, True),
        "web2": ("unreachable", False, None),
        "web3": ("host_key_unknown", False, False),
        "web4": ("host_key_changed", False, False),
    }
    assert found["web2"].problems == ("web2 did not answer; nothing was started there",)
    assert (found["web3"].key_type, found["web3"].fingerprint) == ("ssh-ed25519", "SHA256:new")
    assert found["web3"].hint == "onduty hosts trust web3"
    assert kit.transport.ledger == []
    await kit.stop()


async def test_what_runs_there_is_ours_or_somebody_elses() -> None:
    kit = await Kit().start()
    kit.transport.on("release", hangs())
    uid = await kit.run(plan([job("release")]))
    await kit.transport.until_started(f"{uid}.1.1.1")
    theirs = LiveExecution(key="01OTHER.1.1.1", label="bob migrate/7 db/migrate@web1", since_utc=1_800_000_000.0)
    ours = LiveExecution(key=f"{uid}.1.1.1", label="alice deploy-api/1 s1/release@web1", since_utc=1_800_000_000.0)
    kit.transport.host("web1").inspection = HostInspection(executions=(theirs, ours))
    found = await looked(kit, "web1")
    assert [(one.key, one.ours) for one in found["web1"].executions] == [
        ("01OTHER.1.1.1", False),
        (f"{uid}.1.1.1", True),
    ]
    assert found["web1"].executions[0].since == "2027-01-15T08:00:00.000Z"
    await kit.stop()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"state_free_bytes": 2**20}, "/home/deploy/.local/state/onduty has 1 MiB free, for what jobs print"),
        ({"home_free_bytes": 0}, "the home folder has 0 MiB free"),
        ({"clock_offset_s": -90.0}, "its clock is 90 s behind ours"),
        ({"clock_offset_s": 3.2}, "its clock is 3 s ahead of ours"),
        ({"shell_start_s": 3.25}, "a shell takes 3.2 s to start there: look at its start-up files (~/.bashrc)"),
        ({"missing": ("it has no setsid program",)}, "no job can run there: it has no setsid program"),
        ({"silent": "rooms"}, "df did not answer there; what comes after it is not known"),
    ],
)
def test_what_is_not_fine_is_a_sentence(changes: dict[str, object], problem: str) -> None:
    assert judged(**changes) == (problem,)


def test_a_full_home_that_is_the_state_folder_too_is_one_problem() -> None:
    assert len(judged(state_free_bytes=0, home_free_bytes=0)) == 1


def test_what_could_not_be_learned_is_no_problem_by_itself() -> None:
    assert judged(clock_offset_s=None, state_free_bytes=None, home_free_bytes=None, sudo="") == ()


async def test_no_more_hosts_than_the_cap_are_connected_at_once_and_a_slow_one_gives_signs_of_life() -> None:
    most = Limits().hosts
    now, peak, gate = 0, 0, asyncio.Event()

    class Counting:
        async def inspect(self, host: Host) -> HostInspection:
            nonlocal now, peak
            now += 1
            peak = max(peak, now)
            await gate.wait()
            now -= 1
            return FINE

    checks = HostChecks(Counting(), most_at_once=most, is_ours=lambda uid: False)  # type: ignore[arg-type]
    found, signs = 0, 0
    async for one in checks.of([Host(name=f"h{n}") for n in range(most * 2)], 0.01):
        if one is None:
            signs += 1
            gate.set()
        else:
            found += 1
    assert (found, peak) == (most * 2, most)
    assert signs >= 1


async def test_a_fault_of_ours_at_one_host_does_not_take_the_others_with_it() -> None:
    kit = await Kit().start()
    kit.transport.host("web1").connect_error = ValueError("boom")  # type: ignore[assignment]
    found = await looked(kit, "web1", "web2")
    assert (found["web1"].reached, found["web1"].problems) == (False, ("boom",))
    assert found["web2"].reached
    await kit.stop()
