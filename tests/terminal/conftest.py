"""Terminals, and state folders with something in them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminal.tmux import ROOT, Terminal, missing


@pytest.fixture(autouse=True)
def _needs_tmux() -> None:
    """Loud where a person runs the tests without tmux; a failure in CI, where it must be there."""
    why = missing()
    if why and os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{why}, and CI must run these")
    if why:
        pytest.skip(f"{why}: apt-get install tmux")


Open = Callable[..., Terminal]


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Open]:
    """``open_terminal(home, size=…, NAME="value")``; all are closed at the end."""
    opened: list[Terminal] = []

    def make(home: Path, *, size: tuple[int, int] = (120, 36), **environ: str) -> Terminal:
        place = tmp_path / f"t{len(opened)}"
        place.mkdir()
        terminal = Terminal(place, size=size, environ={"ONDUTY_HOME": str(home), **environ})
        opened.append(terminal)
        return terminal

    yield make
    for terminal in opened:
        terminal.close()


def onduty(home: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command line without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "tui.cli", *words],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=ROOT,
        env={**os.environ, "ONDUTY_HOME": str(home), **environ},
    )


def stop_controller(home: Path) -> None:
    if home.is_dir():
        onduty(home, "controller", "stop")


FAILING = """\
version: 1
name: nightly
environment: staging
stages:
  - name: build
    jobs:
      unit:
        hosts: local
        tasks:
          - name: compile
            run: |
              echo compiling
          - name: test
            run: |
              echo 'running tests'
              echo 'error: one test failed'
              exit 3
"""


@pytest.fixture(scope="module")
def failed_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder with a run on this machine that failed and is held; one for the tests of a module."""
    folder = tmp_path_factory.mktemp("failed")
    home, file = folder / "home", folder / "nightly.yaml"
    file.write_text(FAILING, encoding="utf-8")
    done = onduty(home, "run", str(file))
    assert done.returncode == 1, done.stderr
    yield home
    stop_controller(home)
