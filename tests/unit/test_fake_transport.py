"""The fake hosts that the engine's tests stand on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from runners.model.errors import HostRefused, HostUnreachable, SessionLost
from runners.model.inventory import Host
from runners.ports.transport import (
    CancelStep,
    ExecutionPhase,
    ExecutionReport,
    ExecutionRequest,
    ExecutionResult,
    Survivor,
)
from runners.testing.behaviour import OnCancel, Print, Refuse, hangs, prints
from runners.testing.fake_transport import FakeTransport

WEB = Host(name="web3")


class Notes:
    """A sink that writes down what it is told, as a transcript."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def on_output(self, key: str, offset: int, data: bytes) -> None:
        self.lines.append(f"{key} +{offset} {data!r}")

    async def on_finished(self, key: str, result: ExecutionResult) -> None:
        self.lines.append(f"{key} exit {result.exit_code} signal {result.signal} bytes {result.log_bytes}")

    async def on_vanished(self, key: str, report: ExecutionReport) -> None:
        self.lines.append(f"{key} vanished: {report.reason}")

    async def on_cancel_step(self, key: str, step: CancelStep, survivors: Sequence[Survivor]) -> None:
        self.lines.append(f"{key} {step.value} {len(survivors)}")

    async def on_lost(self, cause: str) -> None:
        self.lines.append(f"lost: {cause}")


def request(key: str, script: str = "true") -> ExecutionRequest:
    return ExecutionRequest(key=key, script=script)


async def test_a_script_that_nobody_described_succeeds_in_silence() -> None:
    fake, notes = FakeTransport(), Notes()
    session = await fake.connect(WEB, notes)
    await session.start(request("k1"))
    await fake.settle()
    assert notes.lines == ["k1 exit 0 signal None bytes 0"]


async def test_each_start_of_a_script_takes_its_own_behaviour_and_the_last_repeats() -> None:
    fake, notes = FakeTransport(), Notes()
    fake.on("release", prints("boom", code=1), prints("ok"))
    session = await fake.connect(WEB, notes)
    for key in ("k1", "k2", "k3"):
        await session.start(request(key, "sh release.sh"))
        await fake.settle()
    assert notes.lines == [
        "k1 +0 b'boom\\n'",
        "k1 exit 1 signal None bytes 5",
        "k2 +0 b'ok\\n'",
        "k2 exit 0 signal None bytes 3",
        "k3 +0 b'ok\\n'",
        "k3 exit 0 signal None bytes 3",
    ]


async def test_what_one_host_was_told_wins_over_what_all_were_told() -> None:
    fake, notes = FakeTransport(), Notes()
    fake.on("job", prints(code=0))
    fake.on("job", prints(code=7), host="web3")
    session = await fake.connect(WEB, notes)
    await session.start(request("k1", "job"))
    await fake.settle()
    assert notes.lines == ["k1 exit 7 signal None bytes 0"]


async def test_a_job_runs_on_through_a_cut_and_is_followed_from_the_offset_we_have() -> None:
    fake, first, second = FakeTransport(), Notes(), Notes()
    fake.on("job", hangs(Print(b"one\n")))
    session = await fake.connect(WEB, first)
    assert (await session.start(request("k1", "job"))).phase is ExecutionPhase.RUNNING
    await fake.settle()
    fake.cut("web3", "cable")
    with pytest.raises(SessionLost):
        await session.ask(["k1"])
    await fake.settle()
    with pytest.raises(HostUnreachable):
        await fake.connect(WEB, second)
    fake.print("k1", b"two\n")
    fake.finish("k1", exit_code=3)
    fake.restore("web3")
    again = await fake.connect(WEB, second)
    await again.follow("k1", 4)
    await fake.settle()
    assert first.lines == ["k1 +0 b'one\\n'", "lost: cable"]
    assert second.lines == ["k1 +4 b'two\\n'", "k1 exit 3 signal None bytes 8"]
    fake.assert_each_key_ran_once()


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_start_whose_answer_was_lost_is_settled_by_asking(arrived: bool) -> None:
    fake = FakeTransport()
    fake.on("job", hangs())
    session = await fake.connect(WEB, Notes())
    fake.lose_next_start("web3", arrived=arrived)
    with pytest.raises(SessionLost):
        await session.start(request("k1", "job"))
    again = await fake.connect(WEB, Notes())
    (report,) = await again.ask(["k1"])
    assert report.phase is (ExecutionPhase.RUNNING if arrived else ExecutionPhase.ABSENT)
    await again.start(request("k1", "job"))
    assert [start.key for start in fake.ledger] == ["k1"]


async def test_a_refused_start_claims_nothing() -> None:
    fake = FakeTransport()
    fake.on("job", [Refuse()])
    session = await fake.connect(WEB, Notes())
    with pytest.raises(HostRefused, match="disk is full"):
        await session.start(request("k1", "job"))
    assert (await session.ask(["k1"]))[0].phase is ExecutionPhase.ABSENT


async def test_cancel_shows_its_steps_and_the_survivors_it_leaves() -> None:
    fake, notes = FakeTransport(), Notes()
    fake.on("stubborn", hangs(OnCancel(ignores_term=True)))
    fake.on("zombie", hangs(OnCancel(survivors=(Survivor(pid=7, user="root", command="dd"),))))
    session = await fake.connect(WEB, notes)
    await session.start(request("k1", "stubborn"))
    await session.start(request("k2", "zombie"))
    await session.cancel("k1", 10.0)
    await session.cancel("k2", 10.0)
    await fake.settle()
    assert [line for line in notes.lines if line.startswith("k1")] == [
        "k1 term 0",
        "k1 kill 0",
        "k1 gone 0",
        "k1 exit None signal KILL bytes 0",
    ]
    assert [line for line in notes.lines if line.startswith("k2")] == ["k2 term 0", "k2 kill 0", "k2 survivors 1"]


async def test_a_controller_that_died_hears_nothing_and_the_host_runs_on() -> None:
    fake, notes = FakeTransport(), Notes()
    fake.on("job", hangs())
    session = await fake.connect(WEB, notes)
    await session.start(request("k1", "job"))
    fake.controller_died()
    fake.release()
    assert notes.lines == []
    again = await fake.connect(WEB, notes)
    await again.follow("k1", 0)
    await fake.settle()
    assert notes.lines == ["k1 exit 0 signal None bytes 0"]


async def test_a_reboot_leaves_running_jobs_lost_with_the_reason() -> None:
    fake, notes = FakeTransport(), Notes()
    fake.on("job", hangs())
    session = await fake.connect(WEB, notes)
    await session.start(request("k1", "job"))
    fake.reboot("web3")
    await fake.until(lambda: fake.sessions("web3") == 0)
    again = await fake.connect(WEB, notes)
    await again.follow("k1", 0)
    await fake.settle()
    assert notes.lines[-1] == "k1 vanished: rebooted since"
