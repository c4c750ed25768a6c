"""What job runs want of a host: a place for an attempt, an execution carried to its end, things removed."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from runners.engine.errands import Doing, Errand
from runners.ports.transport import ExecutionRequest

PlaceKey = tuple[str, str, int]
"""Run uid, job run, attempt: who holds a place on a host."""


@dataclass(slots=True, kw_only=True)
class Want:
    """An attempt that waits for its host."""

    run: str
    job_run: str
    attempt: int
    fence: tuple[tuple[str, str], ...] = ()
    """Keys to seal first, and whose they are: as ``ExecutionRequest.sudo``."""
    asked_s: float
    """Monotonic."""
    asked_utc: float
    sealing: bool = False
    """It has its place; the keys of the attempt before are being sealed."""

    @property
    def place(self) -> PlaceKey:
        """Who holds the place, once it has one."""
        return (self.run, self.job_run, self.attempt)


class Stage(enum.Enum):
    """How far a dispatched execution is, from our side."""

    START = "start"
    """Not sent yet in the life of this controller."""
    ASK = "ask"
    """Perhaps sent: the host must be asked first."""
    BUSY = "busy"
    """A request about it is under way in this session."""
    QUIET = "quiet"
    """It runs and is only asked for its verdict: its run's secrets are not known, so its log must not be read."""
    PARKED = "parked"
    """Its host does not have it, and it cannot be started without the run's secrets."""
    FOLLOWED = "followed"
    ENDING = "ending"
    """Its verdict is here; its log is being put on disk."""


@dataclass(slots=True, kw_only=True)
class Execution:
    """A dispatched execution whose verdict we do not have."""

    run: str
    job_run: str
    attempt: int
    request: ExecutionRequest
    stage: Stage
    silent_since_s: float | None = None
    """Monotonic time since which its host cannot be asked; None: it can."""
    silent_grace_s: float = 0.0
    silent_told: bool = False
    began: bool = False
    """The host said once that it runs: without a trace of it there, it is lost and not to be started."""
    asked: bool = False
    """A person waits to hear what comes of the next try."""
    answered: bool = False
    """The host did not know before: one silent try is enough."""
    cancel_grace_s: float | None = None
    """None: nobody asked to cancel it."""
    cancel_sent: bool = False
    """In this session."""
    errand: Errand | None = None
    """What the controller does itself over the host's connection; None: the host's supervisor does it."""
    due_utc: float | None = None
    """When the time of an errand is over; None: never."""
    doing: Doing | None = None
    """The errand while it is done in this session."""
    lacks_secrets: bool = False
    """The run's secrets are not known: ``request`` is without them."""
    owed: bool = False
    """Its verdict was told before; only its log is still wanted."""

    @property
    def place(self) -> PlaceKey:
        """Whose place it uses."""
        return (self.run, self.job_run, self.attempt)

    @property
    def key(self) -> str:
        """The execution key."""
        return self.request.key
