"""Requests to a host's helper: one shell line of single-quoted arguments that names how many there are.

The shell's own grammar is the framing. A line is ``od COUNT VERB ID ARGUMENTS... .``; the helper runs it when as many
arguments arrived as COUNT says, the last being a literal ``.``, so no proper prefix of a line does anything. Bytes 1
to 255 come back exact from dash, busybox ash and bash; NUL is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from runners.model.definition import Shell
from runners.model.limits import NO_LIMITS, Limits

MAX_ENV_STRING_BYTES = 131_071
"""Linux takes no longer ``NAME=value`` (MAX_ARG_STRLEN, execve(2))."""
MAX_ENV_BYTES = 1 << 20
"""Half of what Linux takes for arguments and environment together under the usual 8 MiB stack (execve(2))."""
MAX_EARLIER_BYTES = 16 << 20
"""Of what earlier jobs wrote: 200 hosts with 64 KiB each, and their names. It is one line for the host's shell."""
MAX_LABEL_BYTES = 200
MAX_DIR_BYTES = 1000

_LATER_NAME = "od_env_"
"""What a variable's name starts with until a profile was read."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}\Z")
_WORK_FOLDER = re.compile(
    r"/[^\n\0]*/(?:onduty(?:-[0-9]+)?/1/work|onduty-work-[0-9]+)/[A-Za-z0-9][A-Za-z0-9._-]{0,119}\Z"
)
_USER = re.compile(r"[A-Za-z0-9_.@+\\$][A-Za-z0-9_.@+\\$-]{0,254}\Z")
# What a shell keeps for itself: read-only in one of them, or changed by it before the job could see it. The
# supervisor's own variables start with od_.
_SHELL_OWN = re.compile(r"(_|BASHOPTS|BASH_VERSINFO|EUID|IFS|LINENO|OPTIND|PPID|RANDOM|SECONDS|SHELLOPTS|UID|od_.*)\Z")


class RequestRefused(ValueError):
    """The request cannot be sent to any host; the message is for a person. Nothing was sent."""


def quote(argument: bytes) -> bytes:
    """``argument`` in single quotes for a POSIX shell (2.2.2). Raises ``RequestRefused`` for NUL."""
    if b"\0" in argument:
        raise RequestRefused("a NUL byte cannot be given to a shell")
    return b"'" + argument.replace(b"'", b"'\\''") + b"'"


def request(verb: str, number: int, *arguments: str | bytes) -> bytes:
    """One request line; ``number`` comes back in the reply."""
    words = [verb.encode(), b"%d" % number, *(quote(_bytes(argument)) for argument in arguments), b"."]
    return b"od %d %s\n" % (len(words) + 1, b" ".join(words))


def start(
    number: int,
    *,
    key: str,
    script: str,
    env: Mapping[str, str],
    dir: str | None,
    workdir: str,
    timeout_s: float | None,
    label: str,
    shell: Shell = Shell.SH,
    login: bool = False,
    earlier: str | None = None,
    limits: Limits = NO_LIMITS,
    log_limit_bytes: int | None = None,
) -> bytes:
    """Claim ``key`` and start ``script``. Raises ``RequestRefused`` for what no host could run as written.

    ``earlier`` is the text of the file that ``$ONDUTY_OUTPUTS`` will name.
    """
    _check_env(env, login=login)
    if earlier is not None and len(_bytes(earlier)) > MAX_EARLIER_BYTES:
        raise RequestRefused(
            f"what earlier jobs wrote to $ONDUTY_OUTPUT is {len(_bytes(earlier)):,} bytes as JSON, and a host is given "
            f"at most {MAX_EARLIER_BYTES:,}; write less there"
        )
    if dir is not None and (len(_bytes(dir)) > MAX_DIR_BYTES or "\n" in dir):
        raise RequestRefused(f"the folder's name is longer than {MAX_DIR_BYTES} bytes or has a line break")
    pairs = [part for name, value in env.items() for part in (name, value)]
    one_line = " ".join(label.split())
    return request(
        "start",
        number,
        checked_key(key),
        checked_work_folder(workdir) if workdir else "",
        dir or "",
        _limits(timeout_s, limits, log_limit_bytes),
        _bytes(one_line)[:MAX_LABEL_BYTES],
        f"{shell.value}-login" if login else shell.value,
        script,
        earlier or "",
        *pairs,
    )


def _limits(timeout_s: float | None, limits: Limits, log_limit_bytes: int | None) -> str:
    """Hundredths of a second; blocks of 512 bytes, kibibytes, percent, niceness. 0 means none: a limit is 1 or more."""
    words = (
        0 if timeout_s is None else max(1, round(timeout_s * 100)),
        0 if log_limit_bytes is None else max(1, log_limit_bytes // 512),
        0 if limits.memory_bytes is None else max(1, limits.memory_bytes // 1024),
        limits.cpu_percent or 0,
        limits.nice or 0,
    )
    return " ".join(map(str, words))


def ask(number: int, keys: Sequence[str]) -> bytes:
    """What the disk says about ``keys``."""
    return request("ask", number, *map(checked_key, keys))


def seal(number: int, key: str) -> bytes:
    """Claim ``key`` without starting anything."""
    return request("seal", number, checked_key(key))


def fetch(number: int, key: str, offset: int, size_bytes: int) -> bytes:
    """Bytes of a log, raw, on stderr."""
    return request("fetch", number, checked_key(key), str(offset), str(size_bytes))


def output(number: int, key: str, size_bytes: int) -> bytes:
    """Exactly so many bytes on stderr: what the job wrote to ``$ONDUTY_OUTPUT``, then NUL."""
    return request("output", number, checked_key(key), str(size_bytes))


def cancel(number: int, key: str, grace_s: float) -> bytes:
    """End the tree of ``key``; the steps come as notices."""
    return request("cancel", number, checked_key(key), str(max(0, round(grace_s * 100))))


def remove(number: int, keys: Sequence[str]) -> bytes:
    """Delete finished executions."""
    return request("remove", number, *map(checked_key, keys))


def work(number: int, workdir: str, users: Sequence[str]) -> bytes:
    """Make a work folder that these users can use too, unless it is there; its path comes before the reply."""
    return request("work", number, checked_workdir(workdir), *map(checked_user, users))


def find_workdirs(number: int, workdirs: Sequence[str]) -> bytes:
    """The paths of those work folders that are there."""
    return request("where", number, *map(checked_workdir, workdirs))


def remove_workdirs(number: int, workdirs: Sequence[str]) -> bytes:
    """Delete work folders, by name or by path; the reply comes when all is gone that this user can delete."""
    return request("unwork", number, *map(checked_work_folder, workdirs))


def sample(number: int, keys: Sequence[str], *, rooms: bool) -> bytes:
    """How the host is, and what these executions used so far; ``rooms``: how full its disks are as well, told later."""
    return request("sample", number, "1" if rooms else "0", *map(checked_key, keys))


def ping(number: int) -> bytes:
    """Nothing but the reply."""
    return request("ping", number)


def follow(key: str, offset: int) -> bytes:
    """A line for the follower, which reads plain words."""
    return f"f {checked_key(key)} {offset}\n".encode()


LOOK_NOW = b"p\n"
"""A line for the follower: do not wait for the next tick."""


def checked_key(key: str) -> str:
    """``key``, when it can be a file's name on every host. Raises ``RequestRefused``."""
    if not _PLAIN.match(key):
        raise RequestRefused(f"{key!r} is not an execution key")
    return key


def checked_workdir(workdir: str) -> str:
    """``workdir``, when it can be a folder's name on every host. Raises ``RequestRefused``."""
    if not _PLAIN.match(workdir):
        raise RequestRefused(f"{workdir!r} is not the name of a work folder")
    return workdir


def checked_work_folder(workdir: str) -> str:
    """``workdir``, when it is the name or the path of a work folder as supervisors give it. Raises ``RequestRefused``.

    Another user, root perhaps, deletes what is named here.
    """
    if not workdir.startswith("/"):
        return checked_workdir(workdir)
    if not _WORK_FOLDER.match(workdir) or "/../" in workdir or "/./" in workdir:
        raise RequestRefused(f"{workdir!r} is not the path of a work folder")
    return workdir


def checked_user(user: str) -> str:
    """``user``, when it can be a user's name on every host. Raises ``RequestRefused``."""
    if not _USER.match(user):
        raise RequestRefused(f"{user!r} is not the name of a user")
    return user


def _check_env(env: Mapping[str, str], *, login: bool) -> None:
    total_bytes = 0
    # The profile is read before the variables have their own names, so each of them is longer until then.
    most_bytes = MAX_ENV_STRING_BYTES - (len(_LATER_NAME) if login else 0)
    for name, value in env.items():
        if not _NAME.match(name) or _SHELL_OWN.match(name):
            raise RequestRefused(f"the environment variable {name} cannot be set for a job: the shell owns that name")
        size_bytes = len(_bytes(name)) + 1 + len(_bytes(value))
        if size_bytes > most_bytes:
            raise RequestRefused(f"the environment variable {name} is longer than {most_bytes} bytes")
        total_bytes += size_bytes
    if login and sum(len(name) + 1 for name in env) > most_bytes:
        raise RequestRefused("the environment has too many variables for login: true")
    if total_bytes > MAX_ENV_BYTES:
        outputs = sum(len(_bytes(value)) for name, value in env.items() if name.startswith("ONDUTY_OUT_"))
        share = f", {outputs:,} of them outputs of earlier jobs" if outputs else ""
        raise RequestRefused(f"the environment is {total_bytes:,} bytes{share}; at most {MAX_ENV_BYTES:,} can be given")


def _bytes(argument: str | bytes) -> bytes:
    # surrogateescape: bytes that are no UTF-8 came in as surrogates and go out as they were.
    return argument if isinstance(argument, bytes) else argument.encode("utf-8", "surrogateescape")
