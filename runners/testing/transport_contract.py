"""What every ``Transport`` must keep. A test module subclasses this and gives the fixture ``lab``.

Scripts are described in the words of ``behaviour``, so that a fake host and a real shell do the same. What needs a
real shell and a real disk is in ``host_contract``.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import Protocol

import pytest

from runners.model.errors import HostUnreachable, SessionLost
from runners.model.inventory import Host
from runners.ports.transport import (
    CancelStep,
    ExecutionPhase,
    ExecutionReport,
    ExecutionRequest,
    HostSession,
    SessionSink,
    Transport,
)
from runners.testing.behaviour import Die, Exit, Gate, Output, Print, Step, Work
from runners.testing.recording_sink import RecordingSink

KEY = f"01JD{os.getpid():022d}.1.1.1"
"""Unique to this process: ending an execution looks for its key on the whole machine, other tests' too."""
WORKDIR = "01JD0000000000000000000001.1.1"
RECONNECTS = 50


class TransportLab(Protocol):
    """One host that a test may do anything to, and a transport that reaches it."""

    host: Host
    transport: Transport

    def script(self, *steps: Step) -> str:
        """Text for a request that does ``steps``; every start of it is counted."""
        ...

    def release(self, gate: str = "gate") -> None:
        """Open a gate for those who wait and those who come."""
        ...

    def times_run(self, key: str) -> int:
        """How often a script of ``script`` began under ``key``."""
        ...

    async def cut(self) -> None:
        """Break every connection now, without a word. Jobs run on, the next connect works."""
        ...


async def connect(lab: TransportLab, sink: SessionSink) -> HostSession:
    """Open a session; after a cut the first try may still meet the old connection's end."""
    for _ in range(RECONNECTS):
        try:
            return await lab.transport.connect(lab.host, sink)
        except HostUnreachable:
            await asyncio.sleep(0)
    return await lab.transport.connect(lab.host, sink)


def request(script: str, key: str = KEY) -> ExecutionRequest:
    """A plain request."""
    return ExecutionRequest(key=key, script=script, workdir=WORKDIR, label="alice deploy/1 build/job@host")


class TransportContract:
    """The promises of ``runners/ports/transport.py`` that a fake can be held to as well."""

    async def test_every_byte_comes_before_the_result_and_the_result_says_how_many(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        report = await session.start(request(lab.script(Print(b"one\ntwo"), Print(b"\n\xff\x00\r\n"), Exit(3))))
        assert report.phase in (ExecutionPhase.RUNNING, ExecutionPhase.DONE)
        result = await sink.until_finished(KEY)
        assert sink.output(KEY) == b"one\ntwo\n\xff\x00\r\n"
        assert (result.exit_code, result.signal, result.error) == (3, None, None)
        assert result.log_bytes == 12
        assert (result.timed_out, result.cancelled, result.log_cut) == (False, False, False)
        await session.close()

    async def test_what_a_job_wrote_to_its_outputs_is_there_until_it_is_removed(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        data = b"version=2.4.1\nnote=\xff\x01 '\n"
        await session.start(request(lab.script(Output(b"version=2"), Print(b"log\n"), Output(data[9:]), Exit(3))))
        result = await sink.until_finished(KEY)
        assert (result.output_bytes, result.log_bytes, result.exit_code) == (len(data), 4, 3)
        assert await session.output(KEY, len(data)) == data
        assert await session.output(KEY, 9) == b"version=2"
        # Less than its size may be there, when something that the job left behind cuts the file.
        assert await session.output(KEY, len(data) + 5) == data
        await lab.cut()
        await sink.until_lost()
        again = await connect(lab, RecordingSink())
        (report,) = await again.ask([KEY])
        assert report.result is not None
        assert report.result.output_bytes == len(data)
        assert await again.output(KEY, len(data)) == data
        await again.remove([KEY])
        assert await again.output(KEY, len(data)) == b""
        await again.close()

    async def test_the_result_says_what_the_job_used_also_when_it_is_asked_for_again(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        held_bytes = 16 << 20
        await session.start(request(lab.script(Work(cpu_s=0.4, memory_bytes=held_bytes), Exit(3))))
        result = await sink.until_finished(KEY)
        assert result.exit_code == 3
        assert result.cpu_s is not None
        assert 0.4 <= result.cpu_s < 60
        assert result.memory_peak_bytes is not None
        assert held_bytes <= result.memory_peak_bytes < 16 * held_bytes
        assert result.memory_peak_of == "process"
        (report,) = await session.ask([KEY])
        assert report.result == result
        await session.close()

    async def test_a_log_ends_at_its_limit_and_says_so_and_the_job_goes_on_to_its_own_end(
        self, lab: TransportLab
    ) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        line = b"0123456789" * 7 + b"\n"
        script = lab.script(*[Print(line * 100)] * 3, Exit(3))
        await session.start(replace(request(script), log_limit_bytes=10_000))
        result = await sink.until_finished(KEY)
        assert (result.exit_code, result.log_bytes, result.log_limited, result.log_cut) == (3, 9728, True, False)
        assert sink.output(KEY) == (line * 300)[:9728]
        await session.close()

    async def test_a_log_of_exactly_its_limit_is_whole(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(replace(request(lab.script(Print(b"x" * 1024), Exit(0))), log_limit_bytes=1024))
        result = await sink.until_finished(KEY)
        assert (result.exit_code, result.log_bytes, result.log_limited) == (0, 1024, False)
        assert sink.output(KEY) == b"x" * 1024
        await session.close()

    async def test_a_look_at_the_host_disturbs_nothing_and_ends_with_the_session(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Print(b"one"), Gate(), Exit(3))))
        for rooms in (True, False, True):
            seen = await session.sample([KEY, "u.404.1.1"], rooms=rooms)
            assert [job for job in seen.jobs if job.key != KEY] == []
        lab.release()
        assert (await sink.until_finished(KEY)).exit_code == 3
        await lab.cut()
        await sink.until_lost()
        with pytest.raises(SessionLost):
            await session.sample()
        await session.close()

    async def test_a_job_without_outputs_says_so(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Exit(0))))
        assert (await sink.until_finished(KEY)).output_bytes == 0
        assert await session.output(KEY, 0) == b""
        assert await session.output(KEY, 10) == b""
        await session.close()

    async def test_a_silent_job_ends_without_output(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Exit(0))))
        assert (await sink.until_finished(KEY)).log_bytes == 0
        assert sink.output(KEY) == b""
        await session.close()

    @pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5, 125])
    async def test_the_exit_status_is_the_scripts_own(self, lab: TransportLab, code: int) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Exit(code))))
        assert (await sink.until_finished(KEY)).exit_code == code
        await session.close()

    @pytest.mark.parametrize("signal", ["TERM", "KILL"])
    async def test_a_signal_is_named_and_is_no_exit_status(self, lab: TransportLab, signal: str) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Die(signal))))
        result = await sink.until_finished(KEY)
        assert (result.signal, result.exit_code, result.cancelled) == (signal, None, False)
        await session.close()

    async def test_output_comes_while_the_job_runs(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Print(b"first\n"), Gate(), Print(b"second\n"))))
        await sink.until(lambda: sink.output(KEY) == b"first\n")
        assert KEY not in sink.results
        lab.release()
        await sink.until_finished(KEY)
        assert sink.output(KEY) == b"first\nsecond\n"
        await session.close()

    async def test_twenty_starts_of_one_key_run_it_once(self, lab: TransportLab) -> None:
        sinks = [RecordingSink() for _ in range(4)]
        sessions = [await connect(lab, sink) for sink in sinks]
        script = lab.script(Print(b"once\n"), Gate())
        reports = await asyncio.gather(*(session.start(request(script)) for session in sessions for _ in range(5)))
        assert {report.phase for report in reports} == {ExecutionPhase.RUNNING}
        lab.release()
        for sink in sinks:
            await sink.until_finished(KEY)
            assert sink.output(KEY) == b"once\n"
        assert lab.times_run(KEY) == 1
        for session in sessions:
            await session.close()

    async def test_starting_a_known_key_starts_nothing_and_tells_its_state(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Print(b"mine\n"), Exit(4))))
        result = await sink.until_finished(KEY)
        again = await session.start(request(lab.script(Print(b"other\n"))))
        assert (again.phase, again.result, again.log_bytes) == (ExecutionPhase.DONE, result, 5)
        assert lab.times_run(KEY) == 1
        await session.close()

    async def test_a_host_tells_of_each_key_what_its_disk_knows_in_the_order_asked(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Print(b"abc"), Exit(7)), "u.1.1.1"))
        await session.start(request(lab.script(Print(b"abcde"), Gate()), "u.1.1.2"))
        await session.seal("u.1.1.3")
        await sink.until(lambda: "u.1.1.1" in sink.results and sink.received("u.1.1.2") == 5)
        reports = await session.ask(["u.1.1.4", "u.1.1.2", "u.1.1.1", "u.1.1.3"])
        assert [(report.key, report.phase, report.log_bytes) for report in reports] == [
            ("u.1.1.4", ExecutionPhase.ABSENT, 0),
            ("u.1.1.2", ExecutionPhase.RUNNING, 5),
            ("u.1.1.1", ExecutionPhase.DONE, 3),
            ("u.1.1.3", ExecutionPhase.CLAIMED, 0),
        ]
        assert [report.result for report in reports] == [None, None, sink.results["u.1.1.1"], None]
        lab.release()
        await sink.until_finished("u.1.1.2")
        await session.close()

    async def test_a_sealed_key_can_never_be_started(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        assert (await session.seal(KEY)).phase is ExecutionPhase.ABSENT
        assert (await session.seal(KEY)).phase is ExecutionPhase.CLAIMED
        assert (await session.start(request(lab.script(Exit(0))))).phase is ExecutionPhase.CLAIMED
        assert (await session.ask([KEY]))[0].phase is ExecutionPhase.CLAIMED
        assert lab.times_run(KEY) == 0
        await session.close()

    async def test_sealing_what_runs_leaves_it_alone(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Gate(), Exit(6))))
        assert (await session.seal(KEY)).phase is ExecutionPhase.RUNNING
        lab.release()
        assert (await sink.until_finished(KEY)).exit_code == 6
        await session.close()

    async def test_a_job_outlives_its_session_and_is_followed_on_from_the_last_byte(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Print(b"before\n"), Gate(), Print(b"after\n"), Exit(9))))
        await sink.until(lambda: sink.output(KEY) == b"before\n")
        await lab.cut()
        assert await sink.until_lost()
        lab.release()
        sink.new_session()
        session = await connect(lab, sink)
        assert (await session.ask([KEY]))[0].phase in (ExecutionPhase.RUNNING, ExecutionPhase.DONE)
        await session.follow(KEY, sink.received(KEY))
        assert (await sink.until_finished(KEY)).exit_code == 9
        assert sink.output(KEY) == b"before\nafter\n"
        assert lab.times_run(KEY) == 1
        await session.close()

    async def test_closing_a_session_ends_no_job_and_tells_nobody(self, lab: TransportLab) -> None:
        first, second = RecordingSink(), RecordingSink()
        session = await connect(lab, first)
        await session.start(request(lab.script(Gate(), Exit(2))))
        await session.close()
        session = await connect(lab, second)
        await session.follow(KEY, 0)
        lab.release()
        assert (await second.until_finished(KEY)).exit_code == 2
        assert first.lost == []
        assert first.results == {}
        await session.close()

    async def test_following_twice_delivers_once(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Print(b"a"), Gate(), Print(b"b"))))
        await session.follow(KEY, 0)
        await session.follow(KEY, 0)
        lab.release()
        await sink.until_finished(KEY)
        await session.follow(KEY, 0)
        assert sink.output(KEY) == b"ab"
        await session.close()

    async def test_a_finished_log_can_be_read_again_from_the_middle(self, lab: TransportLab) -> None:
        first, second = RecordingSink(), RecordingSink()
        session = await connect(lab, first)
        await session.start(request(lab.script(Print(b"0123456789"), Exit(1))))
        result = await first.until_finished(KEY)
        await session.close()
        session = await connect(lab, second)
        await session.follow(KEY, 4)
        assert await second.until_finished(KEY) == result
        assert second.output(KEY) == b"456789"
        await session.close()

    async def test_following_what_was_never_there_says_so(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.follow(KEY, 0)
        await sink.until(lambda: KEY in sink.vanished)
        assert sink.vanished[KEY] == ExecutionReport(key=KEY, phase=ExecutionPhase.ABSENT)
        await session.close()

    async def test_cancel_is_shown_step_by_step_and_the_result_says_cancelled(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Print(b"x"), Gate())))
        await sink.until(lambda: sink.received(KEY) == 1)
        await session.cancel(KEY, 10.0)
        await sink.until(lambda: CancelStep.GONE in sink.steps_of(KEY) and KEY in sink.results)
        assert sink.steps_of(KEY) == [CancelStep.TERM, CancelStep.GONE]
        result = sink.results[KEY]
        assert (result.cancelled, result.signal, result.timed_out) == (True, "TERM", False)
        await session.close()

    async def test_cancelling_what_has_ended_says_gone_and_changes_nothing(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Exit(5))))
        result = await sink.until_finished(KEY)
        await session.cancel(KEY, 10.0)
        await sink.until(lambda: bool(sink.steps))
        assert sink.steps_of(KEY) == [CancelStep.GONE]
        assert (await session.ask([KEY]))[0].result == result
        await session.close()

    async def test_removed_executions_are_gone_and_those_that_run_stay(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Exit(0)), "u.1.1.1"))
        await session.start(request(lab.script(Gate()), "u.1.1.2"))
        await sink.until_finished("u.1.1.1")
        await session.remove(["u.1.1.1", "u.1.1.2", "u.9.9.9"])
        phases = [report.phase for report in await session.ask(["u.1.1.1", "u.1.1.2"])]
        assert phases == [ExecutionPhase.ABSENT, ExecutionPhase.RUNNING]
        lab.release()
        await sink.until_finished("u.1.1.2")
        await session.remove_workdirs([WORKDIR, "u.9.9"])
        await session.close()

    async def test_a_lost_session_says_so_once_and_refuses_everything_after(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await lab.cut()
        assert await sink.until_lost()
        with pytest.raises(SessionLost):
            await session.ask([KEY])
        with pytest.raises(SessionLost):
            await session.start(request(lab.script(Exit(0))))
        with pytest.raises(SessionLost):
            await session.follow(KEY, 0)
        await session.close()
        assert len(sink.lost) == 1
        assert lab.times_run(KEY) == 0

    async def test_what_is_in_flight_when_the_link_drops_raises(self, lab: TransportLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        asking = [asyncio.create_task(session.ask([KEY])) for _ in range(3)]
        await lab.cut()
        await sink.until_lost()
        for answer in await asyncio.gather(*asking, return_exceptions=True):
            assert isinstance(answer, SessionLost | list)
        await session.close()
