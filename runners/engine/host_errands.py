"""Errands that go over a host's session: each done once in it, stopped on request, in doubt when the session went."""

from __future__ import annotations

from runners.engine.errands import Doing, ErrandLog, NobodyKnows, Verdict, lost_in, news_of
from runners.engine.host_carried import Carried, Link
from runners.engine.host_wants import Execution, Stage
from runners.engine.logs import Logs
from runners.engine.tell import cut
from runners.engine.timers import Timers
from runners.engine.verdict import cancelled_before_start, refusal_kind
from runners.model.errors import HostRefused
from runners.model.phases import Result
from runners.ports.transport import HostSession


class HostErrands:
    """Does what is carried and has an errand."""

    def __init__(self, link: Link, carried: Carried, *, logs: Logs, timers: Timers) -> None:
        self._link = link
        self._carried = carried
        self._logs = logs
        self._timers = timers

    async def do(self, session: HostSession, execution: Execution) -> None:
        """Do an errand from its beginning, unless that could do harm twice."""
        errand, asked = execution.errand, execution.stage is Stage.ASK
        assert errand is not None
        if execution not in self._carried:
            return
        execution.stage = Stage.FOLLOWED
        execution.silent_since_s = None
        if asked and not errand.repeatable:
            self._carried.unknown(execution, lost_in(errand, "the connection or the controller ended"))
            return
        said = ErrandLog(self._logs.feed(execution.run, execution.key))
        await said.open()
        self._carried.runs(execution)
        execution.doing = Doing(
            errand, timers=self._timers, due_utc=execution.due_utc, timeout_s=execution.request.timeout_s
        )
        try:
            verdict = await execution.doing.run(said, session)
        except NobodyKnows as doubt:
            self._carried.unknown(execution, str(doubt))
            return
        except HostRefused as error:
            reason = cut(error.message)
            verdict = Verdict(result=Result.ERROR, reason=reason, kind=refusal_kind(reason))
        finally:
            execution.doing = None
        if verdict.result is Result.SUCCESS:
            self._link.heard()
        elif verdict.reason:
            await said.line(verdict.reason)
        self._carried.end(execution, news_of(execution.job_run, execution.key, verdict, await said.finish()))

    def cancel(self, execution: Execution) -> None:
        """Stop it, or end it where it is not being done."""
        if execution.doing is not None:
            execution.doing.cancel()
        elif execution.stage is Stage.START:
            self._carried.end(execution, cancelled_before_start(execution.job_run, execution.key))
        else:
            verdict = Verdict(result=Result.CANCELLATION, reason="cancelled while its host was silent")
            self._carried.end(execution, news_of(execution.job_run, execution.key, verdict, 0))
