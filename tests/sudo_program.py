"""The real sudo for tests: before it a program of that name that a test can tell to refuse us, honestly.

To be refused, sudo is run by an account that no rule knows. Works as root (who may be anybody) and for a user whom sudo
asks for no password, as on a CI machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NOBODY = "nobody"


def real_sudo() -> str:
    """Where sudo is. Without one that serves us: a loud skip at home, a failure in CI."""
    found = shutil.which("sudo") or ""
    missing = "" if found else "sudo is not installed (apt install sudo)"
    if found and subprocess.run([found, "-n", "true"], capture_output=True, check=False).returncode:
        missing = "sudo wants a password of this account"
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"CI must run against a real sudo: {missing}")
    if missing:
        pytest.skip(f"NOT TESTED AGAINST A REAL SUDO: {missing}")
    return found


class SudoProgram:
    """A folder for the front of a PATH, with ``sudo`` in it."""

    def __init__(self, folder: Path, *, root_home: Path | None) -> None:
        """``root_home``: root's home, in place of the machine's; None: that one."""
        self.folder = folder
        folder.mkdir(parents=True)
        self._refusing = folder / "refusing"
        real = real_sudo()
        home = f'[ "$4" != root ] || exec {real} -n -u root env "HOME={root_home}" sh' if root_home else ":"
        if root_home is not None:
            root_home.mkdir()
        program = folder / "sudo"
        program.write_text(
            "#!/bin/sh\n"
            f'[ ! -e "{self._refusing}" ] || exec {real} -n -u {NOBODY} {real} "$@"\n'
            '[ "$1 $2 $3 $5" = "-n -H -u sh" ] || { echo "sudo was asked for something else: $*" >&2; exit 9; }\n'
            f'{home}\nexec {real} "$@"\n'
        )
        program.chmod(0o755)

    @property
    def path(self) -> str:
        """A PATH with it."""
        return f"{self.folder}:{os.environ['PATH']}"

    def refuse(self) -> None:
        """From now on it is run by somebody whom no rule knows."""
        self._refusing.touch()

    def allow(self) -> None:
        """It is run by us again."""
        self._refusing.unlink(missing_ok=True)
