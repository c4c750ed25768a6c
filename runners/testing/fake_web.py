"""Servers in memory: each URL answers what it was told to, one answer per request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from runners.ports.byte_stream import OpenStream
from runners.ports.web import NoAnswer, WebAnswer, WebRequest


@dataclass(slots=True)
class FakeWeb:
    """Keeps what ``Web`` promises, without a network and without time passing."""

    asked: list[WebRequest] = field(default_factory=list)
    limits_s: list[float] = field(default_factory=list)
    _answers: dict[str, list[int | NoAnswer | WebAnswer | None]] = field(default_factory=dict)

    def on(self, url: str, *answers: int | NoAnswer | WebAnswer | None) -> None:
        """What ``url`` answers, one after the other, the last one for ever; None never answers."""
        self._answers[url] = list(answers)

    def asked_of(self, url: str) -> Sequence[WebRequest]:
        """The requests that reached it."""
        return [request for request in self.asked if request.url == url]

    async def ask(self, request: WebRequest, *, timeout_s: float, through: OpenStream | None = None) -> WebAnswer:
        """As the promise says."""
        self.asked.append(request)
        self.limits_s.append(timeout_s)
        if through is not None:
            await (await through("told.by.the.url", 80)).close()
        answers = self._answers.get(request.url) or [NoAnswer("Connection refused", sent=False)]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, NoAnswer):
            raise answer
        assert answer is not None
        return WebAnswer(status=answer, words="As Told") if isinstance(answer, int) else answer
