"""Find a site's ``onduty.yaml`` and what it names. A file that others can write is no site's and is refused."""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
from pathlib import Path

from runners.adapters.text_file import read_utf8
from runners.model.errors import InputRefused
from runners.spec.site import SITE_NAME, Site, read_site

MAX_FILES = 2000
_YAML = (".yaml", ".yml")
_NAME_LINE = re.compile(r"^name:[ \t]+['\"]?([A-Za-z0-9_][A-Za-z0-9._-]{0,62})['\"]?[ \t]*(?:#.*)?$", re.MULTILINE)
_PROGRAM_STARTS = (b"#!", b"\x7fELF")


def find_site(start: Path, config_home: Path) -> Site | None:
    """The nearest ``onduty.yaml`` from ``start`` upwards, else the one in the user's configuration folder, else None.

    Raises ``InputRefused`` for one that others can write, or with the first of its problems.
    """
    folders = [start, *start.parents, config_home]
    file = next((folder / SITE_NAME for folder in folders if (folder / SITE_NAME).is_file()), None)
    if file is None:
        return None
    refuse_writable(file)
    site, problems = read_site(read_utf8(file, str(file)), str(file), str(Path.home()))
    if site is None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InputRefused(f"{problems[0]}{more}", hint=f"onduty lint {file}")
    return site


def refuse_writable(path: Path) -> None:
    """Raise ``InputRefused`` when somebody else can change the file, or put another in its place."""
    for place in (path, path.parent):
        try:
            status = os.stat(place)
        except OSError as problem:
            raise InputRefused(f"{place}: {problem.strerror}; nothing was started") from None
        who = _who_else(status, is_folder=place != path)
        if who:
            hint = "" if status.st_uid != os.geteuid() else f"chmod go-w {place}"
            so = "and is not used" if place == path else f"and {path} with it; the file is not used"
            raise InputRefused(f"{place} can be written by {who} {so}", hint=hint)


def _who_else(status: os.stat_result, *, is_folder: bool) -> str:
    """Who can write it besides us and root; empty: nobody."""
    if status.st_uid not in (0, os.geteuid()):
        return f"its owner, {_user(status.st_uid)}"
    if is_folder and status.st_mode & stat.S_ISVTX:
        # In a sticky folder such as /tmp only the owner of a file can replace it.
        return ""
    if status.st_mode & stat.S_IWOTH:
        return "everybody"
    if status.st_mode & stat.S_IWGRP and not _is_private_group(status.st_gid):
        return f"the group {_group(status.st_gid)}"
    return ""


def _is_private_group(gid: int) -> bool:
    """The group that has the user's own name and nobody else in it, as most distributions make one for each user."""
    try:
        group, me = grp.getgrgid(gid), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return gid == 0 or (group.gr_name == me.pw_name and not set(group.gr_mem) - {me.pw_name})


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def pipelines_of(site: Site) -> dict[str, tuple[str, ...]]:
    """Name of each pipeline with the files that have it; a file without a ``name:`` line is none."""
    found: dict[str, list[str]] = {}
    for path in _files(site.pipelines, _YAML):
        try:
            text = path.read_bytes()[: 1 << 20].decode("utf-8", "replace")
        except OSError:
            continue
        name = _NAME_LINE.search(text)
        if name is not None and "stages:" in text:
            found.setdefault(name[1], []).append(str(path))
    return {name: tuple(paths) for name, paths in found.items()}


def inventories_of(site: Site) -> dict[str, str]:
    """Inventories by name: a file's name without its extension; the earlier wins."""
    found: dict[str, str] = {}
    for path in _files(site.inventories, None):
        found.setdefault(path.stem, str(path))
    return found


def is_program(path: Path) -> bool:
    """Whether the file is executed for its ``--list``, as Ansible would: executable, and it begins like a program."""
    if not path.is_file() or not os.access(path, os.X_OK):
        return False
    with open(path, "rb") as handle:
        return handle.read(4).startswith(_PROGRAM_STARTS)


def _files(places: tuple[str, ...], suffixes: tuple[str, ...] | None) -> list[Path]:
    """The files named, and those directly in the folders named, hidden ones left out."""
    found: list[Path] = []
    for place in places:
        path = Path(place)
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
            found.extend(one for one in inside if suffixes is None or one.suffix in suffixes)
        else:
            found.append(path)
    return found[:MAX_FILES]
