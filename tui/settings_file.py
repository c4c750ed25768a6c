"""Read ``settings.yaml``: all problems at once, each with its place and the nearest word that is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from runners.model.errors import InputRefused
from runners.model.problems import Problem
from runners.model.retention import Retention
from runners.spec.durations import parse_duration
from runners.spec.nodes import Map, Node, Scalar, Seq, read_tree
from runners.spec.report import Part, Report, did_you_mean, in_order, nearest, quoted
from tui.keys.actions import ACTIONS, Action
from tui.keys.keymap import remapped
from tui.keys.names import written
from tui.settings import SETTINGS_VARIABLE, SIGN_NAMES, THEME_NAMES, Settings


class BadSettings(InputRefused):
    """A settings file with problems. Nothing of it is used: a key that means something else than expected is worse."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        many = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
        super().__init__(
            f"{file} has {many}, so it is not used", hint=f"mend it, or leave it out: {SETTINGS_VARIABLE}= onduty"
        )
        self.problems = tuple(map(str, problems))


_KEYS = ("theme", "signs", "plain", "keys", "retention")
_RETENTION = ("age", "size", "free")
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?) ?(KB|MB|GB|TB)\Z")
_UNIT_BYTES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_NEVER = "never"


def read_settings(text: str, file: str) -> tuple[Settings, tuple[Problem, ...]]:
    """What can be used of a settings file, and all problems, in the order of the text.

    A file of comments alone says nothing, as one that is not there.
    """
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.split("\n")):
        return Settings(), ()
    tree, problems = read_tree(text, file)
    report = Report(file)
    report.problems.extend(problems)
    if tree is None:
        return Settings(), in_order(report.problems)
    reader = _Reader(tree, report)
    reader.known((), tree, _KEYS)
    settings = Settings(
        theme=reader.choice("theme", THEME_NAMES),
        signs=reader.choice("signs", SIGN_NAMES),
        plain=reader.flag("plain"),
        actions=reader.actions(),
        retention=reader.retention(),
    )
    return settings, in_order(report.problems)


class _Reader:
    """Takes values out of the tree and reports what they should have been."""

    def __init__(self, tree: Map, report: Report) -> None:
        self._tree, self._report = tree, report

    def refuse(self, path: tuple[Part, ...], text: str, *, of_key: bool = False) -> None:
        """One problem at the place of the value, or of its key."""
        node: Node = self._tree
        at = (self._tree.line, self._tree.column)
        for part in path:
            inside = _inside(node, part)
            if inside is None:
                break
            is_text = isinstance(inside, Scalar) and inside != ""
            if isinstance(node, Map) and isinstance(part, str) and (of_key or not is_text):
                at = node.key_places[part]
            else:
                at = (inside.line, inside.column)
            node = inside
        line, column = at
        self._report.add(line, column, path, text)

    def known(self, path: tuple[Part, ...], names: Iterable[str], wanted: Iterable[str]) -> None:
        """Refuse every name that is none of ``wanted``, with the nearest one that is."""
        known = tuple(wanted)
        for name in names:
            if name not in known:
                guess = nearest(name, known)
                more = f", did you mean {quoted(guess)}?" if guess else f"; known here are {', '.join(known)}"
                self.refuse((*path, name), f"unknown key{more}", of_key=True)

    def choice(self, name: str, known: tuple[str, ...]) -> str | None:
        """One of these words."""
        value = self._tree.get(name)
        if value is None:
            return None
        if isinstance(value, Scalar):
            if value in known:
                return str(value)
            self.refuse((name,), f"{quoted(value)} is none of {', '.join(known)}{did_you_mean(value, known)}")
        else:
            self.refuse((name,), f"must be one of {', '.join(known)}")
        return None

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._tree.get(name)
        if value not in (None, "true", "false"):
            self.refuse((name,), "must be true or false")
        return value == "true"

    def retention(self) -> Retention:
        """What is kept, and for how long."""
        wanted, usual = self._tree.get("retention"), Retention()
        if wanted is None:
            return usual
        if not isinstance(wanted, Map):
            self.refuse(("retention",), "must be a mapping, such as {age: 90d, size: 20GB, free: 200MB}")
            return usual
        self.known(("retention",), wanted, _RETENTION)
        found: dict[str, float | None] = {}
        for name, read in (("age", parse_duration), ("size", _parse_size), ("free", _parse_size)):
            value = wanted.get(name)
            if not isinstance(value, Scalar):
                if value is not None:
                    self.refuse(("retention", name), "must be one value")
                continue
            try:
                found[name] = None if value == _NEVER else read(value)
            except ValueError as problem:
                self.refuse(("retention", name), f"{problem}{'' if name == 'free' else ', or never'}")
        size, free = found.get("size", usual.most_bytes), found.get("free", usual.least_free_bytes)
        return Retention(
            age_s=found.get("age", usual.age_s),
            most_bytes=None if size is None else int(size),
            least_free_bytes=int(free or 0),
        )

    def actions(self) -> tuple[Action, ...]:
        """The table with the keys that are asked for."""
        keys = self._tree.get("keys")
        if keys is None:
            return ACTIONS
        if not isinstance(keys, Map):
            self.refuse(("keys",), "must be a mapping of actions, such as {retry: i}")
            return ACTIONS
        names = [one.name for one in ACTIONS]
        self.known(("keys",), keys, names)
        wanted: dict[str, list[str]] = {}
        for name, value in keys.items():
            if name not in names:
                continue
            if isinstance(value, Scalar):
                wanted[name] = [] if value.plain and value == "none" else [written(str(value))]
            elif isinstance(value, Seq) and value and all(isinstance(key, Scalar) for key in value):
                wanted[name] = [written(str(key)) for key in value]
            else:
                self.refuse(("keys", name), "must be a key, a list of keys, or none")
        table, troubles = remapped(wanted)
        for trouble in troubles:
            listed = isinstance(keys[trouble.action], Seq) and trouble.at is not None
            self.refuse(("keys", trouble.action, *((trouble.at or 0,) if listed else ())), trouble.text)
        return table


def _parse_size(text: str) -> float:
    """Bytes. ``ValueError`` says in one sentence what to write instead."""
    match = _SIZE.match(text)
    if match is None:
        raise ValueError(f"{quoted(text)} is no size; write a number and a unit, such as 500MB 20GB 1.5TB")
    return float(match[1]) * _UNIT_BYTES[match[2]]


def _inside(node: Node, part: Part) -> Node | None:
    if isinstance(node, Map) and isinstance(part, str):
        return node.get(part)
    return node[part] if isinstance(node, Seq) and isinstance(part, int) and part < len(node) else None
