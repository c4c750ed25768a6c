"""Patterns that people write over text that hosts print: RE2, so that no line can make a search slow.

A pattern is searched in many lines at once. ``(?m)`` makes ``^`` and ``$`` the ends of a line, and ``never_nl`` keeps a
match inside one line, so the answer is the same as line by line, in one pass.
Syntax: https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

from typing import Any

import re2

MAX_PATTERN_CHARS = 1000


def compile_pattern(pattern: str) -> Any:
    """Compile for bytes of UTF-8. Raises ``re2.error`` for what is not RE2."""
    options = re2.Options()
    options.log_errors = False
    options.never_nl = True
    # Nobody reads groups; without them RE2 stays in its fastest engine.
    options.never_capture = True
    return re2.compile(b"(?m)" + pattern.encode("utf-8", "replace"), options)


def why_not_pattern(pattern: str) -> str:
    """Say why ``pattern`` cannot be used; empty when it can."""
    if not pattern:
        return "is empty"
    if len(pattern) > MAX_PATTERN_CHARS:
        return f"is longer than {MAX_PATTERN_CHARS} characters"
    try:
        compiled = compile_pattern(pattern)
    except re2.error as error:
        said = error.args[0] if error.args else "no pattern"
        text = (said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)).replace("(?m)", "")
        hint = "; RE2 has no look-around" if "(?" in text and "perl operator" in text else ""
        hint = hint or ("; RE2 has no back references" if "escape sequence: \\" in text and text[-1].isdigit() else "")
        return f"is not an RE2 pattern: {text}{hint}"
    # Two probes: the empty line, and a line in which only a pattern that needs no characters matches with width 0.
    for probe in (b"", b"a b"):
        found = compiled.search(probe)
        if found is not None and found.start() == found.end():
            return "matches the empty string, so it would match every log"
    return ""
