"""What a host is asked before work goes there: in every shell, without a trace, and what its lines mean."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from runners.adapters.host_check import inspect_shells
from runners.adapters.local import LocalTransport
from runners.adapters.shell_channel import ShellLost
from runners.model.inventory import Host
from runners.ports.transport import HostInspection
from runners.remote import request
from runners.remote.check import Findings, ask, free_bytes, unit
from runners.remote.notices import Finished, parse_notice
from tests.unit.remote_shells import SHELLS, LoadedShell


def found(*lines: str) -> Findings:
    said = Findings()
    for line in lines:
        said.take(line)
    return said


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return tuple(request.param)


async def look(shell: tuple[str, ...], home: Path, **env: str) -> HostInspection:
    where = {"HOME": str(home), "PATH": os.environ["PATH"], "USER": "tester", **env}
    return await LocalTransport(env=where, shell=shell).inspect(Host(name="local", local=True))


def files_below(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


async def test_a_look_says_what_a_host_is_and_leaves_no_trace(
    shell: tuple[str, ...], home: Path, tmp_path: Path
) -> None:
    said = await look(shell, home)
    assert said.shell.rpartition("/")[2].startswith(shell[0])
    assert said.tools in ("GNU", "busybox")
    assert said.state_dir == f"{tmp_path}/home/.local/state/onduty"
    assert said.missing == ()
    assert said.silent == ""
    assert said.sudo in ("root", "yes", "no", "none")
    assert said.state_free_bytes
    assert said.home_free_bytes
    assert said.clock_offset_s is not None
    assert abs(said.clock_offset_s) < 2
    assert 0 < said.shell_start_s < 60
    assert files_below(home) == []


async def test_a_state_folder_that_is_a_link_is_passed_over_as_a_session_would(home: Path, tmp_path: Path) -> None:
    state = home / ".local" / "state"
    state.mkdir(parents=True)
    (state / "onduty").symlink_to(tmp_path)
    said = await look(("sh",), home)
    assert said.state_dir == f"/var/tmp/onduty-{os.getuid()}"


async def test_what_lives_there_is_told_with_its_label_and_nothing_that_ended(
    shell: tuple[str, ...], home: Path
) -> None:
    with LoadedShell(shell, home) as there:
        for key, script in (("u.1.1.1", "exec sleep 600"), ("u.2.1.1", "exit 3")):
            line = request.start(
                1, key=key, script=script, env={}, dir=None, workdir="", timeout_s=None,
                label=f"alice deploy-api/42 rollout/release@web{key[2]}",
            )  # fmt: skip
            there.send(line)
            assert "started" in there.line()
        while not isinstance(parse_notice(there.line()), Finished):
            pass
        said = await look(("sh",), home)
        (one,) = said.executions
        assert (one.key, one.label) == ("u.1.1.1", "alice deploy-api/42 rollout/release@web1")
        assert 0 <= time.time() - one.since_utc < 120


async def test_a_start_up_file_is_part_of_the_time_of_a_shell(home: Path, tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nsleep 0.4\necho noise\necho noise >&2\nexec sh\n")
    slow.chmod(0o755)
    assert (await look((str(slow),), home)).shell_start_s >= 0.4


async def test_a_sudo_that_hangs_costs_its_own_answer_alone(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "id").write_text("#!/bin/sh\ncase $1 in -u) echo 4711 ;; *) echo deploy ;; esac\n")
    (tools / "sudo").write_text("#!/bin/sh\nexec sleep 600\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    monkeypatch.setattr("runners.adapters.host_check.PIECE_DEADLINE_S", 3.0)
    said = await look(("sh",), home, PATH=f"{tools}:{os.environ['PATH']}")
    assert (said.user, said.silent, said.sudo) == ("deploy", "sudo", "")
    assert said.home_free_bytes


@pytest.mark.parametrize(
    ("script", "want", "words"),
    [
        ("exit 0", "yes", ""),
        ('echo "sudo: a password is required" >&2; exit 1', "no", "sudo: a password is required"),
    ],
)
async def test_sudo_without_a_password_or_why_not(
    home: Path, tmp_path: Path, script: str, want: str, words: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "id").write_text("#!/bin/sh\ncase $1 in -u) echo 4711 ;; *) echo deploy ;; esac\n")
    (tools / "sudo").write_text(f'#!/bin/sh\n[ "$*" = "-k -n true" ] || exit 9\n{script}\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    said = await look(("sh",), home, PATH=f"{tools}:{os.environ['PATH']}")
    assert (said.sudo, said.sudo_words) == (want, words)


async def test_a_shell_that_ends_is_lost_and_not_a_finding(tmp_path: Path) -> None:
    transport = LocalTransport(env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]}, shell=("true",))
    with pytest.raises(ShellLost):
        await inspect_shells(transport.open_shell)


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("/dev/vda1 1000 900 100 90% /", 100 * 1024),
        ("//nas/my share 1000 900 100 90% /mnt/my share", 100 * 1024),
        ("tmpfs 0 0 0 - /dev/shm", 0),
        ("/dev/vda1 1000 1100 -100 110% /", 0),
        ("df: /x: No such file", None),
        ("", None),
    ],
)
def test_room_is_read_from_any_df(line: str, want: int | None) -> None:
    assert free_bytes(line) == want


def test_noise_between_the_lines_changes_nothing() -> None:
    said = found("", "Last login: today", "C", "C unknown thing", "C live nonsense", "C clock now", "C user deploy")
    assert (said.user, said.executions, said.clock_s) == ("deploy", [], None)


@pytest.mark.parametrize(("line", "want"), [("C clock 12.5", 12.5), ("C clock 12.%N", 12.0), ("C clock 12", 12.0)])
def test_a_clock_without_fractions_is_a_clock(line: str, want: float) -> None:
    assert found(line).clock_s == want


def test_no_prefix_of_a_piece_asks_anything() -> None:
    assert unit(b"x() { :; }\n").startswith(b"eval '")
    assert ask("facts") == b"od_check facts .\n"
