"""The record of a run at the keyboard: tabs, find, copy, save."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screens.scenes import rollout
from tests.screens.timeline_scenes import failed_in_rollout, record_desk
from tui.screens import record as record_module


async def test_tabs_choose_what_is_shown_and_find_goes_from_match_to_match() -> None:
    async with record_desk() as here:
        await here.sees("1 story", "alice started it", "12:03:05  release@web3 failed after 42s")
        await here.press("2")
        await here.sees("bob noted", "port is free again")
        await here.sees_no("started by")
        await here.press("tab")
        await here.sees("is unknown: its host is silent", "▸ bind: address already in use")
        await here.press("slash", *"silent", "enter")
        await here.sees("1 of 1", "n N")
        await here.press("n", "escape")
        await here.sees_no("n N")
        await here.press("5")
        await here.sees("there are 4 tabs here")
        await here.press("escape")
        assert here.app.screen is here.run


async def test_it_is_saved_as_markdown_beside_one_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with record_desk() as here:
        for name in ("deploy-api-42-record.md", "deploy-api-42-record-2.md"):
            await here.press("s")
            await here.until((tmp_path / name).exists)
            await here.sees("saved")
    assert (tmp_path / "deploy-api-42-record.md").read_text().startswith("# deploy-api/42: passed\n")


async def test_what_is_too_much_for_a_clipboard_is_to_be_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    async with record_desk() as here:
        copied: list[str] = []
        monkeypatch.setattr(here.app, "copy_to_clipboard", copied.append)
        await here.press("c")
        await here.sees("copied as Markdown")
        monkeypatch.setattr(record_module, "COPIED_BYTES", 100)
        await here.press("c")
        await here.sees("too much for a clipboard", "s saves it to a file")
    assert len(copied) == 1
    assert copied[0].startswith("# deploy-api/42")


async def test_the_record_goes_on_with_the_run() -> None:
    sim = failed_in_rollout()
    async with record_desk(sim, size=(80, 24)) as here:
        await here.press("2")
        sim.retry(rollout("web3"), by="bob", reason="again")
        await here.changed()
        await here.sees("bob retried release@web3, attempt 2", "again")
