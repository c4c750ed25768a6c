"""Say what libyaml could not read in words that name the mend, at the place where it begins."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from runners.spec.report import quoted, shown

Finding = tuple[int, int, str]
"""Line and column from 1, and the sentence."""

_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""YAML 1.2.2, production c-printable."""
_LEADING_SIGN = re.compile(r"(?:^|[:\-,\[{]\s+|[\[{,])([!&*@`%|>][^\s,\]}]*)")
_KEY_ALONE = re.compile(r"\s*[A-Za-z0-9_.-]+\s*\Z")
_FLOW_FIRST = re.compile(r"\s*(?:-\s+)*[A-Za-z0-9_.-]+:\s+([\[{])")
_FLOW_SLICE = re.compile(r"[A-Za-z0-9_.-]+\[[^\]]*\]?")
_CLOSED_QUOTE = re.compile(r".*['\"]\s*\Z")

_TAB = "a tab; YAML is indented with spaces"
_QUOTE_ALL = 'write it as a block after "|", or quote it once as a whole'


def bad_characters(text: str) -> list[Finding]:
    """The first hundred characters that YAML does not allow in a file."""
    found = []
    for match in _NOT_YAML.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        column = match.start() - text.rfind("\n", 0, match.start())
        name = "a NUL" if match[0] == "\0" else f"the character U+{ord(match[0]):04X}"
        found.append((line, column, f"{name} is not allowed in YAML; write an escape between double quotes"))
        if len(found) >= 100:
            break
    return found


def explain(error: yaml.YAMLError, text: str) -> list[Finding]:
    """What stopped the reader: one finding, for tabs one per line."""
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    if mark is None:
        return [(1, 1, f"the file is not YAML: {problem}")]
    lines = text.splitlines() or [""]
    here = lines[mark.line] if mark.line < len(lines) else ""
    if here[mark.column : mark.column + 1] == "\t" or problem.startswith("found a tab"):
        return _tabs(lines, mark.line + 1, mark.column + 1)
    context_mark = getattr(error, "context_mark", None) or mark
    stopped = _Stopped(
        problem=problem,
        context=str(getattr(error, "context", None) or ""),
        line=mark.line,
        column=mark.column,
        start_line=context_mark.line,
        start_column=context_mark.column,
        here=here,
        start_here=lines[context_mark.line] if context_mark.line < len(lines) else "",
    )
    return [stopped.finding()]


def _tabs(lines: list[str], line: int, column: int) -> list[Finding]:
    found = [
        (number, len(text) - len(text.lstrip(" ")) + 1, _TAB)
        for number, text in enumerate(lines, start=1)
        if text.lstrip(" ").startswith("\t") and text.strip()
    ]
    return found if any(place[0] == line for place in found) else [*found, (line, column, _TAB)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stopped:
    """Where and why libyaml stopped. Lines and columns from 0 here."""

    problem: str
    context: str
    line: int
    column: int
    start_line: int
    """Where what it was reading began."""
    start_column: int
    here: str
    """The line where it stopped."""
    start_here: str

    def finding(self) -> Finding:
        match self.context:
            case "while scanning a quoted scalar" | "while parsing a quoted scalar":
                return self._quote()
            case "while scanning an alias" | "while scanning an anchor" | "while scanning a tag":
                return self._leading_flow(self.start_column) or self._sign()
            case "while parsing a flow mapping" | "while parsing a flow sequence":
                return self._flow()
            case "while scanning a block scalar":
                return self._at('after "|" or ">" the text begins on the next line')
        if "cannot start any token" in self.problem:
            sign = quoted(self.here[self.column : self.column + 1])
            return self._at(f"a text that begins with {sign} must be quoted")
        if self.problem.startswith("mapping values are not allowed"):
            return self._second_colon()
        if self.problem.startswith("block sequence entries are not allowed"):
            return self._at('a list cannot start here; begin it on a line of its own with "- "')
        if self.problem.startswith(("did not find expected key", "did not find expected '-'")):
            return self._unexpected()
        return self._at(f"this is not YAML: {self.problem} {self.context}".rstrip())

    def _at(self, text: str) -> Finding:
        return (self.line + 1, self.column + 1, text)

    def _quote(self) -> Finding:
        if "end of stream" in self.problem or "document indicator" in self.problem:
            return (self.start_line + 1, self.start_column + 1, "this quote is never closed")
        sign = quoted(self.here[self.column : self.column + 2])
        return self._at(f"{sign} is no escape that YAML knows; between single quotes a backslash is itself")

    def _sign(self) -> Finding:
        word = re.match(r"[^\s,}]+", self.start_here[self.start_column :])
        sign = shown(word[0] if word else self.start_here[self.start_column : self.start_column + 1])
        return (self.start_line + 1, self.start_column + 1, f"\"{sign}\" must be quoted: write '{sign}'")

    def _leading_flow(self, before: int) -> Finding | None:
        """``run: [ -f x ] && y``: a list for YAML, with something after its end."""
        flow = _FLOW_FIRST.match(self.here)
        if flow is None or ("]" if flow[1] == "[" else "}") not in self.here[flow.end() : before]:
            return None
        text = f'a text that begins with "{flow[1]}" must be quoted, or written as a block after "|"'
        return (self.line + 1, flow.end(), text)

    def _flow(self) -> Finding:
        if self.here[self.column : self.column + 1] == "[":
            for match in _FLOW_SLICE.finditer(self.here):
                if match.start() <= self.column < match.end():
                    text = f"\"{shown(match[0])}\" must be quoted here: write '{shown(match[0])}'"
                    return (self.line + 1, match.start() + 1, text)
        opened, closed = ("{", "}") if "mapping" in self.context else ("[", "]")
        text = f'this "{opened}" is not closed by "{closed}", or a "," is missing before line {self.line + 1}'
        return (self.start_line + 1, self.start_column + 1, text)

    def _second_colon(self) -> Finding:
        if _KEY_ALONE.match(self.here[: self.column]):
            indent = len(self.here) - len(self.here.lstrip())
            text = "this line is indented deeper than the one above, which has its value already"
            return (self.line + 1, indent + 1, text)
        return self._at('a second ": " in one line; quote the whole value, or write it as a block after "|"')

    def _unexpected(self) -> Finding:
        before = self.here[: self.column]
        if _CLOSED_QUOTE.match(before):
            return self._at(f"text goes on after a closing quote; {_QUOTE_ALL}")
        flow = self._leading_flow(self.column)
        if flow is not None:
            return flow
        sign = _LEADING_SIGN.search(self.here)
        if sign and not self.here.lstrip().startswith("#"):
            word = shown(sign[1])
            return (self.line + 1, sign.start(1) + 1, f"\"{word}\" must be quoted: write '{word}'")
        return self._at("the indentation does not fit the lines above, or a quote is missing")
