"""The layout rules of the house hold: who may import whom, and what the pure parts never touch."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PURE = [
    *(f"runners/{name}" for name in ("model", "spec", "plan", "remote", "streams", "core")),
    "runbooks/parse.py",
    "runbooks/match.py",
    "runbooks/fingerprint.py",
    "tui/view",
    "tui/keys",
]
FORBIDDEN = {"asyncio", "asyncssh", "os", "socket", "sqlite3", "subprocess", "time", "random", "textual", "threading"}


def _pure_modules() -> list[Path]:
    found: list[Path] = []
    for name in PURE:
        path = ROOT / name
        found.extend(sorted(path.rglob("*.py")) if path.is_dir() else [path])
    return found


@pytest.mark.parametrize("path", _pure_modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_pure_module_reaches_no_clock_no_file_no_socket_and_no_screen(path: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported.add((node.module or "").split(".")[0])
    assert not imported & FORBIDDEN


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for package in ("runners", "runbooks", "tui")
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.read_text(encoding="utf-8").strip() and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_no_module_is_longer_than_seven_hundred_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines}"
        for package in ("runners", "runbooks", "tui", "tests")
        for path in sorted((ROOT / package).rglob("*.py"))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 700
    ]
    assert long == []


def test_every_package_is_packed() -> None:
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = [
        str(path.parent.relative_to(ROOT)).replace("/", ".")
        for package in ("runners", "runbooks", "tui")
        for path in (ROOT / package).rglob("__init__.py")
    ]
    assert sorted(packed) == sorted(found)


def test_packages_import_only_downwards() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def _modules_loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n'.join(sys.modules))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_command_line_loads_neither_the_screen_nor_ssh_nor_http_at_start() -> None:
    loaded = _modules_loaded_by("import tui.cli.__main__")
    assert not loaded & {"textual", "asyncssh", "httpx", "pydantic", "starlette", "uvicorn", "sqlite3"}


def test_one_verb_loads_no_other_verb_and_nothing_that_its_question_does_not_need() -> None:
    loaded = _modules_loaded_by(
        "from tui.cli.parser import build; build('show'); import runners.client.start, tui.cli.session, tui.cli.output"
    )
    assert not loaded & {"tui.cli.run", "tui.cli.demo", "difflib"}
    # A general HTTP client, and the classes of plans, states and events.
    assert not loaded & {"httpx", "http.client", "click", "rich.console", "pygments", "httpcore", "anyio"}
    assert not loaded & {"runners.model.events", "runners.model.state", "runners.model.plan"}
    assert not loaded & {"pydantic", "yaml", "asyncssh", "textual", "ulid"}


def test_the_first_frame_waits_for_no_library_of_the_screen() -> None:
    loaded = _modules_loaded_by("import tui.cli.screen, tui.first_frame, runners.client.client, tui.cli.version")
    assert not loaded & {"textual", "rich.console", "rich.segment", "httpx", "http.client", "tui.screens.board"}
    assert not loaded & {"yaml", "pydantic", "asyncssh", "ulid", "re2", "runners.model.plan", "runners.model.state"}
    assert not loaded & {"argparse", "tui.cli.parser", "tui.cli.problems", "runners.client.start"}


def test_the_screen_itself_waits_neither_for_http_nor_for_a_run_nor_for_pages() -> None:
    loaded = _modules_loaded_by("import tui.app")
    assert not loaded & {"httpx", "runners.client.client", "runners.client.start", "runners.core.reduce"}
    assert not loaded & {"tui.screens.run", "tui.screens.secrets", "tui.widgets.log_pane", "runbooks.library"}
    assert not loaded & {"yaml", "pydantic", "asyncssh", "ulid", "re2", "rich.markdown", "tui.view.usage"}
    # The classes of plans, states and pasts, and what only words a run.
    assert not loaded & {"runners.model.definition", "runners.model.plan", "runners.model.state", "runners.model.past"}
    assert not loaded & {"tui.view.headline", "tui.view.why_before", "runners.core.guards"}


def test_onduty_alone_goes_to_the_screen_without_the_verbs() -> None:
    loaded = _modules_loaded_by("from tui.cli.__main__ import main; main([])")
    assert "tui.cli.screen" in loaded
    assert not loaded & {"argparse", "tui.cli.parser", "tui.cli.run", "tui.cli.problems"}


def test_the_screen_reaches_its_controller_without_a_general_http_client() -> None:
    loaded = _modules_loaded_by("import tui.app, runners.client.start, tui.wiring; tui.wiring.shelves()")
    assert not loaded & {"httpx", "http.client", "runbooks.shelves", "runbooks.library", "yaml", "re2"}


def test_run_leaves_planning_to_the_controller_and_loads_no_models() -> None:
    loaded = _modules_loaded_by(
        "from tui.cli.parser import build; build('run'); import tui.cli.follow, tui.cli.lines, tui.cli.inventories\n"
        "import runners.adapters.site_files, runners.adapters.inventory_file, runners.spec.inventory_kind"
    )
    assert not loaded & {"pydantic", "runners.spec.models", "runners.plan.build", "runners.model.state"}


def test_the_core_loads_no_event_loop_and_no_ssh() -> None:
    loaded = _modules_loaded_by(
        "import runners.core.reduce, runners.core.decide, runners.core.admit, runners.core.observe"
    )
    assert not loaded & {"asyncio", "asyncssh", "textual", "httpx", "sqlite3", "subprocess"}
