"""What a scripted job does, step by step: one vocabulary for fake hosts and for real shells under contract tests."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from runners.ports.transport import Survivor


@dataclass(frozen=True, slots=True)
class Print:
    """Write these bytes to stdout, as one chunk."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Output:
    """Append these bytes to ``$ONDUTY_OUTPUT``."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Gate:
    """Wait until the test releases ``name``."""

    name: str = "gate"


@dataclass(frozen=True, slots=True)
class Exit:
    """End with this exit status, 0 to 125."""

    code: int = 0


@dataclass(frozen=True, slots=True)
class Die:
    """End by a signal: ``TERM``, ``KILL`` …"""

    signal: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Our own fault: the script never ran (a folder that is not there). Fake hosts only."""

    error: str


@dataclass(frozen=True, slots=True)
class TimeOut:
    """The time limit ends it here. Fake hosts only."""


@dataclass(frozen=True, slots=True)
class Vanish:
    """Supervisor and job are gone without a result (reboot, kill -9). Fake hosts only."""

    reason: str = "rebooted since"


@dataclass(frozen=True, slots=True)
class Refuse:
    """The host provably does not start it and claims nothing: ``start`` raises ``HostRefused``. Fake hosts only."""

    reason: str = "the disk is full"


@dataclass(frozen=True, slots=True)
class OnCancel:
    """How the job takes a cancel; put it anywhere before the end. Fake hosts only."""

    ignores_term: bool = False
    survivors: tuple[Survivor, ...] = ()
    """Processes that live on after KILL: then no result comes."""


Step = Print | Output | Gate | Exit | Die | Fault | TimeOut | Vanish | Refuse | OnCancel


def hangs(*steps: Step) -> tuple[Step, ...]:
    """Do ``steps``, then wait for ever: until ``finish``, ``vanish``, ``release`` or a cancel."""
    return (*steps, Gate())


def prints(*lines: str, code: int = 0) -> tuple[Step, ...]:
    """Print each line, then exit with ``code``."""
    return (*(Print(line.encode() + b"\n") for line in lines), Exit(code))


def as_shell(steps: Sequence[Step], gate_dir: str) -> str:
    """The same steps for ``sh -e``; a gate is a file in ``gate_dir``. Raises ``ValueError`` for fake-only steps."""
    lines: list[str] = []
    for step in steps:
        match step:
            case Print(data):
                lines.append(f"printf %s {base64.b64encode(data).decode()} | base64 -d")
            case Output(data):
                lines.append(f'printf %s {base64.b64encode(data).decode()} | base64 -d >>"$ONDUTY_OUTPUT"')
            case Gate(name):
                path = shlex.quote(f"{gate_dir}/{name}")
                lines.append(f"until test -e {path}; do sleep 0.01; done")
            case Exit(code):
                lines.append(f"exit {code}")
            case Die(signal):
                lines.append(f"kill -{signal} $$")
            case _:
                raise ValueError(f"{step!r} is for fake hosts only")
    return "\n".join(lines) + "\n"
