"""Read YAML text into maps, lists and scalars that remember where they stood and how they were written.

libyaml delivers events and this module builds the tree from them without recursion: its positions are exact, a deep
file cannot exhaust the stack, and aliases are counted where they are used, so that 330 bytes of anchors are refused
before they become 58 MB. Nothing is converted here: a scalar keeps its source text, and ``fields`` decides what it
may mean.

Rules that are ours: a key is text; a key written twice is a problem; ``<<`` is resolved here, what a map says itself
wins over what it merges, and of several merged maps the earlier wins (YAML merge key,
https://yaml.org/type/merge.html); custom tags are refused, because ``hosts: !web3`` is an empty text with a tag.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from typing import Union

import yaml

from runners.model.problems import Problem
from runners.spec import syntax
from runners.spec.report import Part, Report, quoted

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 40
MAX_ALIASES = 10_000
MAX_ALIASED_NODES = 100_000
"""Nodes that aliases may add to those that are written out."""
MAX_SHOWN_BAD_CHARACTERS = 20

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STRING_TAG = "tag:yaml.org,2002:str"


class Scalar(str):
    """One scalar: its text as written, and where."""

    __slots__ = ("broken", "column", "line", "plain", "tag")

    line: int
    """From 1."""
    column: int
    """From 1."""
    plain: bool
    """Written without quotes: YAML may read it as something else than text."""
    broken: bool
    """Its problem is reported already; nothing more is said about it."""
    tag: str
    """A tag that whoever reads the file knows; empty in our own files."""

    @staticmethod
    def make(text: str, line: int, column: int, *, plain: bool = False, broken: bool = False, tag: str = "") -> Scalar:
        """A scalar at its place."""
        scalar = Scalar(text)
        scalar.line, scalar.column, scalar.plain, scalar.broken, scalar.tag = line, column, plain, broken, tag
        return scalar


class Map(dict[str, "Node"]):
    """A mapping in the order of the text."""

    __slots__ = ("broken", "column", "implied", "key_places", "line")

    def __init__(self, line: int, column: int) -> None:
        super().__init__()
        self.line = line
        self.column = column
        self.key_places: dict[str, tuple[int, int]] = {}
        """Line and column of each key; of a merged key where it was written."""
        self.broken = False
        """Its problem is reported already."""
        self.implied = False
        """Not written by anyone: a short form was spelled out. Left out of key paths."""


class Seq(list["Node"]):
    """A list."""

    __slots__ = ("column", "line")

    def __init__(self, line: int, column: int) -> None:
        super().__init__()
        self.line = line
        self.column = column


Node = Union[Scalar, Map, Seq]  # noqa: UP007 - the names are forward references of each other


@dataclass(slots=True)
class _Frame:
    """A collection that is still open."""

    node: Map | Seq
    anchor: str | None
    is_key: bool
    """It stands where a key belongs: read to its end and dropped."""
    is_flow: bool
    """Written between brackets or braces."""
    key: str | None = None
    """Of a map: the key that waits for its value."""
    key_place: tuple[int, int] = (0, 0)
    expects_key: bool = True
    is_merge: bool = False
    merges: list[Map] = field(default_factory=list)
    has_merge: bool = False
    size: int = 1


class _Stop(Exception):
    """The rest of the text cannot be read; the problem is in the report."""


def read_tree(
    text: str | bytes, file: str, *, line_offset: int = 0, tags: Set[str] = frozenset()
) -> tuple[Map | None, list[Problem]]:
    """Read one YAML document whose top is a mapping.

    ``line_offset`` is added to every line, for a document that stands inside a larger file. ``tags`` are kept on
    scalars; all others are refused. Never raises for what stands in ``text``. The tree is None when it could not
    be read to its end; otherwise problems may stand beside it.
    """
    report = Report(file)
    try:
        tree = _Builder(decode(text, report), report, line_offset, tags).build()
    except _Stop:
        tree = None
    return tree, report.problems


def decode_text(text: str | bytes, report: Report) -> str | None:
    """The text of a file that is no YAML, held to the same rules; None when ``report`` says why it is not read."""
    try:
        return decode(text, report)
    except _Stop:
        return None


def decode(text: str | bytes, report: Report) -> str:
    """Text without a byte order mark, all of it allowed in YAML; stops where it is not UTF-8 or too long."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_FILE_BYTES:
        report.add(
            1, 1, (), f"the file is {len(raw):,} bytes long; at most {MAX_FILE_BYTES // (1024 * 1024)} MiB are read"
        )
        raise _Stop
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        report.add(1, 1, (), "the file is UTF-16; save it as UTF-8")
        raise _Stop
    try:
        decoded = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        report.add(line, column, (), f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8")
        raise _Stop from None
    decoded = decoded.removeprefix("\ufeff")
    bad = syntax.bad_characters(decoded)
    for line, column, message in bad[:MAX_SHOWN_BAD_CHARACTERS]:
        report.add(line, column, (), message)
    if bad:
        raise _Stop
    return decoded


class _Builder:
    def __init__(self, text: str, report: Report, line_offset: int, tags: Set[str]) -> None:
        self.tags = tags
        self.text = text
        self.report = report
        self.line_offset = line_offset
        self.frames: list[_Frame] = []
        self.root: Node | None = None
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.open_anchors: set[str] = set()
        self.aliases = 0
        self.aliased_nodes = 0

    def build(self) -> Map:
        documents = 0
        for event in self._events():
            mark = event.start_mark
            assert mark is not None
            line, column = mark.line + 1 + self.line_offset, mark.column + 1
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event, line, column)
            elif isinstance(event, yaml.MappingStartEvent):
                self._open(Map(line, column), event)
            elif isinstance(event, yaml.SequenceStartEvent):
                self._open(Seq(line, column), event)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self._close()
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event.anchor or "", line, column)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.report.add(line, column, (), "a second document starts here; one file holds one document")
                    break
        if isinstance(self.root, Map):
            return self.root
        if self.root is None or (isinstance(self.root, Scalar) and self.root == "" and not self.root.broken):
            self.report.add(1 + self.line_offset, 1, (), "the file is empty")
        elif not (isinstance(self.root, Scalar) and self.root.broken):
            what = "a list" if isinstance(self.root, Seq) else "one text"
            self.report.add(
                self.root.line, self.root.column, (), f"the file must be a mapping (key: value lines), not {what}"
            )
        raise _Stop

    def _events(self) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(self.text, Loader=_LOADER)
        except yaml.YAMLError as error:
            for line, column, message in syntax.explain(error, self.text):
                self.report.add(line + self.line_offset, column, (), message)
            raise _Stop from None

    def _path(self) -> tuple[Part, ...]:
        path: list[Part] = []
        for frame in self.frames:
            if isinstance(frame.node, Seq):
                path.append(len(frame.node))
            elif frame.key is not None:
                path.append(frame.key)
        return tuple(path)

    def _scalar(self, event: yaml.ScalarEvent, line: int, column: int) -> None:
        frame = self.frames[-1] if self.frames else None
        text = event.value
        if frame is not None and isinstance(frame.node, Map) and frame.expects_key and event.tag is None:
            if event.anchor is not None:
                self.anchors[event.anchor] = (Scalar.make(text, line, column, plain=event.implicit[0]), 1)
            self._key(frame, text, line, column, plain=event.implicit[0])
            return
        plain, broken, kept = bool(event.implicit[0]), False, ""
        if event.tag in self.tags:
            kept = str(event.tag)
        elif event.tag not in (None, "!", _STRING_TAG):
            self._refuse_tag(event.tag, text, line, column)
            broken = True
        elif event.anchor is not None and text == "" and plain:
            name = f"&{event.anchor}"
            self._add(line, column, f"{quoted(name)} is read as an anchor without a value; quote it")
            broken = True
        if event.tag is not None:
            plain = False
        self._value(Scalar.make(text, line, column, plain=plain, broken=broken, tag=kept), event.anchor, 1)

    def _refuse_tag(self, tag: str, text: str, line: int, column: int) -> None:
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        if text == "" and not shown.startswith("!!"):
            self._add(line, column, f"{quoted(shown)} is read as a YAML tag, not as text; quote it")
        else:
            self._add(
                line, column, f"YAML tags such as {quoted(shown)} have no meaning here; remove it, or quote the value"
            )

    def _add(self, line: int, column: int, message: str) -> None:
        self.report.add(line, column, self._path(), message)

    def _key(self, frame: _Frame, text: str, line: int, column: int, *, plain: bool) -> None:
        assert isinstance(frame.node, Map)
        frame.expects_key = False
        frame.key, frame.key_place = text, (line, column)
        frame.is_merge = plain and text == "<<"
        if frame.is_merge:
            if frame.has_merge:
                self._add(line, column, "is written twice in one mapping; write one with a list: <<: [*a, *b]")
            frame.has_merge = True
        elif text in frame.node:
            first_line = frame.node.key_places[text][0]
            self._add(line, column, f"the key is written twice; it stands in line {first_line} already")

    def _open(self, node: Map | Seq, event: yaml.CollectionStartEvent) -> None:
        parent = self.frames[-1] if self.frames else None
        is_key = parent is not None and isinstance(parent.node, Map) and parent.expects_key
        if is_key:
            assert parent is not None
            assert isinstance(parent.node, Map)
            parent.node.broken = True
            if isinstance(node, Map) and parent.is_flow:
                self._add(parent.node.line, parent.node.column, '"{{" begins a mapping in YAML; quote the whole value')
            else:
                kind = "a list" if isinstance(node, Seq) else "a mapping"
                self._add(node.line, node.column, f"a key must be text, not {kind}")
        elif event.tag not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self._refuse_tag(event.tag, "", node.line, node.column)
        if len(self.frames) >= MAX_DEPTH:
            self.report.add(node.line, node.column, (), f"values are nested more than {MAX_DEPTH} levels deep")
            raise _Stop
        if event.anchor is not None:
            self.open_anchors.add(event.anchor)
        is_flow = bool(getattr(event, "flow_style", False))
        self.frames.append(_Frame(node=node, anchor=event.anchor, is_key=is_key, is_flow=is_flow))

    def _close(self) -> None:
        frame = self.frames.pop()
        node = frame.node
        if frame.merges and isinstance(node, Map):
            node = _merged(node, frame.merges)
        if frame.anchor is not None:
            self.open_anchors.discard(frame.anchor)
        if frame.is_key:
            parent = self.frames[-1]
            parent.key, parent.expects_key, parent.is_merge = None, False, False
            return
        self._value(node, frame.anchor, frame.size)

    def _alias(self, anchor: str, line: int, column: int) -> None:
        frame = self.frames[-1] if self.frames else None
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            self.report.add(line, column, (), f"there are more than {MAX_ALIASES:,} aliases in one file")
            raise _Stop
        if frame is not None and isinstance(frame.node, Map) and frame.expects_key:
            self._add(line, column, f"a key must be text, not the alias {quoted('*' + anchor)}")
            frame.key, frame.expects_key, frame.is_merge = None, False, False
            return
        if anchor in self.open_anchors:
            self._add(line, column, f"{quoted('*' + anchor)} stands inside its own anchor")
        elif anchor not in self.anchors:
            self._add(
                line, column, f"no anchor &{anchor} stands before {quoted('*' + anchor)}; if it is text, quote it"
            )
        else:
            node, size = self.anchors[anchor]
            self.aliased_nodes += size
            if self.aliased_nodes > MAX_ALIASED_NODES:
                self.report.add(
                    line, column, (), f"aliases make more than {MAX_ALIASED_NODES:,} values out of this file"
                )
                raise _Stop
            self._value(node, None, size)
            return
        self._value(Scalar.make("", line, column, plain=True, broken=True), None, 1)

    def _value(self, node: Node, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = (node, size)
        if not self.frames:
            self.root = node
            return
        frame = self.frames[-1]
        frame.size += size
        if isinstance(frame.node, Seq):
            frame.node.append(node)
            return
        if frame.expects_key:
            # A tagged scalar in the place of a key: reported, and its value is read and dropped.
            frame.key, frame.expects_key, frame.is_merge = None, False, False
            return
        frame.expects_key = True
        key, frame.key = frame.key, None
        if key is None:
            return
        if frame.is_merge:
            self._merge(frame, node)
        elif key not in frame.node:
            frame.node[key] = node
            frame.node.key_places[key] = frame.key_place

    def _merge(self, frame: _Frame, node: Node) -> None:
        parts = list(node) if isinstance(node, Seq) else [node]
        for part in parts:
            if isinstance(part, Map):
                frame.merges.append(part)
            elif not (isinstance(part, Scalar) and part.broken):
                self.report.add(*frame.key_place, (*self._path(), "<<"), "must name a mapping, or a list of mappings")


def _merged(own: Map, merges: list[Map]) -> Map:
    merged = Map(own.line, own.column)
    for source in [*reversed(merges), own]:
        for key, value in source.items():
            merged[key] = value
            merged.key_places[key] = source.key_places[key]
    return merged
