"""What the supervisor says, in the words of the port."""

from __future__ import annotations

from runners.ports.transport import ExecutionPhase, ExecutionReport, ExecutionResult
from runners.remote.notices import KeyReport
from runners.remote.result import RemoteResult


def execution_report(report: KeyReport) -> ExecutionReport:
    """The same report. Raises ``ValueError`` for the phase ``unknown``, which says nothing about a key."""
    return ExecutionReport(
        key=report.key,
        phase=ExecutionPhase(report.phase),
        log_bytes=report.log_bytes,
        result=None if report.result is None else execution_result(report.result),
        reason=report.reason if report.phase == "lost" else "",
    )


def execution_result(result: RemoteResult) -> ExecutionResult:
    """The same result."""
    return ExecutionResult(
        exit_code=result.exit_code,
        signal=result.signal,
        error=result.error,
        timed_out=result.timed_out,
        cancelled=result.cancelled,
        log_bytes=result.log_bytes,
        log_cut=result.log_cut,
        log_limited=result.log_limited,
        limits_kept=result.limits_kept,
        started_at=result.started_at,
        ended_at=result.ended_at,
        cpu_s=result.cpu_s,
        memory_peak_bytes=result.memory_peak_bytes,
        memory_peak_of=result.memory_peak_of,
        output_bytes=result.output_bytes,
    )
