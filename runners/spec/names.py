"""Names that become environment variables, and what their values may be."""

from __future__ import annotations

import re

MAX_ENV_BYTES = 128 * 1024
"""Linux refuses to start a command when one ``NAME=value`` with its NUL is longer (execve(2), MAX_ARG_STRLEN)."""

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SHELL_NAMES = frozenset(
    {
        "PATH", "HOME", "ENV", "BASH_ENV", "IFS", "SHELLOPTS", "BASHOPTS", "SHELL", "CDPATH", "GLOBIGNORE",
        "PWD", "OLDPWD", "PPID", "UID", "EUID", "OPTIND", "LINENO", "PS4", "PROMPT_COMMAND", "POSIXLY_CORRECT", "_",
    }
)  # fmt: skip
_SHELL_PREFIXES = ("LD_", "DYLD_", "BASH_FUNC_")


def why_not_env_name(name: str) -> str:
    """Say why ``name`` cannot be the name of a param or variable; empty when it can."""
    if not _ENV_NAME.match(name):
        return "is no name for a variable; letters, digits and _ only, and no digit first"
    if name.startswith("ONDUTY_") or name == "TRACEPARENT":
        return "is set by onduty itself; choose another name"
    if name in _SHELL_NAMES or name.startswith(_SHELL_PREFIXES):
        return "changes the shell itself and cannot be set here; set it inside the command"
    return ""


def why_not_env_value(name: str, value: str) -> str:
    """Say why ``value`` cannot be passed in the environment; empty when it can."""
    if "\0" in value:
        return "holds a NUL, which no environment variable can"
    try:
        size = len(value.encode("utf-8"))
    except UnicodeEncodeError:
        return "is not valid UTF-8"
    if len(name) + size + 2 > MAX_ENV_BYTES:
        return f"is {size:,} bytes long; with its name at most 128 KiB can be passed to a command"
    return ""
