"""The keys a person can log in with: files and the agent, in the order in which ssh would try them.

OpenSSH's order (sshconnect2.c): configured files that the agent holds, the agent's other keys unless
``IdentitiesOnly``, then files that the agent does not hold. An identity that the inventory names comes before all of
them, so that a full agent cannot use up the host's ``MaxAuthTries`` first. A locked key is shown by its public half:
nobody is asked for the passphrase of a key that the host does not take.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import asyncssh
from asyncssh.agent import SSHAgentClient
from asyncssh.public_key import (
    CERT_TYPE_USER,
    SSHCertificate,
    SSHKey,
    SSHKeyPair,
    SSHOpenSSHCertificate,
    decode_ssh_certificate,
    decode_ssh_public_key,
)

from runners.adapters.ssh_asking import Asking
from runners.adapters.ssh_config import SshOptions
from runners.adapters.ssh_identity_files import IdentityFile, IdentityFiles, stamp_of

AGENT_TIMEOUT_S = 5.0
"""An agent that was forwarded over a dead link accepts the connection and never answers."""

Offer = SSHKey | SSHKeyPair | tuple[SSHKey, SSHCertificate]
"""What asyncssh takes as one thing to try."""


@dataclass(slots=True)
class AgentsSeen:
    """What agents held while they were there, so that a key that is gone can be told from one that never was."""

    last: str = ""
    """Path of the last one that held keys."""
    keys: set[bytes] = field(default_factory=set)
    """Every public key that one held."""


class _Agent(SSHAgentClient):
    """An agent that may want a finger on a key before it signs."""

    def __init__(self, path: str, asking: Asking | None) -> None:
        super().__init__(path)
        self._asking = asking

    async def sign(self, key_blob: bytes, data: bytes, flags: int = 0) -> bytes:
        with self._asking.signing() if self._asking is not None else nullcontext():
            return await super().sign(key_blob, data, flags)


class _LockedKey(SSHKeyPair):
    """The public half of a key file whose passphrase is asked for once a host takes it."""

    _key_type = "locked"

    def __init__(self, path: str, key: SSHKey, asking: Asking) -> None:
        super().__init__(
            key.algorithm,
            key.algorithm,
            key.sig_algorithms,
            key.sig_algorithms,
            key.public_data,
            None,
        )
        self._path = path
        self._asking = asking

    async def sign_async(self, data: bytes) -> bytes:
        raise self._asking.stop_at_locked_key(self._path)


@dataclass(slots=True)
class Identities:
    """What is tried on one connection, one key after the other, and what is told when none was accepted."""

    options: SshOptions
    agent_path: str | None
    files: IdentityFiles
    agents: AgentsSeen = field(default_factory=AgentsSeen)
    asking: Asking | None = None
    """What asks for passphrases and touches; None: nobody is asked for either."""
    tried: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    certified: list[tuple[str, SSHCertificate]] = field(default_factory=list)
    """The certificates that were offered, with the key each was found for."""
    exhausted: bool = False
    """Whether everything was offered and the host asked for more."""
    locked: str | None = None
    """A key file that needs its passphrase and that the agent does not hold."""
    lost: str = ""
    """What became of an agent that may have held the right key; empty: nothing."""
    outlook: object = None
    """Everything that was there to be offered: another one is worth another try. None: nobody looked."""
    _is_dead: bool = False
    """The agent does not answer."""
    _blind: str = ""
    """The named identity, where it is locked and shows no public half."""
    _offers: list[tuple[str, Offer]] | None = None
    _agent: SSHAgentClient | None = None

    async def next(self) -> Offer | None:
        """The next key to try; None when there is none left."""
        if self._offers is None:
            self._offers = await self._collect()
        if not self._offers:
            if self._blind and self.asking is not None:
                raise self.asking.stop_at_locked_key(self._blind)
            self.exhausted = True
            return None
        name, offer = self._offers.pop(0)
        if not isinstance(offer, _LockedKey):
            self.tried.append(name)
        return offer

    async def look(self) -> object:
        """The outlook now; nothing is offered to anybody."""
        if self._offers is None:
            self._offers = await self._collect()
        return self.outlook

    def may_change(self, user: str) -> bool:
        """Whether what was refused may be taken later: an agent is gone, a certificate has run out."""
        return bool(self.lost) or any("expired" in why or "yet" in why for why in self.certificate_troubles(user))

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
        files, certificates = await asyncio.to_thread(
            lambda: ([self.files.read(path) for path in paths], _read_certificates(options.certificates))
        )
        held = await self._agent_keys(files)
        by_data = {pair.public_data: pair for pair in held}
        self.outlook = (
            self._agent_path,
            tuple(by_data),
            tuple((file.path, file.locked, stamp_of(file.path)) for file in files),
            tuple(stamp_of(path) for path in options.certificates),
        )

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
                elif (own := _certificate_in(pair)) is not None:
                    self.certified.append((name, own))
                found.append((name, pair))

        def offer_locked(file: IdentityFile) -> None:
            if not file.locked or file.public_data in seen or self.asking is None:
                return
            key = _public_key(file.public_data)
            if key is None:
                if file.path == options.named_identity:
                    self._blind = file.path
                return
            certificate = file.certificate or certificates.get(key.public_data)
            if certificate is not None:
                certified = _LockedKey(file.path, key, self.asking)
                certified.set_certificate(certificate)
                found.append((file.path, certified))
            found.append((file.path, _LockedKey(file.path, key, self.asking)))

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
            offer_locked(file)
        self._note_problems(files, seen)
        return found

    def _note_problems(self, files: Sequence[IdentityFile], seen: set[bytes]) -> None:
        for file in files:
            if file.public_data in seen:
                continue
            if file.locked and self.locked is None:
                self.locked = file.path
            if file.locked:
                self.problems.append(f"{file.path} {self.why_locked}")
            elif file.problem:
                self.problems.append(file.problem)
            elif file.key is None and file.path == self.options.named_identity:
                self.problems.append(f"{file.path} does not exist")

    @property
    def why_locked(self) -> str:
        """Why a locked key cannot be used."""
        return "is locked with a passphrase and " + (
            "the agent does not hold it" if self.has_agent else "there is no agent"
        )

    @property
    def has_agent(self) -> bool:
        """Whether there is one to ask, empty or not."""
        return bool(self._agent_path) and not self._is_dead

    @property
    def _agent_path(self) -> str | None:
        return self.options.identity_agent if self.options.identity_agent is not None else self.agent_path

    async def _agent_keys(self, files: Sequence[IdentityFile]) -> list[SSHKeyPair]:
        path, seen = self._agent_path, self.agents
        # With IdentitiesOnly an agent is asked for the keys of these files and for no others.
        wanted = not self.options.identities_only or any(file.public_data and file.key is None for file in files)
        if not path:
            if path is None and seen.last and wanted:
                self.lost = f"the agent at {seen.last}, which held keys, is gone"
                self.problems.append(self.lost)
            return []
        agent = _Agent(path, self.asking)
        try:
            async with asyncio.timeout(AGENT_TIMEOUT_S):
                keys = list(await agent.get_keys())
        except (OSError, ValueError, asyncssh.Error) as problem:
            agent.close()
            self._is_dead = True
            said = f"the agent at {path} does not answer ({problem or type(problem).__name__})"
            self.problems.append(said)
            self.lost = said if wanted else ""
            return []
        self._agent = agent
        if keys:
            seen.last = path
            seen.keys.update(pair.public_data for pair in keys)
        elif seen.keys and wanted:
            self.lost = f"the agent at {path} holds no keys any more; is it locked?"
            self.problems.append(self.lost)
        return keys


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


def _certificate_in(pair: SSHKeyPair) -> SSHCertificate | None:
    """The certificate that an agent holds as a key of its own."""
    if not pair.has_cert:
        return None
    try:
        return decode_ssh_certificate(pair.public_data)
    except (ValueError, asyncssh.Error):
        return None


def _public_key(data: bytes | None) -> SSHKey | None:
    try:
        return None if data is None else decode_ssh_public_key(data)
    except (ValueError, asyncssh.Error):
        return None
