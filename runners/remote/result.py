"""How an execution ended, as its record on the host says it: one line with a closing mark.

``R KIND STATUS LOG_BYTES CUT HOW STARTED ENDED CPU OUTPUT_BYTES MEMORY LIMITS .`` in the record; a notice or report
may add the folder asked for. Records written before there was a MEMORY or LIMITS are read too.
"""

from __future__ import annotations

from dataclasses import dataclass

_SIGNAL_NAMES = (
    "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT "
    "CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
)
"""Linux's, from 1 (signal(7), x86 and ARM)."""
_SIGNALS = tuple(_SIGNAL_NAMES.split())
_FIRST_REALTIME, _LAST_REALTIME = 34, 64
_CLOCK_TICKS_PER_S = 100
"""What /proc counts in (USER_HZ), on every Linux there is."""
_FIRST, _LAST = 10, 12
"""Where the closing mark may stand: what is between was added later."""
_OF = {"p": "process", "c": "job"}
_KEPT = {"-": "", "s": "job", "v": "process"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteResult:
    """One record's second line. Exactly one of ``exit_code``, ``signal`` and ``error`` is there."""

    exit_code: int | None
    signal: str | None
    error: str | None
    timed_out: bool
    cancelled: bool
    log_bytes: int
    log_cut: bool
    started_at: float
    """Seconds since 1970 by the host's clock."""
    ended_at: float
    cpu_s: float | None
    """User and system; None: nothing of it ran."""
    memory_peak_bytes: int | None = None
    memory_peak_of: str = ""
    """``process``: the largest that was seen; ``job``: all together, by its control group; empty without a peak."""
    limits_kept: str = ""
    """How limits of memory and processors were kept: for the ``job`` whole, or for each ``process``; empty: none."""
    log_limited: bool = False
    """What came after ``log_bytes`` was dropped, because of the limit that the request had."""
    output_bytes: int = 0
    """What was written to ``$ONDUTY_OUTPUT``."""


def signal_name(status: int) -> str | None:
    """The signal behind a shell's exit status; None when there is none.

    A shell gives a signal as 128 + its number (POSIX 2.8.2), so that ``exit 143`` looks like TERM.
    """
    number = status - 128
    if 1 <= number <= len(_SIGNALS):
        return _SIGNALS[number - 1]
    if _FIRST_REALTIME <= number <= _LAST_REALTIME:
        return f"RTMIN+{number - _FIRST_REALTIME}"
    return None


def parse_result(text: str) -> RemoteResult:
    """Read ``R … .`` and the folder that may follow. Raises ``ValueError`` when it is not whole."""
    words = text.split(" ")
    mark = next((at for at in range(_FIRST, _LAST + 1) if words[at : at + 1] == ["."]), None)
    if mark is None or words[0] != "R":
        raise ValueError(f"not a result: {text!r}")
    _, kind, status, log_bytes, cut, how, started, ended, cpu, outputs = words[:_FIRST]
    memory, limits = (*words[_FIRST:mark], "-", "-")[:2]
    if limits not in _KEPT:
        raise ValueError(f"no way to keep a limit: {limits!r}")
    folder = " ".join(words[mark + 1 :])
    peak_bytes, peak_of = _peak(memory)
    exit_code = signal = error = None
    if kind == "x":
        signal = signal_name(int(status))
        exit_code = int(status) if signal is None else None
    else:
        error = _error(status, folder)
    return RemoteResult(
        exit_code=exit_code,
        signal=signal,
        error=error,
        timed_out=how == "T",
        cancelled=how == "C",
        log_bytes=int(log_bytes),
        log_cut=cut == "1",
        log_limited=cut == "2",
        started_at=int(started) / 100,
        ended_at=int(ended) / 100,
        cpu_s=int(cpu) / _CLOCK_TICKS_PER_S if kind == "x" else None,
        memory_peak_bytes=peak_bytes,
        memory_peak_of=peak_of,
        limits_kept=_KEPT[limits],
        output_bytes=int(outputs),
    )


def _peak(word: str) -> tuple[int | None, str]:
    """``41208p``: kibibytes, and of what."""
    if word == "-":
        return None, ""
    if word[-1:] not in _OF:
        raise ValueError(f"not a peak: {word!r}")
    return int(word[:-1]) * 1024, _OF[word[-1]]


def _error(code: str, folder: str) -> str:
    match code:
        case "nodir":
            return f"folder {folder} is not there"
        case "noenter":
            return f"folder {folder} cannot be entered"
        case "nowork":
            return "the work folder could not be made"
        case "noshare":
            return (
                "this user cannot enter the work folder (other users than root are let in by setfacl, which this host "
                "may not have); give the task a dir:"
            )
        case "noearlier":
            return "what earlier jobs wrote could not be put on the host (disk full?)"
        case "nobash":
            return "this host has no bash, which shell: bash asks for; nothing was started there"
        case "nonice":
            return "this host has no nice program, which limits: nice asks for; nothing was started there"
        case "nocpu":
            return (
                "limits: cpu cannot be kept on this host: systemd-run gives this account no scope of its own; "
                "nothing was started there"
            )
        case "nomemory":
            return "limits: memory cannot be kept on this host: neither systemd-run nor ulimit -v; nothing was started"
        case "noscope":
            return "systemd-run did not start it in a scope with its limits, see the log; nothing of it ran"
        case "nostart":
            return "the host could not start another process"
        case _:
            return code
