"""The end of an execution: outputs and the whole log are brought here, then its verdict is told."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from runners.engine.host_carried import Carried, Link
from runners.engine.host_wants import Execution
from runners.engine.logs import BytesMissing, Logs
from runners.engine.verdict import finished
from runners.model.ids import parse_key
from runners.model.news import ExecutionFinished, LogArrived, News
from runners.model.outputs import MOST_OUTPUT_BYTES, NO_OUTPUTS, Outputs
from runners.model.phases import Result
from runners.ports.transport import ExecutionResult, HostSession
from runners.remote.outputs import parse_outputs


class Fetching:
    """Ends executions whose host has a result."""

    def __init__(self, link: Link, carried: Carried, *, logs: Logs) -> None:
        self._link = link
        self._carried = carried
        self._logs = logs

    async def put_away(self, session: HostSession, execution: Execution, result: ExecutionResult) -> None:
        """Have the outputs here and the whole log on disk, then tell the verdict.

        The outputs come first: a session that is lost meanwhile leaves everything as it was, for the next one.
        """
        outputs = NO_OUTPUTS
        if result.output_bytes and not execution.owed:
            supervisor = await session.under(execution.request.sudo)
            data = await supervisor.output(execution.key, min(result.output_bytes, MOST_OUTPUT_BYTES))
            outputs = self._without_secrets(execution.run, parse_outputs(data, size_bytes=result.output_bytes))
        try:
            position = await self._logs.feed(execution.run, execution.key).finish(result.log_bytes)
        except BytesMissing as error:
            self._link.ended(session, str(error))
            return
        if execution.owed:
            attempt = parse_key(execution.key).attempt
            news: News = LogArrived(
                job_run=execution.job_run, attempt=attempt, key=execution.key, log_bytes=position.file_bytes
            )
            self._link.forget(execution.key, execution.request.sudo)
        else:
            news = replace(self._verdict(execution, result, outputs), log_bytes=position.file_bytes)
        self._carried.end(execution, news)

    def tell_alone(self, execution: Execution, result: ExecutionResult) -> None:
        """Tell the verdict now; the log stays on its host and is owed."""
        self._carried.end(execution, replace(self._verdict(execution, result), log_owed=result.log_bytes > 0))

    def _verdict(
        self, execution: Execution, result: ExecutionResult, outputs: Outputs = NO_OUTPUTS
    ) -> ExecutionFinished:
        """A failure comes with how its host was when it was last looked at."""
        limit_s = execution.request.timeout_s
        verdict = finished(execution.job_run, execution.key, result, timeout_s=limit_s, outputs=outputs)
        seen = self._link.reading
        if seen is None or verdict.result in (Result.SUCCESS, Result.CANCELLATION):
            return verdict
        own = tuple(job for job in seen.jobs if job.key == verdict.key)
        return replace(verdict, host=structs.replace(seen, jobs=own))

    def _without_secrets(self, run: str, outputs: Outputs) -> Outputs:
        """Outputs stand in events and in later jobs' environments: a value that holds a secret is left out."""
        bad = [key for key, value in outputs.values.items() if self._logs.holds_secret(run, f"{key}={value}")]
        if not bad:
            return outputs
        said = tuple(f"its output {key} holds a secret; it was left out" for key in bad)
        values = {key: value for key, value in outputs.values.items() if key not in bad}
        return Outputs(values=values, problems=(*outputs.problems, *said))
