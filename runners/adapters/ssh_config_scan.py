"""The files an SSH configuration consists of: did they change, would reading them execute something, and do they say
the same for every host."""

from __future__ import annotations

import glob
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_INCLUDE_DEPTH = 16
"""As in OpenSSH's readconf.c."""
MAX_CONFIG_BYTES = 4 << 20

_MATCH_EXEC = re.compile(r"""^\s*"?match"?[\s=].*\bexec\b""", re.IGNORECASE)
_KEYWORD = re.compile(r"\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.+)")
# fmt: off
_SAME_FOR_ALL = frozenset((
    "addkeystoagent", "addressfamily", "batchmode", "bindaddress", "casignaturealgorithms", "certificatefile",
    "checkhostip", "ciphers", "compression", "connectionattempts", "connecttimeout", "controlmaster", "controlpath",
    "controlpersist", "enableescapecommandline", "escapechar", "exitonforwardfailure", "fingerprinthash",
    "forwardagent", "forwardx11", "forwardx11timeout", "forwardx11trusted", "gatewayports", "globalknownhostsfile",
    "gssapiauthentication", "gssapidelegatecredentials", "hashknownhosts", "hostbasedauthentication",
    "hostkeyalgorithms", "identitiesonly", "identityagent", "identityfile", "include", "ipqos",
    "kbdinteractiveauthentication", "kexalgorithms", "loglevel", "macs", "nohostauthenticationforlocalhost",
    "numberofpasswordprompts", "passwordauthentication", "permitlocalcommand", "port", "preferredauthentications",
    "pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes", "pubkeyauthentication", "rekeylimit", "requesttty",
    "requiredrsasize", "revokedhostkeys", "sendenv", "serveralivecountmax", "serveraliveinterval", "sessiontype",
    "setenv", "streamlocalbindmask", "streamlocalbindunlink", "stricthostkeychecking", "syslogfacility",
    "tcpkeepalive", "updatehostkeys", "user", "userknownhostsfile", "verifyhostkeydns", "visualhostkey",
    "xauthlocation",
))
# fmt: on
"""Keywords of ssh_config(5) whose value has nothing to do with the host, as long as it has no token in it."""
_INCLUDE = re.compile(r"""^\s*"?include"?[\s=]+(.+)$""", re.IGNORECASE)

Stamp = tuple[int, int, int]
"""Modification time in ns, size, inode; zeros for what is not there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfigScan:
    """What one reading of the files found."""

    stamps: tuple[tuple[str, Stamp], ...]
    """Every file that was read, and every folder in which an ``Include`` pattern looks."""
    match_exec: str | None
    """``file:line`` of the first ``Match exec``; None when there is none."""

    uniform: bool = False
    """Provably the same for every host: then what ``ssh -G`` says of one differs from another's in name, port and user
    alone. False whenever a line leaves a doubt."""

    def is_current(self) -> bool:
        """Whether nothing changed since."""
        return all(_stamp(path) == stamp for path, stamp in self.stamps)


def scan_config(files: Sequence[Path], *, home: Path) -> ConfigScan:
    """Read ``files`` and what they include, without evaluating anything. Missing files are empty files."""
    stamps: dict[str, Stamp] = {}
    found: list[str] = []
    lines: list[str] = []
    for file in files:
        base = Path("/etc/ssh") if file.is_relative_to("/etc/ssh") else home / ".ssh"
        _scan_file(file, base, home, stamps, found, lines, depth=0)
    return ConfigScan(
        stamps=tuple(stamps.items()), match_exec=found[0] if found else None, uniform=all(map(_is_same_for_all, lines))
    )


def _is_same_for_all(line: str) -> bool:
    line = line.strip()
    if not line or line.startswith("#") or re.fullmatch(r"host\s+\*", line, re.IGNORECASE):
        return True
    found = _KEYWORD.fullmatch(line)
    if found is None:
        return False
    keyword = found[1].lower()
    if keyword == "include" and "$" in found[2]:
        # ssh may read a file that we do not.
        return False
    # A token may stand for the host. ControlPath usually has some, and nobody here reads it.
    return keyword in _SAME_FOR_ALL and ("%" not in found[2] or keyword == "controlpath")


def _scan_file(
    file: Path, base: Path, home: Path, stamps: dict[str, Stamp], found: list[str], lines: list[str], *, depth: int
) -> None:
    path = str(file)
    if path in stamps or depth > MAX_INCLUDE_DEPTH:
        return
    stamps[path] = _stamp(path)
    try:
        with open(path, "rb") as handle:
            text = handle.read(MAX_CONFIG_BYTES).decode(errors="replace")
    except OSError:
        # ssh itself says what is wrong with a file that it cannot read.
        return
    lines += text.split("\n")
    if len(text) == MAX_CONFIG_BYTES:
        lines.append("Host cut-here")
    for number, line in enumerate(text.splitlines(), start=1):
        if _MATCH_EXEC.match(line):
            found.append(f"{path}:{number}")
        elif include := _INCLUDE.match(line):
            for pattern in _words(include[1]):
                _scan_pattern(pattern, base, home, stamps, found, lines, depth=depth + 1)


def _scan_pattern(
    pattern: str, base: Path, home: Path, stamps: dict[str, Stamp], found: list[str], lines: list[str], *, depth: int
) -> None:
    if pattern == "~" or pattern.startswith("~/"):
        pattern = str(home) + pattern[1:]
    full = os.path.join(base, os.path.expanduser(pattern))
    folder = os.path.dirname(full)
    if not glob.has_magic(folder):
        stamps.setdefault(folder, _stamp(folder))
    for name in sorted(glob.glob(full)):
        _scan_file(Path(name), base, home, stamps, found, lines, depth=depth)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def _stamp(path: str) -> Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)
