"""A host that asks before it lets us in is answered on the screen, and what it wants unseen is never drawn."""

from __future__ import annotations

import pytest

from runners.model.api import LoginReply
from tests.screens.desk import Desk, desk
from tests.screens.login_scenes import CODE, ask, login_controller, question
from tests.screens.test_secrets_dialog import everything
from tui.screens.board import BoardScreen
from tui.screens.login import LoginScreen
from tui.screens.run import RunScreen

VALUE = "zq7Kx9wvjQpW4"
IN = LoginReply(text="bastion let us in; what waited for it goes on", done=True)


async def opened(here: Desk) -> LoginScreen:
    await here.press("L")
    await here.until(lambda: isinstance(here.app.screen, LoginScreen) and here.app.screen.listens)
    screen = here.app.screen
    assert isinstance(screen, LoginScreen)
    return screen


async def test_what_is_typed_is_dots_and_goes_to_the_host_alone() -> None:
    controller = login_controller()
    controller.login_replies = [IN]
    async with desk(controller, size=(160, 44)) as here:
        await here.sees("waits for you: bastion asks deploy: “Verification code:”; L logs in", "L log in")
        assert "onduty login" not in here.text
        await opened(here)
        await here.sees("Log in to bastion", "web1, web2 and 3 more wait for it", "bastion says", "ACME bastion")
        drawn = [everything(here)]
        for letter in VALUE:
            await here.press(letter)
            drawn.append(everything(here))
        await here.sees("\u25e6" * len(VALUE))
        await here.press("enter")
        await here.until(lambda: isinstance(here.app.screen, RunScreen))
        await here.sees("bastion let us in")
        drawn.append(everything(here))
        (request,) = controller.logins
        assert (request.question, request.answers) == ("q1", (VALUE,))
        pieces = [VALUE[at : at + 4] for at in range(len(VALUE) - 3)]
        assert not [piece for piece in pieces for text in [*drawn, repr(request)] if piece in text]


async def test_a_wrong_answer_asks_again_in_the_words_of_the_host_and_echoes_where_it_says_so() -> None:
    again = question(("Password:", False), ("Code:", True), id="q2", note="bastion did not take that answer")
    controller = login_controller()
    controller.login_replies = [LoginReply(text=again.note, question=again), IN]
    async with desk(controller) as here:
        await opened(here)
        await here.type("wrong")
        await here.press("enter")
        await here.sees("! bastion did not take that answer", "Password:", "Code:")
        await here.type("secretive")
        await here.press("enter")
        await here.type("1234")
        await here.sees("1234")
        assert "secretive" not in here.text
        await here.press("enter")
        await here.until(lambda: isinstance(here.app.screen, RunScreen))
        assert [request.answers for request in controller.logins] == [("wrong",), ("secretive", "1234")]


async def test_what_somebody_else_answered_closes_and_what_is_asked_anew_changes() -> None:
    controller = login_controller()
    async with desk(controller) as here:
        await opened(here)
        await here.type("123")
        ask(controller, question(lapsed=True, id="q3", note="bastion hung up before it had an answer"))
        await controller.changed()
        await here.sees("bastion hung up before it had an answer", "in lets it ask anew")
        fresh = question(("Verification code:", False), id="q4")
        controller.login_replies = [LoginReply(text="bastion asks again", question=fresh)]
        await here.press("enter")
        await here.sees("Verification code:", "answer")
        assert [(request.question, request.host) for request in controller.logins] == [("", "bastion")]
        ask(controller, None)
        await controller.changed()
        await here.until(lambda: isinstance(here.app.screen, RunScreen))
        await here.sees("bastion waits for nobody any more")
        await here.press("L")
        await here.sees("no host of this run asks for a login")


async def test_the_second_who_answers_is_told_who_was_first_and_escape_leaves_the_hold() -> None:
    controller = login_controller()
    controller.refuse_with = "bob answered it first; nothing was sent"
    async with desk(controller, run=None) as here:
        await here.sees("waits for you", "L log in")
        await opened(here)
        await here.type("123")
        await here.press("escape")
        await here.until(lambda: isinstance(here.app.screen, BoardScreen))
        assert controller.logins == []
        await opened(here)
        await here.type("123")
        await here.press("enter")
        await here.sees("bob answered it first")


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_field_and_the_buttons_stay_where_it_is_small(size: tuple[int, int]) -> None:
    async with desk(login_controller(CODE), size=size) as here:
        await opened(here)
        await here.type("123")
        await here.sees("Log in to bastion", "\u25e6\u25e6\u25e6")
