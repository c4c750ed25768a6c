"""Resolve a host to explicit SSH options: what the inventory says, and ``ssh -G`` for everything else.

asyncssh reads fewer configuration keys than OpenSSH and reads some of them differently, so no configuration file ever
reaches it: ``ssh -G`` says what OpenSSH would do, and every option is passed by value. ``ssh -G`` executes nothing but
``Match exec``, so it is not asked where the configuration contains that. This module imports no SSH library: the
client resolves hosts too, for the shell behind ``!``.

What ``ssh -G`` prints is described in ssh(1) and ssh_config(5); tokens and tilde in ``IdentityFile`` and
``CertificateFile`` come unexpanded (OpenSSH 9.2), the other paths expanded.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from runners.adapters.child_process import end_child, start_child
from runners.adapters.ssh_config_scan import ConfigScan, scan_config
from runners.adapters.ssh_config_shared import SharedAnswers
from runners.adapters.ssh_tokens import agent_path, expand, expand_tokens, login_name, split_paths, tokens_for
from runners.adapters.via_openssh import through_openssh
from runners.model.errors import HostRefused
from runners.model.inventory import Host
from runners.spec.jumps import HopRefused, parse_hops

DEFAULT_PORT = 22
PARALLEL_RESOLUTIONS = 8
"""``ssh -G`` processes at a time; 200 hosts take 0.66 s with 8 on two cores."""
RESOLVE_TIMEOUT_S = 10.0
"""A name server can hold ``ssh -G`` up where names are canonicalised."""
DEFAULT_CONNECT_TIMEOUT_S = 10.0
MAX_HOPS = 8
"""More jump hosts than that are a mistake."""
MAX_SAID_CHARS = 300
"""Of what a program or a host says about itself, in a message."""
SYSTEM_CONFIG = Path("/etc/ssh/ssh_config")
GLOBAL_KNOWN_HOSTS = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
DEFAULT_IDENTITIES = ("id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk")

NO_SSH_PROGRAM = (
    "there is no ssh program here: only the inventory's own keys are used (address, port, user, identity, known_hosts)"
)

NOTHING_TO_GO_THROUGH = "via: openssh has no jump host to go through here: the connection is direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class SshOptions:
    """Everything that is needed to reach one host, by value."""

    host: str
    """The inventory's name, for messages."""
    address: str
    """Name or address to connect to, after ``HostName``."""
    port: int
    user: str
    named_identity: str | None = None
    """The inventory's own ``identity``; tried before everything else."""
    identities: tuple[str, ...] = ()
    """Private key files in ssh's order; they need not exist."""
    identities_only: bool = False
    certificates: tuple[str, ...] = ()
    identity_agent: str | None = None
    """Path of an agent's socket that replaces the session's; ``""``: no agent; None: the session's agent."""
    known_hosts: tuple[str, ...] = ()
    """The user's files. The first one is written to."""
    global_known_hosts: tuple[str, ...] = GLOBAL_KNOWN_HOSTS
    host_key_alias: str | None = None
    accept_new: bool = False
    """``StrictHostKeyChecking accept-new`` (and ``no``): an unknown key is recorded. A changed one never is."""
    hash_known_hosts: bool = False
    revoked_host_keys: str | None = None
    """File of public keys that are never accepted."""
    family: socket.AddressFamily = socket.AF_UNSPEC
    bind_address: str | None = None
    connect_timeout_s: float = DEFAULT_CONNECT_TIMEOUT_S
    compression: bool = False
    kex: tuple[str, ...] = ()
    """Algorithms that the configuration allows; empty: it has no say. The same for the next three."""
    ciphers: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    host_key_algorithms: tuple[str, ...] = ()
    notice: str = ""
    """What a person should know about how this was resolved; empty when there is nothing to know."""
    proxy_jump: str = ""
    """``ProxyJump`` as the configuration has it; empty when the inventory has its own say."""
    proxy: str = ""
    """``ProxyCommand`` with its tokens expanded, run by a shell: the connection goes over it. Empty: there is none."""
    hops: tuple[SshOptions, ...] = ()
    """The jump hosts in order, from here to the host; they have no hops of their own."""
    leads_on: bool = False
    """It is logged in to as a jump host: another login than one to itself, and another question."""
    declared: Host | None = field(default=None, compare=False, repr=False)
    """The host that this was resolved from."""

    @property
    def record_name(self) -> str:
        """The name under which known_hosts files list this host (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""
        if self.host_key_alias:
            return self.host_key_alias.lower()
        name = self.address.lower()
        return name if self.port == DEFAULT_PORT else f"[{name}]:{self.port}"

    @property
    def label(self) -> str:
        """``web1 (10.0.0.11:2222)``, for messages."""
        where = f"{self.address}:{self.port}"
        return where if self.host == self.address else f"{self.host} ({where})"


class SshConfig:
    """Resolves hosts, a few at a time, and remembers the answers while the configuration files do not change."""

    def __init__(self, *, program: str | None = "ssh", home: Path | None = None) -> None:
        """``program`` is looked for on PATH, None means there is none; ``home`` replaces the login's own folder."""
        self._program = shutil.which(program) if program else None
        # OpenSSH takes the home folder from the password database and ignores HOME.
        self._home = home or _login_home()
        self._slots = asyncio.Semaphore(PARALLEL_RESOLUTIONS)
        self._scans: dict[str | None, ConfigScan] = {}
        self._answers: dict[tuple[object, ...], tuple[ConfigScan, SshOptions]] = {}
        self._shared = SharedAnswers()

    @property
    def program(self) -> str | None:
        """Absolute path of ``ssh``; None when there is none."""
        return self._program

    async def resolve(self, host: Host) -> SshOptions:
        """Return the options for ``host`` and for every host on the way to it.

        Raises ``HostRefused`` when the configuration cannot be used: it does not parse, or its jump hosts lead in a
        circle. Nothing is sent to the host.
        """
        own = await self._resolve_alone(host)
        if host.via:
            return self._via_openssh(host, own)
        if own.proxy:
            return own
        hops = await self._hops(host, own)
        return replace(own, hops=hops) if hops else own

    def _via_openssh(self, host: Host, own: SshOptions) -> SshOptions:
        declared = _declared_hops(host, own)
        if not declared:
            # A command of the person's own, or nothing to go through: then it is the bastion itself, or stands alone.
            return own if own.proxy else replace(own, notice=_joined(own.notice, NOTHING_TO_GO_THROUGH))
        command = through_openssh(host, declared, self._program)
        tokens = tokens_for(
            home=self._home,
            address=own.address,
            name=host.target,
            port=own.port,
            user=own.user,
            alias=own.host_key_alias,
        )
        return replace(own, proxy=expand_tokens(command, tokens))

    async def _hops(self, host: Host, own: SshOptions, depth: int = 0) -> tuple[SshOptions, ...]:
        """The way to ``host``. As with ssh, only the first hop's own jumps count: the others are reached through it."""
        declared = _declared_hops(host, own)
        if not declared:
            return ()
        first, *rest = [await self._resolve_alone(hop) for hop in declared]
        found = (first, *(replace(hop, proxy="") for hop in rest))
        if _is_same(first, own):
            # ``Host *`` with a ProxyJump means the bastion too; ssh does not jump through a host to itself either.
            return ()
        if depth >= MAX_HOPS:
            raise HostRefused(f"{host.name}: its jump hosts lead in a circle; nothing was sent")
        before = () if first.proxy else await self._hops(declared[0], first, depth + 1)
        hops = (*before, *found)
        if len(hops) > MAX_HOPS or any(_is_same(hop, own) for hop in hops):
            raise HostRefused(f"{host.name}: its jump hosts lead in a circle; nothing was sent")
        return hops

    async def _resolve_alone(self, host: Host) -> SshOptions:
        _refuse_strange_words(host)
        if self._program is None:
            return self._from_inventory(host, NO_SSH_PROGRAM)
        scan = self._scan(host.ssh_config)
        if scan.match_exec:
            return self._from_inventory(
                host,
                f"{scan.match_exec} has 'Match exec', which would execute a command: "
                "only the inventory's own keys are used for this host",
            )
        said = (host.name, host.target, host.port, host.user, host.identity, host.known_hosts, host.ssh_config)
        key = (*said, host.jump is None)
        cached = self._answers.get(key)
        if cached is not None and cached[0] is scan:
            return cached[1] if cached[1].declared == host else replace(cached[1], declared=host)
        printed = await self._shared.printed(scan, host, self._printed)
        options = read_printed_options(host, printed, home=self._home)
        self._answers[key] = (scan, options)
        return options

    async def _printed(self, host: Host) -> dict[str, list[str]]:
        async with self._slots:
            return parse_printed(await self._ask(host))

    def _scan(self, ssh_config: str | None) -> ConfigScan:
        """The scan of the files that ``ssh`` would read; the same object while none of them changed."""
        known = self._scans.get(ssh_config)
        if known is not None and known.is_current():
            return known
        files = [Path(ssh_config)] if ssh_config else [self._home / ".ssh" / "config", SYSTEM_CONFIG]
        scan = scan_config(files, home=self._home)
        self._scans[ssh_config] = scan
        return scan

    async def _ask(self, host: Host) -> str:
        assert self._program is not None
        process = await start_child(
            self._program,
            *printed_options_args(host),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(RESOLVE_TIMEOUT_S):
                out, err = await process.communicate()
        except TimeoutError:
            raise HostRefused(
                f"{host.name}: 'ssh -G {host.target}' did not answer within {RESOLVE_TIMEOUT_S:g} s; "
                "nothing was sent to the host",
                hint=f"ssh -G {host.target}",
            ) from None
        finally:
            await end_child(process)
        if process.returncode != 0:
            said = printable(err.decode(errors="replace"))
            raise HostRefused(
                f"{host.name}: the SSH configuration cannot be used ({said or 'ssh -G failed'}); "
                "nothing was sent to the host",
                hint=f"ssh -G {host.target}",
            )
        return out.decode(errors="surrogateescape")

    def _from_inventory(self, host: Host, notice: str) -> SshOptions:
        ssh_folder = self._home / ".ssh"
        return SshOptions(
            host=host.name,
            address=host.target,
            port=host.port or DEFAULT_PORT,
            user=host.user or login_name(),
            named_identity=host.identity,
            identities=(host.identity,)
            if host.identity
            else tuple(str(ssh_folder / name) for name in DEFAULT_IDENTITIES),
            known_hosts=(host.known_hosts,) if host.known_hosts else (str(ssh_folder / "known_hosts"),),
            notice=notice,
            declared=host,
        )


def _joined(*notices: str) -> str:
    return "; ".join(filter(None, notices))


def _declared_hops(host: Host, own: SshOptions) -> tuple[Host, ...]:
    """What the inventory says, else what ssh's configuration says, looked up in that same configuration."""
    if host.jump is not None:
        return host.jump
    try:
        hops = parse_hops(own.proxy_jump) if own.proxy_jump else ()
    except HopRefused as problem:
        raise HostRefused(f"{host.name}: ProxyJump of the SSH configuration: {problem}; nothing was sent") from None
    return tuple(Host(name=hop.host, user=hop.user, port=hop.port, ssh_config=host.ssh_config) for hop in hops)


def _is_same(one: SshOptions, other: SshOptions) -> bool:
    return (one.address, one.port, one.user) == (other.address, other.port, other.user)


def printed_options_args(host: Host) -> list[str]:
    """Arguments of ``ssh -G``, with what the inventory says as if it had been typed."""
    args = ["-G"]
    if host.ssh_config:
        args += ["-F", host.ssh_config]
    if host.port is not None:
        args += ["-p", str(host.port)]
    if host.user is not None:
        args += ["-l", host.user]
    if host.identity is not None:
        args += ["-i", host.identity.replace("%", "%%")]
    return [*args, "--", host.target]


def parse_printed(text: str) -> dict[str, list[str]]:
    """Split what ``ssh -G`` prints into key (lower case) and values, in order."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key:
            found.setdefault(key.lower(), []).append(value)
    return found


def read_printed_options(host: Host, printed: Mapping[str, Sequence[str]], *, home: Path) -> SshOptions:
    """Turn the output of ``ssh -G`` into options."""

    def last(key: str) -> str | None:
        values = printed.get(key)
        return None if not values or values[-1] in ("", "none") else values[-1]

    address = last("hostname") or host.target
    port = int(last("port") or DEFAULT_PORT)
    user = last("user") or login_name()
    alias = last("hostkeyalias")
    tokens = tokens_for(home=home, address=address, name=host.target, port=port, user=user, alias=alias)

    def paths(key: str) -> tuple[str, ...]:
        return tuple(expand(value, tokens, home) for value in printed.get(key, ()) if value not in ("", "none"))

    timeout = last("connecttimeout")
    identity_agent = printed.get("identityagent", [""])[-1]
    notices = [
        f"{name} of the SSH configuration is not used by onduty"
        for key, name in (
            ("knownhostscommand", "KnownHostsCommand"),
            ("pkcs11provider", "PKCS11Provider"),
            ("bindinterface", "BindInterface"),
        )
        if last(key) is not None
    ]
    return SshOptions(
        host=host.name,
        address=address,
        port=port,
        user=user,
        named_identity=host.identity,
        identities=paths("identityfile"),
        identities_only=last("identitiesonly") in ("yes", "true"),
        certificates=paths("certificatefile"),
        identity_agent=agent_path(identity_agent, tokens, home),
        known_hosts=(host.known_hosts,)
        if host.known_hosts
        else split_paths((printed.get("userknownhostsfile") or [""])[-1], home),
        global_known_hosts=split_paths((printed.get("globalknownhostsfile") or [""])[-1], home),
        host_key_alias=alias,
        accept_new=last("stricthostkeychecking") in ("accept-new", "no", "off", "false"),
        hash_known_hosts=last("hashknownhosts") in ("yes", "true"),
        revoked_host_keys=last("revokedhostkeys"),
        family={"inet": socket.AF_INET, "inet6": socket.AF_INET6}.get(last("addressfamily") or "", socket.AF_UNSPEC),
        bind_address=last("bindaddress"),
        connect_timeout_s=float(timeout) if timeout and timeout.isdigit() else DEFAULT_CONNECT_TIMEOUT_S,
        compression=last("compression") in ("yes", "true"),
        kex=_names(last("kexalgorithms")),
        ciphers=_names(last("ciphers")),
        macs=_names(last("macs")),
        host_key_algorithms=_names(last("hostkeyalgorithms")),
        notice="; ".join(notices),
        proxy_jump=(last("proxyjump") or "") if host.jump is None else "",
        proxy=expand_tokens(last("proxycommand") or "", tokens) if host.jump is None else "",
        declared=host,
    )


def printable(text: str, limit: int = MAX_SAID_CHARS) -> str:
    """``text`` as one line without anything that a terminal would act on."""
    flat = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(flat.split())[:limit]


def _names(value: str | None) -> tuple[str, ...]:
    return tuple(name for name in (value or "").split(",") if name)


def _login_home() -> Path:
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:
        return Path.home()


def _refuse_strange_words(host: Host) -> None:
    """Refuse what ssh or the protocol would read as something else than a name."""
    for what, value in (("address", host.target), ("user", host.user or "")):
        if value.startswith("-") or not value.isprintable() or any(c.isspace() for c in value):
            raise HostRefused(f"{host.name}: {value!r} cannot be used as {what}; nothing was sent")
