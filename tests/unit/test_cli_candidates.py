"""What may come next on a command line: words of the parsers, names of files, and never a word too many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tui.cli.candidates import candidates, fitting, run
from tui.cli.parser import LATER, QUESTION, VERBS, build

PIPELINE = """\
version: 1
name: deploy
params:
  release: {}
  mode: {type: choice, choices: [fast, safe]}
stages: [{name: s, jobs: {job: {hosts: web, tasks: [{run: 'true'}]}}}]
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of our own, no site, no controller."""
    for name in ("HOME", "XDG_CONFIG_HOME", "ONDUTY_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for name, text in (
        ("deploy.yaml", PIPELINE),
        ("hosts.yaml", "hosts: {web1: {}, web2: {}}\ngroups: {web: [web1, web2]}\n"),
    ):
        Path(name).write_text(text)
        Path(name).chmod(0o600)


def test_every_verb_that_is_built_is_offered_and_no_other() -> None:
    found = candidates([""])
    assert set(found) == {verb for verbs in VERBS.values() for verb in verbs} | {"help"}
    assert not set(found) & {*LATER, QUESTION}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["re"], ["record", "retry", "resume", "reconcile"]),
        (["--v"], ["--version"]),
        (["help", "re"], ["record", "retry", "resume", "reconcile"]),
        (["controller", ""], ["status", "stop", "restart", "run"]),
        (["controller", "st"], ["status", "stop"]),
        (["schema", "inv"], ["inventory"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["retry", "last", "--f"], ["--from"]),
        (["retry", "--not-running", "last", "--not"], []),
        (["run", "deploy.yaml", "-p", "release=1", "--para"], ["--param"]),
        (["run", "deploy.yaml", "-p", ""], ["release=", "mode=", "mode=fast", "mode=safe"]),
        (["run", "deploy.yaml", "-p", "mode=f"], ["mode=fast"]),
        (["run", "deploy.yaml", "-p", "release=1", "--param=mode=f"], ["--param=mode=fast"]),
        (["run", "deploy.yaml", "-i", "hosts.yaml", "--limit", "web"], ["web1", "web2", "web"]),
        (["hosts", "-i", "hosts.yaml", "t"], ["trust"]),
        (["hosts", "-i", "hosts.yaml", "trust", "w"], ["web1", "web2", "web"]),
        (["hosts", "web1,w", "-i", "hosts.yaml", ""], ["web1", "web2", "web", "all"]),
        (["hosts", "-i", "hosts.yaml", "web1,web2"], ["web1,web2"]),
        (["runbook", "show", "port"], ["port-in-use"]),
        (["lint", ""], [":files"]),
        (["trust", "ho"], [":files"]),
        (["run", ""], [":files"]),
        (["run", "-i", ""], [":files"]),
        (["wait", "last", "--timeout", ""], []),
        (["note", "last", "some"], []),
        (["retry", "last", ""], []),
        (["show", ""], []),
        (["nonsense", ""], []),
        (["show", "last", "--json", "extra", ""], []),
    ],
)  # fmt: skip
def test_what_may_come_next(words: Sequence[str], found: Sequence[str]) -> None:
    assert candidates(words) == found


def test_a_name_that_a_shell_would_execute_is_no_candidate() -> None:
    assert fitting(["web1", "web$(touch x)", "web 2", "web;2", "web`2`", "web'2", "web\n2", "wéb"], "w") == [
        "web1",
        "wéb",
    ]


def test_every_option_of_every_verb_is_offered_once() -> None:
    for verbs in VERBS.values():
        for verb in verbs:
            found = candidates([verb, "-"])
            assert len(found) == len(set(found)), verb
            assert "--help" in found, verb
            if verb not in ("completion", "secret", "runbook", "controller"):
                assert "--json" in found, verb
    assert "--ready-fd" not in candidates(["controller", "run", "-"])


def test_a_program_that_prints_an_inventory_is_not_executed(tmp_path: Path) -> None:
    program = Path("dynamic")
    program.write_text("#!/bin/sh\ntouch executed\necho '{}'\n")
    program.chmod(0o755)
    assert run(["bash", "hosts", "-i", "./dynamic", ""]) == 0
    assert not Path("executed").exists()


def test_a_site_offers_its_pipelines_and_inventories_beside_files() -> None:
    Path("onduty.yaml").write_text("pipelines: deploy.yaml\ninventories: hosts.yaml\n")
    Path("onduty.yaml").chmod(0o600)
    assert candidates(["run", ""]) == [":files", "deploy"]
    assert candidates(["run", "deploy", "-i", "h"]) == [":files", "hosts"]


def test_whatever_is_asked_nothing_is_said_on_stderr_and_the_code_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["bash"], ["bash", "run", "missing.yaml", "-p", ""], ["bash", "show", "\x1b]0;x\x07", ""]):
        assert run(words) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert capsys.readouterr().err == ""


def test_the_question_is_no_word_of_the_help() -> None:
    assert QUESTION not in build().format_help()
