"""What earlier runs did, as a person hears it from a real controller: what changed, what was seen, what helped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.person import Person

DEPLOY = """\
version: 1
name: deploy
params: {release: {}, mended: {default: /}}
stages:
  - name: rollout
    jobs:
      release:
        hosts: local
        tasks:
          - name: restart
            run: 'test -e "$mended" || { echo "bind: address already in use (pid $$)"; exit 1; }'
"""


@pytest.fixture(scope="module")
def home(resident: Person) -> Person:
    """A person whose controller runs."""
    resident("controller", "restart")
    resident.write("deploy.yaml", DEPLOY)
    return resident


def test_a_failure_that_was_there_before_says_what_changed_and_what_helped_then(home: Person, tmp_path: Path) -> None:
    def begin(release: str, mended: Path | None = None) -> str:
        return home.begin("deploy.yaml", "-p", f"release={release}", *(["-p", f"mended={mended}"] if mended else []))

    gate = tmp_path / "gate"
    first = begin("1.2", gate)
    home.quick("wait", first, code=1)
    gate.touch()
    home.quick("retry", first)
    home.quick("wait", first)
    # Another text now, and another controller: it has to know all this from the disk.
    home.write("deploy.yaml", DEPLOY.replace("|| {", "|| { true;"))
    home.kill_controller()
    second = begin("1.3", tmp_path / "nowhere")
    home.quick("wait", second, code=1)
    lines = home.quick("show", second).out.splitlines()
    assert "changed: restart edited, release 1.2 -> 1.3, mended " in "\n".join(lines)
    assert any(line.startswith("seen: in the run before, ") and line.endswith("ago") for line in lines)
    user = home.document(second)["by"]
    assert f"fixed by: a retry by {user} in run 1" in lines
    before = home.quick("show", second, "--json").json()["before"]
    assert before["job_run"] == "rollout/release@local"
    assert before["changes"]["jobs"] == [{"job": "rollout/release", "how": "changed", "tasks": ["restart"]}]
    assert before["seen"]["fix"]["how"] == "passed"
    assert home.quick("show", first, "--json").json()["before"] is None
    assert home.api("GET", f"/v1/runs/{second}/usual").json() == {"runs": 1, "run_s": None, "stages": {}, "jobs": {}}
    assert home.api("GET", "/v1/runs/nobody/before").status_code == 404
