"""Pages from folders: later folders win, broken pages hide no other, files are opened with care."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

from runbooks.library import load_built_in, load_folder, load_library
from runbooks.lint import lint_library, lint_paths, lint_text

TODAY = datetime.date(2026, 11, 22)


def write(folder: Path, name: str, page_id: str, more: str = "") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    body = "## Verify\n```sh {name=look risk=read}\nls\n```\n"
    path.write_text(f"---\nid: {page_id}\ntitle: {name}\n{more}---\n{body}")
    path.chmod(0o644)
    return path


def test_a_library_without_folders_holds_the_built_in_pages_in_the_order_of_their_ids() -> None:
    library = load_library()
    assert len(library.pages) == 16
    assert list(library.pages) == sorted(library.pages)
    assert library.problems == ()
    assert all(page.built_in for page in library.pages.values())
    assert library.pages["disk-full"].file == "runbooks/pages/disk-full.md"


def test_pages_are_found_below_a_folder_and_a_readme_is_not_one(tmp_path: Path) -> None:
    write(tmp_path, "net/deep/a.md", "a")
    write(tmp_path, "b.md", "b")
    (tmp_path / "README.md").write_text("# what these are")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "c.md").write_text("no page")
    library = load_folder(tmp_path)
    assert list(library.pages) == ["a", "b"]
    assert library.problems == ()
    assert not library.pages["a"].built_in


def test_the_page_of_a_later_folder_replaces_that_of_an_earlier_one(tmp_path: Path) -> None:
    write(tmp_path / "one", "a.md", "port-in-use")
    write(tmp_path / "two", "b.md", "port-in-use")
    library = load_library([tmp_path / "one", tmp_path / "two"])
    page = library.get("port-in-use")
    assert page is not None
    assert page.title == "b.md"
    assert len(library.pages) == len(load_built_in().pages)
    assert library.problems == ()


def test_a_broken_page_gives_problems_and_the_built_in_page_of_its_id_stays(tmp_path: Path) -> None:
    broken = write(tmp_path, "a.md", "port-in-use", "owners: x\n")
    write(tmp_path, "b.md", "mine")
    library = load_library([tmp_path])
    page = library.get("port-in-use")
    assert page is not None
    assert page.built_in
    assert library.get("mine") is not None
    assert [str(problem) for problem in library.problems] == [
        f'{broken}:4:1  owners: unknown key, did you mean "owner"?'
    ]


def test_two_pages_of_one_folder_with_the_same_id_are_a_problem_and_the_first_stays(tmp_path: Path) -> None:
    first, second = write(tmp_path, "a.md", "same"), write(tmp_path, "b.md", "same")
    library = load_folder(tmp_path)
    assert library.pages["same"].file == str(first)
    (problem,) = library.problems
    assert str(problem) == f'{second}:2:1  id: "same" is the id of {first} too; this page is left out'


def test_what_cannot_be_read_is_a_problem_each_and_nothing_waits(tmp_path: Path) -> None:
    write(tmp_path, "good.md", "good")
    (tmp_path / "bytes.md").write_bytes(b"---\nid: \xff\n---\n")
    os.mkfifo(tmp_path / "fifo.md")
    write(tmp_path, "open.md", "open").chmod(0o666)
    (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere")
    (tmp_path / "dir.md").mkdir()
    library = load_library([tmp_path, tmp_path / "missing"])
    assert library.get("good") is not None
    said = {Path(problem.file).name: problem.text for problem in library.problems}
    assert said == {
        "bytes.md": "cannot be read: it is not UTF-8 (byte 8)",
        "fifo.md": "cannot be read: it is not a regular file",
        "open.md": "cannot be read: everyone on this machine can write it; chmod o-w open.md",
        "gone.md": "cannot be read: No such file or directory",
        "missing": "there is no such folder",
    }


def test_one_file_may_be_named_instead_of_a_folder(tmp_path: Path) -> None:
    assert list(load_folder(write(tmp_path, "a.md", "a")).pages) == ["a"]


def test_a_mistyped_id_finds_its_neighbour() -> None:
    library = load_library()
    assert library.nearest("port-in-us") == "port-in-use"
    assert library.nearest("zzz") is None


def test_an_overdue_review_is_a_warning_at_its_line_and_depends_only_on_the_day_given(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", "a", "last_reviewed: 2026-10-01\nreview_every: 30d\n")
    text = path.read_text()
    assert lint_text(text, "a.md", datetime.date(2026, 10, 31)) == ()
    (warning,) = lint_paths([path], datetime.date(2026, 11, 1))
    assert warning.warning
    assert str(warning) == f"{path}:4:1  last_reviewed: the review is overdue by 1 day (due 2026-10-31)"
    (early,) = lint_text(text, "a.md", datetime.date(2026, 9, 30))
    assert early.text == "lies in the future"


def test_a_page_without_a_step_is_a_warning() -> None:
    (warning,) = lint_text("---\nid: a\ntitle: A\n---\n## Meaning\nx\n", "a.md", TODAY)
    assert (warning.text, warning.warning) == ("has no step that could be run", True)


def test_the_built_in_pages_lint_clean() -> None:
    assert lint_paths([], datetime.date(2026, 12, 1)) == ()
    assert lint_library(load_built_in(), datetime.date(2026, 12, 1)) == ()


def test_lint_says_everything_of_several_folders(tmp_path: Path) -> None:
    write(tmp_path / "one", "a.md", "a", "owners: x\n")
    write(tmp_path / "two", "b.md", "b", "titel: x\n")
    assert [problem.path for problem in lint_paths([tmp_path / "one", tmp_path / "two"], TODAY)] == ["owners", "titel"]
