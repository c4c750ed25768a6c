"""From what a host's disk says about an execution to the news that the core understands. Pure."""

from __future__ import annotations

import signal

from runners.engine.tell import cut
from runners.model.errors import OndutyError, SudoRefused
from runners.model.news import ExecutionFinished
from runners.model.outputs import NO_OUTPUTS, Outputs
from runners.model.phases import FailureKind, Result
from runners.ports.transport import ExecutionResult
from runners.spec.durations import format_duration


def finished(
    job_run: str, key: str, result: ExecutionResult, *, timeout_s: float | None, outputs: Outputs = NO_OUTPUTS
) -> ExecutionFinished:
    """The verdict of a host. Cancelled beats timed out, both beat the exit status that they caused."""
    outcome, kind, reason = _judge(result, timeout_s)
    return ExecutionFinished(
        job_run=job_run,
        key=key,
        result=outcome,
        exit_code=result.exit_code,
        signal=result.signal,
        reason=reason,
        kind=kind,
        log_bytes=result.log_bytes,
        log_cut=result.log_cut,
        log_limited=result.log_limited,
        limits_kept=result.limits_kept,
        host_started_at=result.started_at,
        host_ended_at=result.ended_at,
        cpu_s=result.cpu_s,
        memory_peak_bytes=result.memory_peak_bytes,
        memory_peak_of=result.memory_peak_of,
        outputs=outputs.values,
        output_problems=outputs.problems,
    )


def never_ran(job_run: str, key: str, reason: str, *, kind: FailureKind = FailureKind.ERROR) -> ExecutionFinished:
    """The host provably did not run it and never will under this key."""
    return ExecutionFinished(job_run=job_run, key=key, result=Result.ERROR, reason=cut(reason), kind=kind)


def cancelled_before_start(job_run: str, key: str) -> ExecutionFinished:
    """It was dispatched, never reached its host, and its key is sealed there now."""
    return ExecutionFinished(
        job_run=job_run, key=key, result=Result.CANCELLATION, reason="cancelled before it reached the host"
    )


def ended_with_controller(job_run: str, key: str) -> ExecutionFinished:
    """A request or a transfer that an earlier controller was doing, cancelled before it was done again."""
    reason = "cancelled; it ended with an earlier controller, and may have had its effect"
    return ExecutionFinished(job_run=job_run, key=key, result=Result.CANCELLATION, reason=reason)


def kind_of(error: OndutyError) -> FailureKind:
    """What a refusal of the host is to runbooks and to the retry policy."""
    return FailureKind.AUTH if isinstance(error, SudoRefused) else refusal_kind(error.message)


def refusal_kind(message: str) -> FailureKind:
    """What a ``HostRefused`` is to runbooks."""
    text = message.lower()
    full = "disk is full" in text or "no space" in text or "disk full" in text
    return FailureKind.DISK_FULL if full else FailureKind.ERROR


def _judge(result: ExecutionResult, timeout_s: float | None) -> tuple[Result, FailureKind | None, str]:
    if result.cancelled:
        return Result.CANCELLATION, None, "cancelled"
    if result.timed_out:
        within = f"no answer within {_within(timeout_s)}" if timeout_s else "no answer within its time limit"
        return Result.TIMEOUT, FailureKind.TIMEOUT, within
    if result.error is not None:
        return Result.ERROR, refusal_kind(result.error), cut(result.error)
    cut_log = "; the host's disk was full, its log is cut" if result.log_cut else ""
    if result.log_limited:
        cut_log = "; its log came to its log_limit and is cut"
    if result.signal is not None:
        kind = FailureKind.DISK_FULL if result.log_cut else FailureKind.SIGNAL
        return Result.FAILURE, kind, f"killed by {result.signal}{cut_log}"
    if result.exit_code == 0:
        return Result.SUCCESS, None, cut_log[2:]
    if result.exit_code is None:
        return Result.ERROR, FailureKind.ERROR, "the host's result names neither an exit status nor a signal"
    kind = FailureKind.DISK_FULL if result.log_cut else FailureKind.EXIT
    return Result.FAILURE, kind, f"exit {result.exit_code}{_perhaps_signal(result.exit_code)}{cut_log}"


def _perhaps_signal(exit_code: int) -> str:
    """A shell cannot tell ``exit 143`` from a child that TERM ended, so neither do we."""
    try:
        return f", or {signal.Signals(exit_code - 128).name.removeprefix('SIG')}" if exit_code > 128 else ""
    except ValueError:
        return ""


def _within(timeout_s: float) -> str:
    """What is left of an attempt's time is no round number: whole seconds are enough for people."""
    return format_duration(timeout_s if timeout_s < 1 else round(timeout_s))
