"""What the controller knows of earlier runs, for the screen: asked behind what is shown, once for each question."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from runners.model.errors import OndutyError

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.model import api

T = TypeVar("T")

AGAIN_S = 15.0
"""A question that was not answered is asked again no sooner: the controller may be gone, or an older one."""
MOST_KEPT = 256


class Connect(Protocol):
    """As ``tui.bridge.Connect``."""

    async def __call__(self, *, start: bool) -> tuple[ControllerClient, api.Hello]:
        """An open client. Raises ``ControllerUnreachable``."""
        ...


class EarlierRuns:
    """Answers by question. To be used inside the event loop."""

    def __init__(self, connect: Connect, *, told: Callable[[], None], broke: Callable[[Exception], object]) -> None:
        """``told`` is called when there is something new, ``broke`` when asking broke."""
        self._connect = connect
        self._told = told
        self._broke = broke
        self._usual: _Answers[api.Usual] = _Answers()
        self._before: _Answers[api.Before] = _Answers()
        self._tasks: set[asyncio.Task[None]] = set()

    def usual(self, uid: str) -> api.Usual | None:
        """How long runs like this one take; None until it is known."""
        return self._look(self._usual, (uid,), lambda client: client.usual(uid))

    def before(self, uid: str, job_run: str = "", moment: str = "") -> api.Before | None:
        """What went before the failure of a job run, or of the first one that failed; None until it is known.

        ``moment`` tells one failure of it from the next; asked again for each.
        """
        return self._look(self._before, (uid, job_run, moment), lambda client: client.before(uid, job_run))

    def _look(
        self, answers: _Answers[T], question: tuple[str, ...], ask: Callable[[ControllerClient], Awaitable[T]]
    ) -> T | None:
        if answers.is_due(question):
            answers.asked(question)
            task = asyncio.get_running_loop().create_task(self._ask(answers, question, ask))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return answers.known.get(question)

    async def _ask(
        self, answers: _Answers[T], question: tuple[str, ...], ask: Callable[[ControllerClient], Awaitable[T]]
    ) -> None:
        try:
            client, _ = await self._connect(start=False)
            async with client:
                answers.take(question, await ask(client))
        except OndutyError:
            return
        except Exception as error:
            self._broke(error)
            return
        self._told()

    def close(self) -> None:
        """Nobody wants to know any more."""
        for task in self._tasks:
            task.cancel()


class _Answers(Generic[T]):
    """What is known, and when the rest was asked last."""

    def __init__(self) -> None:
        self.known: OrderedDict[tuple[str, ...], T] = OrderedDict()
        self._asked: dict[tuple[str, ...], float] = {}

    def is_due(self, question: tuple[str, ...]) -> bool:
        return question not in self.known and time.monotonic() - self._asked.get(question, -AGAIN_S) >= AGAIN_S

    def asked(self, question: tuple[str, ...]) -> None:
        self._asked[question] = time.monotonic()

    def take(self, question: tuple[str, ...], answer: T) -> None:
        self._asked.pop(question, None)
        self.known[question] = answer
        if len(self.known) > MOST_KEPT:
            self.known.popitem(last=False)
