"""What ``onduty doctor`` makes of what it sees: each level, in words, with what to do."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import until
from tui.cli import doctor_controller, doctor_place, doctor_ssh, doctor_terminal
from tui.cli.finding import Finding, Level


def one(found: Iterator[Finding] | list[Finding], name: str) -> Finding:
    return next(finding for finding in found if finding.name == name)


# ----- installation


def test_packages_that_are_there_are_named_with_their_versions() -> None:
    found = doctor_place.packages(["httpx>=0.28", "psutil>=6.0"])
    assert found.level is Level.OK
    assert found.text.startswith("httpx ")


def test_a_package_that_is_missing_or_too_old_is_bad_and_named() -> None:
    found = doctor_place.packages(["httpx>=99.1", "no-such-package-of-onduty>=1", "psutil>=6.0"])
    assert found.level is Level.BAD
    assert "httpx is " in found.text
    assert ", 99.1 is needed; no-such-package-of-onduty is missing" in found.text
    assert found.fix == "install onduty again"


def test_an_installation_without_metadata_says_so() -> None:
    assert doctor_place.packages(()).level is Level.WARN


# ----- the state folder


def test_a_folder_of_ours_is_fine_and_others_who_may_look_into_it_are_not(tmp_path: Path) -> None:
    home = tmp_path / "state"
    home.mkdir(mode=0o700)
    found = list(doctor_place.state_folder(home, uid=os.getuid()))
    assert one(found, "state folder").level is Level.OK
    assert one(found, "filesystem").level is Level.OK
    home.chmod(0o755)
    open_one = one(doctor_place.state_folder(home, uid=os.getuid()), "state folder")
    assert (open_one.level, open_one.fix) == (Level.WARN, f"chmod 700 {home}")
    strange = one(doctor_place.state_folder(home, uid=os.getuid() + 1), "state folder")
    assert (strange.level, "belongs to uid" in strange.text) == (Level.BAD, True)


def test_a_folder_that_is_not_there_yet_is_fine_and_a_file_in_its_place_is_not(tmp_path: Path) -> None:
    assert (
        "the first run makes it" in one(doctor_place.state_folder(tmp_path / "new" / "er", uid=0), "state folder").text
    )
    (tmp_path / "file").write_text("")
    found = one(doctor_place.state_folder(tmp_path / "file", uid=os.getuid()), "state folder")
    assert (found.level, found.text) == (Level.BAD, f"{tmp_path}/file is no folder")


def test_a_network_filesystem_is_bad_with_the_line_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.wiring.filesystem_of", lambda folder: ("nfs4", f"{folder} is on a network filesystem"))
    found = one(doctor_place.state_folder(tmp_path, uid=1000), "filesystem")
    assert (found.level, found.fix) == (Level.BAD, "ONDUTY_HOME=/var/tmp/onduty-home-1000 onduty")


def test_what_is_kept_is_counted_and_a_count_that_takes_too_long_says_at_least(tmp_path: Path) -> None:
    (tmp_path / "a" / "logs").mkdir(parents=True)
    (tmp_path / "a" / "logs" / "x.log").write_bytes(b"x" * 1500)
    assert doctor_place.kept(tmp_path, time.monotonic() + 60).text == f"1.5 kB in 1 files below {tmp_path}"
    assert doctor_place.kept(tmp_path, 0.0).text.startswith("at least 0 B")


# ----- the controller


def test_who_holds_a_lock_is_told_and_a_lock_that_nobody_holds_is_none(tmp_path: Path) -> None:
    lock = tmp_path / "controller.lock"
    assert doctor_controller.holder(lock) == ""
    lock.write_text("4711\n")
    assert doctor_controller.holder(lock) == ""
    with open(lock) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert doctor_controller.holder(lock) == "4711"


def test_the_last_error_of_a_log_is_found_near_its_end(tmp_path: Path) -> None:
    log = tmp_path / "controller.log"
    assert doctor_controller.last_error(log) == ""
    log.write_text(
        "2026-11-22 04:00:00,123 ERROR onduty.engine: first\n"
        "2026-11-22 04:00:01,123 ERROR onduty.engine: no space left\nTraceback\n"
        "2026-11-22 04:00:02,123 INFO onduty.controller: idle\n"
    )
    assert doctor_controller.last_error(log) == "no space left"


SCOPE = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope\n"
SESSION = "0::/user.slice/user-1000.slice/session-3.scope\n"


@pytest.mark.parametrize(
    ("cgroup", "systemd", "lingers", "kills", "level", "words"),
    [
        (SCOPE, False, False, True, Level.OK, "no systemd"),
        (SCOPE, True, True, True, Level.OK, "lingering"),
        (SCOPE, True, False, False, Level.WARN, "ends with your last session"),
        (SESSION, True, False, True, Level.WARN, "KillUserProcesses=yes"),
        (SESSION, True, False, False, Level.OK, "outlives logout"),
        ("0::/system.slice/ci.service\n", True, False, True, Level.OK, "outlives logout"),
    ],
)
def test_what_logout_does_to_a_controller(
    cgroup: str, systemd: bool, lingers: bool, kills: bool, level: Level, words: str
) -> None:
    found = doctor_controller.survival(cgroup, systemd=systemd, lingers=lingers, kills=kills)
    assert found.level is level
    assert words in found.text
    assert bool(found.fix) is (level is Level.WARN)


# ----- ssh


def stub(folder: Path, script: str) -> str:
    program = folder / "ssh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(folder)


def test_an_ssh_that_reads_its_configuration_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", stub(tmp_path, 'case $1 in -V) echo "OpenSSH_9.2p1, OpenSSL" >&2 ;; esac'))
    found = doctor_ssh.ssh_program()
    assert (found.level, found.text) == (Level.OK, f"OpenSSH_9.2p1, {tmp_path}/ssh, ssh -G works")


def test_a_configuration_that_ssh_refuses_is_bad_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", stub(tmp_path, 'echo "config: line 3: Bad configuration option" >&2; exit 255'))
    found = doctor_ssh.ssh_program()
    assert found.level is Level.BAD
    assert "ssh -G fails: config: line 3: Bad configuration option" in found.text


def test_no_ssh_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor_ssh.ssh_program().level is Level.WARN


async def test_an_agent_that_is_gone_is_bad_and_none_is_a_warning(tmp_path: Path) -> None:
    assert (await doctor_ssh.agent(None)).level is Level.WARN
    gone = await doctor_ssh.agent(str(tmp_path / "gone"))
    assert (gone.level, "does not answer" in gone.text) == (Level.BAD, True)


def accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(str(path)) == 0


@pytest.mark.skipif(shutil.which("ssh-agent") is None, reason="NOT TESTED AGAINST A REAL AGENT: none is installed")
def test_a_live_agent_is_asked_how_many_keys_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        # A socket has its name before anybody listens there.
        until(lambda: accepts(path), "the agent to listen")
        empty = asyncio.run(doctor_ssh.agent(str(path)))
        assert (empty.level, empty.fix) == (Level.WARN, "ssh-add")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
        subprocess.run(
            ["ssh-add", "-q", str(tmp_path / "key")], check=True, env={**os.environ, "SSH_AUTH_SOCK": str(path)}
        )
        assert asyncio.run(doctor_ssh.agent(str(path))).text == f"{path} lives and holds 1 key"
    finally:
        process.terminate()
        process.wait()


def test_known_hosts_is_counted_and_must_be_nobody_elses_to_change(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    (missing,) = doctor_ssh.known_hosts(file)
    assert missing.level is Level.WARN
    file.write_text("# mine\nweb1 ssh-ed25519 AAAA\n\n")
    (fine,) = doctor_ssh.known_hosts(file)
    assert (fine.level, fine.text) == (Level.OK, f"{file}, 1 line")
    file.chmod(0o666)
    (theirs,) = doctor_ssh.known_hosts(file)
    assert (theirs.level, theirs.fix) == (Level.BAD, f"chmod go-w {file}")
    file.chmod(0o600)
    (folder,) = doctor_ssh.known_hosts(tmp_path)
    assert folder.level is Level.BAD


# ----- terminal, site


def test_no_terminal_is_fine_and_a_dumb_one_has_no_screen() -> None:
    (none,) = doctor_terminal.terminal({}, is_terminal=False, encoding="utf-8")
    assert none.level is Level.OK
    (dumb,) = doctor_terminal.terminal({"TERM": "dumb"}, is_terminal=True, encoding="utf-8")
    assert (dumb.level, dumb.fix) == (Level.WARN, "export TERM=xterm-256color")


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"COLORTERM": "truecolor"}, "16 million colours"),
        ({}, "256 colours"),
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, "no colours (NO_COLOR)"),
        ({"TMUX": "/tmp/tmux,1,0"}, "in tmux"),
    ],
)
def test_a_terminal_is_told_with_its_colours(
    environ: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((80, 24)))
    found = list(doctor_terminal.terminal({"TERM": "xterm-256color", **environ}, is_terminal=True, encoding="utf-8"))
    assert words in one(found, "terminal").text
    assert one(found, "signs").level is Level.OK


def test_a_small_terminal_and_one_without_utf_8_are_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((40, 10)))
    found = list(doctor_terminal.terminal({"TERM": "xterm"}, is_terminal=True, encoding="ascii"))
    assert {each.level for each in found} == {Level.WARN}


def test_a_site_names_what_nobody_vouched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert "no onduty.yaml" in one(doctor_terminal.site_here(), "site").text
    (tmp_path / "onduty.yaml").write_text("inventories: [hosts.yaml, dev.yaml]\n")
    (tmp_path / "hosts.yaml").write_text("defaults: {known_hosts: /tmp/known}\nhosts: {web1: {}}\n")
    (tmp_path / "dev.yaml").write_text("hosts: {web1: {}}\n")
    for file in tmp_path.glob("*.yaml"):
        file.chmod(0o600)
    found = list(doctor_terminal.site_here())
    assert "0 pipelines, 2 inventories" in one(found, "site").text
    (asks,) = [each for each in found if each.name == "inventory"]
    assert (asks.level, asks.fix) == (Level.WARN, "onduty trust hosts.yaml")
    (tmp_path / "onduty.yaml").write_text("inventries: {}\n")
    assert one(doctor_terminal.site_here(), "site").level is Level.BAD
