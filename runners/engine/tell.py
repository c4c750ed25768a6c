"""How the hands tell the core what happened: one piece of news for one run, in words of a bounded length."""

from __future__ import annotations

from collections.abc import Callable

from runners.model.news import News

TellNews = Callable[[str, News], None]
"""Run uid and what happened."""

MOST_REASON_CHARACTERS = 2000


def cut(reason: str) -> str:
    """A reason as news carry it: what a host wrote may be of any length."""
    return reason[:MOST_REASON_CHARACTERS]
