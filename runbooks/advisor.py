"""The runbooks as the engine sees them: facts of a failure in, the page that helps and the failing line out."""

from __future__ import annotations

from runbooks.fingerprint import fingerprint, first_bad_line
from runbooks.library import Library
from runbooks.match import Matcher, PageMatch
from runbooks.tail import Tail, clean_line
from runners.ports.failure_advisor import Advice, FailureFacts

MAX_FIRST_LINE_CHARS = 512


class RunbookAdvisor:
    """Implements ``FailureAdvisor`` over a library; patterns are compiled once, here."""

    def __init__(self, library: Library) -> None:
        """The library is not read again: build a new advisor after a change."""
        self.library = library
        self._matcher = Matcher(library.pages.values())

    def advise(self, facts: FailureFacts) -> Advice:
        """Return the best page and the first bad line; never raises on hostile text."""
        tail = Tail(facts.log_tail)
        ranked = self._matcher.rank(facts, tail)
        best = ranked[0] if ranked else None
        index = best.log.index if best is not None and best.log is not None else first_bad_line(tail)
        line = "" if index is None else tail.line(index).strip()[:MAX_FIRST_LINE_CHARS]
        if best is None:
            return Advice(page=None, why=self._absent(facts), first_line=line, first_line_index=index)
        why = best.why if best.explicit else "; ".join(part for part in (best.why, self._absent(facts)) if part)
        return Advice(
            page=best.page.id,
            section=best.page.opening,
            score=best.score,
            why=why,
            first_line=line,
            first_line_index=index,
        )

    def fingerprint(self, line: str) -> str:
        """As ``FailureAdvisor``."""
        return fingerprint(clean_line(line))

    def rank(self, facts: FailureFacts) -> tuple[PageMatch, ...]:
        """Every page that helps, best first, each with its reason."""
        return self._matcher.rank(facts, Tail(facts.log_tail))

    def _absent(self, facts: FailureFacts) -> str:
        if facts.explicit is None or self.library.get(facts.explicit) is not None:
            return ""
        return f"{facts.stage}/{facts.job} links {facts.explicit}, which is not in the library"
