"""Markdown text -> a page, with every problem at once. Pure.

A page is front matter, then ``##`` headings out of ``SECTIONS``. A block marked ``sh`` or ``bash`` is a step and needs
``{name=… risk=read|change}``; any other block is a sample to read. Whatever cannot be shown or run as written is
refused: a page that is half understood is worse at three in the morning than none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from markdown_it import MarkdownIt
from markdown_it.token import Token

from runbooks.front_matter import FrontMatterReader, unknown
from runbooks.page import RISKS, SECTIONS, SHELLS, Page, Risk, Section, Shell, Step
from runbooks.placeholders import KNOWN, find_placeholders, is_known
from runners.model.ids import NAME
from runners.model.problems import Problem

MAX_PAGE_CHARS = 262_144
MAX_CONTROL_PROBLEMS = 5
STEP_KEYS = ("name", "risk")

# C0 and C1 controls would reach a terminal; the bidirectional controls make a command read differently from how it
# runs (CVE-2021-42574).
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_INFO = re.compile(r"([^\s{]+)\s*(?:\{(.*)\})?\s*\Z")
_ATTRIBUTE = re.compile(r"([^\s=]+)=(\S*)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPage:
    """The page, or what is wrong with the text."""

    page: Page | None
    """None when there is a problem."""
    problems: tuple[Problem, ...]
    """In the order of the text."""


def parse_page(text: str, file: str, *, built_in: bool = False) -> ParsedPage:
    """Read one page. ``file`` is its path for messages; nothing is opened."""
    return _PageReader(file, built_in).read(text)


class _PageReader:
    def __init__(self, file: str, built_in: bool) -> None:
        self._file = file
        self._built_in = built_in
        self._problems: list[Problem] = []
        self._lines: list[str] = []
        self._steps_seen: set[str] = set()
        self._number = 0

    def read(self, text: str) -> ParsedPage:
        if len(text) > MAX_PAGE_CHARS:
            self._wrong(1, 1, "", f"is longer than {MAX_PAGE_CHARS} characters")
            return ParsedPage(page=None, problems=tuple(self._problems))
        source = text.removeprefix("\ufeff").replace("\r\n", "\n")
        self._lines = source.split("\n")
        self._refuse_hidden(source)
        end = self._front_matter_end()
        if end is None:
            self._wrong(1, 1, "", "a page begins with ---, its id and title, and ---")
            return ParsedPage(page=None, problems=tuple(self._problems))
        reader = FrontMatterReader(self._file, first_line=2)
        matter = reader.read("\n".join(self._lines[1:end]) + "\n")
        self._problems += reader.problems
        sections = self._sections(end + 1)
        problems = tuple(sorted(self._problems, key=lambda problem: (problem.line, problem.column)))
        if problems:
            return ParsedPage(page=None, problems=problems)
        page = Page(
            id=matter.id or "",
            title=matter.title or "",
            rules=tuple(matter.rules),
            sections=sections,
            owner=matter.owner,
            last_reviewed=matter.last_reviewed,
            review_every_s=matter.review_every_s,
            file=self._file,
            built_in=self._built_in,
            id_line=matter.id_line,
            source=source,
        )
        return ParsedPage(page=page, problems=())

    def _refuse_hidden(self, source: str) -> None:
        for count, found in enumerate(_HIDDEN.finditer(source)):
            if count == MAX_CONTROL_PROBLEMS:
                return
            before = source[: found.start()]
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            self._wrong(line, column, "", f"has an invisible character U+{ord(found[0]):04X}; take it out")

    def _front_matter_end(self) -> int | None:
        if self._lines[0].rstrip() != "---":
            return None
        return next((index for index, line in enumerate(self._lines) if index and line.rstrip() == "---"), None)

    def _sections(self, first: int) -> tuple[Section, ...]:
        """``first`` is the index of the first line after the front matter."""
        body = "\n".join(self._lines[first:])
        tokens = MarkdownIt("commonmark").parse(body)
        headings = [
            (token, tokens[index + 1].content.strip())
            for index, token in enumerate(tokens)
            if token.type == "heading_open" and token.level == 0 and token.tag in ("h1", "h2") and token.map
        ]
        starts = [first + _span(token)[0] for token, _ in headings]
        ends = [*starts[1:], len(self._lines)][: len(starts)]
        self._refuse_text_before(first, starts[0] if starts else len(self._lines))
        sections: list[Section] = []
        for (token, name), start, end in zip(headings, starts, ends, strict=True):
            if token.tag == "h1":
                self._wrong(start + 1, 1, name, "the title stands in the front matter; headings here begin with ##")
                continue
            if name not in SECTIONS:
                self._wrong(start + 1, 1, name, unknown("heading", name, SECTIONS))
            if any(section.name == name for section in sections):
                self._wrong(start + 1, 1, name, "this heading stands here twice")
            fences = [t for t in tokens if t.type == "fence" and start <= first + _span(t)[0] < end]
            sections.append(self._section(name, fences, first, first + _span(token)[1], end))
        return tuple(sections)

    def _refuse_text_before(self, first: int, end: int) -> None:
        for index in range(first, end):
            if self._lines[index].strip():
                self._wrong(index + 1, 1, "", f"stands under no heading; headings are {', '.join(SECTIONS)}, with ##")
                return

    def _section(self, name: str, fences: list[Token], first: int, start: int, end: int) -> Section:
        steps: list[Step] = []
        for fence in fences:
            begins, ends = first + _span(fence)[0], first + _span(fence)[1]
            if ends - begins < 2 or not self._closes(self._lines[ends - 1], fence.markup):
                self._wrong(begins + 1, 1, name, "this block is never closed")
            found = _INFO.match(fence.info.strip())
            language, attributes = (found[1], found[2]) if found else (fence.info.strip(), None)
            if language not in SHELLS:
                if attributes is not None:
                    self._wrong(begins + 1, 1, name, f"only {' and '.join(SHELLS)} blocks are steps")
                continue
            prose = "\n".join(self._lines[start:begins]).strip("\n")
            start = ends
            step = self._step(fence, language, attributes, name, prose, begins)
            if step is not None:
                steps.append(step)
        return Section(name=name, steps=tuple(steps), prose="\n".join(self._lines[start:end]).strip("\n"))

    @staticmethod
    def _closes(line: str, markup: str) -> bool:
        # Inside a list or a quote the closing line carries the container's marks.
        closing = line.strip(" >\t")
        return len(closing) >= len(markup) and set(closing) == {markup[0]}

    def _step(
        self, fence: Token, shell: str, attributes: str | None, section: str, prose: str, begins: int
    ) -> Step | None:
        """``begins`` is the index of the line that opens the block."""
        before = len(self._problems)
        line = begins + 1
        given = self._attributes(attributes, line, section)
        name, risk = given.get("name", ""), given.get("risk", "")
        path = f"{section}.{name}" if name else section
        if fence.level:
            self._wrong(line, 1, path, "a step stands on its own, not in a list or a quote")
        if not name:
            self._wrong(line, 1, path, "a step needs a name: {name=… risk=read|change}")
        elif not NAME.match(name):
            self._wrong(line, 1, path, "a step's name is letters, digits, dots, dashes and underscores, at most 63")
        elif name in self._steps_seen:
            self._wrong(line, 1, path, "this step's name stands here twice")
        if not risk:
            self._wrong(line, 1, path, "a step says its risk: risk=read changes nothing, risk=change does")
        elif risk not in RISKS:
            self._wrong(line, 1, path, unknown("risk", risk, RISKS))
        command = fence.content.rstrip("\n")
        if not command.strip():
            self._wrong(line, 1, path, "this step has no command")
        self._check_placeholders(command, path, line + 1)
        self._steps_seen.add(name)
        self._number += 1
        if len(self._problems) > before:
            return None
        return Step(
            number=self._number,
            name=name,
            section=section,
            risk=cast(Risk, risk),
            shell=cast(Shell, shell),
            command=command,
            prose=prose,
            line=line,
        )

    def _attributes(self, attributes: str | None, line: int, section: str) -> dict[str, str]:
        given: dict[str, str] = {}
        for word in (attributes or "").split():
            found = _ATTRIBUTE.match(word)
            if found is None:
                self._wrong(line, 1, section, f'"{word}" is not key=value')
            elif found[1] not in STEP_KEYS:
                self._wrong(line, 1, f"{section}.{found[1]}", unknown("key", found[1], STEP_KEYS))
            elif found[1] in given:
                self._wrong(line, 1, f"{section}.{found[1]}", "stands here twice")
            else:
                given[found[1]] = found[2]
        return given

    def _check_placeholders(self, command: str, path: str, first_line: int) -> None:
        for found in find_placeholders(command):
            before = command[: found.start]
            line, column = first_line + before.count("\n"), len(before) - before.rfind("\n")
            if not is_known(found.name):
                self._wrong(line, column, path, unknown("value", found.name, (*KNOWN, "params.NAME")))
            elif not found.bare:
                why = "takes no quotes, comment or here-document around it: the value is quoted when it is filled in"
                self._wrong(line, column, path, f"{{{{ {found.name} }}}} {why}")

    def _wrong(self, line: int, column: int, path: str, text: str) -> None:
        self._problems.append(Problem(file=self._file, line=line, column=column, path=path, text=text))


def _span(token: Token) -> tuple[int, int]:
    """Half-open range of line indexes in the body."""
    assert token.map is not None
    return token.map[0], token.map[1]
