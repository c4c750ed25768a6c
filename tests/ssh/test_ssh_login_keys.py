"""Logins that wait for a key: its passphrase, the agent that held it, a certificate that ran out. On a real sshd."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runners.adapters.ssh import SshTransport
from runners.adapters.ssh_config import SshConfig
from runners.model.errors import AuthFailed, LoginNeeded
from runners.model.inventory import Host
from runners.testing.recording_sink import RecordingSink
from tests.ssh.agent import Agent, running_agent
from tests.ssh.sshd import Sshd, SshdFarm
from tests.ssh.test_ssh_certificates import PAST, keygen, new_key, public_half, sign
from tests.ssh.test_ssh_logins import Person

pytestmark = pytest.mark.sshd
PASS = "a pass phrase"
SIGN_REQUEST = 13
"""SSH_AGENTC_SIGN_REQUEST, draft-miller-ssh-agent."""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path / "agent") as agent:
        yield agent


@pytest.fixture
def daemon(sshds: SshdFarm) -> Sshd:
    return sshds.start("web1")


@pytest.fixture
def locked(daemon: Sshd, tmp_path: Path) -> Path:
    """A key with a passphrase that the host takes."""
    key = new_key(tmp_path / "locked", PASS)
    (daemon.folder / "authorized_keys").write_text(public_half(key))
    return key


def at(config: SshConfig, agent: Callable[[], str | None] = lambda: None) -> Person:
    return Person(SshTransport(agent_path=agent, config=config, person_there=lambda: False))


def unlocked(locked: Path, path: Path) -> Path:
    """The same key without a passphrase."""
    path.touch(mode=0o600)
    path.write_bytes(locked.read_bytes())
    keygen("-p", "-P", PASS, "-N", "", "-f", path)
    return path


async def test_a_passphrase_unlocks_the_key_for_every_host_that_takes_it_and_until_it_is_forgotten(
    daemon: Sshd, locked: Path, config: SshConfig
) -> None:
    person = at(config)
    hosts = [replace(daemon.host, name=f"web{n}", identity=str(locked)) for n in (1, 2, 3)]
    questions = [await person.question(host) for host in hosts]
    assert {one.id for one in questions} == {questions[0].id}, "a key has one passphrase"
    asked = questions[0]
    assert (asked.kind, asked.prompts[0].text) == ("passphrase", f"passphrase of {locked}")
    assert f"{locked} is locked with a passphrase and there is no agent" in asked.text
    logins = person.transport.logins
    wrong = await logins.answer(asked.id, ("battery",), "alice")
    assert wrong.question is not None
    assert (wrong.done, wrong.text) == (False, f"that is not the passphrase of {locked}")
    right = await logins.answer(wrong.question.id, (PASS,), "alice")
    assert right.done
    for host in hosts:
        await (await person.until_in(host)).close()
    # From now on nobody is asked.
    await (await person.transport.connect(hosts[0], RecordingSink())).close()
    assert logins.forget_keys() == 1
    assert (await person.question(hosts[0])).kind == "passphrase"
    await logins.give_up(hosts[0])


async def test_a_key_that_the_host_does_not_take_is_never_asked_for(
    daemon: Sshd, config: SshConfig, tmp_path: Path
) -> None:
    stranger = new_key(tmp_path / "stranger", PASS)
    with pytest.raises(AuthFailed, match="is locked with a passphrase and there is no agent"):
        await at(config).transport.connect(replace(daemon.host, identity=str(stranger)), RecordingSink())


async def test_what_an_agent_brings_ends_the_question_for_a_passphrase(
    daemon: Sshd, locked: Path, config: SshConfig, agent: Agent, tmp_path: Path
) -> None:
    agent.add(unlocked(locked, tmp_path / "unlocked"))
    there: list[str | None] = [None]
    person = at(config, lambda: there[0])
    host = replace(daemon.host, identity=str(locked))
    assert (await person.question(host)).kind == "passphrase"
    there[0] = agent.socket
    await (await person.until_in(host)).close()


async def test_an_agent_that_is_gone_is_waited_for_and_the_host_is_left_in_peace(
    daemon: Sshd, config: SshConfig, agent: Agent, tmp_path: Path
) -> None:
    person = at(config, lambda: agent.socket)
    agent.add(daemon.identity)
    host = replace(daemon.host, identity=None)
    await (await person.transport.connect(host, RecordingSink())).close()
    agent.end()
    with pytest.raises(LoginNeeded, match=f"the agent at {agent.socket} does not answer") as gone:
        await person.transport.connect(host, RecordingSink())
    assert (gone.value.question.kind, gone.value.hint) == ("agent", "onduty login web1")
    tries = daemon.log.count("Connection from")
    for _ in range(5):
        assert (await person.question(host)).text == gone.value.question.text
    assert daemon.log.count("Connection from") == tries
    # Somebody who says so has it tried all the same.
    await person.transport.logins.try_now(host)
    await person.question(host)
    assert daemon.log.count("Connection from") == tries + 1
    with running_agent(tmp_path / "next") as following:
        following.add(daemon.identity)
        agent.socket = following.socket
        await (await person.until_in(host)).close()


async def test_an_agent_that_was_locked_is_told_from_a_key_that_is_refused(
    daemon: Sshd, config: SshConfig, agent: Agent
) -> None:
    person = at(config, lambda: agent.socket)
    agent.add(daemon.identity)
    host = replace(daemon.host, identity=None)
    await (await person.transport.connect(host, RecordingSink())).close()
    lock(agent, "-x")
    with pytest.raises(LoginNeeded, match="holds no keys any more"):
        await person.transport.connect(host, RecordingSink())
    lock(agent, "-X")
    await (await person.until_in(host)).close()


async def test_a_host_that_hangs_up_after_wrong_passwords_is_asked_anew_and_nothing_fails(
    sshds: SshdFarm, config: SshConfig
) -> None:
    ways = ("PasswordAuthentication yes", "AuthenticationMethods publickey,password", "MaxAuthTries 2")
    daemon = sshds.start("otp", *ways)
    person = at(config)
    question = await person.question(daemon.host)
    assert question.kind == "password"
    while not question.lapsed:
        reply = await person.transport.logins.answer(question.id, ("battery",), "alice")
        assert reply.question is not None
        assert (reply.done, reply.question.note) == (False, reply.text)
        question = reply.question
    assert question.note == "otp did not take that answer, and hung up"
    tries = daemon.log.count("Connection from")
    anew = await person.transport.logins.try_now(daemon.host)
    assert anew.question is not None
    assert anew.question.prompts
    assert daemon.log.count("Connection from") == tries + 1
    await person.transport.logins.give_up(daemon.host)


async def test_a_signature_that_waits_for_a_finger_is_said_and_goes_on_by_itself(
    daemon: Sshd, config: SshConfig, agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runners.adapters.ssh_questions.SLOW_S", 0.0)
    agent.add(daemon.identity)
    touched = asyncio.Event()

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The agent, but whoever wants a signature waits until somebody touched the key."""
        theirs, ours = await asyncio.open_unix_connection(agent.socket)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readexactly(5)
                if head[4] == SIGN_REQUEST:
                    await touched.wait()
                ours.write(head + await reader.readexactly(int.from_bytes(head[:4], "big") - 1))
                size = await theirs.readexactly(4)
                writer.write(size + await theirs.readexactly(int.from_bytes(size, "big")))
        ours.close()
        writer.close()

    socket = str(tmp_path / "touch")
    async with await asyncio.start_unix_server(between, socket):
        person = at(config, lambda: socket)
        host = replace(daemon.host, identity=None)
        asked = await person.question(host)
        assert (asked.id, asked.kind) == ("", "agent")
        assert asked.text == "the SSH agent waits before it signs for web1: touch the key, or confirm it"
        touched.set()
        await (await person.until_in(host)).close()


async def test_a_certificate_that_ran_out_is_waited_for_and_tried_once_it_was_renewed(
    sshds: SshdFarm, config: SshConfig, tmp_path: Path
) -> None:
    authority = new_key(tmp_path / "ca")
    daemon = sshds.start("web1", f"TrustedUserCAKeys {authority}.pub")
    (daemon.folder / "authorized_keys").write_text("")
    key = new_key(tmp_path / "mine")
    sign(authority, key, "-V", PAST)
    person = at(config)
    host: Host = replace(daemon.host, identity=str(key))
    with pytest.raises(LoginNeeded, match=f"the certificate of {key} has expired"):
        await person.transport.connect(host, RecordingSink())
    tries = daemon.log.count("Connection from")
    assert (await person.question(host)).kind == "agent"
    assert daemon.log.count("Connection from") == tries
    os.unlink(f"{key}-cert.pub")
    sign(authority, key)
    await (await person.until_in(host)).close()


def lock(agent: Agent, word: str) -> None:
    """Lock or unlock it; a program tells ssh-add the password."""
    asks = agent.folder / "asks"
    asks.write_text("#!/bin/sh\necho secret\n")
    asks.chmod(0o700)
    forced = {"SSH_AUTH_SOCK": agent.socket, "SSH_ASKPASS": str(asks), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
    subprocess.run(["ssh-add", word], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=30,
                   env={**os.environ, **forced})  # fmt: skip
