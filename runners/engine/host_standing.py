"""How a host stands, and why an attempt waits for it, in the words of the screen. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from runners.engine.host_failure import HostFailure
from runners.engine.host_wants import Want
from runners.model.holds import Hold, HoldKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is true of a link at this moment."""

    name: str
    has_session: bool
    """Perhaps one that is being left."""
    is_open: bool
    failure: HostFailure | None
    lost: str | None
    """Why the last session is over."""
    carries: bool
    """Something of ours is on the host."""
    connecting: bool
    queued_for_slot: bool
    place_limit: int
    slot_limit: int

    def phase(self) -> tuple[str, str]:
        """As in ``HostStatus``: the phase and its text."""
        if self.is_open:
            return "connected", ""
        if self.failure is not None:
            return self.failure.phase, self.failure.text
        if self.lost is not None and self.carries:
            return "silent", self.lost
        return ("connecting" if self.connecting else "idle"), ""

    def hold(self, want: Want, gives_up_utc: float) -> Hold:
        """Why ``want`` has no place yet."""
        kind, text, until = HoldKind.HOST, f"connecting to {self.name}", None
        if self.failure is not None and self.failure.waits_for_person:
            kind, text = self.failure.hold, self.failure.text
        elif self.failure is not None and self.failure.hop:
            text, until = self.hop_words, gives_up_utc
        elif self.failure is not None:
            text, until = self.failure.text, gives_up_utc
        elif self.has_session:
            cap = self.place_limit
            kind, text = HoldKind.CAPACITY, f"waits for a place: the controller's cap is {cap} attempts on {self.name}"
        elif self.queued_for_slot:
            cap = self.slot_limit
            kind, text = HoldKind.CAPACITY, f"waits for one to be free: the controller's cap is {cap} hosts at once"
        return Hold(kind=kind, what=want.job_run, text=text, since=want.asked_utc, until=until, login=self.login)

    @property
    def hop_words(self) -> str:
        """Which hop is not reached, and why. Not for how many: who is told of every change would hear it for each."""
        assert self.failure is not None, "there is a hop to wait for"
        return f"{self.failure.hop}, on the way to {self.name}, is not reached: {self.failure.cause}"

    def login_hold(self, job_run: str) -> Hold:
        """Why nothing is known of ``job_run``, which is on the host."""
        assert self.failure is not None, "there is a login to wait for"
        return Hold(kind=HoldKind.LOGIN, what=job_run, text=self.failure.text, login=self.login)

    @property
    def login(self) -> str:
        """Whom a person answers, so that the host can be used; empty: nobody."""
        return self.failure.login.asker if self.failure is not None and self.failure.login is not None else ""
