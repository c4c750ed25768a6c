"""Say what libyaml could not read in words that name the mend, at the place where it begins."""

from __future__ import annotations

import re

import yaml

Finding = tuple[int, int, str]
"""Line and column from 1, and the sentence."""

_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""YAML 1.2.2, production c-printable."""
_LEADING_SIGN = re.compile(r"(?:^|[:\-,\[{]\s+|[\[{,])([!&*@`%|>][^\s,\]}]*)")
_FLOW_SLICE = re.compile(r"[A-Za-z0-9_.-]+\[[^\]]*\]?")


def bad_characters(text: str) -> list[Finding]:
    """Every character that YAML does not allow in a file."""
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
    """What stopped the reader, as one finding; for tabs one per line."""
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    context = str(getattr(error, "context", None) or "")
    context_mark = getattr(error, "context_mark", None)
    if mark is None:
        return [(1, 1, f"is not YAML: {problem}")]
    lines = text.splitlines() or [""]
    line, column = mark.line + 1, mark.column + 1
    here = lines[mark.line] if mark.line < len(lines) else ""
    character = here[mark.column : mark.column + 1]
    if character == "\t" or (problem.startswith("found a tab")):
        return _tabs(lines, line, column)
    if context == "while scanning a quoted scalar" and context_mark is not None:
        if "end of stream" in problem or "document indicator" in problem:
            return [(context_mark.line + 1, context_mark.column + 1, "this quote is never closed")]
        sign = here[mark.column : mark.column + 2]
        return [(line, column, f'"{sign}" is no escape that YAML knows; between single quotes a backslash is itself')]
    if context in ("while scanning an alias", "while scanning an anchor", "while scanning a tag") and context_mark:
        word = _word(lines, context_mark.line, context_mark.column)
        return [(context_mark.line + 1, context_mark.column + 1, f"\"{word}\" must be quoted: write '{word}'")]
    if "cannot start any token" in problem and character:
        return [(line, column, f'a text that begins with "{character}" must be quoted')]
    if context in ("while parsing a flow mapping", "while parsing a flow sequence"):
        return [_flow(lines, line, column, here, context, context_mark)]
    if problem.startswith("mapping values are not allowed"):
        return [
            (
                line,
                column,
                'a second ": " in one line; quote the value, write it as a block after "|", or mend the indentation',
            )
        ]
    if problem.startswith("block sequence entries are not allowed"):
        return [(line, column, 'a list cannot start here; begin it on a line of its own with "- "')]
    if problem.startswith(("did not find expected key", "did not find expected '-'")):
        if context_mark is not None and context_mark.line == mark.line and character in ("'", '"'):
            return [(line, column, "text goes on after a closing quote; quote the whole value once")]
        sign = _LEADING_SIGN.search(here)
        if sign and not here.lstrip().startswith("#"):
            return [(line, sign.start(1) + 1, f"\"{sign[1]}\" must be quoted: write '{sign[1]}'")]
        return [(line, column, "the indentation does not fit the lines above, or a quote is missing")]
    return [(line, column, f"is not YAML: {problem}" + (f" {context}" if context else ""))]


def _tabs(lines: list[str], line: int, column: int) -> list[Finding]:
    found = [
        (number, len(text) - len(text.lstrip(" ")) + 1, "a tab; YAML is indented with spaces")
        for number, text in enumerate(lines, start=1)
        if text.lstrip(" ").startswith("\t") and text.strip()
    ]
    if not any(place[0] == line for place in found):
        found.append((line, column, "a tab; YAML is indented with spaces"))
    return found


def _word(lines: list[str], line: int, column: int) -> str:
    here = lines[line] if line < len(lines) else ""
    match = re.match(r"[^\s,}]+", here[column:])
    return match[0] if match else here[column : column + 1]


def _flow(lines: list[str], line: int, column: int, here: str, context: str, start: yaml.Mark | None) -> Finding:
    sign = "}" if "mapping" in context else "]"
    character = here[column - 1 : column]
    if character == "[":
        for match in _FLOW_SLICE.finditer(here):
            if match.start() < column <= match.end():
                return (line, match.start() + 1, f"\"{match[0]}\" must be quoted here: write '{match[0]}'")
    if start is not None:
        opened = "{" if "mapping" in context else "["
        return (
            start.line + 1,
            start.column + 1,
            f'this "{opened}" is not closed by "{sign}", or a "," is missing before line {line}',
        )
    return (line, column, f'a "{sign}" or "," is missing')
