"""The supervisor in each shell, in the states that a healthy host does not show: full disks, strangers, old records."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runners.model.definition import Shell
from runners.remote import request
from runners.remote.notices import Finished, KeyReport, parse_notice
from runners.remote.result import RemoteResult
from tests.unit.remote_shells import INSTALLED, SHELLS, LoadedShell

# Ending an execution looks for its key on the whole machine: these tests share keys, so they share a worker.
pytestmark = pytest.mark.xdist_group("supervisor")
KEY = "u.1.1.1"
FIFTEEN_DAYS_S = 15 * 86400


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LoadedShell]:
    with LoadedShell(request.param, tmp_path / "home") as loaded:
        yield loaded


def start(
    shell: LoadedShell,
    script: str,
    *,
    key: str = KEY,
    timeout_s: float | None = None,
    kind: Shell = Shell.SH,
    login: bool = False,
) -> str:
    """Start it; the answer."""
    line = request.start(
        1, key=key, script=script, env={}, dir=None, workdir="", timeout_s=timeout_s, label="label", shell=kind,
        login=login,
    )  # fmt: skip
    shell.send(line)
    return shell.line()


def path_without(folder: Path, program: str) -> str:
    """A folder with every program that this machine's PATH has, except one."""
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(":")):
        for found in Path(place).glob("*") if Path(place).is_dir() else ():
            link = folder / found.name
            if found.name != program and os.access(found, os.X_OK):
                link.unlink(missing_ok=True)
                link.symlink_to(found)
    return str(folder)


def ask(shell: LoadedShell, key: str = KEY) -> KeyReport:
    """What its disk says."""
    shell.send(request.ask(2, [key]))
    report = parse_notice(shell.line())
    assert isinstance(report, KeyReport)
    assert shell.line() == "A 2 ok"
    return report


def ticks_of(pid: int) -> int:
    """When that process started, in clock ticks since boot (proc_pid_stat(5), field 22)."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def record(shell: LoadedShell, tag: str, supervisor: int, its_ticks: int, job: int, its_ticks2: int, boot: str) -> None:
    line = f"-- {tag} {supervisor} {its_ticks} {job} {its_ticks2} {boot} 179531078022 ."
    (shell.state / f"{KEY}.x").write_text(f"{line:111}\n{'':95}\nlabel\n\n")


def test_it_says_who_and_where_it_is(shell: LoadedShell) -> None:
    words = shell.first_words[0].split()
    assert words[:4] == ["X", "open", "nonce", boot_id()]
    assert abs(int(words[4]) / 100 - time.time()) < 60
    assert words[5] == "tester"
    assert shell.first_words[1] == f"X folder {shell.state}"


@pytest.mark.parametrize("login", [False, True])
@pytest.mark.parametrize("command", [one for one in SHELLS if one.id != "bash"])
def test_a_host_without_bash_says_so_before_anything_of_a_script_for_bash_ran(
    command: tuple[str, ...], login: bool, tmp_path: Path
) -> None:
    path = path_without(tmp_path / "bin", "bash")
    with LoadedShell(command, tmp_path / "home", path) as shell:
        start(shell, f"touch {tmp_path}/ran", kind=Shell.BASH, login=login)
        notice = parse_notice(shell.line())
        assert isinstance(notice, Finished)
        assert ask(shell).result == notice.result
        result = notice.result
        assert result.error == "this host has no bash, which shell: bash asks for; nothing was started there"
        assert result.exit_code is None
        assert not (tmp_path / "ran").exists()
        assert start(shell, "exit 3", key="u.1.1.2").startswith("A 1 started")


def test_a_result_follows_the_start_and_is_on_disk_by_then(shell: LoadedShell) -> None:
    assert start(shell, "echo hi; exit 3") == "A 1 started"
    notice = shell.line()
    assert notice.startswith(f"N {KEY} R x 3 3 0 - ")
    assert notice.split(" ", 2)[2].rstrip() in (shell.state / f"{KEY}.x").read_text()
    shell.send(request.fetch(5, KEY, 1, 2))
    assert shell.raw(2) == b"i\n"
    assert shell.line() == "A 5 ok"


def test_a_key_whose_claim_cannot_be_written_is_refused_and_not_claimed(shell: LoadedShell) -> None:
    # What a full disk does: files are made and nothing can be written into them.
    shell.send(b"trap '' XFSZ; ulimit -S -f 0\n")
    assert start(shell, "echo hi") == "A 1 full"
    shell.send(request.seal(3, KEY))
    assert shell.line() == "A 3 full"
    assert ask(shell).phase == "absent"
    shell.send(b"ulimit -S -f unlimited\n")
    assert start(shell, "echo hi") == "A 1 started"
    assert shell.line().startswith(f"N {KEY} R x 0 3 0 - ")


def test_a_log_that_the_disk_cannot_take_is_cut_and_says_so_and_the_job_goes_on(shell: LoadedShell) -> None:
    shell.send(b"trap '' XFSZ; ulimit -S -f 64\n")
    line = "0123456789" * 7
    start(
        shell,
        f"i=0; while [ $i -lt 2000 ]; do echo {line}; i=$((i+1)); done; exit 4",
    )
    words = shell.line().split()
    size = (shell.state / f"{KEY}.l").stat().st_size
    assert words[3:7] == ["x", "4", str(size), "1"]
    assert 0 < size < 2000 * 71


def test_a_record_of_an_earlier_boot_is_lost_because_of_the_reboot(shell: LoadedShell) -> None:
    (shell.state / f"{KEY}.l").write_bytes(b"12345")
    record(shell, "S", os.getpid(), ticks_of(os.getpid()), 1, 1, "another-boot")
    report = ask(shell)
    assert (report.phase, report.reason, report.log_bytes) == ("lost", "rebooted since", 5)


def test_a_pid_that_belongs_to_a_stranger_by_now_is_not_alive(shell: LoadedShell) -> None:
    record(shell, "S", os.getpid(), ticks_of(os.getpid()) - 1, os.getpid(), ticks_of(os.getpid()) - 1, boot_id())
    report = ask(shell)
    assert (report.phase, report.reason) == ("lost", "the supervisor is gone")


def test_a_claim_whose_claimer_is_gone_never_ran(shell: LoadedShell) -> None:
    record(shell, "H", os.getpid(), ticks_of(os.getpid()) - 1, 0, 0, boot_id())
    assert ask(shell).phase == "claimed"
    assert start(shell, "echo never") == f"K 1 {KEY} claimed 0 "


def test_a_claim_whose_claimer_lives_may_still_start(shell: LoadedShell) -> None:
    record(shell, "H", os.getpid(), ticks_of(os.getpid()), 0, 0, boot_id())
    assert ask(shell).phase == "running"


def test_a_record_that_was_never_written_is_a_claim_and_not_an_absence(shell: LoadedShell) -> None:
    (shell.state / f"{KEY}.x").touch()
    assert ask(shell).phase == "claimed"


def test_without_its_own_mark_in_the_folder_nothing_is_called_absent(shell: LoadedShell) -> None:
    (shell.state / ".here").unlink()
    assert ask(shell).phase == "unknown"
    assert start(shell, "echo never") == f"K 1 {KEY} unknown 0 "


def test_cancel_never_signals_the_stranger_who_got_the_number_of_the_job(shell: LoadedShell) -> None:
    stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        for ticks in (ticks_of(stranger.pid) - 1, ticks_of(stranger.pid) + 1):
            record(shell, "S", os.getpid(), ticks_of(os.getpid()), stranger.pid, ticks, boot_id())
            shell.send(request.cancel(3, KEY, 0.0))
            assert sorted(shell.line() for _ in range(3)) == ["A 3 ok", f"C {KEY} gone ", f"C {KEY} term "]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_what_cannot_be_ended_is_named_with_its_pid_its_user_and_its_command(tmp_path: Path) -> None:
    """In every shell at once: each gives what it cannot end some seconds."""
    with contextlib.ExitStack() as stack:
        shells = [stack.enter_context(LoadedShell(shell, tmp_path / shell[0])) for shell in INSTALLED]
        # Keys of nobody else on this machine, so that each list has one survivor.
        keys = [f"u.{os.getpid()}.{number}.1" for number in range(len(shells))]
        for shell, key in zip(shells, keys, strict=True):
            start(shell, "exec sleep 600", key=key)
            # As if every signal were refused.
            shell.send(b"kill() { :; }\n" + request.cancel(3, key, 0.0))
        for shell, key in zip(shells, keys, strict=True):
            pid = int((shell.state / f"{key}.x").read_text().split()[4])
            lines = [shell.line() for _ in range(5)]
            assert lines[-1] == f"C {key} survivors "
            survivor = next(line for line in lines if "survivor " in line).split()
            assert survivor[3] == str(pid)
            assert survivor[5:] == ["sleep", "600"]
            shell.send(b"unset -f kill\n" + request.cancel(4, key, 0.0))
            while not shell.line().startswith(f"N {key} R x 1"):
                pass


def test_ended_jobs_leave_no_process_behind_in_the_table(shell: LoadedShell) -> None:
    for number in range(3):
        start(shell, "true", key=f"u.1.1.{number}", timeout_s=600.0)
        shell.line()
    helper = int(shell.first_pid())
    deadline = time.monotonic() + 20
    while True:
        shell.send(request.ping(9))
        assert shell.line() == "A 9 ok"
        children = Path(f"/proc/{helper}/task/{helper}/children").read_text().split()
        if not children or time.monotonic() > deadline:
            break
    assert children == []


def test_what_was_left_for_two_weeks_is_collected_once_a_day_and_what_lives_is_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    state = home / ".local/state/onduty/1"
    with LoadedShell(("sh",), home) as shell:
        for key in ("u.1.1.1", "u.2.1.1", "u.3.1.1"):
            start(shell, "echo x", key=key)
            shell.line()
        start(shell, "exec sleep 600", key="u.4.1.1")
        for name in ("u.1.1", "u.4.1"):
            (state / "work" / name).mkdir(parents=True)
        old = time.time() - FIFTEEN_DAYS_S
        for path in [*state.glob("u.[124].1.1.x"), *(state / "work").iterdir()]:
            os.utime(path, (old, old))
        (state / ".collected").write_text("1\n")
        with LoadedShell(("sh",), home) as second:
            deadline = time.monotonic() + 20
            while list(state.glob("u.[12].1.1.*")) or (state / "work/u.1.1").exists():
                assert time.monotonic() < deadline
            assert second.first_words
            left = {path.name for path in state.glob("u.*.x")}
            assert left == {"u.3.1.1.x", "u.4.1.1.x"}
            assert (state / "work/u.4.1").exists()
            shell.send(request.cancel(3, "u.4.1.1", 0.0))
            while not shell.line().startswith("N u.4.1.1 "):
                pass


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    home = tmp_path / "home"
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "1").mkdir(parents=True)
    (home / ".local/state").mkdir(parents=True)
    (home / ".local/state/onduty").symlink_to(elsewhere)
    with LoadedShell(("sh",), home) as shell:
        assert not shell.first_words[1].startswith(f"X folder {home}")
        assert list((elsewhere / "1").iterdir()) == []


def gauge(shell: LoadedShell, text: str) -> None:
    """What somebody who looks at the job would have written down."""
    (shell.state / f"{KEY}.g").write_text(text)


def result_of(shell: LoadedShell) -> RemoteResult:
    notice = parse_notice(shell.line())
    assert isinstance(notice, Finished)
    return notice.result


def test_a_job_too_short_to_be_looked_at_has_no_peak_rather_than_none_at_all(shell: LoadedShell) -> None:
    start(shell, "true")
    result = result_of(shell)
    # On a slow machine somebody looks in time.
    assert (result.memory_peak_of == "process") if result.memory_peak_bytes else (result.memory_peak_of == "")
    assert result.memory_peak_bytes != 0
    assert result.cpu_s is not None
    assert result.cpu_s < 10


@pytest.mark.parametrize("text", ["", "G 99", "G 99 12 p", "nonsense . . . .", "G 99 12 p x\n", "X 99 12 p .\n"])
def test_a_gauge_that_is_not_whole_says_nothing(shell: LoadedShell, text: str, tmp_path: Path) -> None:
    gauge(shell, text)
    start(shell, "true")
    result = result_of(shell)
    # On a slow machine somebody looks in time, and then it is what was seen.
    assert result.memory_peak_bytes != 12 * 1024
    assert result.cpu_s is not None
    assert result.cpu_s != 0.99


def test_the_larger_of_what_was_seen_and_what_was_waited_for_counts(shell: LoadedShell) -> None:
    gauge(shell, "G 250 41208 p .\n")
    start(shell, "true")
    result = result_of(shell)
    assert (result.cpu_s, result.memory_peak_bytes, result.memory_peak_of) == (2.5, 41208 * 1024, "process")


def test_what_ends_a_job_at_its_limit_is_not_what_the_job_used(shell: LoadedShell) -> None:
    start(shell, "while :; do :; done", timeout_s=0.3)
    result = result_of(shell)
    assert result.timed_out
    assert result.cpu_s is not None
    # It ran a third of a second, on one processor, whatever it cost to end it; longer where the machine is late.
    assert result.cpu_s <= max(0.5, result.ended_at - result.started_at)
