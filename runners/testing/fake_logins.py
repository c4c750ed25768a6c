"""Logins of the fake transport: hosts that ask, and take one answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from runners.model.api import LoginPrompt, LoginQuestion, LoginReply
from runners.model.errors import InputRefused, LoginNeeded
from runners.model.inventory import Host
from runners.ports.logins import over
from runners.testing.fake_host import FakeHost


@dataclass(slots=True)
class _Asked:
    question: LoginQuestion
    right: tuple[str, ...]
    hosts: tuple[FakeHost, ...]


@dataclass(slots=True)
class FakeLogins:
    """Implements ``Logins``."""

    _asked: dict[str, _Asked] = field(default_factory=dict)
    _over: dict[str, str] = field(default_factory=dict)
    _listeners: list[Callable[[], None]] = field(default_factory=list)
    _count: int = 0
    given_up: list[str] = field(default_factory=list)
    """Hosts that nobody waited for any more, in order."""
    tried: list[str] = field(default_factory=list)
    """Hosts that somebody wanted to be tried now."""

    def ask(
        self, hosts: Sequence[FakeHost], prompts: Sequence[str], right: Sequence[str], *, asker: str, note: str = ""
    ) -> None:
        """Whoever connects to one of ``hosts`` is asked by ``asker``, until the ``right`` answers are given."""
        self._count += 1
        words = " ".join(f"“{prompt}”" for prompt in prompts)
        question = LoginQuestion(
            id=f"question-{self._count}",
            asker=asker,
            kind="host",
            text=f"{asker} asks deploy: {words}",
            prompts=tuple(LoginPrompt(text=prompt) for prompt in prompts),
            note=note,
            since="2026-11-22T10:00:00.000Z",
        )
        self._asked[question.id] = _Asked(question, tuple(right), tuple(hosts))
        for host in hosts:
            host.connect_error = LoginNeeded(question.text, question=question)
        self._moved()

    def need_agent(self, host: FakeHost) -> None:
        """What the agent held is gone; nothing can be typed."""
        text = f"{host.name} refused the login as deploy (the agent at /tmp/agent does not answer)"
        question = LoginQuestion(asker=host.name, kind="agent", text=text)
        host.connect_error = LoginNeeded(text, question=question)
        self._moved()

    def hang_up(self, asker: str) -> None:
        """The host that asks does not wait any longer."""
        asked = self._of(asker)
        del self._asked[asked.question.id]
        self._count += 1
        question = replace(
            asked.question, id=f"question-{self._count}", lapsed=True, prompts=(), note=f"{asker} hung up"
        )
        self._asked[question.id] = _Asked(question, asked.right, asked.hosts)
        for host in asked.hosts:
            host.connect_error = LoginNeeded(question.text, question=question)
        self._moved()

    def open(self) -> tuple[LoginQuestion, ...]:
        """What is asked now."""
        return tuple(asked.question for asked in self._asked.values())

    # ----- Logins

    def listen(self, moved: Callable[[], None]) -> None:
        """As the promise says."""
        self._listeners.append(moved)

    async def answer(self, question: str, answers: Sequence[str], by: str) -> LoginReply:
        """As the promise says."""
        asked = self._asked.pop(question, None)
        if asked is None:
            raise over(question, self._over.get(question, ""))
        asker = asked.question.asker
        if asked.question.lapsed:
            prompts = [f"code {n + 1}: " for n in range(len(asked.right))]
            self.ask(asked.hosts, prompts, asked.right, asker=asker)
            return LoginReply(text=asked.question.note, question=self._of(asker).question)
        if len(answers) != len(asked.right):
            self._asked[question] = asked
            raise InputRefused(
                f"{asker} asks for {len(asked.right)} answers and {len(answers)} were given; nothing was sent"
            )
        self._over[question] = by
        if tuple(answers) != asked.right:
            prompts = [prompt.text for prompt in asked.question.prompts]
            self.ask(asked.hosts, prompts, asked.right, asker=asker, note=f"{asker} did not take that answer")
            again = self._of(asker).question
            return LoginReply(text=again.note, question=again)
        for host in asked.hosts:
            host.connect_error = None
        self._moved()
        return LoginReply(text=f"{asker} let us in; what waited for it goes on", done=True)

    async def try_now(self, host: Host) -> LoginReply:
        """As the promise says."""
        self.tried.append(host.name)
        return LoginReply(text=f"{host.name} is tried now")

    async def give_up(self, host: Host) -> None:
        """As the promise says."""
        self.given_up.append(host.name)
        for id_, asked in list(self._asked.items()):
            if all(one.name in self.given_up for one in asked.hosts):
                del self._asked[id_]

    def forget_keys(self) -> int:
        """As the promise says."""
        return 0

    def _of(self, asker: str) -> _Asked:
        return next(asked for asked in self._asked.values() if asked.question.asker == asker)

    def _moved(self) -> None:
        for listener in self._listeners:
            listener()
