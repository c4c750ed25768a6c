"""Why a host cannot be used now: what ``connect`` raised as a phase of the screen, in words, and its meaning. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from runners.engine.verdict import refusal_kind
from runners.model.api import LoginQuestion
from runners.model.errors import (
    AuthFailed,
    HostKeyChanged,
    HostKeyUnknown,
    HostRefused,
    HostUnreachable,
    LoginNeeded,
    OndutyError,
)
from runners.model.holds import HoldKind
from runners.model.phases import FailureKind


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFailure:
    """The last attempt to connect failed."""

    phase: str
    """As in ``HostStatus.phase``."""
    text: str
    kind: FailureKind
    final: bool = False
    """What nobody dispatched yet fails at once; otherwise it waits."""
    fingerprint: str | None = None
    """What the host showed, for a key that is unknown or changed."""
    hop: str = ""
    """The jump host on the way that was not reached; empty: it was not that."""
    cause: str = ""
    """What is the matter with ``hop``."""
    waits_for_person: bool = False
    """No time limit: a person has to trust the key, or to log in."""
    login: LoginQuestion | None = None
    """What its login waits for."""

    @property
    def hold(self) -> HoldKind:
        """Why what waits for the host waits."""
        if self.login is not None:
            return HoldKind.LOGIN
        return HoldKind.HOST_KEY if self.waits_for_person else HoldKind.HOST


def failure_of(host: str, error: Exception) -> HostFailure:
    """What a failed ``connect`` means."""
    shower = host
    if isinstance(error, HostKeyUnknown | HostKeyChanged) and error.hop:
        shower = f"{error.hop}, on the way to {host},"
    text = (error.message if isinstance(error, OndutyError) else str(error)) or type(error).__name__
    match error:
        case HostKeyUnknown():
            return HostFailure(
                phase="host_key_unknown",
                text=f"{shower} shows {error.key_type} {error.fingerprint}, which no known_hosts file lists; "
                f"onduty hosts trust {host}",
                kind=FailureKind.HOST_KEY,
                fingerprint=error.fingerprint,
                waits_for_person=True,
            )
        case HostKeyChanged():
            return HostFailure(
                phase="host_key_changed",
                # Of a certificate that is not good there is no fingerprint: why it is refused stands in the message.
                text=f"{shower} shows {error.shown}, on record is {', '.join(error.known)}; nothing was sent to it"
                if error.shown
                else text,
                kind=FailureKind.HOST_KEY,
                final=True,
                fingerprint=error.shown,
            )
        case LoginNeeded(question=question):
            return HostFailure(
                phase="login",
                text=f"{text}; onduty login {question.asker}",
                kind=FailureKind.AUTH,
                waits_for_person=True,
                login=question,
            )
        case AuthFailed():
            return HostFailure(phase="refused", text=text, kind=FailureKind.AUTH, final=True)
        case HostRefused():
            return HostFailure(phase="refused", text=text, kind=refusal_kind(text), final=True)
        case HostUnreachable(hop=hop, cause=cause):
            return HostFailure(
                phase="unreachable", text=text, kind=FailureKind.UNREACHABLE, hop=hop, cause=cause or text
            )
        case _:
            return HostFailure(phase="unreachable", text=text, kind=FailureKind.UNREACHABLE)
