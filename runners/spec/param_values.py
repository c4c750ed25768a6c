"""Whether a value fits its param. Asked for defaults when a file is read and for given values when a run is planned."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

from runners.model.definition import Param, ParamType
from runners.spec.durations import parse_duration
from runners.spec.names import why_not_env_value
from runners.spec.report import did_you_mean, quoted, shown

_INTEGER = re.compile(r"[-+]?[0-9]+\Z")


def why_not_pattern(pattern: str) -> str:
    """Say why ``pattern`` is no RE2; empty when it is one (https://github.com/google/re2/wiki/Syntax)."""
    try:
        _compiled(pattern)
    except re2.error as error:
        reason = error.args[0] if error.args else "not understood"
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        hint = "; RE2 has no look-around and no back-references" if re.search(r"\(\?[=!<]|\\[1-9]", pattern) else ""
        return f"is no RE2 pattern: {shown(reason)}{hint}"
    except UnicodeEncodeError:
        return "is not valid UTF-8"
    return ""


def why_not_value(param: Param, value: str) -> str:
    """Say why ``value`` does not fit ``param``; empty when it does. A pattern that is no RE2 refuses nothing here."""
    reason = why_not_env_value(param.name, value)
    if reason:
        return reason
    match param.type:
        case ParamType.INTEGER if not _INTEGER.match(value):
            return f"{quoted(value)} is no whole number"
        case ParamType.BOOLEAN if value not in ("true", "false"):
            return f"{quoted(value)} is neither true nor false"
        case ParamType.DURATION:
            try:
                parse_duration(value)
            except ValueError as error:
                return str(error)
        case ParamType.CHOICE if value not in param.choices:
            known = ", ".join(shown(choice) for choice in param.choices)
            return f"{quoted(value)} is none of {known}{did_you_mean(value, param.choices)}"
        case _:
            pass
    if (
        param.pattern is not None
        and not why_not_pattern(param.pattern)
        and not _compiled(param.pattern).fullmatch(value)
    ):
        return f"{quoted(value)} does not match the pattern {shown(param.pattern)}"
    return ""


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options=options)
