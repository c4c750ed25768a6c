"""Completion in a real bash: the script is loaded, a line is typed, tab is pressed."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.person import PATIENCE_S, Person

PIPELINE = """\
version: 1
name: deploy-api
stages:
  - name: rollout
    jobs:
      fetch: {hosts: local, tasks: [{name: get, run: 'true'}]}
      release: {hosts: local, needs: [fetch], tasks: [{name: unpack, run: 'true'}, {name: restart, run: exit 3}]}
"""


@pytest.fixture(scope="module")
def bash(resident: Person) -> Person:
    """A person with a run that failed, and ``onduty`` on PATH."""
    program = resident.folder / "bin" / "onduty"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tui.cli "$@"\n')
    program.chmod(0o755)
    resident.more_env = {**resident.more_env, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    resident.write("deploy.yaml", PIPELINE)
    resident("run", "deploy.yaml", code=1)
    (resident.folder / "script").write_text(resident.quick("completion", "bash").out)
    return resident


def completed(person: Person, line: str) -> list[str]:
    """What bash is offered at the end of the line."""
    commands = (
        f'source "{person.folder}/script"; COMP_LINE=$1 COMP_POINT=${{#1}}; '
        'compopt() { :; }; _onduty; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", commands, "bash", line],
        env=person.env,
        cwd=person.work,
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    return done.stdout.decode().split()


def test_verbs_options_runs_jobs_and_tasks(bash: Person) -> None:
    assert completed(bash, "onduty ret") == ["retry"]
    assert completed(bash, "onduty show ") == ["deploy-api/1", "last"]
    assert completed(bash, "onduty show deploy-api/1 --j") == ["--json"]
    assert completed(bash, "onduty retry deploy-api/1 ") == ["fetch", "release", "fetch@local", "release@local"]
    assert completed(bash, "onduty retry last release@local --from ") == ["unpack", "restart"]
    assert completed(bash, "onduty retry last fetch rel") == ["release", "release@local"]
    assert completed(bash, "onduty retry nothing/7 ") == []


def test_what_bash_breaks_at_is_completed_behind_the_break(bash: Person) -> None:
    # bash puts the answer in the place of the @ and what follows it, so that is all it may be given.
    assert completed(bash, "onduty retry last release@") == ["@local"]
    assert completed(bash, "onduty retry last release@lo") == ["@local"]
    assert completed(bash, "onduty logs last rollout/rel") == ["rollout/release", "rollout/release@local"]


def test_files_are_offered_where_a_file_may_be_meant(bash: Person) -> None:
    assert completed(bash, "onduty lint dep") == ["deploy.yaml"]
    assert completed(bash, "onduty run -i dep") == ["deploy.yaml"]


def test_tab_in_a_bash_at_a_terminal_finishes_the_word(bash: Person) -> None:
    bash.write("hostile $(touch pwned).yaml", PIPELINE)
    main, side = pty.openpty()
    process = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=side, stdout=side, stderr=side, env={**bash.env, "TERM": "dumb", "PS1": "> "}, cwd=bash.work,
        start_new_session=True,
    )  # fmt: skip
    os.close(side)
    text = ""

    def read_until(words: str) -> None:
        nonlocal text
        deadline_s = time.monotonic() + PATIENCE_S
        while words not in text:
            assert time.monotonic() < deadline_s, repr(text)
            if select.select([main], [], [], 0.2)[0]:
                # The bell rings where there is nothing to choose yet.
                text += os.read(main, 4096).decode().replace("\a", "")
        text = text.partition(words)[2]

    try:
        read_until("> ")
        os.write(main, f'source "{bash.folder}/script"; echo loaded$((1+1))\n'.encode())
        read_until("loaded2")
        # A file is named by whoever wrote it: it reaches the line quoted.
        os.write(main, b"onduty lint hos\t")
        read_until("onduty lint hostile\\ \\$\\(touch\\ pwned\\).yaml ")
        os.write(main, b"\x15onduty recon\t")
        read_until("onduty reconcile ")
        os.write(main, b"deploy\t")
        read_until("deploy-api/1 ")
        os.write(main, b"release@lo\t; echo now\\\n")
        read_until("release@local ; echo now")
    finally:
        process.kill()
        process.wait()
        os.close(main)


def test_completion_starts_no_controller(person: Person) -> None:
    assert person("_complete", "bash", "show", "").out == ""
    assert person.pid is None
    assert not person.home.exists()


def test_each_script_is_a_script_of_its_shell(bash: Person, tmp_path: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        script = bash.quick("completion", shell).out
        assert "onduty _complete" in script
        if program := shutil.which(shell):
            (tmp_path / shell).write_text(script)
            subprocess.run([program, "-n", str(tmp_path / shell)], check=True)
    assert bash.quick("completion", "tcsh", code=2).err.startswith("onduty: argument SHELL: invalid choice")
