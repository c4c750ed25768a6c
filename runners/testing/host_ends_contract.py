"""How jobs end on a real host: by their limit, by cancel, with what they left behind, by a kill from elsewhere."""

from __future__ import annotations

import asyncio
import os
import signal

from runners.ports.transport import CancelStep, ExecutionPhase, ExecutionRequest
from runners.testing.behaviour import Gate, Print
from runners.testing.host_lab import HostLab, alive, state_files, until
from runners.testing.recording_sink import RecordingSink
from runners.testing.transport_contract import KEY, WORKDIR, connect, request


class HostEndsContract:
    """A part of ``HostContract``."""

    async def test_the_time_limit_is_kept_while_nobody_is_connected(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        script = "echo $$ >pid; echo begun; while :; do sleep 0.05; done"
        await session.start(ExecutionRequest(key=KEY, script=script, workdir=WORKDIR, timeout_s=0.5))
        await session.close()
        pid_file = lab.home / ".local/state/onduty/1/work" / WORKDIR / "pid"
        await until(lambda: pid_file.exists() and bool(pid_file.read_text()))
        pid = int(pid_file.read_text())
        await until(lambda: not alive(pid))
        session = await connect(lab, sink)
        await session.follow(KEY, 0)
        result = await sink.until_finished(KEY)
        assert (result.timed_out, result.signal, result.cancelled) == (True, "TERM", False)
        await session.close()

    async def test_cancel_ends_a_tree_that_hides_and_ignores_term_and_nothing_else(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        stubborn = "trap '' TERM; echo $$ >>pids; while :; do sleep 0.05; done"
        script = f"""
            (setsid sh -c "{stubborn.replace("$", chr(92) + "$")}" >/dev/null 2>&1 &)
            sh -c "{stubborn.replace("$", chr(92) + "$")}" &
            {stubborn}
        """
        bystander = await asyncio.create_subprocess_exec("sleep", "600", start_new_session=True)
        await session.start(request(script))
        await session.start(request(lab.script(Gate()), "u.9.1.1"))
        pid_file = lab.home / ".local/state/onduty/1/work" / WORKDIR / "pids"
        await until(lambda: pid_file.exists() and pid_file.read_text().count("\n") == 3)
        pids = [int(pid) for pid in pid_file.read_text().split()]
        await session.cancel(KEY, 0.2)
        await sink.until(lambda: CancelStep.GONE in sink.steps_of(KEY) and KEY in sink.results)
        assert sink.steps_of(KEY) == [CancelStep.TERM, CancelStep.KILL, CancelStep.GONE]
        assert [pid for pid in pids if alive(pid)] == []
        assert (sink.results[KEY].cancelled, sink.results[KEY].signal) == (True, "KILL")
        assert bystander.returncode is None
        assert alive(bystander.pid)
        assert (await session.ask(["u.9.1.1"]))[0].phase is ExecutionPhase.RUNNING
        lab.release()
        await sink.until_finished("u.9.1.1")
        bystander.kill()
        await bystander.wait()
        await session.close()

    async def test_the_verdict_of_a_cancelled_job_comes_after_the_last_of_its_tree_is_gone(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        # The leader ends at TERM; its child keeps neither its parent, nor its session, nor its environment.
        stubborn = "trap '' TERM; echo $$ >pid; while :; do sleep 0.05; done"
        script = f"""env -i setsid sh -c "{stubborn.replace("$", chr(92) + "$")}" >/dev/null 2>&1 & sleep 600"""
        await session.start(request(script))
        pid_file = lab.home / ".local/state/onduty/1/work" / WORKDIR / "pid"
        await until(lambda: pid_file.exists() and bool(pid_file.read_text().strip()))
        pid = int(pid_file.read_text())
        await session.cancel(KEY, 0.3)
        await sink.until(lambda: KEY in sink.results)
        assert not alive(pid)
        assert sink.steps_of(KEY) == [CancelStep.TERM, CancelStep.KILL, CancelStep.GONE]
        assert sink.results[KEY].cancelled
        await session.close()

    async def test_a_daemon_that_keeps_the_output_open_does_not_hold_back_the_result(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        daemon = "(while :; do echo chatter; echo alive >>beats; sleep 0.01; done) & echo $! >pid; echo started"
        await session.start(request(daemon))
        assert (await sink.until_finished(KEY)).exit_code == 0
        assert sink.output(KEY).startswith(b"started\n") or b"\nstarted\n" in sink.output(KEY)
        folder = lab.home / ".local/state/onduty/1/work" / WORKDIR
        beats = (folder / "beats").read_text().count("\n")
        # It was neither stopped nor is it growing a log that nobody will ever read.
        await until(lambda: (folder / "beats").read_text().count("\n") > beats + 5)
        assert state_files(lab)[".l"].stat().st_size == len(sink.output(KEY))
        os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
        await session.close()

    async def test_a_killed_helper_ends_the_session_and_no_job(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.seal("u.5.1.1")
        os.kill(int(state_files(lab, "u.5.1.1")[".x"].read_text().split()[2]), signal.SIGKILL)
        await sink.until_lost()
        await session.close()

    async def test_a_supervisor_that_was_killed_leaves_a_lost_execution_with_the_reason(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(lab.script(Print(b"words\n"), Gate())))
        await sink.until(lambda: sink.output(KEY) == b"words\n")
        supervisor, job = (int(state_files(lab)[".x"].read_text().split()[at]) for at in (2, 4))
        os.kill(supervisor, signal.SIGKILL)
        await until(lambda: not alive(supervisor))
        assert (await session.ask([KEY]))[0].phase is ExecutionPhase.RUNNING
        os.killpg(job, signal.SIGKILL)
        await sink.until(lambda: KEY in sink.vanished)
        report = sink.vanished[KEY]
        assert (report.phase, report.reason, report.log_bytes) == (ExecutionPhase.LOST, "the supervisor is gone", 6)
        assert sink.results == {}
        await session.close()
