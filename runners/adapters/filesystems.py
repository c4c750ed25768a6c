"""On which filesystem a path lies, and which of them cannot hold the store.

SQLite's locks and its write-ahead log are not reliable over a network (https://www.sqlite.org/wal.html, "All processes
using a database must be on the same host computer"); neither is ``flock``, by which one controller keeps out another.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from runners.model.errors import StoreRefused

_NETWORK = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "gpfs",
        "beegfs", "ocfs2", "gfs2", "orangefs", "pvfs2", "9p", "virtiofs", "davfs", "vboxsf", "prl_fs",
        "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.davfs2", "fuse.cephfs",
        "fuse.gcsfuse", "fuse.smbnetfs", "fuse.vmhgfs-fuse",
    }
)  # fmt: skip
"""Types in /proc/mounts that another machine serves, or that share another machine's files."""

_SHARED_ROOT_IS_LOCAL = frozenset({"9p", "virtiofs"})
"""A guest or sandbox whose whole root is shared this way has no better place, and only itself as a user."""


def filesystem_of(path: str, mounts: str) -> str:
    """The type of the filesystem that holds ``path`` (absolute, resolved), by the text of /proc/mounts; "" if none."""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # proc(5): space, tab, newline and backslash are written as three octal digits.
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[1])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        # Of two mounts on one point the later one covers the earlier.
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def why_not_here(path: str, mounts: str) -> str:
    """Say why the store cannot lie at ``path``; empty when it can."""
    kind = filesystem_of(path, mounts)
    if kind not in _NETWORK:
        return ""
    if kind in _SHARED_ROOT_IS_LOCAL and filesystem_of("/", mounts) == kind:
        return ""
    return f"{path} is on a network filesystem ({kind}), where locks and write-ahead logs cannot be trusted"


def refuse_network(folder: Path) -> None:
    """Raise ``StoreRefused``, with the line to type, when ``folder`` (which need not exist yet) is on a network."""
    try:
        mounts = Path("/proc/mounts").read_text(errors="surrogateescape")
    except OSError:
        return
    if reason := why_not_here(str(folder.resolve()), mounts):
        raise StoreRefused(
            f"{reason}; nothing was started", hint=f"ONDUTY_HOME=/var/tmp/onduty-home-{os.getuid()} onduty"
        )
