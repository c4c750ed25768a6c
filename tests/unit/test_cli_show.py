"""What ``onduty show`` says beside a job."""

from __future__ import annotations

from runners.model.api import JobDocument, RunbookDocument
from tui.cli.show import why_of


def failed(reason: str, first_line: str | None) -> JobDocument:
    return JobDocument(
        stage="s",
        job="j",
        host="box",
        matrix=None,
        phase="failed",
        result="failure",
        attempt=1,
        exit_code=None,
        signal=None,
        reason=reason,
        hold=None,
        started_at=None,
        ended_at=None,
        log_bytes=0,
        tasks=(),
        runbook=RunbookDocument(id="a-page", section=None, score=0.9, why="kind is auth"),
        first_line=first_line,
    )


def test_why_is_the_reason_the_first_bad_line_and_the_page() -> None:
    job = failed("exit 1 in restart", "bind: address in use")
    assert why_of(job) == "exit 1 in restart  bind: address in use  (runbook a-page: kind is auth)"


def test_a_reason_that_is_its_own_first_line_is_said_once() -> None:
    job = failed("sudo refuses; nothing was started there in root", "sudo refuses; nothing was started there")
    assert why_of(job) == "sudo refuses; nothing was started there in root  (runbook a-page: kind is auth)"
