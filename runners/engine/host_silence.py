"""When a host does not answer: what the core is told of what is carried there, and after how long."""

from __future__ import annotations

from runners.engine.host_carried import Carried
from runners.engine.tell import TellNews, cut
from runners.model.news import ExecutionUncertain


class Silence:
    """Each execution is called unknown once, when its host has been silent for its grace."""

    def __init__(self, carried: Carried, *, tell: TellNews) -> None:
        self._carried = carried
        self._tell = tell

    def next_s(self) -> float | None:
        """When the next one has to be told, on the monotonic clock; None: there is none."""
        return min(
            (
                one.silent_since_s + one.silent_grace_s
                for one in self._carried
                if one.silent_since_s is not None and not one.silent_told
            ),
            default=None,
        )

    def tell(self, now_s: float, why: str) -> None:
        """Say of everything that has been silent for too long that nobody knows."""
        for one in self._carried:
            if one.silent_told or one.silent_since_s is None or now_s < one.silent_since_s + one.silent_grace_s:
                continue
            one.silent_told = True
            if one.owed:
                continue
            self._tell(one.run, ExecutionUncertain(job_run=one.job_run, key=one.key, reason=cut(why), answered=False))

    def told(self) -> set[tuple[str, str]]:
        """Run and job run of everything that has been silent for too long."""
        return {(one.run, one.job_run) for one in self._carried if one.silent_told and not one.owed}

    def tell_asked(self, why: str) -> None:
        """The host was tried and is silent: say so of everything that a person asked about."""
        for one in self._carried:
            if not one.asked:
                continue
            one.asked = False
            news = ExecutionUncertain(job_run=one.job_run, key=one.key, reason=cut(why), answered=False, asked=True)
            if one.answered:
                self._carried.end(one, news)
            else:
                self._tell(one.run, news)
