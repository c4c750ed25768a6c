"""Limits in each shell: what is kept, how, and what a host says that cannot keep them. systemd is a stand-in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runners.model.limits import Limits
from runners.remote import request
from runners.remote.notices import Finished, parse_notice
from runners.remote.result import RemoteResult
from tests.unit.remote_shells import SHELLS, LoadedShell
from tests.unit.test_supervisor import path_without

KEY = f"u{os.getpid()}.1.1.1"
MEMORY = Limits(memory_bytes=200_000_000)

SYSTEMD_RUN = """#!/bin/sh
printf '%s\\n' "$*" >>"$HOME/asked"
[ ! -e "$HOME/broken" ] || { echo "Failed to connect to bus: No medium found" >&2; exit 1; }
case "$*" in *-probe*) ;; *) [ ! -e "$HOME/flaky" ] || {
  echo "Failed to start transient scope unit: Unit already exists" >&2
  exit 1
} ;; esac
while :; do case $1 in -p) shift 2 ;; -*) shift ;; *) break ;; esac; done
exec "$@"
"""


def install(home: Path, path: Path) -> str:
    """A systemd-run that makes no scope; the PATH with it in front."""
    path.mkdir()
    program = path / "systemd-run"
    program.write_text(SYSTEMD_RUN)
    program.chmod(0o755)
    return f"{path}:{os.environ['PATH']}"


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LoadedShell]:
    """A host with systemd, as far as one can tell."""
    home = tmp_path / "home"
    with LoadedShell(request.param, home, install(home, tmp_path / "bin")) as loaded:
        groups = tmp_path / "groups"
        groups.mkdir()
        for name, text in (("memory.max", "200000000\n"), ("cpu.max", "50000 100000\n")):
            (groups / name).write_text(text)
        loaded.send(f"od_cgroups={groups}\n".encode())
        yield loaded


def result_of(shell: LoadedShell, script: str, limits: Limits, *, prelude: bytes = b"") -> RemoteResult:
    """Run it to its end."""
    shell.send(prelude)
    shell.send(
        request.start(1, key=KEY, script=script, env={}, dir=None, workdir="", timeout_s=None, label="l", limits=limits)
    )
    assert shell.line() == "A 1 started"
    notice = parse_notice(shell.line())
    assert isinstance(notice, Finished)
    return notice.result


def log(shell: LoadedShell) -> str:
    return (shell.state / f"{KEY}.l").read_text()


def test_memory_and_processors_are_a_scopes_where_there_is_systemd(shell: LoadedShell) -> None:
    limits = Limits(cpu_percent=50, memory_bytes=200_000_000, nice=3)
    result = result_of(shell, 'echo "$ONDUTY_KEY"; exit 3', limits)
    assert (result.exit_code, result.error, result.limits_kept) == (3, None, "job")
    assert log(shell) == f"{KEY}\n"
    asked = (shell.home / "asked").read_text().splitlines()
    probe, real = [line for line in asked if line.startswith("--scope")]
    user = "" if os.getuid() == 0 else "--user "
    wanted = f"{user}-p MemoryMax=195312K -p CPUQuota=50% sh -c"
    assert probe.startswith(f"--scope --quiet --collect --unit=onduty-{KEY}-probe {wanted}")
    assert real.startswith(f"--scope --quiet --collect --unit=onduty-{KEY} {wanted}")


def test_a_scope_in_which_nothing_is_in_force_is_not_taken_for_one(shell: LoadedShell, tmp_path: Path) -> None:
    # A controller that is not delegated: the scope is made all the same.
    (tmp_path / "groups" / "cpu.max").write_text("max 100000\n")
    result = result_of(shell, "echo ran", Limits(cpu_percent=50))
    assert result.error == (
        "limits: cpu cannot be kept on this host: systemd-run gives this account no scope of its own; "
        "nothing was started there"
    )
    assert log(shell) == ""


def test_without_a_scope_memory_is_kept_for_each_process(shell: LoadedShell) -> None:
    (shell.home / "broken").touch()
    result = result_of(shell, "ulimit -v; exit 3", MEMORY)
    assert (result.exit_code, result.error, result.limits_kept) == (3, None, "process")
    assert log(shell) == "195312\n"


def test_a_host_without_systemd_keeps_memory_for_each_process(tmp_path: Path) -> None:
    with LoadedShell(("dash",), tmp_path / "home", path_without(tmp_path / "path", "systemd-run")) as shell:
        assert result_of(shell, "ulimit -v", MEMORY).limits_kept == "process"
        assert log(shell) == "195312\n"


def test_a_lower_limit_of_the_account_stands_and_is_enough(shell: LoadedShell) -> None:
    (shell.home / "broken").touch()
    result = result_of(shell, "ulimit -v", MEMORY, prelude=b"ulimit -v 150000\n")
    assert (result.exit_code, result.limits_kept) == (0, "process")
    assert log(shell).endswith("150000\n")


def test_a_systemd_run_that_fails_after_its_probe_is_not_the_jobs_own_failure(shell: LoadedShell) -> None:
    (shell.home / "flaky").touch()
    result = result_of(shell, "echo ran", MEMORY)
    assert result.exit_code is None
    assert result.error == "systemd-run did not start it in a scope with its limits, see the log; nothing of it ran"
    assert log(shell) == "Failed to start transient scope unit: Unit already exists\n"


def test_the_peak_of_a_scope_is_the_jobs_whole(shell: LoadedShell, tmp_path: Path) -> None:
    # What the control group of that job would be, and hold.
    group = tmp_path / f"onduty-{KEY}.scope"
    group.mkdir()
    (group / "memory.peak").write_text("123456789\n")
    (group / "cpu.stat").write_text("usage_usec 7654321\nuser_usec 7000000\n")
    wait = f"until read -r _ _ _ of _ <{shell.state}/{KEY}.g && [ $of = c ]; do sleep 0.02; done 2>/dev/null"
    result = result_of(shell, wait, MEMORY, prelude=f"od_cgroup_of() {{ od_group_dir={group}; }}\n".encode())
    assert (result.exit_code, result.memory_peak_of) == (0, "job")
    assert result.memory_peak_bytes == 123456789 // 1024 * 1024
    assert result.cpu_s == 7.65


def test_a_host_without_nice_says_so_before_anything_ran(tmp_path: Path) -> None:
    with LoadedShell(("dash",), tmp_path / "home", path_without(tmp_path / "path", "nice")) as shell:
        result = result_of(shell, f"touch {tmp_path}/ran", Limits(nice=5))
        assert result.error == "this host has no nice program, which limits: nice asks for; nothing was started there"
        assert not (tmp_path / "ran").exists()
