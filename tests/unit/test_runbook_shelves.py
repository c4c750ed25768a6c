"""The pages of each site: named by the run, read again when they change."""

from __future__ import annotations

import os
from pathlib import Path

from runbooks.shelves import Shelves
from runners.ports.failure_advisor import FailureFacts

PAGE = """---
id: our-page
title: {title}
match:
  - {{log: 'flux capacitor'}}
owner: us
last_reviewed: 2026-10-01
---
## Meaning
It is out of flux.
"""


def _page(folder: Path, title: str, age_s: int = 0) -> None:
    folder.mkdir(exist_ok=True)
    file = folder / "our-page.md"
    file.write_text(PAGE.format(title=title))
    os.utime(file, (1_000_000 - age_s, 1_000_000 - age_s))


def _facts(*places: str) -> FailureFacts:
    return FailureFacts(
        pipeline="p",
        stage="s",
        job="j",
        host="h",
        task="t",
        kind="exit",
        runbooks=places,
        log_tail=["error: flux capacitor empty"],
    )


def test_run_of_a_site_gets_the_pages_of_that_site_and_others_do_not(tmp_path: Path) -> None:
    _page(tmp_path / "site", "Theirs")
    shelves = Shelves()
    assert shelves.advise(_facts(str(tmp_path / "site"))).page == "our-page"
    assert shelves.advise(_facts()).page is None


def test_page_of_a_site_wins_over_the_users_own(tmp_path: Path) -> None:
    _page(tmp_path / "own", "Mine")
    _page(tmp_path / "site", "Theirs")
    shelves = Shelves([tmp_path / "own"])
    titles = [shelves.library(places).pages["our-page"].title for places in ((), (str(tmp_path / "site"),))]
    assert titles == ["Mine", "Theirs"]


def test_page_that_was_mended_is_read_again_and_one_that_was_not_is_kept(tmp_path: Path) -> None:
    _page(tmp_path, "Old", age_s=60)
    shelves = Shelves([tmp_path])
    before = shelves.library()
    assert shelves.library() is before
    _page(tmp_path, "New")
    assert shelves.library().pages["our-page"].title == "New"


def test_place_that_is_gone_hides_no_other_page(tmp_path: Path) -> None:
    found = Shelves().library([str(tmp_path / "gone")])
    assert "port-in-use" in found.pages
    assert any("gone" in str(problem) for problem in found.problems)
