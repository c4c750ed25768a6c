"""The keys a person can log in with: files and the agent, in the order in which ssh would try them.

OpenSSH's order (sshconnect2.c): configured files that the agent holds, the agent's other keys unless
``IdentitiesOnly``, then files that the agent does not hold. An identity that the inventory names comes before all of
them, so that a full agent cannot use up the host's ``MaxAuthTries`` first. Passwords and prompts are never offered.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncssh
from asyncssh.agent import SSHAgentClient
from asyncssh.packet import PacketDecodeError, SSHPacket
from asyncssh.public_key import CERT_TYPE_USER, SSHCertificate, SSHKey, SSHKeyPair, SSHOpenSSHCertificate

from runners.adapters.ssh_config import SshOptions

AGENT_TIMEOUT_S = 5.0
"""An agent that was forwarded over a dead link accepts the connection and never answers."""
MOST_KEY_BYTES = 1 << 16
"""Of a private key file that are read for its public half; RSA of 16,384 bits has 13,000."""
_OPENSSH_KEY = (b"-----BEGIN OPENSSH PRIVATE KEY-----", b"-----END OPENSSH PRIVATE KEY-----")
_OPENSSH_MAGIC = b"openssh-key-v1\0"

Offer = SSHKey | SSHKeyPair | tuple[SSHKey, SSHCertificate]
"""What asyncssh takes as one thing to try."""


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


@dataclass(slots=True)
class IdentityFiles:
    """Private key files, each read once and again only when it changed."""

    _cache: dict[str, tuple[tuple[object, ...], IdentityFile]] = field(default_factory=dict)

    def read(self, path: str) -> IdentityFile:
        """Read one file; never raises. Blocks on the disk, and RSA keys are checked: call it in a thread."""
        stamp = tuple(_stamp(name) for name in (path, f"{path}.pub", f"{path}-cert.pub"))
        known = self._cache.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        found = _read(path)
        self._cache[path] = (stamp, found)
        return found


@dataclass(slots=True)
class Identities:
    """What is tried on one connection, one key after the other, and what is told when none was accepted."""

    options: SshOptions
    agent_path: str | None
    files: IdentityFiles
    tried: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    certified: list[tuple[str, SSHCertificate]] = field(default_factory=list)
    """The certificates that were offered, with the key each was found for."""
    exhausted: bool = False
    """Whether everything was offered and the host asked for more."""
    locked: str | None = None
    """A key file that needs its passphrase and that the agent does not hold."""
    _offers: list[tuple[str, Offer]] | None = None
    _agent: SSHAgentClient | None = None

    async def next(self) -> Offer | None:
        """The next key to try; None when there is none left."""
        if self._offers is None:
            self._offers = await self._collect()
        if not self._offers:
            self.exhausted = True
            return None
        name, offer = self._offers.pop(0)
        self.tried.append(name)
        return offer

    def certificate_troubles(self, user: str) -> list[str]:
        """Why the certificates that were offered may not have let ``user`` in, one sentence for each that says why."""
        return [
            f"the certificate of {name} {why}"
            for name, certificate in self.certified
            if (why := _why_not_certified(certificate, user))
        ]

    def close(self) -> None:
        """Let the agent go. Call it when the login is over, whatever came of it."""
        if self._agent is not None:
            self._agent.close()
            self._agent = None

    async def _collect(self) -> list[tuple[str, Offer]]:
        options = self.options
        paths = list(dict.fromkeys([*filter(None, [options.named_identity]), *options.identities]))
        files = await asyncio.to_thread(lambda: [self.files.read(path) for path in paths])
        certificates = await asyncio.to_thread(_read_certificates, options.certificates)
        held = await self._agent_keys()
        by_data = {pair.public_data: pair for pair in held}

        found: list[tuple[str, Offer]] = []
        seen: set[bytes] = set()

        def offer_file(file: IdentityFile) -> None:
            if file.key is None or file.public_data is None or file.public_data in seen:
                return
            seen.add(file.public_data)
            certificate = file.certificate or certificates.get(file.public_data)
            if certificate is not None:
                found.append((f"{file.path}, certified", (file.key, certificate)))
                self.certified.append((file.path, certificate))
            # OpenSSH too tries the bare key after its certificate.
            found.append((file.path, file.key))

        def offer_held(pair: SSHKeyPair, name: str, certificate: SSHCertificate | None = None) -> None:
            if pair.public_data not in seen:
                seen.add(pair.public_data)
                if certificate is not None:
                    # The agent signs, the certificate lies here: a locked key on disk is of no hindrance.
                    certified = copy.copy(pair)
                    certified.set_certificate(certificate)
                    found.append((f"{name}, certified", certified))
                    self.certified.append((name, certificate))
                found.append((name, pair))

        if options.named_identity is not None:
            offer_file(files[0])
        for file in files:
            if file.public_data in by_data:
                certificate = file.certificate or certificates.get(file.public_data)
                offer_held(by_data[file.public_data], f"{file.path} (agent)", certificate)
        if not options.identities_only:
            for pair in held:
                offer_held(pair, f"agent {pair.get_comment()}".strip())
        for file in files:
            offer_file(file)
        self._note_problems(files, seen)
        return found

    def _note_problems(self, files: Sequence[IdentityFile], seen: set[bytes]) -> None:
        for file in files:
            if file.public_data in seen:
                continue
            if file.locked and self.locked is None:
                self.locked = file.path
            if file.locked:
                where = "the agent does not hold it" if self.has_agent else "there is no agent"
                self.problems.append(f"{file.path} is locked with a passphrase and {where}")
            elif file.problem:
                self.problems.append(file.problem)
            elif file.key is None and file.path == self.options.named_identity:
                self.problems.append(f"{file.path} does not exist")

    @property
    def has_agent(self) -> bool:
        """Whether there is one to ask, dead or alive."""
        return bool(self._agent_path)

    @property
    def _agent_path(self) -> str | None:
        return self.options.identity_agent if self.options.identity_agent is not None else self.agent_path

    async def _agent_keys(self) -> list[SSHKeyPair]:
        path = self._agent_path
        if not path:
            return []
        agent = SSHAgentClient(path)
        try:
            async with asyncio.timeout(AGENT_TIMEOUT_S):
                keys = list(await agent.get_keys())
        except (OSError, ValueError, asyncssh.Error) as problem:
            agent.close()
            self.problems.append(f"the agent at {path} does not answer ({problem or type(problem).__name__})")
            return []
        self._agent = agent
        return keys


def _read(path: str) -> IdentityFile:
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
        key = asyncssh.read_private_key(path)
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


def _why_not_certified(certificate: SSHCertificate, user: str) -> str:
    """What speaks against it here and now; empty where nothing does. A host may let in other names all the same."""
    if not isinstance(certificate, SSHOpenSSHCertificate):
        return ""
    try:
        certificate.validate(CERT_TYPE_USER, None)
    except ValueError as problem:
        said = str(problem).removeprefix("Certificate ")
        return {"expired": "has expired", "not yet valid": "is not yet valid"}.get(said, f"is no good ({said})")
    if certificate.principals and user not in certificate.principals:
        return f"is for {', '.join(certificate.principals)} and not for {user}"
    return ""


def _read_certificates(paths: Sequence[str]) -> dict[bytes, SSHCertificate]:
    found: dict[bytes, SSHCertificate] = {}
    for path in paths:
        try:
            certificate = asyncssh.read_certificate(path)
        except (OSError, ValueError):
            continue
        found[certificate.key.public_data] = certificate
    return found


def _stamp(path: str) -> tuple[int, int, int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)
