"""What can happen to a session and its shells besides a clean cut: noise, silence, slow and broken receivers."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from runners.adapters.local import LocalShell, LocalTransport, login_environment
from runners.adapters.shell_channel import ShellLost
from runners.adapters.supervised import SupervisedSession, open_session
from runners.model.errors import HostRefused, HostUnreachable, SessionLost
from runners.model.inventory import LOCAL, Host
from runners.ports.transport import ExecutionPhase, ExecutionRequest
from runners.testing.host_lab import alive, until
from runners.testing.recording_sink import RecordingSink
from tests import person

KEY = "u.1.1.1"
HERE = Host(name=LOCAL)


class Home:
    """A login of its own on this machine."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "home"
        self.path.mkdir()
        self.env = {"HOME": str(self.path), "PATH": os.environ["PATH"], "USER": "tester"}
        self.state = self.path / ".local/state/onduty/1"

    def transport(self, *shell: str) -> LocalTransport:
        return LocalTransport(env=self.env, shell=shell or ("sh",))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def request(script: str, key: str = KEY, **more: Any) -> ExecutionRequest:
    return ExecutionRequest(key=key, script=script, workdir="u.1.1", **more)


class Wrapped:
    """A real shell whose channel a test can spoil."""

    def __init__(self, shell: LocalShell) -> None:
        self.shell = shell
        self.spoil_stdout: Callable[[bytes], Awaitable[bytes]] | None = None

    async def write(self, data: bytes) -> None:
        await self.shell.write(data)

    async def read_stdout(self, max_bytes: int) -> bytes:
        data = await self.shell.read_stdout(max_bytes)
        return await self.spoil_stdout(data) if self.spoil_stdout is not None else data

    async def read_stderr(self, max_bytes: int) -> bytes:
        return await self.shell.read_stderr(max_bytes)

    def close(self) -> None:
        self.shell.close()

    async def wait_closed(self) -> None:
        await self.shell.wait_closed()


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def open_wrapped(
    home: Home, sink: RecordingSink, *, deadline_s: float = 20.0
) -> tuple[SupervisedSession, list[Wrapped]]:
    shells: list[Wrapped] = []

    async def open_shell() -> Wrapped:
        shells.append(Wrapped(await home.transport().open_shell()))
        return shells[-1]

    return await open_session(HERE, open_shell, sink, connect_s=0.0, deadline_s=deadline_s), shells


@pytest.mark.parametrize(
    "rc_file",
    [
        "echo Welcome to the machine; echo 'Last login: never' >&2",
        "printf 'no line feed at the end'; printf 'nor here' >&2",
        "read -r eaten; echo ate something",
        "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2",
        "(while sleep 0.02; do echo noise for ever; done) & noise=$!; trap '' TERM",
    ],
    ids=["greets", "no-line-feed", "eats-a-line", "megabytes", "never-stops"],
)
async def test_what_a_start_up_file_prints_or_reads_disturbs_nothing(home: Home, rc_file: str) -> None:
    sink = RecordingSink()
    session = await home.transport("sh", "-c", f"{rc_file}\nexec sh").connect(HERE, sink)
    await session.start(request("sleep 0.2; echo out; echo err >&2; exit 3"))
    assert (await sink.until_finished(KEY)).exit_code == 3
    if "for ever" not in rc_file:
        assert sink.output(KEY) == b"out\nerr\n"
    await session.close()


async def test_a_shell_that_ends_at_once_is_no_host(home: Home) -> None:
    with pytest.raises(HostUnreachable, match="nothing was started"):
        await home.transport("sh", "-c", "exit 0").connect(HERE, RecordingSink())


async def test_a_shell_that_is_not_there_is_refused(home: Home) -> None:
    with pytest.raises(HostRefused, match="nothing was started"):
        await home.transport("/no/such/shell").connect(HERE, RecordingSink())


async def test_a_host_without_the_programs_we_need_is_refused_by_name(home: Home) -> None:
    programs = home.path / "bin"
    programs.mkdir()
    for name in ("sh", "mkdir", "id", "date"):
        (programs / name).symlink_to(f"/bin/{name}")
    home.env["PATH"] = str(programs)
    with pytest.raises(HostRefused, match="setsid"):
        await home.transport("/bin/sh").connect(HERE, RecordingSink())


async def test_a_helper_that_falls_silent_is_noticed_by_the_deadline(home: Home) -> None:
    sink = RecordingSink()
    session, shells = await open_wrapped(home, sink, deadline_s=0.2)
    await session.start(request("exec sleep 600"))
    helper = shells[0].shell
    os.kill(helper.pid, signal.SIGSTOP)
    with pytest.raises(SessionLost):
        await session.ask([KEY])
    assert "did not answer" in await sink.until_lost()
    await session.close()
    session, _ = await open_wrapped(home, RecordingSink())
    assert (await session.ask([KEY]))[0].phase is ExecutionPhase.RUNNING
    await session.cancel(KEY, 1.0)
    await session.close()


async def test_frames_at_another_offset_end_the_session_and_deliver_nothing(home: Home) -> None:
    sink = RecordingSink()
    session, shells = await open_wrapped(home, sink)
    await session.start(request("echo one; until test -e go; do sleep 0.01; done; echo two"))
    await sink.until(lambda: sink.output(KEY) == b"one\n")

    async def shift(data: bytes) -> bytes:
        return data.replace(f"F {KEY} 4 4\n".encode(), f"F {KEY} 5 4\n".encode())

    shells[1].spoil_stdout = shift
    (home.state / "work/u.1.1/go").touch()
    assert "expected was 4" in await sink.until_lost()
    assert sink.output(KEY) == b"one\n"
    await session.close()
    sink.new_session()
    session, _ = await open_wrapped(home, sink)
    await session.follow(KEY, 4)
    await sink.until_finished(KEY)
    assert sink.output(KEY) == b"one\ntwo\n"
    await session.close()


async def test_a_slow_receiver_holds_the_log_back_and_nothing_else(home: Home) -> None:
    gate = asyncio.Event()

    class Slow(RecordingSink):
        async def on_output(self, key: str, offset: int, data: bytes) -> None:
            await super().on_output(key, offset, data)
            await gate.wait()

    sink = Slow(keep_output=False)
    session, _ = await open_wrapped(home, sink)
    total = 64 << 20
    await session.start(request(f"head -c {total} /dev/zero"))
    await sink.until(lambda: sink.received(KEY) > 0)
    while (await session.ask([KEY]))[0].phase is not ExecutionPhase.DONE:
        pass
    assert sink.received(KEY) < total / 8
    gate.set()
    assert (await sink.until_finished(KEY)).log_bytes == total
    await session.close()


async def test_a_receiver_that_fails_ends_the_session_with_its_reason(home: Home) -> None:
    class Failing(RecordingSink):
        async def on_output(self, key: str, offset: int, data: bytes) -> None:
            raise OSError("no space left on our own disk")

    for key, script in (("u.1.1.1", "echo fetched"), ("u.1.1.2", "sleep 0.2; echo followed; exec sleep 600")):
        sink = Failing()
        session, _ = await open_wrapped(home, sink)
        await session.start(request(script, key))
        assert "no space left on our own disk" in await sink.until_lost()
        await session.close()
    session, _ = await open_wrapped(home, RecordingSink())
    await session.cancel("u.1.1.2", 1.0)
    await session.close()


async def test_what_no_shell_can_take_is_refused_and_claims_nothing(home: Home) -> None:
    session, _ = await open_wrapped(home, RecordingSink())
    for refused in (
        request("echo \0"),
        request("true", env={"OPTIND": "x"}),
        request("true", env={"A": "x" * 140_000}),
    ):
        with pytest.raises(HostRefused, match="nothing was started"):
            await session.start(refused)
    assert (await session.ask([KEY]))[0].phase is ExecutionPhase.ABSENT
    await session.close()


async def test_an_interrupt_reaches_a_job_as_it_would_at_a_terminal(home: Home) -> None:
    probe = await asyncio.create_subprocess_exec("env", "--default-signal=INT", "true", stderr=subprocess.DEVNULL)
    if await probe.wait():
        pytest.skip("NOT TESTED: this machine's env cannot reset signals")
    sink = RecordingSink()
    session, _ = await open_wrapped(home, sink)
    await session.start(request("kill -INT $$; sleep 5"))
    assert (await sink.until_finished(KEY)).signal == "INT"
    await session.close()


async def test_jobs_outlive_a_controller_that_is_killed_and_nobody_of_its_session_stays(home: Home) -> None:
    controller = f"""
import asyncio
from runners.adapters.local import LocalTransport
from runners.model.inventory import Host
from runners.ports.transport import ExecutionRequest
from runners.testing.recording_sink import RecordingSink

async def main():
    session = await LocalTransport(env={home.env!r}).connect(Host(name="local"), RecordingSink())
    script = "echo $PPID >ppid; echo before; until test -e go; do sleep 0.01; done; echo after; exit 4"
    await session.start(ExecutionRequest(key={KEY!r}, script=script, workdir="u.1.1"))
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", controller, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"started\n"
    record = (home.state / f"{KEY}.x").read_text().split()
    supervisor, job = int(record[2]), int(record[4])
    helper = parent_of(supervisor)
    process.kill()
    await process.wait()
    await until(lambda: not alive(helper))
    assert alive(supervisor)
    assert alive(job)
    sink = RecordingSink()
    session = await home.transport().connect(HERE, sink)
    await session.follow(KEY, 0)
    (home.state / "work/u.1.1/go").touch()
    assert (await sink.until_finished(KEY)).exit_code == 4
    assert sink.output(KEY) == b"before\nafter\n"
    await session.close()


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13])
async def test_a_helper_killed_in_the_middle_of_a_start_leaves_a_whole_job_or_none(home: Home, turns: int) -> None:
    sink = RecordingSink()
    session, shells = await open_wrapped(home, sink)
    starting = asyncio.create_task(session.start(request("echo ran >>ledger; echo done")))
    for _ in range(turns):
        await asyncio.sleep(0)
    os.kill(shells[0].shell.pid, signal.SIGKILL)
    await asyncio.gather(starting, return_exceptions=True)
    await session.close()
    sink.new_session()
    session, _ = await open_wrapped(home, sink)
    await session.follow(KEY, sink.received(KEY))
    await sink.until(lambda: KEY in sink.results or KEY in sink.vanished)
    ledger = home.state / "work/u.1.1/ledger"
    times_run = ledger.read_text().count("ran") if ledger.exists() else 0
    if KEY in sink.results and sink.results[KEY].error is None:
        assert (sink.output(KEY), sink.results[KEY].exit_code, times_run) == (b"done\n", 0, 1)
    else:
        assert times_run == 0
    await session.close()


async def test_the_environment_of_the_controllers_terminal_is_not_the_jobs() -> None:
    ours = {"HOME": "/h", "PATH": "/p", "LC_ALL": "C", "AWS_SECRET_ACCESS_KEY": "x", "VIRTUAL_ENV": "/v"}
    assert login_environment(ours) == {"HOME": "/h", "PATH": "/p", "LC_ALL": "C"}


async def test_a_shell_that_is_gone_takes_nothing(home: Home) -> None:
    shell = await home.transport().open_shell()
    shell.close()
    await shell.wait_closed()
    with pytest.raises(ShellLost):
        await shell.write(b"echo hi\n")
    assert await shell.read_stdout(10) == b""
    shell.close()


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or only waited for."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


async def test_what_a_local_shell_said_before_it_ended_is_read_to_the_last_byte() -> None:
    most = 900_000
    script = f"head -c {most} /dev/zero; echo last words >&2"
    shell = await LocalShell.open(("sh", "-c", script), {"PATH": "/usr/bin:/bin"})
    try:
        # Without giving way to the loop: all that it said is still in its pipes when its end is heard.
        person.until(lambda: has_ended(shell.pid))
        await shell.wait_closed()
        got = 0
        while data := await shell.read_stdout(1 << 20):
            got += len(data)
        assert got == most
        assert await shell.read_stderr(100) == b"last words\n"
    finally:
        shell.close()
