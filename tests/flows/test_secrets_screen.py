"""Secrets on the screen, over a real controller: given there after a restart, and in nothing that is ever drawn."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from runbooks.library import load_built_in
from runners.client.start import ControllerCommand
from tests.flows.test_secrets import EVERY_WAY, PASSWORD, PIPELINE, TOKEN, assert_private, forms
from tests.person import PATIENCE_S, Person, until
from tests.screens.drawn import strips_of
from tui.app import OndutyApp
from tui.bridge import Line
from tui.screens.run import RunScreen
from tui.screens.secrets import SecretScreen
from tui.view.look import Look

TELLS = """\
import base64, os
packed = base64.b64encode(os.environ["TOKEN"].encode()).decode()
with open(os.environ["ONDUTY_OUTPUT"], "w") as said:
    said.write(f"plain=token {os.environ['TOKEN']}\\npacked={packed}\\n")
"""
KEYS = {" ": "space"}
_SPACE = re.compile(r"[\s\u22ef\u2502\u2503\u2500]")


def no_command() -> ControllerCommand:
    """There is a controller already; nothing could start one."""
    return ControllerCommand(argv=["false"], environ={})


class Eyes:
    """Everything that was ever drawn, as text and as pictures."""

    def __init__(self, app: OndutyApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.seen: list[str] = []

    def look(self) -> str:
        rows = [strip.text for strip in strips_of(self.app)]
        self.seen += ["\n".join(rows), *(toast.text for toast in getattr(self.app.screen, "toasts", []))]
        return "\n".join(rows)

    def picture(self) -> None:
        """As somebody would put it into a ticket."""
        self.seen.append(html.unescape(re.sub("<[^>]*>", "", self.app.export_screenshot())))

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            self.look()

    async def until(self, condition: Callable[[], Any]) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end_s, self.look()
            await self.pilot.pause()
            await asyncio.sleep(0)

    def found(self) -> list[str]:
        """Forms of a secret that were drawn, also over the ends of rows."""
        wanted = {form.decode("utf-8", "replace") for form in forms()}
        plain = "\n".join(self.seen)
        packed = _SPACE.sub("", plain)
        return [form for form in wanted if form in plain or _SPACE.sub("", form) in packed]


def held_for_its_password(person: Person, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run that says its secrets in every form and fails; meanwhile the controller was started again."""
    token = person.work / "registry.token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    person.write("every_way.py", EVERY_WAY)
    person.write("tell.py", TELLS)
    say = "          - {name: say,"
    two = PIPELINE.replace(say, f"          - {{name: tell, run: 'exec python3 tell.py', dir: WORK}}\n{say}")
    pipeline = person.write("talk.yaml", two.replace("WORK", str(person.work)))
    uid: str = person("run", pipeline, "--detach", "--json", env={"THE_PASSWORD": PASSWORD}).json()["uid"]
    until(lambda: (person.work / "begun").exists())
    person.kill_controller()
    person.show(uid)
    (person.work / "gate").touch()
    until(lambda: [hold for hold in person.document(uid)["holds"] if hold["kind"] == "secret"])
    monkeypatch.setenv("ONDUTY_HOME", str(person.home))
    return uid


# A controller that is killed and one that is started again: slow where a machine is busy.
@pytest.mark.timeout(300)
@pytest.mark.faults
async def test_a_secret_is_given_on_the_screen_and_no_form_of_it_is_ever_drawn(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = await asyncio.to_thread(held_for_its_password, person, monkeypatch)
    app = OndutyApp(Line(person.home, no_command), load_built_in, Look(), run=uid)
    async with app.run_test(size=(200, 50)) as pilot:
        eyes = Eyes(app, pilot)
        await eyes.until(lambda: isinstance(app.screen, RunScreen) and app.screen.choice.tree.rows)
        run = app.screen
        assert isinstance(run, RunScreen)
        await eyes.until(lambda: "V gives it" in eyes.look())
        await eyes.press("V")
        await eyes.until(lambda: isinstance(app.screen, SecretScreen) and app.screen.listens)
        await eyes.press(*(KEYS.get(letter, letter) for letter in PASSWORD), "enter")
        eyes.picture()
        await eyes.press("enter")
        await eyes.until(lambda: run.feed.state is not None and not run.feed.state.secrets_needed)
        # What was owed is fetched now, masked.
        await eyes.press("2", "G")
        await eyes.until(lambda: "and the rest of it" in eyes.look())
        await eyes.press("z", "g", "w", "G", "t", "z", "3", "z", "z", "4", "5", "1")
        for key in ("at", "y", "question_mark", "colon"):
            await eyes.press(key)
            await eyes.until(lambda: app.screen is not run)
            await eyes.press("down", "escape")
            await eyes.until(lambda: app.screen is run)
        assert any("warning" in text and "holds a secret" in text for text in eyes.seen)
        eyes.picture()
        await eyes.press("q")
        assert app.broken == {}
    assert eyes.found() == []
    assert len(eyes.seen) > 50
    assert_private(person)
