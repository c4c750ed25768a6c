"""Private key files as they lie on this machine: read once, again when they change, unlocked in memory alone."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field

import asyncssh
from asyncssh.packet import PacketDecodeError, SSHPacket
from asyncssh.public_key import SSHCertificate, SSHKey

MOST_KEY_BYTES = 1 << 16
"""Of a private key file that are read for its public half; RSA of 16,384 bits has 13,000."""
_OPENSSH_KEY = (b"-----BEGIN OPENSSH PRIVATE KEY-----", b"-----END OPENSSH PRIVATE KEY-----")
_OPENSSH_MAGIC = b"openssh-key-v1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityFile:
    """What one private key file gave."""

    path: str
    key: SSHKey | None = None
    """None: it is missing, locked or not a key."""
    certificate: SSHCertificate | None = None
    public_data: bytes | None = None
    """Known also for a locked key that is OpenSSH's own or has its ``.pub`` beside it."""
    problem: str = ""
    """Why the key cannot be used; empty for a missing file and for a locked key."""
    locked: bool = False
    """It needs its passphrase."""


@dataclass(slots=True)
class IdentityFiles:
    """Private key files, each read once and again only when it changed."""

    _unlocked: set[str] = field(default_factory=set)
    """Paths of keys that a passphrase unlocked, as they lay there then."""
    _cache: dict[str, tuple[tuple[object, ...], IdentityFile]] = field(default_factory=dict)

    def read(self, path: str) -> IdentityFile:
        """Read one file; never raises. Blocks on the disk, and RSA keys are checked: call it in a thread."""
        stamp = stamp_of(path)
        known = self._cache.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        found = _read(path)
        self._cache[path] = (stamp, found)
        self._unlocked.discard(path)
        return found

    def unlock(self, path: str, passphrase: str) -> bool:
        """Keep the key of a locked file in memory, until the file changes; whether that was its passphrase.

        Blocks: a passphrase is made slow to try. Call it in a thread.
        """
        stamp = stamp_of(path)
        found = _read(path, passphrase)
        if found.key is None:
            return False
        self._cache[path] = (stamp, found)
        self._unlocked.add(path)
        return True

    def forget(self) -> int:
        """Forget what passphrases unlocked; how many keys there were."""
        count = len(self._unlocked)
        for path in self._unlocked:
            self._cache.pop(path, None)
        self._unlocked.clear()
        return count


def _read(path: str, passphrase: str | None = None) -> IdentityFile:
    public = _public_data(f"{path}.pub") or _public_half(path)
    try:
        status = os.stat(path)
    except OSError as problem:
        said = "" if isinstance(problem, FileNotFoundError) else f"{path}: {problem.strerror}"
        return IdentityFile(path=path, public_data=public, problem=said)
    if status.st_uid == os.geteuid() and status.st_mode & 0o077:
        # OpenSSH ignores such a key too.
        return IdentityFile(
            path=path, public_data=public, problem=f"{path} can be read by others and is not used (chmod 600)"
        )
    try:
        key = asyncssh.read_private_key(path, passphrase)
    except asyncssh.KeyEncryptionError:
        return _locked(path, public)
    except asyncssh.KeyImportError as problem:
        if "assphrase" in str(problem):
            return _locked(path, public)
        alone = _public_data(path)
        if alone is not None:
            return IdentityFile(
                path=path, public_data=alone, problem=f"{path} is a public key and the agent does not hold it"
            )
        return IdentityFile(path=path, public_data=public, problem=f"{path} is not a private key ({problem})")
    except (OSError, ValueError) as problem:
        return IdentityFile(path=path, public_data=public, problem=f"{path}: {problem}")
    return IdentityFile(path=path, key=key, certificate=_certificate(path), public_data=key.public_data)


def _certificate(path: str) -> SSHCertificate | None:
    """The certificate beside a private key, as ssh looks for it."""
    try:
        return asyncssh.read_certificate(f"{path}-cert.pub")
    except (OSError, ValueError):
        return None


def _locked(path: str, public: bytes | None) -> IdentityFile:
    return IdentityFile(
        path=path,
        certificate=_certificate(path),
        public_data=public,
        locked=True,
    )


def _public_data(path: str) -> bytes | None:
    try:
        return asyncssh.read_public_key(path).public_data
    except (OSError, ValueError):
        return None


def _public_half(path: str) -> bytes | None:
    """Of OpenSSH's own format, where it is in the clear though the rest is locked (OpenSSH, PROTOCOL.key)."""
    begin, end = _OPENSSH_KEY
    try:
        with open(path, "rb") as file:
            _, begun, rest = file.read(MOST_KEY_BYTES).partition(begin)
        body, ended, _ = rest.partition(end)
        data = base64.b64decode(body)
        if not begun or not ended or not data.startswith(_OPENSSH_MAGIC):
            return None
        packet = SSHPacket(data[len(_OPENSSH_MAGIC) :])
        for _ in ("cipher", "key derivation", "its options"):
            packet.get_string()
        packet.get_uint32()
        return packet.get_string()
    except (OSError, ValueError, PacketDecodeError):
        return None


def stamp_of(path: str) -> tuple[object, ...]:
    """Changes when the key, its public half or its certificate does."""
    return tuple(_stamp(name) for name in (path, f"{path}.pub", f"{path}-cert.pub"))


def _stamp(path: str) -> tuple[int, int, int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)
