"""Which page helps with a failure, and why. Pure.

The order (LANGUAGE.md, "A runbook"): a page that the task or the job names comes first. Then the page whose matching
rule names most of task, job, log, exit code (or signal) and kind; then the longer log match; then the page whose rule
narrows more by stage and labels; then the one that names the kind, because a time limit or a full disk brings about an
exit code or a signal of its own; then the id. A page that does not match is never offered.

The score says how specific the match is, and never contradicts the order of the count. With ``n`` of those five named,
log among them, it is ``1 - 0.1 * 0.6 ** (n - 1)``: 0.9, 0.94, 0.96, 0.98, 0.99. Without the log it lies half way down
to the score of one fewer: 0.45, 0.92, 0.95, 0.97. A rule of stage and labels alone gets 0.2, an explicit link 1.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from runbooks.page import MatchRule, Page
from runbooks.patterns import compile_pattern
from runbooks.tail import LogMatch, Tail
from runners.ports.failure_advisor import FailureFacts

MAX_WHY_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMatch:
    """One page that helps with a failure."""

    page: Page
    score: float
    """0 to 1; see the module."""
    why: str
    """``log matches 'address already in use', task is restart``; never empty."""
    log: LogMatch | None = None
    """First line that any rule of this page that holds points at; None when no pattern took part."""
    explicit: bool = False
    """The task or the job names this page."""


@dataclass(frozen=True, slots=True)
class _Rule:
    rule: MatchRule
    pattern: Any


class Matcher:
    """The rules of a set of pages, compiled once."""

    def __init__(self, pages: Iterable[Page]) -> None:
        """The pages were parsed, so every pattern compiles; ids are unique."""
        self._pages = {
            page.id: (page, [_Rule(rule, compile_pattern(rule.log) if rule.log else None) for rule in page.rules])
            for page in pages
        }

    def rank(self, facts: FailureFacts, tail: Tail) -> tuple[PageMatch, ...]:
        """Every page that helps, best first. ``tail`` holds the clean lines of ``facts.log_tail``."""
        found = []
        linked = self._linked(facts, tail)
        for page, rules in self._pages.values():
            if linked is not None and page is linked.page:
                continue
            holding = [held for held in (_hold(page, rule, facts, tail) for rule in rules) if held is not None]
            if holding:
                key, best = min(holding, key=lambda pair: pair[0])
                # The best reason may stand below the first bad line: `make: *** Error 127` under `jq: not found`.
                found.append((key, replace(best, log=_earliest(match.log for _, match in holding))))
        ranked = tuple(match for _, match in sorted(found, key=lambda pair: pair[0]))
        return ranked if linked is None else (linked, *ranked)

    def _linked(self, facts: FailureFacts, tail: Tail) -> PageMatch | None:
        """The page that the task or the job names. Every pattern of it may point at the line: it was chosen by hand."""
        if facts.explicit is None or facts.explicit not in self._pages:
            return None
        page, rules = self._pages[facts.explicit]
        return PageMatch(
            page=page,
            score=1.0,
            why=f"linked by {facts.stage}/{facts.job}",
            log=_earliest(tail.first(rule.pattern) for rule in rules if rule.pattern is not None),
            explicit=True,
        )


def _hold(
    page: Page, compiled: _Rule, facts: FailureFacts, tail: Tail
) -> tuple[tuple[int, int, int, bool, str], PageMatch] | None:
    """The sort key and the match when every condition of the rule holds, else None."""
    rule = compiled.rule
    signal = facts.signal.removeprefix("SIG") if facts.signal else None
    conditions = (
        (rule.tasks, facts.task in rule.tasks, f"task is {facts.task}"),
        (rule.jobs, facts.job in rule.jobs or f"{facts.stage}/{facts.job}" in rule.jobs, f"job is {facts.job}"),
        (rule.exit_codes, facts.exit_code in rule.exit_codes, f"exit code is {facts.exit_code}"),
        (rule.signals, signal in rule.signals, f"signal is {signal}"),
        (rule.kinds, facts.kind in rule.kinds, f"kind is {facts.kind}"),
        (rule.stages, facts.stage in rule.stages, f"stage is {facts.stage}"),
    )
    labels = [(name, facts.labels.get(name) == value) for name, value in rule.labels.items()]
    if any(named and not holds for named, holds, _ in conditions) or not all(holds for _, holds in labels):
        return None
    # The pattern last: it is the only condition that costs anything.
    log = tail.first(compiled.pattern) if compiled.pattern is not None else None
    if compiled.pattern is not None and log is None:
        return None
    said = [why for named, _, why in conditions if named]
    reasons = [*([f"log matches '{_shown(log.text)}'"] if log else []), *said]
    reasons += [f"label {name} is {value}" for name, value in rule.labels.items()]
    if not reasons:
        return None
    ends = bool(rule.exit_codes or rule.signals)
    named = bool(rule.tasks) + bool(rule.jobs) + bool(rule.kinds) + ends + (log is not None)
    narrowed = bool(rule.stages) + len(rule.labels)
    match = PageMatch(page=page, score=_score(named, log is not None), why=", ".join(reasons), log=log)
    return (-named, -len(log.text) if log else 0, -narrowed, not rule.kinds, page.id), match


def _earliest(hits: Iterable[LogMatch | None]) -> LogMatch | None:
    return min((hit for hit in hits if hit is not None), key=lambda hit: hit.index, default=None)


def _score(named: int, with_log: bool) -> float:
    if named == 0:
        return 0.2
    here = 1 - 0.1 * 0.6 ** (named - 1)
    below = 1 - 0.1 * 0.6 ** (named - 2) if named > 1 else 0.0
    return round(here if with_log else (here + below) / 2, 2)


def _shown(text: str) -> str:
    """What matched, without the punctuation that a pattern needs at its ends to be exact."""
    text = " ".join(text.split()).strip(" :;,.()[]{}<>'\"‘’“”")
    return text if len(text) <= MAX_WHY_CHARS else f"{text[: MAX_WHY_CHARS - 1]}⋯"
