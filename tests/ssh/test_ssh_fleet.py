"""The loopback fleet looks like hosts, survives what hosts survive, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from pathlib import Path

import psutil
import pytest
import yaml

from runners.adapters.known_hosts import KnownHosts
from runners.adapters.ssh_config import SshConfig
from runners.adapters.ssh_dial import Dialler
from runners.adapters.ssh_shell_channel import open_shell
from runners.model.errors import HostRefused, HostUnreachable
from runners.model.inventory import Host
from runners.testing.fleet import Fleet


async def say(config: SshConfig, host: Host, script: str) -> str:
    """Run a script in a shell on the host and return what it said."""
    connection = await Dialler(KnownHosts(), lambda: None).dial(await config.resolve(host))
    shell = await open_shell(connection)
    await shell.write(f"{script}\nexit\n".encode())
    said = b""
    while data := await shell.read_stdout(65536):
        said += data
    connection.ssh.close()
    await connection.ssh.wait_closed()
    return said.decode()


async def test_each_host_has_its_own_home_and_key(fleet: Fleet, config: SshConfig) -> None:
    homes = [await say(config, fleet.host(name), "pwd; echo $HOME") for name in ("web1", "web2")]
    assert homes == [f"{fleet[name].home}\n" * 2 for name in ("web1", "web2")]
    assert fleet["web1"].fingerprint != fleet["web2"].fingerprint
    assert fleet["web1"].commands == ["exec sh"]


async def test_the_shell_leads_its_own_session_without_a_terminal(fleet: Fleet, config: SshConfig) -> None:
    said = await say(config, fleet.host("web1"), 'set -- $(cat /proc/$$/stat); echo "$1 $5 $6 $7"')
    pid, group, session, terminal = said.split()
    assert pid == group == session
    assert terminal == "0"


async def test_the_files_are_an_inventory_that_only_its_owner_can_read(fleet: Fleet) -> None:
    inventory = yaml.safe_load(fleet.inventory.read_text())
    assert inventory["defaults"]["known_hosts"] == str(fleet.known_hosts)
    assert inventory["hosts"]["web2"] == {"address": "127.0.0.1", "port": fleet["web2"].port}
    state = json.loads((fleet.folder / "fleet.json").read_text())
    assert state["pid"] == os.getpid()
    assert state["hosts"]["web1"]["port"] == fleet["web1"].port
    assert stat.S_IMODE(fleet.folder.stat().st_mode) == 0o700
    for file in (fleet.identity, fleet.inventory, fleet.known_hosts):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_stopped_host_is_unreachable_and_comes_back_on_its_port_with_its_jobs(
    fleet: Fleet, config: SshConfig
) -> None:
    host = fleet.host("web1")
    pid = int(await say(config, host, "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!"))
    await fleet.stop("web1")
    with pytest.raises(HostUnreachable):
        await say(config, host, "true")
    assert await say(config, fleet.host("web2"), "echo fine") == "fine\n"
    await fleet.start("web1")
    assert fleet.host("web1") == host
    assert await say(config, host, f"kill -0 {pid} && echo alive") == "alive\n"


async def test_the_end_of_the_fleet_is_the_end_of_its_jobs(tmp_path: Path, config: SshConfig) -> None:
    fleet = Fleet(tmp_path / "fleet", ["web1"])
    await fleet.start()
    said = await say(
        config, fleet.host("web1"), 'setsid sh -c "trap : TERM; sleep 1000" </dev/null >/dev/null 2>&1 & echo $!'
    )
    await fleet.stop()
    await fleet.stop()
    assert not is_alive(int(said))
    assert not (fleet.folder / "fleet.json").exists()


async def test_a_fleet_that_starts_again_is_the_same_fleet(tmp_path: Path) -> None:
    first = Fleet(tmp_path / "fleet", ["web1"])
    await first.start()
    saved = (first.folder / "fleet.json").read_text()
    await first.stop()
    (first.folder / "fleet.json").write_text(saved)
    again = Fleet(tmp_path / "fleet", ["web1"])
    await again.start()
    assert again["web1"].fingerprint == first["web1"].fingerprint
    assert again["web1"].port == first["web1"].port
    await again.stop()


async def test_the_eleventh_session_is_refused_and_the_connection_lives_on(fleet: Fleet, config: SshConfig) -> None:
    connection = await Dialler(KnownHosts(), lambda: None).dial(await config.resolve(fleet.host("web1")))
    shells = [await open_shell(connection) for _ in range(10)]
    with pytest.raises(HostRefused, match="nothing was started"):
        await open_shell(connection)
    await shells[0].write(b"echo on; exit\n")
    assert await shells[0].read_stdout(10) == b"on\n"
    connection.ssh.close()
    await connection.ssh.wait_closed()


async def test_as_a_process_it_says_ready_serves_and_ends_cleanly(tmp_path: Path, config: SshConfig) -> None:
    folder = tmp_path / "demo"
    process, ready = await start_process(
        folder, "--hosts", "web1,web2", "--group", "web=web1,web2", "--environment", "demo"
    )
    assert ready == "ready\n"
    state = json.loads((folder / "fleet.json").read_text())
    assert state["pid"] == process.pid
    inventory = yaml.safe_load((folder / "inventory.yaml").read_text())
    assert inventory["groups"] == {"web": ["web1", "web2"]}
    assert inventory["environment"] == "demo"
    host = Host(
        name="web1",
        address="127.0.0.1",
        port=inventory["hosts"]["web1"]["port"],
        user=inventory["defaults"]["user"],
        identity=inventory["defaults"]["identity"],
        known_hosts=inventory["defaults"]["known_hosts"],
    )
    pid = int(await say(config, host, "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!"))
    second, answer = await start_process(folder, "--hosts", "web1")
    assert answer.startswith("error: a fleet runs in")
    assert await second.wait() == 1
    process.send_signal(signal.SIGHUP)
    assert await say(config, host, "echo still here") == "still here\n"
    process.terminate()
    assert await process.wait() == 0
    assert not is_alive(pid)
    assert not (folder / "fleet.json").exists()


async def start_process(folder: Path, *arguments: str) -> tuple[asyncio.subprocess.Process, str]:
    """Start the fleet as ``onduty demo`` does and wait for its first word."""
    reader, writer = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "runners.testing.fleet", "--dir", str(folder), "--ready-fd", str(writer)),
        *arguments,
        pass_fds=[writer],
        start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as pipe:
        return process, await asyncio.to_thread(pipe.read)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
