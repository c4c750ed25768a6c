"""What breaks: a pane says so in its place, the rest goes on; a crash prints one sentence and no values."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tui.screens.run as run_module
from tests.screens.desk import desk
from tests.screens.fake_controller import failed_controller

SECRET = "hunter2-in-a-variable"


def test_a_crash_prints_one_sentence_and_writes_no_values(tmp_path: Path) -> None:
    program = f"""
import sys
from tests.screens.desk import LIBRARY
from tests.screens.fake_controller import failed_controller
import tui.app
from tui.app import OndutyApp, EXIT_BUG
from tui.cli.problems import print_bug
from tui.view.look import Look

class Broken(OndutyApp):
    CSS_PATH = tui.app.__file__.replace("app.py", "styles/base.tcss")

    def on_mount(self):
        password = {SECRET!r}
        raise KeyError(password)

app = Broken(failed_controller().connect, lambda: LIBRARY, Look())
app.run(headless=True)
assert app.return_code == EXIT_BUG
sys.exit(print_bug(app.crash, ["screen"]))
"""
    file = tmp_path / "broken.py"
    file.write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(file)],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=60,
        check=False,
    )
    assert done.returncode == 70
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    (sentence,) = [line for line in done.stderr.splitlines() if line.strip()]
    assert "this is a bug (KeyError); runs go on" in sentence
    (report,) = tmp_path.glob("onduty-report-*")
    assert SECRET not in report.read_text()
    assert "on_mount" in report.read_text()


async def test_a_pane_that_breaks_says_so_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def broken(*_: object) -> None:
        value = SECRET
        raise ValueError(value)

    monkeypatch.setattr(run_module, "why_rows", broken)
    async with desk(failed_controller(), breaks=True) as here:
        await here.sees("this part broke (ValueError)", "bind: address already in use", "port-in-use")
        await here.press("j", "k")
        assert here.app.is_running
        assert len(here.app.broken) == 1
        assert SECRET not in here.text
        (path,) = here.app.broken.values()
        assert SECRET not in Path(path).read_text()  # noqa: ASYNC240


async def test_a_feed_that_breaks_is_started_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    controller = failed_controller()
    real, calls = controller.connect, [0]

    async def connect(*, start: bool) -> object:
        calls[0] += 1
        if calls[0] == 1:
            raise RuntimeError("not one of ours")
        return await real(start=start)

    monkeypatch.setattr(controller, "connect", connect)
    async with desk(controller, breaks=True) as here:
        await here.sees("bind: address already in use")
        assert len(here.app.broken) == 1


@pytest.mark.parametrize(
    ("code", "words"), [(255, "was not opened"), (127, "not found"), (-9, "was killed"), (0, ""), (3, "")]
)
async def test_the_end_of_a_shell_is_told_only_when_it_was_no_good(
    code: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        lent = here.lends(monkeypatch, code)
        await here.press("exclamation_mark")
        await here.until(lambda: [host.target for host in lent] == ["10.0.0.13"])
        said = [toast.text for toast in here.run.toasts]
        assert any(words in text for text in said) if words else said == []


async def test_the_screens_have_no_bindings_of_the_library() -> None:
    async with desk(failed_controller()) as here:
        await here.sees("bind: address already in use")
        assert "q" in here.run.active_bindings
        assert not {"ctrl+q", "ctrl+p"} & here.run.active_bindings.keys()
