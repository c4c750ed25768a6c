"""One login on one connection: judge the host's key, offer our keys, and say what went wrong in words.

Whatever a host says about itself (disconnect reasons, names) is cut to printable text before it enters a message.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence

import asyncssh
from asyncssh.public_key import SSHKey

from runners.adapters.known_hosts import HostRecord, KeyStanding, fingerprint, key_type, record_key
from runners.adapters.ssh_asking import Asking
from runners.adapters.ssh_config import DEFAULT_PORT, SshOptions, printable
from runners.adapters.ssh_identities import Identities, Offer
from runners.adapters.ssh_questions import Asker, about_locked_key
from runners.model.api import LoginQuestion, rfc3339
from runners.model.errors import (
    AuthFailed,
    HostKeyChanged,
    HostKeyUnknown,
    HostRefused,
    HostUnreachable,
    LoginNeeded,
    OndutyError,
)

MAX_NAMED_KEYS = 6
NOTHING_STARTED = "; nothing was started there"


class Login(asyncssh.SSHClient):
    """Answers the library's questions on one connection and remembers what happened on it."""

    def __init__(
        self, options: SshOptions, record: HostRecord, identities: Identities, asker: Asker | None = None
    ) -> None:
        """``asker`` asks a person; None: nobody is asked, and nothing but keys is sent."""
        self.options = options
        self.record = record
        self.identities = identities
        self.asking = Asking(options, asker)
        identities.asking = self.asking
        self.shown: SSHKey | None = None
        """The key the host showed; None before it showed one, or when it showed a certificate."""
        self.standing: KeyStanding | None = None
        self.record_problem = ""
        self.lost_cause = ""
        """Why the connection ended; empty while it is open."""
        self.wants = ""
        """How the host would let us in besides or after a key; empty: in no such way."""
        self._asked_to_log_in = False
        self._connection: asyncssh.SSHClientConnection | None = None

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self._connection = conn

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost_cause = reason(exc) if exc is not None else "the connection was closed"

    def validate_host_public_key(self, host: str, addr: str, port: int, key: SSHKey) -> bool:
        # Called for unknown and for changed keys alike, so the record decides here and nowhere else.
        self.shown = key
        self.standing = self.record.judge(key)
        if self.standing is KeyStanding.UNKNOWN and self.options.accept_new:
            return self._record_new(key)
        return self.standing is KeyStanding.KNOWN

    async def public_key_auth_requested(self) -> list[Offer] | None:
        self._asked_to_log_in = True
        offer = await self.identities.next()
        return None if offer is None else [offer]

    def kbdint_auth_requested(self) -> str | None:
        self.wants = self.wants or "keyboard-interactive (a password or a one-time code)"
        return "" if self.asking.begin_interactive() else None

    async def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> Sequence[str]:
        self._remember_outlook()
        return await self.asking.challenge(name, instructions, prompts)

    async def password_auth_requested(self) -> str | None:
        self.wants = self.wants or "a password"
        asker = self.asking.asker
        # After keys that were refused a password is asked for only where somebody is there to give it: a host that
        # forgot a key must not hold what runs by itself.
        if self.identities.tried and not self.key_was_accepted and (asker is None or not asker.person_there):
            return None
        self._remember_outlook()
        return await self.asking.password()

    @property
    def key_was_accepted(self) -> bool:
        """Whether one of our keys was right and not enough."""
        return bool(self.wants and self.identities.tried) and not self.identities.exhausted

    @property
    def said_its_name(self) -> bool:
        """Whether the host's SSH version line arrived."""
        return self._connection is not None and self._connection.get_extra_info("server_version") is not None

    @property
    def doing(self) -> str:
        """What the connection was busy with, for messages."""
        if self._connection is None:
            return "connecting"
        if not self.said_its_name:
            return "waiting for its SSH greeting"
        return "logging in" if self._asked_to_log_in else "exchanging keys"

    def _remember_outlook(self) -> None:
        # While a person is asked another key may come along that needs no answer.
        if self.asking.asker is not None:
            self.asking.asker.outlook = self.identities.outlook

    def _record_new(self, key: SSHKey) -> bool:
        try:
            if self.options.known_hosts:
                record_key(
                    self.options.known_hosts[0],
                    self.options.record_name,
                    key,
                    hashed=self.options.hash_known_hosts,
                )
        except OSError as problem:
            self.record_problem = f"; it could not be added to {self.options.known_hosts[0]} ({problem.strerror})"
            return False
        self.standing = KeyStanding.KNOWN
        return True


class KeyIsLocked(Exception):
    """The login needs a key whose passphrase nobody gave yet. Nothing was started there."""

    def __init__(self, login: Login, path: str) -> None:
        super().__init__(path)
        self.path = path
        self.why = login.identities.why_locked
        self.has_agent = login.identities.has_agent

    def told(self, options: SshOptions) -> LoginNeeded:
        """For whoever only looks."""
        text = about_locked_key(self.path, self.why, options)
        question = LoginQuestion(asker=options.host, kind="passphrase", text=text)
        return LoginNeeded(text, question=question, hint=add_to_agent(self.path, self.has_agent))


def key_error(login: Login, problem: Exception) -> OndutyError:
    """Why the host's key was refused."""
    options, record = login.options, login.record
    if login.shown is None or login.standing is None:
        return HostKeyChanged(
            f"{options.label} showed a host certificate that is refused ({reason(problem)}) and has no key on record; "
            "nothing was sent to it",
            known=record.fingerprints,
            shown="",
        )
    kind, shown = key_type(login.shown), fingerprint(login.shown)
    if login.standing is KeyStanding.UNKNOWN:
        return HostKeyUnknown(
            f"{options.label} shows an unknown host key, {kind} {shown}{login.record_problem}; nothing was sent to it",
            key_type=kind,
            fingerprint=shown,
            hint=f"onduty hosts trust {options.host}",
        )
    return changed_key(options, record, login.shown, revoked=login.standing is KeyStanding.REVOKED)


def changed_key(options: SshOptions, record: HostRecord, shown: SSHKey, *, revoked: bool = False) -> HostKeyChanged:
    """The refusal of a key that is not the one on record."""
    now = f"{key_type(shown)} {fingerprint(shown)}"
    if revoked:
        said = f"{options.label} shows the host key {now}, which is revoked; nothing was sent to it"
    else:
        known = ", ".join(f"{key_type(key)} {fingerprint(key)}" for key in record.keys)
        said = f"{options.label} shows another host key: {now}; on record is {known}; nothing was sent to it"
    files = " ".join(f"-f {shlex.quote(path)}" for path in options.known_hosts[:1])
    return HostKeyChanged(
        said,
        known=record.fingerprints,
        shown=fingerprint(shown),
        hint="" if revoked else f"ssh-keygen -R {shlex.quote(options.record_name)} {files}".strip(),
    )


def login_error(login: Login, problem: asyncssh.DisconnectError) -> OndutyError | KeyIsLocked:
    """Why the host did not let us in, or what broke after it had said its name."""
    options = login.options
    if login.asking.locked_key:
        return KeyIsLocked(login, login.asking.locked_key)
    if isinstance(problem, asyncssh.HostKeyNotVerifiable):
        return key_error(login, problem)
    if isinstance(problem, asyncssh.KeyExchangeFailed):
        return HostRefused(
            f"{options.label} and this machine share no algorithm ({reason(problem)}); nothing was started there",
            hint=try_ssh(options, "-v"),
        )
    if isinstance(problem, asyncssh.PermissionDenied | asyncssh.IllegalUserName) or (
        "authentication failures" in str(problem).lower()
    ):
        named = login.identities.locked if login.identities.locked == options.named_identity else None
        if named and "failures" in str(problem).lower():
            # The agent's other keys used up what the host listens to, and the named one was not shown.
            return KeyIsLocked(login, named)
        return _auth_error(login, problem)
    return HostUnreachable(
        f"{options.label} ended the connection while {login.doing} ({reason(problem)}); nothing was started there",
        hint=try_ssh(options),
    )


def _auth_error(login: Login, problem: asyncssh.DisconnectError) -> AuthFailed | LoginNeeded:
    options, identities = login.options, login.identities
    if login.asking.would_ask is not None:
        return LoginNeeded(login.asking.would_ask.text, question=login.asking.would_ask, hint=try_ssh(options))
    tried = [printable(name) for name in identities.tried]
    if not tried:
        what = "there was no key to offer"
    else:
        more = f" and {len(tried) - MAX_NAMED_KEYS} more" if len(tried) > MAX_NAMED_KEYS else ""
        what = f"tried {', '.join(tried[:MAX_NAMED_KEYS])}{more}"
    if "failures" in str(problem).lower():
        what += "; it stopped listening after so many keys"
    for trouble in identities.problems:
        what += f"; {printable(trouble)}"
    for trouble in identities.certificate_troubles(options.user):
        what += f"; {printable(trouble)}"
    if login.wants:
        what += f"; it also takes {login.wants}, and nobody is at a terminal to be asked for it"
    hint = f"onduty login {options.host}" if identities.lost else try_ssh(options, "-v")
    if identities.locked:
        hint = add_to_agent(identities.locked, identities.has_agent)
    said = f"{options.label} refused the login as {options.user} ({what}); nothing was started there"
    if identities.may_change(options.user):
        question = LoginQuestion(asker=options.host, kind="agent", text=said, since=rfc3339(time.time()))
        return LoginNeeded(said, question=question, hint=hint)
    return AuthFailed(said, hint=hint)


def add_to_agent(path: str, has_agent: bool) -> str:
    """What to type so that an agent holds the key; the next command that is typed there brings the agent along."""
    return ("" if has_agent else "eval $(ssh-agent); ") + f"ssh-add {shlex.quote(path)}"


def unreachable(options: SshOptions, cause: str) -> HostUnreachable:
    """No connection: ``cause`` in words."""
    return HostUnreachable(f"{options.label} {cause}; nothing was started there", hint=try_ssh(options))


def not_forwarded(options: SshOptions, problem: asyncssh.ChannelOpenError) -> OndutyError:
    """The jump host is there and opened no way to the host."""
    hop = options.hops[-1] if options.hops else options
    if problem.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
        return HostRefused(
            f"{hop.label} does not forward to {options.label} ({reason(problem)}; AllowTcpForwarding in its "
            "sshd_config?); nothing was started there"
        )
    return HostUnreachable(
        f"{options.label} cannot be reached from {hop.label} ({reason(problem)}); nothing was started there",
        hint=shlex.join(
            ["ssh", *_port(hop), f"{hop.user}@{hop.address}", "nc", "-z", options.address, str(options.port)]
        ),
    )


def on_the_way(options: SshOptions, problem: OndutyError) -> OndutyError:
    """What went wrong with a jump host, as a failure of the host behind it."""
    if isinstance(problem, LoginNeeded):
        # One sentence for all who wait behind it: there is one thing to do.
        return problem
    said = f"{options.host} is reached through {options.hops[-1].host}: {problem.message}"
    if isinstance(problem, HostKeyUnknown):
        return HostKeyUnknown(
            said,
            key_type=problem.key_type,
            fingerprint=problem.fingerprint,
            # Trust in a host includes the hosts on the way to it.
            hint=f"onduty hosts trust {options.host}",
            hop=problem.hop or options.hops[-1].host,
        )
    if isinstance(problem, HostKeyChanged):
        hop = problem.hop or options.hops[-1].host
        return HostKeyChanged(said, known=problem.known, shown=problem.shown, hint=problem.hint, hop=hop)
    if isinstance(problem, HostUnreachable):
        hop = problem.hop or options.hops[-1].host
        cause = problem.cause or problem.message.removesuffix(NOTHING_STARTED)
        return HostUnreachable(said, hint=problem.hint, hop=hop, cause=cause)
    return type(problem)(said, hint=problem.hint)


def try_ssh(options: SshOptions, *flags: str) -> str:
    """The line to type that does the same by hand."""
    jump = ("-J", ",".join(_hop(hop) for hop in options.hops)) if options.hops else ()
    return shlex.join(["ssh", *flags, *jump, *_port(options), f"{options.user}@{options.address}", "true"])


def _port(options: SshOptions) -> tuple[str, ...]:
    return () if options.port == DEFAULT_PORT else ("-p", str(options.port))


def _hop(options: SshOptions) -> str:
    return f"{options.user}@{options.address}" + ("" if options.port == DEFAULT_PORT else f":{options.port}")


def reason(problem: BaseException) -> str:
    """What an exception says, as one printable line."""
    if isinstance(problem, OSError) and problem.strerror:
        return printable(problem.strerror)
    return printable(str(problem)) or type(problem).__name__
