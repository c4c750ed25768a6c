"""What every ``Transport`` to a real host must keep: real shells, real processes, real disks.

A test module subclasses ``HostContract`` and gives the fixture ``lab``; the host's processes and files must be visible
from the test's machine (loopback), because that is where the promises are checked.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import random
from dataclasses import replace
from pathlib import Path

from runners.model.errors import SessionLost
from runners.model.limits import Limits
from runners.ports.transport import ExecutionPhase, ExecutionRequest
from runners.testing.behaviour import Exit, Gate, Print
from runners.testing.host_ends_contract import HostEndsContract
from runners.testing.host_lab import HostLab, leave_elsewhere, noise_of, processes, processes_of, state_files, until
from runners.testing.recording_sink import RecordingSink
from runners.testing.transport_contract import KEY, WORKDIR, connect, request

LONG_LINE_BYTES = 20_000_000
CUTS = 12


def _gauged_ticks(lab: HostLab) -> int:
    """Processor time of the job that was seen so far, in hundredths of a second."""
    gauge = state_files(lab).get(".g")
    words = gauge.read_text().split() if gauge else []
    return int(words[1]) if words[-1:] == ["."] else 0


def _over(sink: RecordingSink, jobs: int, enough: float) -> bool:
    return bool(sink.lost) or len(sink.results) == jobs or sink.heard >= enough


class HostContract(HostEndsContract):
    """The promises that need a real host."""

    async def test_the_environment_reaches_the_job_byte_for_byte_and_nothing_of_ours_does(self, lab: HostLab) -> None:
        every_byte = bytes(range(1, 256))
        env = {
            "EVERY": (every_byte + b"'\n'" + every_byte[::-1]).decode("utf-8", "surrogateescape"),
            "LARGE": "x'\n" * 20_000,
            "EMPTY": "",
            "DOT": ".",
            "LAST": "trailing newlines\n\n",
        }
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(ExecutionRequest(key=KEY, script="cat /proc/$$/environ", env=env, workdir=WORKDIR))
        assert (await sink.until_finished(KEY)).exit_code == 0
        seen = dict(entry.split(b"=", 1) for entry in sink.output(KEY).split(b"\0") if entry)
        for name, value in env.items():
            assert seen[name.encode()] == value.encode("utf-8", "surrogateescape"), name
        assert seen[b"ONDUTY_KEY"] == KEY.encode()
        assert seen[b"ONDUTY_WORKDIR"].endswith(WORKDIR.encode())
        assert b"ONDUTY_OUTPUT" in seen
        assert [name for name in seen if name.startswith(b"od_")] == []
        await session.close()

    async def test_what_earlier_jobs_wrote_is_a_private_file_that_goes_with_the_execution(self, lab: HostLab) -> None:
        earlier = '{"build/image":{"web1":{"tag":"it\'s \\"1\\"","note":"\\n\\u0001 %s %d"}}}'
        sink = RecordingSink()
        session = await connect(lab, sink)
        asked = ExecutionRequest(
            key=KEY, script='cat "$ONDUTY_OUTPUTS"; stat -c %a "$ONDUTY_OUTPUTS" >&2', earlier=earlier, workdir=WORKDIR
        )
        await session.start(asked)
        assert (await sink.until_finished(KEY)).exit_code == 0
        assert sink.output(KEY) == earlier.encode() + b"600\n"
        assert state_files(lab)[".i"].read_text() == earlier
        await session.remove([KEY])
        assert state_files(lab) == {}
        await session.close()

    async def test_the_outputs_of_two_hundred_hosts_reach_a_job_whole(self, lab: HostLab) -> None:
        earlier = json.dumps({"build/image": {f"web{n}": {"log": "x" * 16_000} for n in range(200)}})
        sink = RecordingSink()
        session = await connect(lab, sink)
        script = 'cksum <"$ONDUTY_OUTPUTS"'
        await session.start(ExecutionRequest(key=KEY, script=script, earlier=earlier, workdir=WORKDIR))
        assert (await sink.until_finished(KEY)).exit_code == 0
        assert sink.output(KEY).split()[1] == str(len(earlier)).encode()
        await session.close()

    async def test_what_the_children_of_a_job_used_counts_also_when_it_is_cancelled(self, lab: HostLab) -> None:
        # A shell that TERM ends waits for nobody: what its child used is in no figure of the kernel afterwards.
        burner = 'sh -c "while :; do :; done" & echo ready; wait'
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(burner))
        await until(lambda: _gauged_ticks(lab) >= 20)
        await session.cancel(KEY, 5)
        result = await sink.until_finished(KEY)
        assert result.cancelled
        assert result.cpu_s is not None
        assert result.cpu_s >= 0.2
        assert ".g" in state_files(lab)
        await session.remove([KEY])
        assert state_files(lab) == {}
        await session.close()

    async def test_a_job_that_was_never_run_used_nothing_that_could_be_measured(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        asked = ExecutionRequest(key=KEY, script="true", dir="/no/such/folder", workdir=WORKDIR)
        await session.start(asked)
        result = await sink.until_finished(KEY)
        assert result.error
        assert (result.cpu_s, result.memory_peak_bytes, result.memory_peak_of) == (None, None, "")
        await session.close()

    async def test_a_look_tells_how_the_host_is_and_what_a_live_job_used_so_far(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request("while :; do :; done"))
        await until(lambda: _gauged_ticks(lab) >= 5)
        seen = await session.sample([KEY], rooms=True)
        assert seen.memory_total_bytes is not None
        assert seen.cpu_all is not None
        assert (seen.cpus or 0) > 0
        (used,) = seen.jobs
        assert (used.key, used.memory_peak_of) == (KEY, "process")
        assert used.cpu_s >= 0.05
        while not seen.rooms:
            seen = await session.sample()
        assert "/" in {room.mount for room in seen.rooms}
        await session.cancel(KEY, 1)
        await sink.until_finished(KEY)
        await session.close()

    async def test_niceness_is_the_jobs_and_its_childrens(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        asked = request("nice; sh -c nice")
        await session.start(replace(asked, limits=Limits(nice=7)))
        assert (await sink.until_finished(KEY)).limits_kept == ""
        mine = os.getpriority(os.PRIO_PROCESS, 0)
        assert sink.output(KEY) == f"{mine + 7}\n".encode() * 2
        await session.close()

    async def test_without_earlier_jobs_there_is_no_file_and_no_variable(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request('echo "${ONDUTY_OUTPUTS-none}"'))
        assert (await sink.until_finished(KEY)).exit_code == 0
        assert sink.output(KEY) == b"none\n"
        assert ".i" not in state_files(lab)
        await session.close()

    async def test_secrets_and_scripts_are_in_no_other_process_and_in_no_file(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        # Another test process may run the same test on this machine: each has a secret and a script of its own.
        secret, filler = f"s3cret-of-{os.getpid()}", f"# the script's own text of {os.getpid()}\n"
        script = lab.script(Print(b"here\n"), Gate()) + filler * 40_000
        await session.start(ExecutionRequest(key=KEY, script=script, env={"TOKEN": secret}, workdir=WORKDIR))
        await sink.until(lambda: sink.output(KEY) == b"here\n")
        marks = [secret.encode(), filler.strip().encode()]
        for _, folder in processes():
            with contextlib.suppress(OSError):
                command = (folder / "cmdline").read_bytes()
                assert not any(mark in command for mark in marks)
                environment = (folder / "environ").read_bytes()
                assert marks[0] not in environment or f"ONDUTY_KEY={KEY}".encode() in environment.split(b"\0")
        for path in lab.home.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert not any(mark in content for mark in marks), path
        lab.release()
        assert (await sink.until_finished(KEY)).exit_code == 0
        await session.close()

    async def test_a_script_of_a_megabyte_runs_to_its_last_line(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        script = "n=0\n" + 'n=$((n+1)) # it\'s "one" more\n' * 36_000 + "echo $n"
        assert len(script) > 1_000_000
        await session.start(request(script))
        assert (await sink.until_finished(KEY)).exit_code == 0
        assert sink.output(KEY) == b"36000\n"
        await session.close()

    async def test_the_script_stops_at_the_first_failure(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request("echo one\n(exit 6)\necho never\n"))
        assert (await sink.until_finished(KEY)).exit_code == 6
        assert sink.output(KEY) == b"one\n"
        await session.close()

    async def test_the_job_leads_its_own_session_without_input_and_with_the_logins_umask(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        umask = os.umask(0o022)
        os.umask(umask)
        await session.start(request("read line || echo eof\necho $$\ncat /proc/$$/stat\numask\nls -l /proc/$$/fd\n"))
        await sink.until_finished(KEY)
        eof, pid, stat, mask, *descriptors = sink.output(KEY).decode().splitlines()
        assert eof == "eof"
        assert stat.rpartition(")")[2].split()[2:4] == [pid, pid]
        assert int(mask, 8) == umask
        numbers = {line.split(" -> ")[0].split()[-1] for line in descriptors if " -> " in line}
        # 0 to 2, and the copy from which the shell reads the script.
        assert {"0", "1", "2"} <= numbers
        assert not numbers & {"3", "4", "5", "6", "7", "8", "9"}
        await session.close()

    async def test_output_and_errors_keep_their_order_and_a_reopened_stderr_destroys_nothing(
        self, lab: HostLab
    ) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request("for i in 1 2 3; do echo out $i; echo err $i >&2; done\necho x >/dev/stderr\n"))
        await sink.until_finished(KEY)
        assert sink.output(KEY) == b"out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nx\n"
        await session.close()

    async def test_four_megabytes_of_noise_arrive_exactly(self, lab: HostLab) -> None:
        noise = noise_of(4 << 20)
        (lab.home / "noise").write_bytes(noise)
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request('cat "$HOME/noise"'))
        assert (await sink.until_finished(KEY)).log_bytes == len(noise)
        assert sink.output(KEY) == noise
        await session.close()

    async def test_one_line_of_twenty_megabytes_arrives_exactly(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request(f"head -c {LONG_LINE_BYTES} /dev/zero | tr '\\0' x"))
        assert (await sink.until_finished(KEY)).log_bytes == LONG_LINE_BYTES
        assert sink.output(KEY) == b"x" * LONG_LINE_BYTES
        await session.close()

    async def test_cuts_anywhere_lose_no_byte_and_double_none(self, lab: HostLab) -> None:
        noise = noise_of(2 << 20)
        (lab.home / "noise").write_bytes(noise)
        sink = RecordingSink()
        script = lab.script(Gate()) + 'for n in 0 1 2 3 4 5 6 7; do dd "if=$HOME/noise" bs=262144 skip=$n count=1; done'
        session = await connect(lab, sink)
        await session.start(request(f"{{ {script}; }} 2>/dev/null"))
        lab.release()
        for at in (1, 65_536, 300_001, 700_000, 1_048_577, 2_000_000):
            await sink.until(lambda at=at: sink.received(KEY) >= at)  # type: ignore[misc]
            if KEY in sink.results:
                break
            await lab.cut()
            await sink.until_lost()
            sink.new_session()
            session = await connect(lab, sink)
            await session.follow(KEY, sink.received(KEY))
        assert (await sink.until_finished(KEY)).exit_code == 0
        assert sink.output(KEY) == noise
        assert lab.times_run(KEY) == 1
        await session.close()

    async def test_many_jobs_through_many_cuts_keep_their_bytes_their_verdicts_and_run_once(self, lab: HostLab) -> None:
        dice = random.Random(1)  # noqa: S311  # protects nothing
        logs, scripts = {}, {}
        for number in range(8):
            key, size = f"u.{number}.1.1", dice.choice([0, 10, 5_000, 300_000])
            logs[key] = noise_of(size)
            (lab.home / key).write_bytes(logs[key])
            piece = f'dd "if=$HOME/{key}" bs={max(1, size // 10)} skip=$n count=1 2>/dev/null; sleep 0.0{number + 1}'
            scripts[key] = lab.script() + f"for n in 0 1 2 3 4 5 6 7 8 9; do {piece}; done; exit {number}"
        sink = RecordingSink()
        for cut in itertools.count():
            sink.new_session()
            session = await connect(lab, sink)
            with contextlib.suppress(SessionLost):
                for report in await session.ask([key for key in logs if key not in sink.results]):
                    if report.phase is ExecutionPhase.ABSENT:
                        await session.start(request(scripts[report.key], report.key))
                    else:
                        await session.follow(report.key, sink.received(report.key))
                    if cut < CUTS and dice.random() < 0.1:
                        await lab.cut()
                # While there are cuts to come, for as long as it takes to hear something new.
                enough = sink.heard + 1 if cut < CUTS else math.inf
                await sink.until(lambda enough=enough: _over(sink, len(logs), enough))  # type: ignore[misc]
            if len(sink.results) == len(logs):
                break
            await lab.cut()
            await session.close()
        await session.close()
        assert sink.breaches == []
        assert {key: sink.output(key) == logs[key] for key in logs} == dict.fromkeys(logs, True)
        assert [sink.results[key].exit_code for key in logs] == list(range(8))
        assert [lab.times_run(key) for key in logs] == [1] * 8

    async def test_a_missing_folder_is_a_failure_with_a_reason_and_the_script_never_runs(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        script = lab.script(Exit(0))
        await session.start(ExecutionRequest(key=KEY, script=script, dir="/not here/at all", workdir=WORKDIR))
        result = await sink.until_finished(KEY)
        assert (result.error, result.exit_code, result.signal) == (
            "folder /not here/at all is not there",
            None,
            None,
        )
        assert (await session.ask([KEY]))[0].result == result
        assert lab.times_run(KEY) == 0
        await session.close()

    async def test_tasks_of_an_attempt_share_a_work_folder_that_was_empty_at_first(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request("pwd; echo $ONDUTY_WORKDIR; ls -A; echo left >here", "u.1.1.1"))
        await sink.until_finished("u.1.1.1")
        where, again = sink.output("u.1.1.1").decode().splitlines()
        assert where == again
        await session.start(request("cat here", "u.1.1.2"))
        await sink.until_finished("u.1.1.2")
        assert sink.output("u.1.1.2") == b"left\n"
        await session.remove_workdirs([WORKDIR])
        assert not (lab.home / ".local/state/onduty/1/work" / WORKDIR).exists()
        await session.close()

    async def test_what_we_keep_on_the_host_is_for_the_login_alone(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(request("echo x"))
        await sink.until_finished(KEY)
        folder = Path(session.facts.state_dir)
        assert folder == lab.home / ".local/state/onduty/1"
        assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o700, 0o700]
        assert {path.stat().st_mode & 0o777 for path in state_files(lab).values()} == {0o600}
        assert "alice deploy/1 build/job@host" in state_files(lab)[".x"].read_text()
        await session.remove([KEY])
        assert state_files(lab) == {}
        await session.close()

    async def test_nothing_of_ours_stays_behind_when_jobs_and_sessions_have_ended(self, lab: HostLab) -> None:
        sink = RecordingSink()
        before = set(processes_of(lab.home))
        session = await connect(lab, sink)
        for number in range(5):
            await session.start(
                ExecutionRequest(key=f"u.1.1.{number}", script="sleep 0.1", workdir=WORKDIR, timeout_s=100.0)
            )
        for number in range(5):
            await sink.until_finished(f"u.1.1.{number}")
        await session.close()
        await until(lambda: not set(processes_of(lab.home)) - before)

    async def test_what_ended_two_weeks_ago_and_was_never_fetched_is_removed_and_nothing_else(
        self, lab: HostLab
    ) -> None:
        uid, elsewhere = KEY.partition(".")[0], Path(f"/var/tmp/onduty-{os.getuid()}/1")  # noqa: S108  # its place
        old, young, running = (f"{uid}.9.1.{number}" for number in (1, 2, 3))
        away = f"{uid}.8.1.1"
        sink = RecordingSink()
        session = await connect(lab, sink)
        for key in (old, young):
            await session.start(ExecutionRequest(key=key, script="echo kept", workdir=WORKDIR))
        await session.start(request(lab.script(Gate()), running))
        for key in (old, young):
            await sink.until_finished(key)
        await session.close()
        # As a host leaves it whose home was full for a while.
        leave_elsewhere(elsewhere, away, state_files(lab, old))
        folder = lab.home / ".local/state/onduty/1"
        for record in (folder / f"{old}.x", folder / f"{running}.x", elsewhere / f"{away}.x"):
            age_s = record.stat().st_mtime - 15 * 86_400
            os.utime(record, (age_s, age_s))
        (folder / ".collected").unlink()
        session = await connect(lab, RecordingSink())
        await until(lambda: not state_files(lab, old) and not list(elsewhere.glob(f"{away}.*")))
        assert [one.phase for one in await session.ask([old, young, running])] == [
            ExecutionPhase.ABSENT,
            ExecutionPhase.DONE,
            ExecutionPhase.RUNNING,
        ]
        assert set(state_files(lab, young)) >= {".x", ".l"}
        await session.cancel(running, grace_s=0.0)
        await until(lambda: not (folder / f"{running}.x").read_text().splitlines()[0].startswith("-- S"))
        await session.close()
