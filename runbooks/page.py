"""A runbook page as facts: what it helps with, its sections, and the commands in them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from runners.model.phases import FailureKind

Risk = Literal["read", "change"]
Shell = Literal["sh", "bash"]

RISKS: tuple[Risk, ...] = ("read", "change")
SHELLS: tuple[Shell, ...] = ("sh", "bash")

SECTIONS = ("Meaning", "Impact", "Diagnosis", "Mitigation", "Verify")
"""The headings of a page, as in the kube-prometheus runbooks."""

KINDS = tuple(kind.value for kind in FailureKind if kind is not FailureKind.ERROR)
"""What ``kind:`` may say. A fault of our own has no page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRule:
    """One entry of ``match:``. Every condition that is named must hold; a value list holds when one of it does."""

    log: str | None = None
    """RE2 pattern, searched in each of the last lines; ``^`` and ``$`` are the ends of a line."""
    tasks: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    """``job`` or ``stage/job``."""
    stages: tuple[str, ...] = ()
    exit_codes: tuple[int, ...] = ()
    signals: tuple[str, ...] = ()
    """Without ``SIG``: ``TERM``, ``KILL``."""
    kinds: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the host; all must be equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command that a person can run from the page."""

    number: int
    """From 1 over the whole page, in its order."""
    name: str
    section: str
    """Heading it stands under."""
    risk: Risk
    """``read`` changes nothing on the host; ``change`` does, and asks first."""
    shell: Shell
    command: str
    """As written, placeholders included, without the last newline; may have several lines."""
    prose: str
    """Markdown between the step before (or the heading) and this command: what to know before running it."""
    line: int
    """Where the code block begins in the file, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One heading with what stands under it."""

    name: str
    """One of ``SECTIONS``."""
    steps: tuple[Step, ...] = ()
    prose: str = ""
    """Markdown after the last step; all of the section's text when it has no step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One runbook."""

    id: str
    title: str
    rules: tuple[MatchRule, ...] = ()
    """Without rules a page is found only where a job or a task names it."""
    sections: tuple[Section, ...] = ()
    owner: str | None = None
    last_reviewed: datetime.date | None = None
    review_every_s: float | None = None
    """Seconds between two reviews; None: nobody promised one."""
    file: str = ""
    """Path for messages."""
    built_in: bool = False
    """True for the pages that ship with onduty."""
    id_line: int = 1
    """Where the id stands in the file, from 1."""
    source: str = ""
    """The whole text of the file."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step of the page in its order."""
        return tuple(step for section in self.sections for step in section.steps)

    @property
    def opening(self) -> str | None:
        """The heading to open at during a failure: Diagnosis, else the first one; None for an empty page."""
        names = [section.name for section in self.sections]
        return "Diagnosis" if "Diagnosis" in names else next(iter(names), None)

    @property
    def review_due(self) -> datetime.date | None:
        """The day of the next review; None when none was promised."""
        if self.last_reviewed is None or self.review_every_s is None:
            return None
        try:
            return self.last_reviewed + datetime.timedelta(seconds=self.review_every_s)
        except OverflowError:
            return datetime.date.max

    def section(self, name: str) -> Section | None:
        """The section under that heading; None when the page has none."""
        return next((section for section in self.sections if section.name == name), None)

    def step(self, name: str) -> Step | None:
        """The step of that name; None when there is none."""
        return next((step for step in self.steps if step.name == name), None)
