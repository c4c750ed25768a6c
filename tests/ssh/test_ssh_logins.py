"""Logins that ask: what is asked, by whom, once, and what an answer does. Hosts of the fleet ask as sshd with PAM."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from runners.adapters.ssh import SshTransport
from runners.adapters.ssh_config import SshConfig
from runners.model.api import LoginQuestion
from runners.model.errors import ActionRefused, AuthFailed, InputRefused, LoginNeeded
from runners.model.inventory import Host
from runners.ports.transport import HostSession
from runners.testing.fleet import Fleet
from runners.testing.fleet_logins import Asks
from runners.testing.login_contract import LoginContract, LoginLab
from runners.testing.recording_sink import RecordingSink

T = TypeVar("T")
CODE = [[("Verification code: ", False)]]
RIGHT = [["123456"]]


class Person:
    """Somebody who connects and is asked."""

    def __init__(self, transport: SshTransport) -> None:
        self.transport = transport
        self._moved = asyncio.Event()
        transport.logins.listen(lambda: self._moved.set())

    async def question(self, host: Host) -> LoginQuestion:
        with pytest.raises(LoginNeeded) as needed:
            await self.transport.connect(host, RecordingSink())
        return needed.value.question

    async def until(self, look: Callable[[], Awaitable[T | None]]) -> T:
        """What ``look`` gives once it gives something; looked at after every move."""
        async with asyncio.timeout(30):
            while True:
                self._moved.clear()
                if (found := await look()) is not None:
                    return found
                await self._moved.wait()

    async def until_in(self, host: Host) -> HostSession:
        async def look() -> HostSession | None:
            try:
                return await self.transport.connect(host, RecordingSink())
            except LoginNeeded:
                return None

        return await self.until(look)

    async def until_asked(self, host: Host, like: Callable[[LoginQuestion], bool]) -> LoginQuestion:
        async def look() -> LoginQuestion | None:
            question = await self.question(host)
            return question if like(question) else None

        return await self.until(look)


@pytest.fixture
def transport(config: SshConfig) -> SshTransport:
    return SshTransport(agent_path=lambda: None, config=config, person_there=lambda: False)


@pytest.fixture
def person(transport: SshTransport) -> Person:
    return Person(transport)


class GateLab:
    """A host of the fleet that asks for a code, and others behind it."""

    def __init__(self, fleet: Fleet, transport: SshTransport) -> None:
        fleet["web1"].asks = Asks(rounds=CODE, right=RIGHT)
        self._fleet = fleet
        self.transport = transport
        self.gate = fleet.host("web1")
        self.behind = tuple(replace(fleet.host("web2"), name=f"app{n}", jump=(self.gate,)) for n in range(3))

    async def hang_up(self) -> None:
        await self._fleet.drop_connections("web1")


class TestSshLogins(LoginContract):
    @pytest.fixture
    def lab(self, fleet: Fleet, transport: SshTransport) -> LoginLab:
        return GateLab(fleet, transport)


async def test_a_host_that_asks_is_answered_on_the_same_connection(fleet: Fleet, person: Person) -> None:
    asks = fleet["web1"].asks = Asks(
        rounds=CODE, right=RIGHT, name="One-time code", words="Look at\nyour \x1b[31mphone"
    )
    question = await person.question(fleet.host("web1"))
    assert (question.asker, question.kind) == ("web1", "host")
    assert question.words == ("One-time code", "Look at", "your [31mphone")
    assert [(prompt.text, prompt.echo) for prompt in question.prompts] == [("Verification code:", False)]
    assert question.text == f"web1 asks {fleet.host('web1').user}: “Verification code:”"
    # Whoever looks again is told the same and nothing is sent anew.
    assert (await person.question(fleet.host("web1"))).id == question.id
    reply = await person.transport.logins.answer(question.id, ("123456",), "alice")
    assert (reply.done, reply.text) == (True, "web1 let us in; what waited for it goes on")
    session = await person.until_in(fleet.host("web1"))
    assert (len(fleet["web1"].logins), asks.asked, asks.heard) == (1, 1, [("123456",)])
    await session.close()


async def test_a_wrong_answer_is_asked_again_and_the_second_who_answers_is_told_who_was_first(
    fleet: Fleet, person: Person
) -> None:
    asks = fleet["web1"].asks = Asks(rounds=[*CODE, [("PIN: ", True)]], right=[*RIGHT, ["77"]])
    first = await person.question(fleet.host("web1"))
    logins = person.transport.logins
    reply = await logins.answer(first.id, ("000000",), "alice")
    assert reply.question is not None
    assert (reply.done, reply.question.note) == (False, "web1 did not take that answer")
    with pytest.raises(ActionRefused, match="alice answered it first; nothing was sent"):
        await logins.answer(first.id, ("123456",), "bob")
    with pytest.raises(InputRefused, match="web1 asks for 1 answers and 2 were given"):
        await logins.answer(reply.question.id, ("123456", "1"), "bob")
    more = await logins.answer(reply.question.id, ("123456",), "bob")
    assert more.question is not None
    assert (more.text, more.question.note, more.question.prompts[0].echo) == ("web1 asks for more", "", True)
    assert (await logins.answer(more.question.id, ("77",), "bob")).done
    await (await person.until_in(fleet.host("web1"))).close()
    assert asks.heard == [("000000",), ("123456",), ("77",)]


async def test_a_host_that_hung_up_is_asked_anew_once_somebody_is_there(fleet: Fleet, person: Person) -> None:
    asks = fleet["web1"].asks = Asks(rounds=CODE, right=RIGHT)
    host = fleet.host("web1")
    first = await person.question(host)
    await fleet.drop_connections("web1")
    lapsed = await person.until_asked(host, lambda question: question.lapsed)
    assert lapsed.note == "web1 hung up before it had an answer"
    assert asks.asked == 1, "nobody is there: it is left alone"
    with pytest.raises(ActionRefused, match="that question is over"):
        await person.transport.logins.answer(first.id, ("123456",), "alice")
    again = await person.transport.logins.answer(lapsed.id, ("123456",), "alice")
    assert asks.heard == [], "what was typed for the connection that is gone is not sent over another"
    assert again.question is not None
    assert not again.question.lapsed
    assert (await person.transport.logins.answer(again.question.id, ("123456",), "alice")).done
    await (await person.until_in(host)).close()


async def test_hosts_behind_one_jump_host_share_its_one_question(fleet: Fleet, person: Person) -> None:
    asks = fleet["web1"].asks = Asks(rounds=CODE, right=RIGHT)
    gate = fleet.host("web1")
    behind = [replace(fleet.host("web2"), name=f"app{n}", jump=(gate,)) for n in range(5)]
    questions = [await person.question(host) for host in behind]
    assert {question.id for question in questions} == {questions[0].id}
    assert questions[0].asker == "web1"
    assert asks.asked == 1
    assert (await person.transport.logins.answer(questions[0].id, ("123456",), "alice")).done
    for session in [await person.until_in(host) for host in behind]:
        await session.close()
    assert len(fleet["web1"].logins) == 1


async def test_nobody_waits_any_more_and_the_host_is_left(fleet: Fleet, person: Person) -> None:
    fleet["web1"].asks = Asks(rounds=CODE, right=RIGHT)
    question = await person.question(fleet.host("web1"))
    await person.transport.logins.give_up(fleet.host("web1"))
    with pytest.raises(ActionRefused, match="that question is over"):
        await person.transport.logins.answer(question.id, ("123456",), "alice")


async def test_a_host_that_waits_for_an_approval_elsewhere_says_so_and_goes_on_by_itself(
    fleet: Fleet, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runners.adapters.ssh_questions.SLOW_S", 0.0)
    approval = asyncio.Event()
    fleet["web1"].asks = Asks(rounds=CODE, right=RIGHT, approval=approval)
    host = fleet.host("web1")
    question = await person.until_asked(host, lambda question: bool(question.prompts))
    told = asyncio.create_task(person.transport.logins.answer(question.id, ("123456",), "alice"))
    notice = await person.until_asked(host, lambda question: not question.prompts)
    assert "web1 says nothing yet: it may wait for somebody to approve the login elsewhere" in notice.text
    approval.set()
    assert (await told).text.startswith("web1 ")
    await (await person.until_in(host)).close()


async def test_who_only_looks_is_told_what_would_be_asked(fleet: Fleet, person: Person) -> None:
    asks = fleet["web1"].asks = Asks(rounds=CODE, right=RIGHT)
    with pytest.raises(LoginNeeded, match=r"asks .*: “Verification code:”") as needed:
        await person.transport.inspect(fleet.host("web1"))
    assert needed.value.question.id == ""
    assert asks.heard == []


async def test_a_password_is_asked_for_where_nothing_else_lets_in_and_else_only_of_who_is_there(
    fleet: Fleet, config: SshConfig, tmp_path: Path
) -> None:
    there = False
    transport = SshTransport(agent_path=lambda: None, config=config, person_there=lambda: there)
    person = Person(transport)
    asks = fleet["web1"].asks = Asks(password="correct horse")
    question = await person.question(fleet.host("web1"))
    assert (question.kind, question.text) == ("password", f"web1 takes the password of {fleet.host('web1').user}")
    await transport.logins.give_up(fleet.host("web1"))
    fleet["web2"].asks = replace(asks, takes_keys=True)
    stranger = replace(fleet.host("web2"), identity=str(fleet.folder / "keys" / "web1"))
    with pytest.raises(AuthFailed, match="it also takes a password, and nobody is at a terminal to be asked for it"):
        await transport.connect(stranger, RecordingSink())
    there = True
    question = await person.question(stranger)
    wrong = await transport.logins.answer(question.id, ("battery",), "alice")
    assert wrong.question is not None
    assert wrong.question.note == "web2 did not take that answer"
    assert (await transport.logins.answer(wrong.question.id, ("correct horse",), "alice")).done
    await (await person.until_in(stranger)).close()
