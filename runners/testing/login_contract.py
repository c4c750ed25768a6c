"""What every ``Logins`` must keep, with the ``Transport`` that it belongs to. A test module gives the ``lab``."""

from __future__ import annotations

import asyncio
from typing import Protocol

import pytest

from runners.model.api import LoginQuestion
from runners.model.errors import ActionRefused, InputRefused, LoginNeeded
from runners.model.inventory import Host
from runners.ports.transport import HostSession, Transport
from runners.testing.recording_sink import RecordingSink

RIGHT, WRONG = ("123456",), ("000000",)
WAIT_S = 30.0


class LoginLab(Protocol):
    """A jump host that asks for one code, and hosts behind it."""

    @property
    def transport(self) -> Transport:
        """That of the hosts, with nobody logged in."""
        ...

    @property
    def gate(self) -> Host:
        """The jump host."""
        ...

    @property
    def behind(self) -> tuple[Host, ...]:
        """The hosts that are reached through it."""
        ...

    async def hang_up(self) -> None:
        """The jump host ends the login that it asks for."""
        ...


async def asked(lab: LoginLab, host: Host) -> LoginQuestion:
    """What a connect is told."""
    with pytest.raises(LoginNeeded) as needed:
        await lab.transport.connect(host, RecordingSink())
    return needed.value.question


class LoginContract:
    """The promises of ``runners/ports/logins.py``."""

    async def test_a_question_stays_until_it_is_answered_and_the_next_connect_goes_on(self, lab: LoginLab) -> None:
        moves: list[None] = []
        lab.transport.logins.listen(lambda: moves.append(None))
        question = await asked(lab, lab.gate)
        assert (question.asker, len(question.prompts), question.note) == (lab.gate.name, 1, "")
        assert question.text.startswith(f"{lab.gate.name} asks ")
        assert await asked(lab, lab.gate) == question
        before = len(moves)
        reply = await lab.transport.logins.answer(question.id, RIGHT, "alice")
        assert (reply.done, reply.question) == (True, None)
        assert len(moves) > before
        await (await _connected(lab, lab.gate)).close()

    async def test_all_behind_one_jump_host_share_its_question(self, lab: LoginLab) -> None:
        questions = {(await asked(lab, host)).id for host in (lab.gate, *lab.behind)}
        # Who goes to the jump host itself logs in to it once more; everybody behind it goes through one login.
        assert len(questions) <= 2
        (shared,) = {(await asked(lab, host)).id for host in lab.behind}
        assert (await lab.transport.logins.answer(shared, RIGHT, "alice")).done
        for host in lab.behind:
            await (await _connected(lab, host)).close()

    async def test_a_wrong_answer_asks_again_and_only_the_first_counts(self, lab: LoginLab) -> None:
        question, logins = await asked(lab, lab.gate), lab.transport.logins
        with pytest.raises(InputRefused, match="asks for 1 answers and 2 were given; nothing was sent"):
            await logins.answer(question.id, (*RIGHT, *RIGHT), "bob")
        reply = await logins.answer(question.id, WRONG, "alice")
        assert not reply.done
        assert reply.question is not None
        assert reply.question.note == f"{lab.gate.name} did not take that answer"
        with pytest.raises(ActionRefused, match="alice answered it first; nothing was sent"):
            await logins.answer(question.id, RIGHT, "bob")
        with pytest.raises(ActionRefused, match="that question is over"):
            await logins.answer("no such question", RIGHT, "bob")
        assert (await logins.answer(reply.question.id, RIGHT, "bob")).done
        await (await _connected(lab, lab.gate)).close()

    async def test_who_answers_a_host_that_hung_up_is_asked_anew(self, lab: LoginLab) -> None:
        await asked(lab, lab.gate)
        await lab.hang_up()
        moved = asyncio.Event()
        lab.transport.logins.listen(moved.set)
        async with asyncio.timeout(WAIT_S):
            while not (lapsed := await asked(lab, lab.gate)).lapsed:
                moved.clear()
                await moved.wait()
        assert lapsed.prompts == ()
        reply = await lab.transport.logins.answer(lapsed.id, RIGHT, "alice")
        assert reply.question is not None
        assert (reply.done, len(reply.question.prompts)) == (False, 1)
        assert (await lab.transport.logins.answer(reply.question.id, RIGHT, "alice")).done
        await (await _connected(lab, lab.gate)).close()

    async def test_a_host_that_nobody_waits_for_is_asked_about_no_longer(self, lab: LoginLab) -> None:
        question = await asked(lab, lab.gate)
        await lab.transport.logins.give_up(lab.gate)
        with pytest.raises(ActionRefused, match="that question is over"):
            await lab.transport.logins.answer(question.id, RIGHT, "alice")


async def _connected(lab: LoginLab, host: Host) -> HostSession:
    """A session, once what was answered came through."""
    moved = asyncio.Event()
    lab.transport.logins.listen(moved.set)
    async with asyncio.timeout(WAIT_S):
        while True:
            moved.clear()
            try:
                return await lab.transport.connect(host, RecordingSink())
            except LoginNeeded:
                await moved.wait()
