"""The transport over SSH: sessions on real hosts, and the keys that ``onduty hosts trust`` records."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from runners.adapters.known_hosts import known_hosts_line
from runners.adapters.ssh import SshTransport
from runners.adapters.ssh_config import SshConfig
from runners.model.errors import HostKeyChanged, HostKeyUnknown, HostRefused, HostUnreachable
from runners.ports.transport import (
    CancelStep,
    ExecutionPhase,
    ExecutionReport,
    ExecutionRequest,
    ExecutionResult,
    Survivor,
)
from runners.testing.fleet import Fleet
from tests.ssh.machines import Machine


class Heard:
    """A sink that keeps what it heard."""

    def __init__(self) -> None:
        self.output = b""
        self.result: ExecutionResult | None = None
        self.finished = asyncio.Event()
        self.lost = asyncio.Event()
        self.cause = ""

    async def on_output(self, key: str, offset: int, data: bytes) -> None:
        assert offset == len(self.output)
        self.output += data

    async def on_finished(self, key: str, result: ExecutionResult) -> None:
        self.result = result
        self.finished.set()

    async def on_vanished(self, key: str, report: ExecutionReport) -> None:
        raise AssertionError(report)

    async def on_cancel_step(self, key: str, step: CancelStep, survivors: Sequence[Survivor]) -> None:
        raise AssertionError(step)

    async def on_lost(self, cause: str) -> None:
        self.cause = cause
        self.lost.set()


@pytest.fixture
def transport(config: SshConfig) -> SshTransport:
    return SshTransport(agent_path=lambda: None, config=config)


def request(number: int, script: str) -> ExecutionRequest:
    return ExecutionRequest(key=f"01JD0000000000000000000000.1.1.{number}", script=script, workdir=f"01JD{number}")


async def test_a_job_runs_in_the_hosts_home_and_every_byte_comes_back(
    machine: Machine, transport: SshTransport
) -> None:
    heard = Heard()
    session = await transport.connect(machine.host, heard)
    assert session.facts.state_dir.startswith(str(machine.home))
    await session.start(request(1, 'echo "$HOME"; exit 3'))
    await heard.finished.wait()
    assert heard.result is not None
    assert heard.result.exit_code == 3
    assert heard.output == f"{machine.home}\n".encode()
    await session.close()


async def test_one_connection_carries_a_session_and_ends_with_it(fleet: Fleet, transport: SshTransport) -> None:
    session = await transport.connect(fleet.host("web1"), Heard())
    assert len(fleet["web1"].connections) == 1
    (server,) = fleet["web1"].connections
    await session.close()
    await server.wait_closed()
    assert not fleet["web1"].connections
    assert set(fleet["web1"].commands) == {"exec sh"}


async def test_a_cut_is_heard_once_and_the_job_lives_on(machine: Machine, transport: SshTransport) -> None:
    heard = Heard()
    session = await transport.connect(machine.host, heard)
    await session.start(request(1, 'while [ ! -e "$HOME/go" ]; do sleep 0.05; done; echo done'))
    await machine.drop_connections()
    await heard.lost.wait()
    assert heard.cause
    again = Heard()
    session = await transport.connect(machine.host, again)
    (report,) = await session.ask([request(1, "").key])
    assert report.phase is ExecutionPhase.RUNNING
    await session.follow(report.key, 0)
    (machine.home / "go").touch()
    await again.finished.wait()
    assert again.output == b"done\n"
    await session.close()


async def test_a_refused_host_was_sent_nothing(machine: Machine, transport: SshTransport, tmp_path: Path) -> None:
    with pytest.raises(HostKeyUnknown):
        await transport.connect(replace(machine.host, known_hosts=str(tmp_path / "none")), Heard())
    await machine.stop()
    with pytest.raises(HostUnreachable):
        await transport.connect(machine.host, Heard())


async def test_a_scanned_key_that_was_trusted_lets_the_host_in(
    machine: Machine, transport: SshTransport, tmp_path: Path
) -> None:
    host = replace(machine.host, known_hosts=str(tmp_path / "known"))
    keys = await transport.scan_keys(host)
    assert [(kind, print_) for kind, print_, _ in keys] == [("ecdsa-sha2-nistp256", machine.fingerprint)]
    assert machine.logins() == 0
    assert await transport.trust_keys(host, [key for _, _, key in keys]) == (str(tmp_path / "known"), 1)
    assert await transport.trust_keys(host, [key for _, _, key in keys]) == (str(tmp_path / "known"), 0)
    session = await transport.connect(host, Heard())
    await session.close()


async def test_a_changed_key_cannot_be_trusted_over_the_old_one(machine: Machine, transport: SshTransport) -> None:
    await machine.show_another_key()
    before = machine.known_hosts.read_text()
    keys = await transport.scan_keys(machine.host)
    with pytest.raises(HostKeyChanged):
        await transport.trust_keys(machine.host, [key for _, _, key in keys])
    assert machine.known_hosts.read_text() == before


async def test_a_new_type_of_key_is_trusted_only_beside_one_that_is_known(
    machine: Machine, transport: SshTransport, tmp_path: Path
) -> None:
    shown, added = (asyncssh.generate_private_key(kind) for kind in ("ecdsa-sha2-nistp256", "ssh-ed25519"))
    host = replace(machine.host, known_hosts=str(tmp_path / "known"))
    options = await transport.resolve(host)
    (tmp_path / "known").write_text(known_hosts_line(options.record_name, shown) + "\n")
    with pytest.raises(HostKeyChanged):
        await transport.trust_keys(host, [added])
    assert (await transport.trust_keys(host, [shown, added]))[1] == 1


async def test_a_known_hosts_file_that_cannot_be_written_is_said(
    machine: Machine, transport: SshTransport, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    host = replace(machine.host, known_hosts=str(tmp_path / "folder"))
    keys = [key for _, _, key in await transport.scan_keys(host)]
    with pytest.raises(HostRefused, match="folder"):
        await transport.trust_keys(host, keys)
