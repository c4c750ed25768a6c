"""Every page there is: those that ship with onduty, then the folders that a site names, later ones winning by id.

A page that cannot be read gives problems and hides no other: when a site's own page is broken, the built-in page of
the same id is still there at three in the morning.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from runbooks.front_matter import nearest
from runbooks.page import Page
from runbooks.parse import MAX_PAGE_CHARS, parse_page
from runners.model.problems import Problem

BUILT_IN = "runbooks/pages"
"""How the pages that ship with onduty are named in messages, before the file's name."""

MAX_PAGES = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Pages by id, in the order of their ids, and what was wrong with the rest."""

    pages: Mapping[str, Page] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def get(self, page_id: str) -> Page | None:
        """The page of that id, or None."""
        return self.pages.get(page_id)

    def nearest(self, page_id: str) -> str | None:
        """The id that was probably meant; None when nothing is near."""
        return nearest(page_id, self.pages)


def load_library(folders: Sequence[Path] = ()) -> Library:
    """Read the built-in pages and every ``*.md`` below ``folders``; never raises for what stands in them.

    A ``README.md`` is not a page. A folder may also be a file. One that is not there is a problem like any other.
    """
    shelves = [load_built_in(), *(load_folder(folder) for folder in folders)]
    pages: dict[str, Page] = {}
    for shelf in shelves:
        pages.update(shelf.pages)
    problems = tuple(problem for shelf in shelves for problem in shelf.problems)
    return Library(pages=dict(sorted(pages.items())), problems=problems)


def load_built_in() -> Library:
    """Read the pages that ship with onduty, from wherever the package is installed."""
    root = resources.files("runbooks.pages")
    names = sorted(entry.name for entry in root.iterdir() if entry.name.endswith(".md"))
    texts = ((f"{BUILT_IN}/{name}", root.joinpath(name).read_text("utf-8")) for name in names)
    return _shelve(texts, [], built_in=True)


def load_folder(folder: Path) -> Library:
    """Read every page below one folder, in the order of their paths. Ids are unique in it: the first one stays."""
    problems: list[Problem] = []
    return _shelve(_read_texts(folder.expanduser(), problems), problems, built_in=False)


def _shelve(texts: Iterator[tuple[str, str]], problems: list[Problem], *, built_in: bool) -> Library:
    pages: dict[str, Page] = {}
    for file, text in texts:
        parsed = parse_page(text, file, built_in=built_in)
        problems.extend(parsed.problems)
        page = parsed.page
        if page is None:
            continue
        if page.id in pages:
            said = f'"{page.id}" is the id of {pages[page.id].file} too; this page is left out'
            problems.append(Problem(file=file, line=page.id_line, column=1, path="id", text=said))
        else:
            pages[page.id] = page
    return Library(pages=dict(sorted(pages.items())), problems=tuple(problems))


def _read_texts(folder: Path, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    for count, path in enumerate(_page_files(folder, problems)):
        if count == MAX_PAGES:
            problems.append(_problem(folder, f"has more than {MAX_PAGES} pages; the rest is left out"))
            return
        try:
            text = _read_text(path)
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            problems.append(_problem(path, f"cannot be read: {said}"))
        else:
            yield str(path), text


def _page_files(folder: Path, problems: list[Problem]) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    if not folder.is_dir():
        problems.append(_problem(folder, "there is no such folder"))
        return

    def unreadable(error: OSError) -> None:
        problems.append(_problem(Path(error.filename or folder), f"cannot be read: {error.strerror}"))

    for where, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(".md") and not name.startswith(".") and name.lower() != "readme.md":
                yield Path(where, name)


def _read_text(path: Path) -> str:
    # Without O_NONBLOCK a FIFO in the folder would stop the start of the controller.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise ValueError("it is not a regular file")
        # Its commands are offered to people who are in a hurry.
        if mode & stat.S_IWOTH:
            raise ValueError(f"everyone on this machine can write it; chmod o-w {path.name}")
        data = file.read(4 * MAX_PAGE_CHARS + 1)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (byte {error.start})") from None


def _problem(path: Path, text: str) -> Problem:
    return Problem(file=str(path), line=1, column=1, path="", text=text)
