"""All hosts of a job in one log, by time, with a gutter."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screens.desk import desk
from tests.screens.job_logs import rolling_release, write_logs
from tests.screens.scenes import BIND


async def test_a_shows_all_hosts_by_time_find_and_filter_work_and_a_again_shows_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = rolling_release()
    async with desk(controller, size=(160, 44)) as here:
        await here.sees("release@web3")
        write_logs(controller.runs[0].sim, tmp_path, monkeypatch, before=3)
        await here.press("a")
        await here.sees("all 11 hosts", "by time")
        await here.press("2", "g")
        await here.sees("11 hosts by time", "web2   web2: GET registry.internal/api/2.4.1")
        await here.press("ampersand", *"already", "enter")
        await here.sees('filter "already": 1 of', f"web3   {BIND}")
        source = here.run.pager.view.parts[0].source
        bad = here.run.pager.view.first_bad
        assert bad is not None
        assert source.read_lines(bad.line, 1) == [BIND.encode()]
        times = [source.time_of_line(line) or 0.0 for line in range(source.lines)]
        assert times == sorted(times)
        await here.press("a")
        await here.sees("release@web3", "attempt 1")
        await here.sees_no("by time")


async def test_a_job_on_one_host_says_so() -> None:
    async with desk(rolling_release()) as here:
        await here.until(lambda: here.run.choice.tree.rows)
        here.run.choice.selected, here.run.choice.by_person = "canary/canary@web1", True
        await here.press("a")
        await here.sees("canary runs on one host")


async def test_u_says_which_hosts_said_the_same_and_enter_goes_to_where_one_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = rolling_release()
    async with desk(controller) as here:
        await here.sees("release@web3")
        write_logs(controller.runs[0].sim, tmp_path, monkeypatch)
        await here.press("u")
        await here.sees(
            "3 hosts identical: web2 web4 web5", "web3 differs from line 4 of restart", BIND, "no log yet: web8"
        )
        await here.press("j", "enter")
        await here.until(lambda: here.run.pager.current_line == 12)
        await here.sees("release@web3")
        assert here.focus == "log"
        await here.press("u")
        await here.sees("3 hosts identical")
        await here.press("escape")
        await here.sees_no("identical")
