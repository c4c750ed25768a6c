"""The store refuses filesystems whose locks cannot be trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners.adapters import filesystems
from runners.adapters.filesystems import filesystem_of, refuse_network, why_not_here
from runners.model.errors import StoreRefused

MOUNTS = r"""/dev/vda / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
filer:/home /home nfs4 rw,vers=4.2 0 0
/dev/vdb /home/local\040disk xfs rw 0 0
tmpfs /srv tmpfs rw 0 0
//nas/share /srv cifs rw 0 0
bob@web1:/ /mnt/web1 fuse.sshfs rw 0 0
C:\134 /mnt/c 9p rw,aname=drvfs 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/var/tmp/x", "ext4"),
        ("/home", "nfs4"),
        ("/home/alice/.local", "nfs4"),
        ("/homework", "ext4"),
        ("/home/local disk/a", "xfs"),
        ("/srv/a", "cifs"),
        ("/mnt/web1/a", "fuse.sshfs"),
    ],
)
def test_the_deepest_and_latest_mount_holds_a_path(path: str, kind: str) -> None:
    assert filesystem_of(path, MOUNTS) == kind
    assert bool(why_not_here(path, MOUNTS)) == (kind in ("nfs4", "cifs", "fuse.sshfs"))


def test_a_shared_folder_is_refused_but_not_where_all_there_is_is_shared() -> None:
    assert "9p" in why_not_here("/mnt/c/state", MOUNTS)
    assert why_not_here("/home/me", "none / 9p rw 0 0\n") == ""
    assert why_not_here("/home/me", "none / 9p rw 0 0\nx:/ /home nfs rw 0 0\n") != ""


def test_without_mounts_nothing_is_refused() -> None:
    assert why_not_here("/anywhere", "") == ""
    assert filesystem_of("/anywhere", "garbage\n") == ""


def test_the_refusal_gives_the_line_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_network(tmp_path / "not" / "there" / "yet")
    monkeypatch.setattr(filesystems, "filesystem_of", lambda path, mounts: "nfs4")
    with pytest.raises(StoreRefused, match="network filesystem \\(nfs4\\)") as refused:
        refuse_network(tmp_path)
    assert refused.value.hint.startswith("ONDUTY_HOME=/var/tmp/onduty-home-")
    assert refused.value.hint.endswith(" onduty")
