"""An interactive shell on a host in the person's own terminal, where there is no ``ssh`` program.

``python -m runners.adapters.ssh_shell --host-json …`` is what ``interactive_command`` names then: the same keys, the
same strict check of the host's key, a terminal on the host, and this terminal as it was before on every way out.
What the host prints goes to the terminal as it is: the person asked for a shell there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import TracebackType

import asyncssh

from runners.adapters.interactive import host_from_json
from runners.adapters.known_hosts import KnownHosts
from runners.adapters.ssh_config import SshConfig
from runners.adapters.ssh_dial import Dialler
from runners.adapters.ssh_handshake import Connection
from runners.adapters.ssh_login import reason
from runners.model.errors import OndutyError
from runners.model.inventory import Host

EXIT_NO_SESSION = 255
"""As ssh(1): an error of ours, not of the remote shell."""
EXIT_SIGNAL_BASE = 128
_READ_BYTES = 64 << 10
# A program that was cut off cannot undo what it did to the terminal: alternate screen, mouse, paste, cursor, colours.
_UNDO = b"\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?25h\x1b[0m\r\n"


class LocalTerminal:
    """This terminal in raw mode while the block runs, and as it was afterwards, whatever happened."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before = termios.tcgetattr(descriptor) if os.isatty(descriptor) else None

    @property
    def is_there(self) -> bool:
        """Whether the descriptor is a terminal at all."""
        return self._before is not None

    def __enter__(self) -> LocalTerminal:
        if self._before is not None:
            # TCSADRAIN: what was typed ahead is for the shell and must not be thrown away.
            tty.setraw(self._descriptor, termios.TCSADRAIN)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)


async def run_shell(host: Host, *, stdin: int = 0, stdout: int = 1) -> int:
    """Open a shell on ``host`` and stay until it ends; returns its exit status.

    Raises ``OndutyError`` when no session could be opened.
    """
    options = replace(await SshConfig().resolve(host), accept_new=False)
    dialler = Dialler(KnownHosts(), lambda: os.environ.get("SSH_AUTH_SOCK"))
    connection = await dialler.dial(options)
    try:
        return await _run_on(connection, stdin, stdout)
    finally:
        connection.ssh.close()
        await connection.ssh.wait_closed()


async def _run_on(connection: Connection, stdin: int, stdout: int) -> int:
    terminal = LocalTerminal(stdin)
    loop = asyncio.get_running_loop()
    # One keystroke, one packet, one echo: a delayed acknowledgement is felt here.
    if connection.socket is not None:
        connection.socket.quick = True
    process: asyncssh.SSHClientProcess[bytes] = await connection.ssh.create_process(
        term_type=os.environ.get("TERM", "dumb") if terminal.is_there else None,
        term_size=_size(stdout) if terminal.is_there else None,
        encoding=None,
        send_env=None,
    )

    def typed() -> None:
        try:
            data = os.read(stdin, _READ_BYTES)
        except OSError:
            data = b""
        with contextlib.suppress(OSError):
            if data:
                process.stdin.write(data)
            else:
                loop.remove_reader(stdin)
                process.stdin.write_eof()

    def resized() -> None:
        with contextlib.suppress(OSError):
            process.change_terminal_size(*_size(stdout))

    with terminal:
        errors = asyncio.create_task(_copy(process.stderr, 2))
        with _reading(stdin, typed), _listening(signal.SIGWINCH, resized):
            try:
                await _copy(process.stdout, stdout)
                await errors
                await process.wait_closed()
            finally:
                errors.cancel()
                orderly = process.exit_status is not None or process.exit_signal is not None
                if terminal.is_there and not orderly:
                    _write(stdout, _UNDO)
    if not orderly:
        host = connection.login.options.label
        cause = connection.login.lost_cause or "the connection was closed"
        print(f"onduty: the shell on {host} was lost ({cause}); what it started may run on", file=sys.stderr)
        return EXIT_NO_SESSION
    return _status(process)


@contextlib.contextmanager
def _reading(descriptor: int, callback: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    try:
        loop.add_reader(descriptor, callback)
    except PermissionError:
        # A regular file cannot be waited for: it is read at once.
        callback()
    try:
        yield
    finally:
        loop.remove_reader(descriptor)


@contextlib.contextmanager
def _listening(number: signal.Signals, callback: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(number, callback)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)


async def _copy(source: asyncssh.SSHReader[bytes], target: int) -> None:
    with contextlib.suppress(asyncssh.Error, OSError):
        while data := await source.read(_READ_BYTES):
            _write(target, data)


def _write(descriptor: int, data: bytes) -> None:
    """Write all of it; a slow terminal slows the host, which is what a person wants."""
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(descriptor, data) :]


def _size(descriptor: int) -> tuple[int, int]:
    """Columns and rows."""
    try:
        size = os.get_terminal_size(descriptor)
    except OSError:
        size = shutil.get_terminal_size()
    return size.columns, size.lines


def _status(process: asyncssh.SSHClientProcess[bytes]) -> int:
    if process.exit_signal is not None:
        number = getattr(signal, f"SIG{process.exit_signal[0]}", None)
        return EXIT_SIGNAL_BASE + (int(number) if number is not None else 0)
    return process.exit_status if process.exit_status is not None else EXIT_NO_SESSION


async def _until_told_to_stop(host: Host) -> int:
    """Run the shell; TERM and HUP end it in order, so that the terminal is put back."""
    loop = asyncio.get_running_loop()
    shell = asyncio.create_task(run_shell(host))
    told: list[int] = []

    def stop(number: int) -> None:
        told.append(number)
        shell.cancel()

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        return await shell
    except asyncio.CancelledError:
        if not told:
            raise
        return EXIT_SIGNAL_BASE + told[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the shell as a program. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m runners.adapters.ssh_shell", description=__doc__)
    parser.add_argument("--host-json", required=True, help="the host, as interactive_command writes it")
    chosen = parser.parse_args(arguments)
    try:
        host = host_from_json(chosen.host_json)
    except ValueError as problem:
        parser.error(f"--host-json: {problem}")
    try:
        return asyncio.run(_until_told_to_stop(host))
    except OndutyError as problem:
        print(f"onduty: {problem.message}", file=sys.stderr)
        if problem.hint:
            print(f"        {problem.hint}", file=sys.stderr)
    except (asyncssh.Error, OSError) as problem:
        print(f"onduty: no shell on {host.name} ({reason(problem)})", file=sys.stderr)
    return EXIT_NO_SESSION


if __name__ == "__main__":
    sys.exit(main())
