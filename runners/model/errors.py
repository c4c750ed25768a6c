"""What can go wrong, in words a person can act on.

One base class and one level of leaves. A message says what happened and what did *not* happen; ``hint`` is what to
type next. ``exit_code`` is the command line's; ``kind`` is the stable word of a failure that runbooks match on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runners.model.api.login import LoginQuestion


class OndutyError(Exception):
    """Anything onduty refuses or cannot do, said in one sentence."""

    exit_code: int = 1
    kind: str = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        """What to type next; empty when there is nothing to type."""


class InputRefused(OndutyError):
    """What a person wrote cannot be used. Nothing was started."""

    exit_code = 2
    kind = "input"


class ActionRefused(OndutyError):
    """An intent was not admitted. Nothing changed."""

    exit_code = 5
    kind = "refused"


class NotFound(OndutyError):
    """No such run, job, page or execution."""

    exit_code = 2
    kind = "not_found"


class ControllerUnreachable(OndutyError):
    """No controller answered and none could be started."""

    exit_code = 4
    kind = "controller"


class HostUnreachable(OndutyError):
    """No session could be opened. Nothing was started on the host."""

    exit_code = 4
    kind = "unreachable"

    def __init__(self, message: str, *, hint: str = "", hop: str = "", cause: str = "") -> None:
        super().__init__(message, hint=hint)
        self.hop = hop
        """The jump host that was not reached on the way; empty: it was the host itself, or nobody knows."""
        self.cause = cause
        """What is the matter with ``hop``, in words; empty without one."""


class HostKeyUnknown(OndutyError):
    """The host showed a key that no known_hosts file lists. Nothing was sent to it."""

    exit_code = 4
    kind = "host_key_unknown"

    def __init__(self, message: str, *, key_type: str, fingerprint: str, hint: str = "", hop: str = "") -> None:
        super().__init__(message, hint=hint)
        self.key_type = key_type
        self.fingerprint = fingerprint
        """``SHA256:…`` as ssh-keygen -l prints it."""
        self.hop = hop
        """The jump host that showed it; empty: the host itself."""


class HostKeyChanged(OndutyError):
    """The host showed another key than the one on record. Nothing was sent to it."""

    exit_code = 4
    kind = "host_key"

    def __init__(self, message: str, *, known: tuple[str, ...], shown: str, hint: str = "", hop: str = "") -> None:
        super().__init__(message, hint=hint)
        self.known = known
        """``SHA256:…`` of every key on record for this host."""
        self.shown = shown
        """``SHA256:…`` of the key the host showed now."""
        self.hop = hop
        """The jump host that showed it; empty: the host itself."""


class AuthFailed(OndutyError):
    """The host is the right one and refused us. Nothing was started on it."""

    exit_code = 4
    kind = "auth"


class LoginNeeded(OndutyError):
    """A person has to do something before the host lets us in: answer it, or bring a key. Nothing was started on it."""

    exit_code = 4
    kind = "login"

    def __init__(self, message: str, *, question: LoginQuestion, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.question = question
        """Of the host itself or of one on the way to it: whoever waits behind one jump host has the same."""


class SessionLost(OndutyError):
    """An open session ended. What it was running is unknown until the host is asked again."""

    exit_code = 4
    kind = "unreachable"


class HostRefused(OndutyError):
    """The host answered and cannot serve: no writable state folder, a shell that is not POSIX, a full disk."""

    exit_code = 4
    kind = "host_refused"


class SudoRefused(OndutyError):
    """The host answered, and its sudo does not let us be that user. Nothing was started as that user."""

    exit_code = 4
    kind = "sudo_refused"


class StoreRefused(OndutyError):
    """The place for the state cannot be used: a network filesystem, in use elsewhere, written by a newer onduty."""

    exit_code = 4
    kind = "store"


class StoreDamaged(OndutyError):
    """What is stored cannot be read as it was written. Nothing was changed and nothing was started."""

    exit_code = 4
    kind = "store"


class StoreFailed(OndutyError):
    """A write did not happen (disk full, I/O error): nothing of it was stored, what was stored before is whole."""

    exit_code = 1
    kind = "store"
