"""The shell behind ``!``: through ssh, and through our own client where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from runners.adapters.interactive import OWN_CLIENT, host_from_json, host_to_json, interactive_command
from runners.model.inventory import LOCAL, Host
from tests.ssh.machines import Machine


class Terminal:
    """A real terminal with a program in it, and everything it showed."""

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        self.shown = b""
        self._news = asyncio.Event()
        self.process: asyncio.subprocess.Process | None = None

    async def run(self, *command: str) -> None:
        self.resize(100, 30, tell=False)
        self.before = termios.tcgetattr(self._slave)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        self.process = await asyncio.create_subprocess_exec(
            *command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "SSH_AUTH_SOCK": ""},
        )

    def resize(self, columns: int, rows: int, *, tell: bool = True) -> None:
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            # Without a controlling terminal the kernel tells nobody.
            self.signal(signal.SIGWINCH)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    async def shows(self, text: str) -> None:
        while text.encode() not in self.shown:
            self._news.clear()
            await self._news.wait()

    async def end(self) -> int:
        assert self.process is not None
        return await self.process.wait()

    @property
    def is_as_before(self) -> bool:
        return termios.tcgetattr(self._slave) == self.before

    @property
    def is_raw(self) -> bool:
        return not termios.tcgetattr(self._slave)[3] & termios.ICANON

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            self.shown += os.read(self._master, 65536)
        self._news.set()


@pytest.fixture
async def terminal() -> AsyncIterator[Terminal]:
    screen = Terminal()
    yield screen
    if screen.process is not None and screen.process.returncode is None:
        screen.process.kill()
        await screen.process.wait()
    screen.close()


def own_client(host: Host) -> list[str]:
    return interactive_command(host, look_for_ssh=False)


@pytest.fixture(params=["ssh", "own client"])
def command(request: pytest.FixtureRequest, machine: Machine) -> list[str]:
    if request.param == "own client":
        return own_client(machine.host)
    if shutil.which("ssh") is None:
        pytest.skip("there is no ssh program")
    return interactive_command(machine.host)


async def test_it_is_a_shell_on_a_terminal_of_this_size_and_its_status_comes_back(
    command: list[str], terminal: Terminal, machine: Machine
) -> None:
    await terminal.run(*command)
    terminal.type('echo "[$HOME]"; stty size; exit 7\r')
    await terminal.shows(f"[{machine.home}]")
    await terminal.shows("30 100")
    assert await terminal.end() == 7
    assert terminal.is_as_before


async def test_a_resized_window_reaches_the_host(command: list[str], terminal: Terminal) -> None:
    await terminal.run(*command)
    terminal.type('trap "echo now $(stty size)" WINCH; echo rea""dy\r')
    await terminal.shows("ready")
    terminal.resize(60, 20)
    terminal.type('while ! stty size | grep "20 60"; do :; done; echo see""n; exit 0\r')
    await terminal.shows("seen")
    assert await terminal.end() == 0


async def test_keys_arrive_raw_and_an_interrupt_is_the_remote_programs(machine: Machine, terminal: Terminal) -> None:
    await terminal.run(*own_client(machine.host))
    # cat speaks once it waits for input; a shell between two commands may miss an interrupt.
    terminal.type("PS1='back'':'; cat -n\rready\r")
    await terminal.shows("1\tready")
    assert terminal.is_raw
    terminal.type("\x03")
    # An interrupt throws away what was typed and not read, so the next line waits for the shell.
    await terminal.shows("back:")
    terminal.type('echo still h""ere; exit\r')
    await terminal.shows("still here")
    await terminal.end()
    assert terminal.is_as_before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_the_terminal_is_put_back_when_the_client_is_told_to_stop(
    machine: Machine, terminal: Terminal, number: signal.Signals
) -> None:
    await terminal.run(*own_client(machine.host))
    terminal.type('echo rea""dy\r')
    await terminal.shows("ready")
    terminal.signal(number)
    assert await terminal.end() == 128 + number
    assert terminal.is_as_before


async def test_the_terminal_is_put_back_when_the_connection_is_cut(machine: Machine, terminal: Terminal) -> None:
    await terminal.run(*own_client(machine.host))
    terminal.type('printf "\\033[?1049h"; echo rea""dy\r')
    await terminal.shows("ready")
    await machine.drop_connections()
    assert await terminal.end() == 255
    await terminal.shows("was lost")
    assert b"\x1b[?1049l" in terminal.shown
    assert terminal.is_as_before


async def test_a_changed_key_gives_no_shell_and_leaves_the_terminal_alone(machine: Machine, terminal: Terminal) -> None:
    await machine.show_another_key()
    await terminal.run(*own_client(machine.host))
    assert await terminal.end() == 255
    await terminal.shows("shows another host key")
    assert terminal.is_as_before
    assert machine.logins() == 0


async def test_without_a_terminal_input_is_a_script(machine: Machine) -> None:
    process = await asyncio.create_subprocess_exec(
        *own_client(machine.host), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate(b"test -t 0 || echo script; exit 3\n")
    assert out.endswith(b"script\n")
    assert process.returncode == 3


def test_the_inventory_is_in_the_command_line_of_ssh(tmp_path: Path) -> None:
    identity = tmp_path / "id"
    identity.touch()
    host = Host(
        name="web1",
        address="10.0.0.11",
        port=2222,
        user="deploy",
        identity=str(identity),
        known_hosts="/inv/100% known",
        ssh_config="/inv/config",
    )
    assert interactive_command(host, ssh_program="/usr/bin/ssh") == [
        *("/usr/bin/ssh", "-t", "-o", "StrictHostKeyChecking=yes", "-F", "/inv/config", "-p", "2222", "-l", "deploy"),
        *("-i", str(identity), "-o", "IdentitiesOnly=yes"),
        *("-o", 'UserKnownHostsFile="/inv/100%% known"', "--", "10.0.0.11"),
    ]


def test_a_host_without_options_is_just_its_name() -> None:
    command = interactive_command(Host(name="web1"), ssh_program="/usr/bin/ssh")
    assert command == ["/usr/bin/ssh", "-t", "-o", "StrictHostKeyChecking=yes", "--", "web1"]


def test_local_is_the_persons_own_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/zsh")
    assert interactive_command(Host(name=LOCAL)) == ["/bin/zsh"]
    monkeypatch.delenv("SHELL")
    assert interactive_command(Host(name=LOCAL)) == ["/bin/sh"]


def test_without_ssh_it_is_our_own_client_with_the_same_host() -> None:
    host = Host(name="web1", address="::1", port=2222, user="x y", identity="/k", known_hosts="/h", ssh_config="/c")
    command = interactive_command(host, look_for_ssh=False)
    assert command[:4] == [sys.executable, "-m", OWN_CLIENT, "--host-json"]
    assert host_from_json(command[4]) == host
    assert host_from_json(host_to_json(replace(host, labels={"zone": "a"}))) == host


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"name": 1}', '{"name": "a", "port": "22"}', '{"name": "a", "user": 1}']
)
def test_what_is_not_a_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the JSON reader has its own words
        host_from_json(text)
