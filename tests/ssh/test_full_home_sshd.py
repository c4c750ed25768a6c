"""A host whose home is full, or as good as full: onduty runs the clean-up there, from the next folder."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import person_at, until
from tests.ssh.sshd import Sshd, SshdFarm
from tests.ssh.story import inventory_of

pytestmark = pytest.mark.sshd

SIZE_BYTES = 256 * 1024
NEXT_TO_NO_BYTES = 8192
TIDY = """\
version: 1
name: tidy
stages:
  - name: one
    jobs:
      tidy:
        hosts: web1
        tasks:
          - {name: look, run: 'pwd; du -a "$HOME" | tail -n 1'}
          - {name: clean, run: 'rm "$HOME/fat"; seq 20000'}
"""


@contextlib.contextmanager
def small_home(daemon: Sshd) -> Iterator[None]:
    """The home is a small filesystem of its own."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES},mode=0700", "tmpfs", str(daemon.home)]
    done = subprocess.run(mount, capture_output=True, check=False, text=True)
    if done.returncode:
        pytest.skip(f"no filesystem can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(daemon.home)], check=True)


def fill(home: Path) -> None:
    """Until not a byte more can be written."""
    with open(home / "fat", "wb", buffering=0) as fat, contextlib.suppress(OSError):
        while True:
            fat.write(bytes(4096))


def nothing_left(folder: Path, uid: str) -> bool:
    """Whether a host keeps nothing of a run any more."""
    return not list(folder.glob(f"{uid}.*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a filesystem")
def test_clean_up_runs_on_a_host_whose_home_is_full_and_on_one_that_has_next_to_no_room(
    sshds: SshdFarm, tmp_path: Path
) -> None:
    daemon = sshds.start("web1")
    elsewhere = f"/var/tmp/onduty-{os.getuid()}/1"  # where the second folder is
    with person_at(tmp_path / "person") as person, small_home(daemon):
        person.write("tidy.yaml", TIDY)
        person.write("inventory.yaml", inventory_of(daemon))
        fill(daemon.home)
        os.truncate(daemon.home / "fat", os.stat(daemon.home / "fat").st_size - NEXT_TO_NO_BYTES)
        checked = person("hosts", "web1", "-i", "inventory.yaml", "--check", "--json", code=1).json()[0]
        assert checked["state_free_bytes"] > SIZE_BYTES > checked["home_free_bytes"]
        assert all("for what jobs print" not in problem for problem in checked["problems"])
        for _ in range(2):
            done = person.quick("run", "tidy.yaml", "-i", "inventory.yaml")
            assert done.out.startswith(f"web1 tidy| {elsewhere}/work/")
            assert done.out.endswith("web1 tidy| 20000\n")
            assert not (daemon.home / "fat").exists()
            uid = person.quick("show", "last", "--json").json()["uid"]
            until(functools.partial(nothing_left, Path(elsewhere), uid), "what it left there to go")
            fill(daemon.home)
            # A session keeps its folder: the next one looks anew.
            daemon.drop_connections()
