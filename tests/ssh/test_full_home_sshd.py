"""A host whose home is full, or as good as full: onduty runs the clean-up there, from the next folder."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import person_at
from tests.ssh.sshd import Sshd, SshdFarm
from tests.ssh.story import inventory_of

pytestmark = pytest.mark.sshd

SIZE_BYTES = 256 * 1024
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
def small_home(daemon: Sshd, *, free_bytes: int) -> Iterator[None]:
    """The home is a filesystem of its own with that much room left."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES},mode=0700", "tmpfs", str(daemon.home)]
    done = subprocess.run(mount, capture_output=True, check=False, text=True)
    if done.returncode:
        pytest.skip(f"no filesystem can be mounted here: {done.stderr.strip()}")
    try:
        (daemon.home / "fat").write_bytes(bytes(SIZE_BYTES - free_bytes))
        yield
    finally:
        subprocess.run(["umount", "-l", str(daemon.home)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a filesystem")
@pytest.mark.parametrize("free_bytes", [0, 8192])
def test_clean_up_runs_on_a_host_whose_home_is_full(sshds: SshdFarm, tmp_path: Path, free_bytes: int) -> None:
    daemon = sshds.start("web1")
    with person_at(tmp_path / "person") as person, small_home(daemon, free_bytes=free_bytes):
        person.write("tidy.yaml", TIDY)
        person.write("inventory.yaml", inventory_of(daemon))
        checked = person("hosts", "web1", "-i", "inventory.yaml", "--check", "--json", code=1).json()[0]
        assert checked["state_free_bytes"] > SIZE_BYTES > checked["home_free_bytes"]
        assert all("for what jobs print" not in problem for problem in checked["problems"])
        done = person("run", "tidy.yaml", "-i", "inventory.yaml")
        elsewhere = f"/var/tmp/onduty-{os.getuid()}/1"  # where the second folder is
        assert done.out.startswith(f"web1 tidy| {elsewhere}/work/")
        assert done.out.endswith("web1 tidy| 20000\n")
        assert not (daemon.home / "fat").exists()
        uid = person.show()["uid"]
        assert not list(Path(elsewhere).glob(f"{uid}.*"))
