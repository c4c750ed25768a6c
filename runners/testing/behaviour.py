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


@dataclass(frozen=True, slots=True)
class Work:
    """Use so much of the host: that many seconds of a processor, and so much memory until that was seen."""

    cpu_s: float = 0.0
    memory_bytes: int = 0


Step = Print | Output | Gate | Exit | Die | Fault | TimeOut | Vanish | Refuse | OnCancel | Work


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
            case Work(cpu_s, memory_bytes):
                lines.append(f"held=$(head -c {memory_bytes} /dev/zero | tr '\\0' x)")
                # utime and stime of proc_pid_stat(5): fields 14 and 15, the first two being taken off.
                used = "$(set -- $(sed 's/.*) //' /proc/$$/stat); echo $((${12} + ${13})))"
                burn = "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done"
                lines.append(f"until [ {used} -ge {round(cpu_s * 100)} ]; do {burn}; done")
                # The host looks now and then; what it has not seen is in no result.
                seen = 'read -r _ _ peak _ <"${ONDUTY_OUTPUT%.o}.g"'
                lines.append(f"until {seen} && [ $peak -ge {memory_bytes // 1024} ]; do sleep 0.02; done 2>/dev/null")
            case _:
                raise ValueError(f"{step!r} is for fake hosts only")
    return "\n".join(lines) + "\n"
