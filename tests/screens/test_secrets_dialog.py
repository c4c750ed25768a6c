"""A run that waits for a secret gets it from the screen, and nothing that is drawn or kept ever shows it."""

from __future__ import annotations

from dataclasses import replace

from runners.model.events import SecretNeeded
from runners.model.secrets import SecretSource, SourceKind
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator
from tests.screens.desk import Desk, desk
from tests.screens.fake_controller import FakeController, FakeRun
from tests.screens.scenes import START_UTC
from tui.screens.hidden_fields import Typed
from tui.screens.run import RunScreen
from tui.screens.secrets import SecretScreen

VALUE = "zq7Kx9wvj-QpW4"
PROMPT = SecretSource(name="TOKEN", kind=SourceKind.PROMPT, text="token of the registry")
VARIABLE = SecretSource(name="OTHER", kind=SourceKind.ENV, variable="OTHER_TOKEN")
FILE = SecretSource(name="KEY", kind=SourceKind.FILE, path="/etc/onduty/key")
LOST = "was kept in memory only, and the controller was started again"


def waiting_for(*sources: SecretSource) -> FakeController:
    """A run that goes on once it has them."""
    plan = plan_of(stage("rollout", job("release", "web1", "fetch restart")), environment="production")
    sim = Simulator(replace(plan, secrets={one.name: one for one in sources}), now_utc=START_UTC)
    sim.settle((SecretNeeded(secrets={one.name: LOST for one in sources}),))
    return FakeController(FakeRun(sim, "u1", "deploy-api/42"))


def everything(here: Desk) -> str:
    """All that a person, a picture or a report could get of the app."""
    shown = [here.text, here.app.export_screenshot()]
    shown += [repr(vars(screen)) + repr(screen) for screen in here.app.screen_stack]
    shown += [repr(vars(widget)) for screen in here.app.screen_stack for widget in screen.walk_children()]
    return "\n".join([*shown, *(toast.text for toast in here.run.toasts)])


async def opened(here: Desk) -> SecretScreen:
    await here.press("V")
    await here.until(lambda: isinstance(here.app.screen, SecretScreen) and here.app.screen.listens)
    screen = here.app.screen
    assert isinstance(screen, SecretScreen)
    return screen


async def test_the_headline_and_the_list_name_the_key_in_place_of_a_command() -> None:
    async with desk(waiting_for(PROMPT), size=(160, 44)) as here:
        await here.sees("deploy-api/42 waits for you: TOKEN: was kept in memory only", "V gives it", "V give secret")
        assert "onduty secret give" not in here.text
        await here.press("q")
        await here.sees("TOKEN: was kept in memory only", "V gives it")


async def test_what_is_typed_is_dots_and_reaches_the_controller_alone() -> None:
    controller = waiting_for(PROMPT)
    async with desk(controller) as here:
        await opened(here)
        await here.sees("Give secrets to deploy-api/42", "PRODUCTION", "TOKEN  token of the registry", LOST)
        drawn = [everything(here)]
        for letter in VALUE:
            await here.press("minus" if letter == "-" else letter)
            drawn.append(everything(here))
        await here.sees("\u25e6" * len(VALUE))
        await here.press("enter")
        drawn.append(everything(here))
        await here.press("enter")
        await here.until(lambda: isinstance(here.app.screen, RunScreen))
        await here.sees("has TOKEN")
        drawn.append(everything(here))
        (request,) = controller.given
        assert dict(request.values) == {"TOKEN": VALUE}
        assert request.names == ("TOKEN",)
        assert VALUE not in repr(request)
        pieces = [VALUE[at : at + 4] for at in range(len(VALUE) - 3)]
        assert not [piece for piece in pieces for text in drawn if piece in text]
        await here.until(lambda: here.run.feed.state is not None and not here.run.feed.state.secrets_needed)


async def test_several_are_asked_for_at_once_and_what_the_controller_reads_is_only_named() -> None:
    controller = waiting_for(PROMPT, VARIABLE, FILE)
    async with desk(controller) as here:
        await opened(here)
        await here.sees(
            "OTHER  usually from your variable OTHER_TOKEN", "KEY is read again by the controller: file /etc"
        )
        await here.type("abcdefgh")
        await here.press("enter")
        await here.type("short")
        await here.press("tab")
        await here.sees("OTHER is 5 bytes long; a secret has at least 6.")
        await here.press("enter", "Y")
        assert not controller.given
        await here.press("shift+tab", "x", "backspace", "X", "enter", "Y")
        await here.until(lambda: controller.given)
        assert dict(controller.given[0].values) == {"TOKEN": "abcdefgh", "OTHER": "shortX"}
        assert controller.given[0].names == ("TOKEN", "OTHER", "KEY")


async def test_a_key_that_is_pasted_keeps_its_lines_and_confirms_nothing() -> None:
    controller = waiting_for(PROMPT)
    async with desk(controller) as here:
        screen = await opened(here)
        screen.takes_paste("-----BEGIN\r\nY\r\n-----END\r\n")
        await here.press("enter")
        assert not controller.given
        await here.press("enter")
        await here.until(lambda: controller.given)
        assert dict(controller.given[0].values) == {"TOKEN": "-----BEGIN\nY\n-----END"}


async def test_escape_gives_nothing_and_forgets_what_was_typed() -> None:
    controller = waiting_for(PROMPT)
    async with desk(controller) as here:
        screen = await opened(here)
        await here.type("abcdefgh")
        await here.press("escape")
        await here.until(lambda: isinstance(here.app.screen, RunScreen))
        await here.until(lambda: not screen.is_attached)
        assert [len(typed) for typed in screen._typed.values()] == [0]
        assert not controller.given
        await opened(here)
        await here.sees("value")
        assert "\u25e6\u25e6" not in here.text.split("value", 1)[1].split("\n")[0]


async def test_what_the_controller_refuses_is_said_and_is_asked_for_again() -> None:
    controller = waiting_for(PROMPT)
    controller.refuse_with = "secret TOKEN: has a line of 200,000 characters"
    async with desk(controller) as here:
        await opened(here)
        await here.type("abcdefgh")
        await here.press("enter", "enter")
        await here.sees("has a line of 200,000 characters")
        await opened(here)


async def test_without_a_secret_to_give_the_key_says_so() -> None:
    async with desk(waiting_for()) as here:
        await here.press("V")
        await here.sees("has no secrets")


def test_what_was_typed_cannot_be_printed_by_mistake() -> None:
    typed = Typed()
    typed.add(VALUE)
    assert VALUE not in f"{typed} {typed!r}"
    assert not hasattr(typed, "__dict__")
    assert typed.reveal() == VALUE
