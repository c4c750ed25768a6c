"""``onduty login`` as people meet it: hosts that ask, answered at a terminal or from stdin, and kept nowhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from runners.streams.secret_forms import forms_of
from runners.testing.fleet import Fleet
from runners.testing.fleet_logins import Asks
from tests.flows.terminal import Terminal
from tests.person import Person

PASSWORD, CODE = "correct horse battery", "zq7Kx9wvjQpW4"
PIPELINE = """\
version: 1
name: release
stages:
  - name: one
    jobs:
      release: {hosts: web1, tasks: [{run: echo ran}]}
"""


@pytest_asyncio.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    """One host that asks for a password unseen and a code seen."""
    hosts = Fleet(tmp_path / "fleet", ["web1"])
    await hosts.start()
    hosts["web1"].asks = Asks(
        rounds=[[("Password: ", False)], [("Code: ", True)]], right=[[PASSWORD], [CODE]], words="ACME production"
    )
    try:
        yield hosts
    finally:
        await hosts.stop()


async def call(person: Person, *words: str, code: int | None = 0, said: str = "") -> Any:
    """A command that reads ``said``; its hosts go on meanwhile."""

    def run() -> Any:
        (person.work / "said").write_text(said)
        with open(person.work / "said") as stdin:
            return person(*words, code=code, stdin=stdin)

    return await asyncio.to_thread(run)


def hold_none(data: bytes) -> bool:
    """No form of an answer stands in it."""
    return not any(form.text in data for value in (PASSWORD, CODE) for form in forms_of(value))


def assert_nowhere(person: Person) -> None:
    """In no file of the controller, in no process's words or environment."""
    for path in person.home.rglob("*"):
        with contextlib.suppress(OSError):
            assert hold_none(path.read_bytes()), path
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            assert hold_none(" ".join(process.cmdline()).encode()), process
            assert hold_none(" ".join(process.environ().values()).encode()), process


async def test_a_host_that_asks_holds_the_run_and_its_answer_is_kept_nowhere(person: Person, fleet: Fleet) -> None:
    person.write("release.yaml", PIPELINE)
    held = await call(person, "run", "release.yaml", "-i", str(fleet.inventory), code=4)
    assert "release/1: held" in held.err
    asks = f"web1 asks {fleet.host('web1').user}: “Password:”; onduty login web1"
    assert asks in held.err
    assert "next: onduty login web1" in held.err
    document = (await call(person, "show", "last", "--json")).json()
    assert [(hold["kind"], hold["text"]) for hold in document["holds"]] == [("login", asks)]
    (waiting,) = (await call(person, "login", "--json")).json()
    assert (waiting["asker"], waiting["words"], waiting["runs"]) == ("web1", ["ACME production"], ["release/1"])
    assert waiting["prompts"] == [{"text": "Password:", "echo": False}]

    here = Terminal(person, "login")

    def answer() -> str:
        here.read_until("Password: ")
        here.type("battery staple\n")
        here.read_until("web1 did not take that answer")
        here.text = ""
        here.read_until("Password: ")
        here.type(f"{PASSWORD}\n")
        here.read_until("Code: ")
        assert_nowhere(person)
        here.type(f"{CODE}\n")
        return here.read_to_end()

    seen = await asyncio.to_thread(answer)
    assert await asyncio.to_thread(here.end) == 0
    assert "web1 let us in" in seen
    assert PASSWORD not in here.text
    assert CODE in here.text, "the host said that it may be seen"
    done = await call(person, "wait", "last")
    assert "succeeded" in done.err + done.out
    assert fleet["web1"].asks is not None
    assert fleet["web1"].asks.heard == [("battery staple",), (PASSWORD,), (CODE,)]
    assert hold_none((await call(person, "events", "last")).out.encode())
    assert_nowhere(person)


@pytest.mark.faults
async def test_answers_come_from_stdin_one_a_line_and_a_look_at_the_host_only_says_what_it_asks(
    person: Person, fleet: Fleet
) -> None:
    person.write("release.yaml", PIPELINE)
    looked = (await call(person, "hosts", "--check", "-i", str(fleet.inventory), "--json", code=4)).json()
    assert (looked[0]["phase"], looked[0]["reached"]) == ("login", False)
    assert looked[0]["problems"][0].startswith(f"web1 asks {fleet.host('web1').user}: “Password:”")
    await call(person, "run", "release.yaml", "-i", str(fleet.inventory), code=4)
    short = await call(person, "login", "web1", "-", said=f"{PASSWORD}\n", code=2)
    assert "stdin has no answer to Code:; nothing was sent" in short.err
    await call(person, "login", "web1", "-", said=f"{CODE}\n")
    await call(person, "wait", "last")
    assert (await call(person, "login")).out == "no login waits for anybody\n"
