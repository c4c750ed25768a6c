"""Which files a person has vouched for: path and digest, in one small file of the user's configuration folder."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from pathlib import Path

from runners.model.errors import InputRefused


def digest_of(content: bytes) -> str:
    """``sha256:…`` of what was vouched for."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class TrustStore:
    """``trusted.json``: a mapping of real paths to digests."""

    def __init__(self, file: Path) -> None:
        """The file need not exist: then nothing is trusted."""
        self._file = file

    def is_trusted(self, path: Path, content: bytes) -> bool:
        """Whether this very content was vouched for under this path."""
        return self._read().get(os.path.realpath(path)) == digest_of(content)

    def trust(self, path: Path, content: bytes) -> str:
        """Record it and return the digest. Raises ``InputRefused`` when that cannot be written."""
        digest = digest_of(content)
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(self._file.with_name(f"{self._file.name}.lock"), "w", opener=_private) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                known = {**self._read(), os.path.realpath(path): digest}
                new = self._file.with_name(f"{self._file.name}.new")
                with open(new, "w", encoding="utf-8", opener=_private) as handle:
                    json.dump(known, handle, indent=1, sort_keys=True)
                    handle.flush()
                    os.fsync(handle.fileno())
                new.replace(self._file)
        except OSError as problem:
            raise InputRefused(f"{self._file} cannot be written ({problem.strerror}); {path} is not trusted") from None
        return digest

    def _read(self) -> dict[str, str]:
        """What is recorded; a file that is missing, damaged or writable by others trusts nothing."""
        try:
            status = self._file.stat()
            if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                return {}
            found = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
