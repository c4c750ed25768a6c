"""The front matter of a page: YAML with positions, every problem at once.

``compose()`` gives nodes, not values: a scalar is read as the text that stands there, so YAML's own ideas about ``no``,
``012`` and ``12:30`` never reach a page. Anchors are refused; a page is short enough to write things out.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml

from runbooks.page import KINDS, MatchRule
from runbooks.patterns import why_not_pattern
from runners.model.ids import NAME
from runners.model.problems import Problem

MAX_FRONT_MATTER_CHARS = 16_384
MAX_DEPTH = 8
MAX_TITLE_CHARS = 120

PAGE_KEYS = ("id", "title", "match", "owner", "last_reviewed", "review_every")
RULE_KEYS = ("log", "exit_code", "signal", "task", "job", "stage", "kind", "labels")
LATER_KEYS = frozenset(
    [
        "approval",
        "rolling",
        "matrix",
        "gate",
        "when",
        "requires",
        "notify",
        "exclusive",
        "artifacts",
        "schedule",
        "windows",
        "limits",
    ]
)
"""LANGUAGE.md: refused by name until they are built."""

_DURATION = re.compile(r"(0|[1-9]\d{0,8})(ms|s|m|h|d)\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_EXIT_CODE = re.compile(r"(0|[1-9]\d{0,2})\Z")
_SIGNAL = re.compile(r"(SIG)?([A-Z][A-Z0-9+-]{1,11})\Z")

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it."""

T = TypeVar("T")


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that ``word`` was probably meant to be."""
    close = difflib.get_close_matches(word[:64], known, 1, 0.6)
    return close[0] if close else None


def unknown(what: str, word: str, known: Collection[str]) -> str:
    """``unknown key, did you mean "retry"?``, or the list of what there is."""
    close = nearest(word, known)
    return f'unknown {what}, did you mean "{close}"?' if close else f"unknown {what}; there are {', '.join(known)}"


@dataclass(slots=True)
class FrontMatter:
    """What the front matter says; None and empty for what it does not say or says wrongly."""

    id: str | None = None
    id_line: int = 1
    title: str | None = None
    rules: list[MatchRule] = field(default_factory=list)
    owner: str | None = None
    last_reviewed: datetime.date | None = None
    review_every_s: float | None = None


class FrontMatterReader:
    """Reads one front matter; ``problems`` grows as it goes."""

    def __init__(self, file: str, first_line: int) -> None:
        """``first_line`` is the line of the file, from 1, on which the YAML begins."""
        self._file = file
        self._first_line = first_line
        self.problems: list[Problem] = []

    def read(self, text: str) -> FrontMatter:
        """Read the YAML between the two ``---``."""
        matter = FrontMatter()
        root = self._compose(text)
        if root is None:
            return matter
        if not isinstance(root, yaml.MappingNode):
            self._wrong(root, "", "must be keys and values, such as `id: port-in-use`")
            return matter
        seen = set()
        for key, node in self._entries(root, "", PAGE_KEYS):
            seen.add(key)
            match key:
                case "id":
                    matter.id, matter.id_line = self._name(node, key), _place(node.start_mark)[0] + self._first_line
                case "title":
                    matter.title = self._line(node, key)
                case "owner":
                    matter.owner = self._line(node, key)
                case "last_reviewed":
                    matter.last_reviewed = self._date(node, key)
                case "review_every":
                    matter.review_every_s = self._duration(node, key)
                case "match":
                    matter.rules = self._rules(node)
        for key in ("id", "title"):
            if key not in seen:
                self._wrong(root, key, "is missing")
        if "review_every" in seen and "last_reviewed" not in seen:
            self._wrong(root, "last_reviewed", "is missing; review_every counts from it")
        return matter

    def _compose(self, text: str) -> yaml.Node | None:
        if len(text) > MAX_FRONT_MATTER_CHARS:
            self._at(self._first_line, 1, "", f"the front matter is longer than {MAX_FRONT_MATTER_CHARS} characters")
            return None
        try:
            if self._refuses_shape(text):
                return None
            root = yaml.compose(text, Loader=Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            said = ", ".join(part for part in (error.context, error.problem) if part)
            hint = "; indent with spaces" if "\\t" in said or "'\t'" in said else ""
            line, column = _place(mark)
            self._at(line + self._first_line, column, "", f"is not YAML: {said}{hint}")
            return None
        except yaml.YAMLError as error:
            self._at(self._first_line, 1, "", f"is not YAML: {str(error).splitlines()[0]}")
            return None
        if root is None:
            self._at(self._first_line, 1, "", "the front matter is empty; id and title are missing")
        return root

    def _refuses_shape(self, text: str) -> bool:
        """Look at the events before nodes are built: nesting and aliases are what makes YAML expensive."""
        depth = 0
        for event in yaml.parse(text, Loader=Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            alias = isinstance(event, yaml.AliasEvent)
            if alias or depth > MAX_DEPTH:
                said = "anchors and aliases are not used in a page; write it out" if alias else "is nested too deep"
                line, column = _place(event.start_mark)
                self._at(line + self._first_line, column, "", said)
                return True
        return False

    def _entries(self, node: yaml.MappingNode, path: str, known: Collection[str]) -> Iterator[tuple[str, yaml.Node]]:
        seen: set[str] = set()
        for key_node, value in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            where = f"{path}.{key}" if path else key
            if not key:
                self._wrong(key_node, path, "a key must be a word")
            elif key in seen:
                self._wrong(key_node, where, "stands here twice")
            elif known and key in LATER_KEYS:
                self._wrong(key_node, where, "comes with a later version")
            elif known and key not in known:
                self._wrong(key_node, where, unknown("key", key, known))
            else:
                seen.add(key)
                yield key, value

    def _rules(self, node: yaml.Node) -> list[MatchRule]:
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(node, "match", "must be a list of rules, such as `- {log: 'pattern'}`")
            return []
        if not node.value:
            self._wrong(node, "match", "is empty; leave it out for a page that is only linked by name")
        found = (self._rule(child, f"match[{index}]") for index, child in enumerate(node.value))
        return [rule for rule in found if rule is not None]

    def _rule(self, node: yaml.Node, path: str) -> MatchRule | None:
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, path, "must be keys and values, such as `{log: 'pattern'}`")
            return None
        if not node.value:
            self._wrong(node, path, "names nothing, so it would match every failure")
            return None
        before = len(self.problems)
        said: dict[str, object] = {}
        for key, value in self._entries(node, path, RULE_KEYS):
            where = f"{path}.{key}"
            match key:
                case "log":
                    said["log"] = self._pattern(value, where)
                case "task" | "stage":
                    said[f"{key}s"] = self._many(value, where, self._name)
                case "job":
                    said["jobs"] = self._many(value, where, self._job)
                case "exit_code":
                    said["exit_codes"] = self._many(value, where, self._exit_code)
                case "signal":
                    said["signals"] = self._many(value, where, self._signal)
                case "kind":
                    said["kinds"] = self._many(value, where, self._kind)
                case "labels":
                    said["labels"] = self._labels(value, where)
        return MatchRule(**said) if len(self.problems) == before else None  # type: ignore[arg-type]

    def _many(self, node: yaml.Node, path: str, one: Callable[[yaml.Node, str], T | None]) -> tuple[T, ...]:
        if not isinstance(node, yaml.SequenceNode):
            value = one(node, path)
            return () if value is None else (value,)
        if not node.value:
            self._wrong(node, path, "is empty")
        found = (one(child, f"{path}[{index}]") for index, child in enumerate(node.value))
        return tuple(value for value in found if value is not None)

    def _text(self, node: yaml.Node, path: str) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._wrong(node, path, "must be a text")
        elif not node.tag.startswith("tag:yaml.org,2002:"):
            self._wrong(node, path, "begins with a YAML tag; quote it")
        elif not node.value.strip():
            self._wrong(node, path, "is empty")
        else:
            return str(node.value)
        return None

    def _line(self, node: yaml.Node, path: str) -> str | None:
        text = self._text(node, path)
        if text is None:
            return None
        if "\n" in text.strip() or len(text) > MAX_TITLE_CHARS:
            self._wrong(node, path, f"must be one line of at most {MAX_TITLE_CHARS} characters")
            return None
        return text.strip()

    def _name(self, node: yaml.Node, path: str) -> str | None:
        text = self._text(node, path)
        if text is not None and not NAME.match(text):
            self._wrong(
                node, path, "must be letters, digits, dots, dashes and underscores, at most 63, no dot or dash first"
            )
            return None
        return text

    def _job(self, node: yaml.Node, path: str) -> str | None:
        text = self._text(node, path)
        if text is not None and not (text.count("/") <= 1 and all(NAME.match(part) for part in text.split("/"))):
            self._wrong(node, path, "must be a job or stage/job")
            return None
        return text

    def _pattern(self, node: yaml.Node, path: str) -> str | None:
        text = self._text(node, path)
        why = why_not_pattern(text) if text is not None else ""
        if why:
            self._wrong(node, path, why)
            return None
        return text

    def _exit_code(self, node: yaml.Node, path: str) -> int | None:
        text = self._text(node, path)
        if text is None:
            return None
        if not _EXIT_CODE.match(text) or not 0 < int(text) <= 255:
            self._wrong(node, path, "must be a number from 1 to 255")
            return None
        return int(text)

    def _signal(self, node: yaml.Node, path: str) -> str | None:
        text = self._text(node, path)
        if text is None:
            return None
        found = _SIGNAL.match(text)
        if found is None:
            self._wrong(node, path, "must be a signal's name, such as KILL")
            return None
        return found[2]

    def _kind(self, node: yaml.Node, path: str) -> str | None:
        text = self._text(node, path)
        if text is not None and text not in KINDS:
            self._wrong(node, path, unknown("kind", text, KINDS))
            return None
        return text

    def _labels(self, node: yaml.Node, path: str) -> dict[str, str]:
        if not isinstance(node, yaml.MappingNode) or not node.value:
            self._wrong(node, path, "must be labels and values, such as `{zone: a}`")
            return {}
        texts = {key: self._text(value, f"{path}.{key}") for key, value in self._entries(node, path, ())}
        return {key: text for key, text in texts.items() if text is not None}

    def _date(self, node: yaml.Node, path: str) -> datetime.date | None:
        text = self._text(node, path)
        if text is None:
            return None
        try:
            if _DATE.match(text):
                return datetime.date.fromisoformat(text)
        except ValueError:
            pass
        self._wrong(node, path, "must be a day, such as 2026-10-01")
        return None

    def _duration(self, node: yaml.Node, path: str) -> float | None:
        text = self._text(node, path)
        if text is None:
            return None
        found = _DURATION.match(text)
        if found is None or int(found[1]) == 0:
            self._wrong(node, path, "must be a duration, such as 180d")
            return None
        return int(found[1]) * _SECONDS[found[2]]

    def _wrong(self, node: yaml.Node, path: str, text: str) -> None:
        line, column = _place(node.start_mark)
        self._at(line + self._first_line, column, path, text)

    def _at(self, line: int, column: int, path: str, text: str) -> None:
        self.problems.append(Problem(file=self._file, line=line, column=column, path=path, text=text))


def _place(mark: Any) -> tuple[int, int]:
    """Line from 0 and column from 1; the start of the text when YAML gives no mark."""
    return (mark.line, mark.column + 1) if mark else (0, 1)
