"""Logins that wait for a person: what is asked, by which connection, and what an answer does.

One ``Asker`` belongs to one login on the way to a host, a jump host's included, so that forty hosts behind one jump
host have one question. An answer goes from here into the one connection that asked for it and is kept nowhere.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from msgspec.structs import replace as changed
from ulid import ULID

from runners.adapters.ssh_config import SshOptions, printable
from runners.model.api import rfc3339
from runners.model.api.login import MOST_ANSWER_CHARACTERS, LoginPrompt, LoginQuestion, LoginReply
from runners.model.errors import InputRefused, LoginNeeded, OndutyError
from runners.ports.logins import over

OUTCOME_S = 30.0
"""How long who answered is kept waiting for what the host says: a push to a phone may take longer."""
SLOW_S = 2.0
"""A signature or a host that takes longer waits for somebody's finger, and that is said."""
MOST_REMEMBERED = 200
"""Questions that are over, so that a second answer can be told who was first."""

Unlock = Callable[[str, str], Awaitable[bool]]
"""Unlock the key file at a path with a passphrase; whether it was the right one."""


def about_locked_key(path: str, why: str, options: SshOptions) -> str:
    """A login needs a key that nobody can use yet; ``why`` as ``Identities.why_locked``."""
    return f"the key {printable(path)} {why}; the login to {options.host} as {options.user} needs it"


class AskAnew(Exception):
    """What would let us in has changed: the login begins again."""


@dataclass(slots=True, eq=False)
class Open:
    """One question that somebody can answer, or a notice that nobody can."""

    question: LoginQuestion
    path: str = ""
    """Of a passphrase: the key file."""
    answer: asyncio.Future[tuple[str, ...]] | None = field(default=None, repr=False)
    """For the login that asked; None: it hung up, or asks for a passphrase."""
    outcome: asyncio.Future[LoginReply] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """What became of the answer, or of asking anew."""
    anew: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody is there to be asked again."""

    def told(self, reply: LoginReply) -> None:
        """Tell whoever answered."""
        if not self.outcome.done():
            self.outcome.set_result(reply)


def path_to(options: SshOptions) -> tuple[SshOptions, ...]:
    """Every login on the way to a host, the jump hosts' first, as they are dialled."""
    hops = options.hops
    return (*(replace(hop, hops=hops[:place], leads_on=True) for place, hop in enumerate(hops)), options)


class Asker:
    """Asks for one login, however often its host hangs up."""

    def __init__(self, desk: Desk, options: SshOptions) -> None:
        self._desk = desk
        self.options = options
        self.open: Open | None = None
        """What is asked now."""
        self.outlook: object = None
        """What could be shown to the host when it was last dialled; None: not dialled yet."""
        self.note = ""
        """About the answer before, for the next question."""
        self.again = False
        """Something else may let us in now, so the login begins again."""
        self.was_shown = False
        """Somebody may look at it."""
        self.was_asked = False
        """A person was asked for the login that goes on."""
        self._answered: Open | None = None
        """Whoever answered it waits to hear what became of that."""

    def begin(self) -> None:
        """Another login."""
        self.again = self.was_asked = False

    @property
    def person_there(self) -> bool:
        """Whether somebody is at a terminal now."""
        return self._desk.person_there()

    async def ask(self, kind: str, text: str, words: Sequence[str], prompts: Sequence[LoginPrompt]) -> tuple[str, ...]:
        """The answers, one for each prompt. Raises ``AskAnew``."""
        asked = Open(self._question(kind, text, words=tuple(words), prompts=tuple(prompts)))
        asked.answer = asyncio.get_running_loop().create_future()
        self.was_asked = True
        self._show(asked)
        answers = await asked.answer
        self._answered, self.open, self.note = asked, None, ""
        self._desk.moved()
        return answers

    async def wait_for_key(self, path: str, why: str) -> None:
        """Until the key file at ``path`` is unlocked, or something else could let us in."""
        asked = self._desk.about_key(path)
        if asked is None:
            prompt = LoginPrompt(text=f"passphrase of {printable(path)}")
            text = about_locked_key(path, why, self.options)
            asked = Open(self._question("passphrase", text, prompts=(prompt,)), path=path)
        self._show(asked)
        await asked.anew.wait()
        self.open = None

    async def lapse(self) -> None:
        """The host ended the login while somebody was asked, or after answers that it did not take: until somebody
        is there to be asked again."""
        before = self.open or self._answered
        assert before is not None, "nothing lapses that was not asked"
        host = self.options.host
        hung_up = f"{host} hung up before it had an answer"
        note = f"{host} did not take that answer, and hung up" if self._answered is not None else self.note or hung_up
        asked = Open(changed(before.question, id=str(ULID()), lapsed=True, note=note, prompts=()))
        self.note = ""
        self._show(asked)
        await asked.anew.wait()
        # What it asks next is the answer to whoever came.
        self._answered, self.open = asked, None
        self._desk.moved()

    def not_taken(self) -> None:
        """The host did not take the last answer."""
        self.note = f"{self.options.host} did not take that answer"

    @contextmanager
    def slow(self, text: str) -> Iterator[None]:
        """While this is open somebody may have to touch or confirm something: it is said after a moment."""
        notice = Open(self._question("agent", text))

        def show() -> None:
            if self.open is None:
                self._show(notice)

        timer = asyncio.get_running_loop().call_later(SLOW_S, show)
        try:
            yield
        finally:
            timer.cancel()
            if self.open is notice:
                self.open = None
                self._desk.moved()

    def begin_again(self) -> None:
        """What could be shown to the host is not what it was."""
        if self.open is not None:
            self.again = True
            if self.open.answer is not None and not self.open.answer.done():
                self.open.answer.set_exception(AskAnew())
            self.open.anew.set()

    def over(self, problem: BaseException | None) -> None:
        """The login is over; ``problem``: why we are not in."""
        host = self.options.host
        if self._answered is not None:
            if problem is None:
                self._answered.told(LoginReply(text=f"{host} let us in; what waited for it goes on", done=True))
            else:
                said = problem.message if isinstance(problem, OndutyError) else "nobody waits for it any more"
                self._answered.told(LoginReply(text=said))
        self.open = self._answered = None

    def _question(
        self, kind: str, text: str, *, words: tuple[str, ...] = (), prompts: tuple[LoginPrompt, ...] = ()
    ) -> LoginQuestion:
        return LoginQuestion(
            id=str(ULID()) if prompts else "",
            asker=self.options.host,
            kind=kind,
            text=text,
            words=words,
            prompts=prompts,
            note=self.note,
            since=rfc3339(time.time()),
        )

    def _show(self, asked: Open) -> None:
        self.open = asked
        self.was_shown = True
        if self._answered is not None:
            more = f"{self.options.host} asks for more" if asked.question.id else asked.question.text
            text = asked.question.note or more
            self._answered.told(LoginReply(text=text, question=asked.question))
            self._answered = None
        self._desk.moved()


@dataclass(slots=True)
class Desk:
    """Every login that waits for a person. It is ``Logins`` but for what needs a host's configuration."""

    unlock: Unlock
    person_there: Callable[[], bool]
    _askers: dict[SshOptions, Asker] = field(default_factory=dict)
    _listeners: list[Callable[[], None]] = field(default_factory=list)
    _change: asyncio.Event = field(default_factory=asyncio.Event)
    _over: dict[str, str] = field(default_factory=dict)
    """Who answered, by the id of the question."""

    def listen(self, moved: Callable[[], None]) -> None:
        """As ``Logins.listen``."""
        self._listeners.append(moved)

    def moved(self) -> None:
        """Something was asked, answered, or is over."""
        self._change.set()
        self._change = asyncio.Event()
        for listener in self._listeners:
            listener()

    def change(self) -> asyncio.Event:
        """Set at the next move."""
        return self._change

    @contextmanager
    def asker(self, options: SshOptions) -> Iterator[Asker]:
        """For one login, while this is open."""
        asker = self._askers[options] = Asker(self, options)
        problem: BaseException | None = None
        try:
            yield asker
        except BaseException as error:
            problem = error
            raise
        finally:
            if self._askers.get(options) is asker:
                del self._askers[options]
            asker.over(problem)
            if asker.was_shown:
                # Most logins ask nothing, and nobody has to look.
                self.moved()

    def askers(self, options: SshOptions) -> list[Asker]:
        """Of the logins on the way to a host that go on now."""
        return [self._askers[step] for step in path_to(options) if step in self._askers]

    def in_the_way(self, options: SshOptions) -> LoginNeeded | None:
        """What a login on the way to a host waits for; None when none waits."""
        asked = next((asker.open for asker in self.askers(options) if asker.open is not None), None)
        return None if asked is None else LoginNeeded(asked.question.text, question=asked.question)

    def about_key(self, path: str) -> Open | None:
        """The open question for the passphrase of a key file."""
        return next((asked for asked in self._open() if asked.path == path), None)

    async def ask_anew(self, options: SshOptions) -> LoginReply | None:
        """Somebody is there: a host on the way that hung up asks again. What it asks; None when none had."""
        for asker in self.askers(options):
            if asker.open is not None and asker.open.question.lapsed:
                return await self._anew(asker.open)
        return None

    async def answer(self, question: str, answers: Sequence[str], by: str) -> LoginReply:
        """As ``Logins.answer``."""
        asked = next((one for one in self._open() if one.question.id == question), None)
        if asked is None or not question:
            raise over(question, self._over.get(question, ""))
        if asked.question.lapsed:
            return await self._anew(asked)
        if len(answers) != len(asked.question.prompts):
            raise InputRefused(
                f"{asked.question.asker} asks for {len(asked.question.prompts)} answers and {len(answers)} were given; "
                "nothing was sent"
            )
        if any(len(answer) > MOST_ANSWER_CHARACTERS for answer in answers):
            raise InputRefused(f"an answer has at most {MOST_ANSWER_CHARACTERS} characters; nothing was sent")
        self._over[question] = by
        while len(self._over) > MOST_REMEMBERED:
            del self._over[next(iter(self._over))]
        if asked.path:
            return await self._unlock(asked, answers[0])
        assert asked.answer is not None, "a host that asks waits for the answer"
        # From here on the question has no id: the second who answers is told who was first.
        asked.question = changed(asked.question, id="")
        if not asked.answer.done():
            asked.answer.set_result(tuple(answers))
        return await self._outcome(asked, f"{asked.question.asker} has not said yet whether it takes that")

    async def _anew(self, asked: Open) -> LoginReply:
        asked.anew.set()
        return await self._outcome(asked, f"{asked.question.asker} has not asked again yet")

    async def _outcome(self, asked: Open, else_: str) -> LoginReply:
        try:
            async with asyncio.timeout(OUTCOME_S):
                return await asyncio.shield(asked.outcome)
        except TimeoutError:
            return LoginReply(text=f"{else_}; look again in a moment")

    async def _unlock(self, asked: Open, passphrase: str) -> LoginReply:
        before = asked.question
        # While it is tried nobody else can answer it.
        asked.question = changed(before, id="")
        right = await self.unlock(asked.path, passphrase)
        if right:
            asked.anew.set()
            self.moved()
            text = f"{printable(asked.path)} is unlocked in memory until the controller ends, or onduty login --forget"
            return LoginReply(text=text, done=True)
        note = f"that is not the passphrase of {printable(asked.path)}"
        asked.question = changed(before, id=str(ULID()), note=note)
        self.moved()
        return LoginReply(text=note, question=asked.question)

    def _open(self) -> list[Open]:
        return [asker.open for asker in self._askers.values() if asker.open is not None]
