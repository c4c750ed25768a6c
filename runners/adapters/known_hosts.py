"""What the known_hosts files say about a host's key, and the one line that ``hosts trust`` adds.

The rules are OpenSSH's (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT), with one that is stricter: a host that is on record and
shows a key that is not is *changed*, also when only a key of another type is on record. The client offers the types on
record first, so an honest host shows one of those.
"""

from __future__ import annotations

import base64
import enum
import fcntl
import hmac
import os
import secrets
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
from asyncssh.known_hosts import SSHKnownHosts
from asyncssh.public_key import SSHKey

_KRL_MAGIC = b"SSHKRL\n"
_NOWHERE = ("/dev/null", "none", "")


class KeyStanding(enum.Enum):
    """What is on record about the key that a host showed."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    """Nothing is on record for this host."""
    CHANGED = "changed"
    """Other keys are on record for this host."""
    REVOKED = "revoked"
    """The key was marked as never to be accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRecord:
    """Everything on record for one host."""

    keys: tuple[SSHKey, ...] = ()
    portless_keys: tuple[SSHKey, ...] = ()
    """Listed for the name without its unusual port: they are accepted, but another key is not a change."""
    authorities: tuple[SSHKey, ...] = ()
    revoked: tuple[SSHKey, ...] = ()

    def judge(self, shown: SSHKey) -> KeyStanding:
        """Say how the key that a host showed stands."""
        if holds(self.revoked, shown):
            return KeyStanding.REVOKED
        if holds(self.keys, shown):
            return KeyStanding.KNOWN
        if self.keys:
            return KeyStanding.CHANGED
        return KeyStanding.KNOWN if holds(self.portless_keys, shown) else KeyStanding.UNKNOWN

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """``SHA256:…`` of the keys on record."""
        return tuple(fingerprint(key) for key in self.keys)


@dataclass(slots=True)
class _File:
    stamp: tuple[int, int, int]
    hosts: SSHKnownHosts


@dataclass(slots=True)
class KnownHosts:
    """The known_hosts files, each read once and again only when it changed. Safe to use from several threads."""

    _files: dict[str, _File] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look_up(self, files: Sequence[str], record_name: str, *, revoked_file: str | None = None) -> HostRecord:
        """Return what ``files`` say about ``record_name`` (``name`` or ``[name]:port``).

        A missing file is an empty one. Raises ``OSError`` when a file is there and cannot be read, and ``ValueError``
        when ``revoked_file`` is missing or of a kind that cannot be read: revocations must not be lost silently.
        """
        keys: list[SSHKey] = []
        portless: list[SSHKey] = []
        authorities: list[SSHKey] = []
        revoked: list[SSHKey] = []
        bare = _without_port(record_name)
        for path in files:
            hosts = self._load(path)
            if hosts is None:
                continue
            found, found_authorities, found_revoked, *_ = hosts.match(record_name, "", None)
            keys += found
            authorities += found_authorities
            revoked += found_revoked
            if bare is not None:
                found, found_authorities, found_revoked, *_ = hosts.match(bare, "", None)
                portless += found
                authorities += found_authorities
                revoked += found_revoked
        if revoked_file is not None:
            revoked += read_revoked_keys(revoked_file)
        return HostRecord(
            keys=_unique(keys),
            portless_keys=_unique(portless),
            authorities=_unique(authorities),
            revoked=_unique(revoked),
        )

    def _load(self, path: str) -> SSHKnownHosts | None:
        if path in _NOWHERE:
            return None
        with self._lock:
            try:
                status = os.stat(path)
            except FileNotFoundError:
                return None
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            known = self._files.get(path)
            if known is None or known.stamp != stamp:
                known = _File(stamp, _parse(Path(path).read_bytes()))
                self._files[path] = known
            return known.hosts


def holds(keys: Iterable[SSHKey], key: SSHKey) -> bool:
    """Whether ``key`` is one of ``keys``, comments and private parts aside."""
    return any(one.public_data == key.public_data for one in keys)


def fingerprint(key: SSHKey) -> str:
    """``SHA256:…`` as ``ssh-keygen -l`` prints it."""
    return key.get_fingerprint("sha256")


def key_type(key: SSHKey) -> str:
    """``ssh-ed25519``, ``ecdsa-sha2-nistp256`` …"""
    return key.get_algorithm()


def known_hosts_line(record_name: str, key: SSHKey, *, hashed: bool = False, salt: bytes | None = None) -> str:
    """The line of a known_hosts file for this host and key, without a newline."""
    name = record_name
    if hashed:
        salt = secrets.token_bytes(20) if salt is None else salt
        digest = hmac.new(salt, record_name.encode(), "sha1").digest()
        name = f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
    return f"{name} {key_type(key)} {base64.b64encode(key.public_data).decode()}"


def record_key(path: str, record_name: str, key: SSHKey, *, hashed: bool = False) -> bool:
    """Append the key to the file at ``path``; False when that host and key were listed there already.

    The file is locked and the line is one write at the end of it, so that neither a crash nor another program's
    addition leaves half a line or loses one; a replaced file would lose both its links and what ``ssh`` appends
    meanwhile. A new file is 0600, in a folder that is 0700.
    """
    if path in _NOWHERE:
        return False
    folder = Path(path).parent
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with os.fdopen(os.dup(descriptor), "rb") as reader:
            before = reader.read()
        if holds(_parse(before).match(record_name, "", None)[0], key):
            return False
        joint = b"\n" if before and not before.endswith(b"\n") else b""
        os.write(descriptor, joint + known_hosts_line(record_name, key, hashed=hashed).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def read_revoked_keys(path: str) -> list[SSHKey]:
    """Read a ``RevokedHostKeys`` file of public keys, one a line (ssh_config(5)).

    Raises ``ValueError`` when it is missing or a binary revocation list: OpenSSH then refuses every host.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as problem:
        raise ValueError(f"RevokedHostKeys {path} cannot be read ({problem.strerror})") from None
    if data.startswith(_KRL_MAGIC):
        raise ValueError(f"RevokedHostKeys {path} is a binary list (KRL), which onduty cannot read yet")
    found: list[SSHKey] = []
    for line in data.splitlines():
        text = line.strip()
        if text and not text.startswith(b"#"):
            try:
                found.append(asyncssh.import_public_key(text))
            except asyncssh.KeyImportError:
                raise ValueError(f"RevokedHostKeys {path} has a line that is not a public key") from None
    return found


def _parse(data: bytes) -> SSHKnownHosts:
    """Load line by line: one broken line must not hide the others, as it does not for OpenSSH."""
    hosts = SSHKnownHosts()
    for line in data.decode(errors="replace").splitlines():
        try:
            hosts.load(_lower_name(line))
        except ValueError:
            continue
    return hosts


def _lower_name(line: str) -> str:
    """Lower the case of the names in a line: host names have none, and the record's name is lower case."""
    words = line.split(None, 2)
    at = 1 if words and words[0].startswith("@") else 0
    if len(words) > at and not words[at].startswith("|"):
        words[at] = words[at].lower()
        return " ".join(words)
    return line


def _without_port(record_name: str) -> str | None:
    """``name`` of ``[name]:port``; None when there is no port."""
    if record_name.startswith("[") and "]:" in record_name:
        return record_name[1 : record_name.rindex("]:")]
    return None


def _unique(keys: Sequence[SSHKey]) -> tuple[SSHKey, ...]:
    return tuple({key.public_data: key for key in keys}.values())
