"""Pipelines to start from the screen: a site with files, and a controller that knows what ran before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runners.model.api import PastRun, PipelineHistory, rfc3339
from tests.screens.desk import Desk
from tests.screens.fake_controller import FakeController, FakeRun
from tests.screens.scenes import failed_run
from tui.screens.pipeline import PipelineScreen
from tui.view.form import at_field, typed

DEPLOY = r"""version: 1
name: deploy-api
description: Roll a new API build out to the web tier, canary first.
owner: payments-oncall

params:
  release: {type: string, pattern: '\d+\.\d+\.\d+', help: Version to deploy.}
  drain: {type: duration, default: 10s, help: How long a host is out of rotation before it is touched.}
  slot: {type: choice, choices: [blue, green], default: blue, help: Where the new build goes first.}
  dry: {type: boolean, default: false, help: Say what would be done and do nothing.}

secrets:
  REGISTRY_TOKEN: {file: ~/.config/onduty/registry.token}

env: {APP: api}

stages:
  - name: canary
    jobs:
      canary:
        hosts: web1
        tasks: &tasks
          - {name: fetch, run: './fetch.sh "$release"'}
          - {name: restart, run: systemctl restart "$APP", sudo: true, repeatable: false}
          - {name: healthy, http: {url: 'http://{{ host.address }}:8080/health', within: 60s, every: 2s}}
  - name: rollout
    jobs:
      release: {hosts: 'web:!web1', tasks: *tasks}
  - name: after
    jobs:
      purge: {hosts: edge, tasks: [{name: purge, run: ./purge.sh}]}
      report: {hosts: local, needs: [purge], tasks: [{name: report, run: ./report.sh}]}
"""
ETL = """version: 1
name: nightly-etl
description: Load what came in over the day.
secrets: {WAREHOUSE: {prompt: Password of the warehouse}}
stages: [{name: load, jobs: {load: {hosts: local, tasks: [{name: load, run: ./load.sh}]}}}]
"""
BROKEN = "version: 1\nname: cert-rotate\nstages:\n  - name: one\n    jobs:\n      a: {hosts: local, taks: []}\n"
_HOSTS = "".join(f"  web{number}: {{address: 10.0.0.{number + 10}, user: deploy}}\n" for number in range(1, 13))
_WEB = ", ".join(f"web{number}" for number in range(1, 13))
PRODUCTION = f"""environment: production
hosts:
{_HOSTS}  edge1:
  edge2:
groups:
  web: [{_WEB}]
  edge: [edge1, edge2]
"""
STAGING = "environment: staging\nhosts: {web1: , web2: , edge1: }\ngroups: {web: [web1, web2], edge: [edge1]}\n"


@contextmanager
def site(folder: Path, *, several: bool = True) -> Iterator[Path]:
    """The current folder is a site: three pipelines, one of them broken; ``several``: two inventories."""
    folder = folder / "ops"
    for name, text in (("deploy-api", DEPLOY), ("nightly-etl", ETL), ("cert-rotate", BROKEN)):
        _write(folder / "pipelines" / f"{name}.yaml", text)
    _write(folder / "inventories" / "production.yaml", PRODUCTION)
    if several:
        _write(folder / "inventories" / "staging.yaml", STAGING)
    _write(folder / "onduty.yaml", "pipelines: [pipelines]\ninventories: [inventories]\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.chdir(folder)
        yield folder


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    path.write_text(text)
    path.chmod(0o644)


def launch_controller() -> FakeController:
    """A run that failed, and eleven before it."""
    sim = failed_run()
    controller = FakeController(FakeRun(sim, "u1", "deploy-api/42"))
    controller.definition = DEPLOY
    controller.histories["deploy-api"] = past_runs(sim.now_utc)
    return controller


def past_runs(now_utc: float) -> PipelineHistory:
    """Twelve runs: one goes on, two failed, nine took about a minute and a half."""
    took = (None, 92.0, 88.0, 301.0, 95.0, 90.0, 86.0, 97.0, 84.0, 412.0, 89.0, 91.0)
    runs = [_past(42 - at, seconds, now_utc - at * 40_000.0 - 300.0) for at, seconds in enumerate(took)]
    return PipelineHistory(
        pipeline="deploy-api", runs=tuple(runs), ended=11, succeeded=9, success_rate=9 / 11, p50_s=90.0, p95_s=97.0
    )


def _past(number: int, took_s: float | None, started_utc: float) -> PastRun:
    failed = took_s is not None and took_s > 200
    phase = "running" if took_s is None else "failed" if failed else "succeeded"
    return PastRun(
        id=f"deploy-api/{number}",
        uid=f"u{43 - number}",
        phase=phase,
        result=None if took_s is None else "failure" if failed else "success",
        by="bob" if number % 3 else "alice",
        environment="production",
        params={"release": f"2.{number // 10}.{number % 10}", "drain": "30s" if number == 38 else "10s"},
        limit="web1" if number == 36 else None,
        created_at=rfc3339(started_utc),
        started_at=rfc3339(started_utc),
        ended_at=rfc3339(started_utc + took_s) if took_s is not None else None,
        duration_s=took_s,
        failed="release@web3: exit 1 in restart, and 2 more" if failed else None,
    )


def pipeline_of(here: Desk) -> PipelineScreen:
    """The pipeline's screen, which may be below a dialog."""
    return next(one for one in reversed(here.app.screen_stack) if isinstance(one, PipelineScreen))


async def open_form(here: Desk, release: str = "", inventory: str = "") -> PipelineScreen:
    """``+``, the pipeline of the selected run, its form; what is given is filled in, the button has the focus then."""
    await here.sees("deploy-api")
    await here.press("plus")
    await here.until(lambda: getattr(here.app.screen, "is_read", False), "the pipelines")
    await here.press("enter")
    await here.until(lambda: isinstance(here.app.screen, PipelineScreen) and here.app.screen.draft is not None)
    screen = pipeline_of(here)
    screen.takes_paste(release)
    if inventory:
        screen.form = typed(at_field(screen.form, "inventory"), inventory)
        await here.press("tab", "tab")
        screen.changed()
        await here.until(lambda: screen.plan is not None, "the plan")
    return screen
