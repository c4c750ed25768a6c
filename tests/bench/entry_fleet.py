"""Many hosts: one command on all of them, cold and warm, and the memory of a controller that is connected to them."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.bench.engines import engine_on, run_to_end, ssh_transport
from tests.bench.measure import BenchFailed, LeftOut, Row, Spent, command, in_turns, median_of
from tests.bench.peers import Peers
from tests.bench.place import ONDUTY, Controller, Place
from tests.bench.plain_ssh import open_plain, run_plain
from tests.flows.engine_kit import job, plan
from tests.ssh.sshd import LOOPBACK, Sshd

_PIPELINE = """\
version: 1
name: echo
stages:
  - name: all
    jobs:
      echo: {hosts: all, tasks: [{run: echo hello}]}
"""
_BUDGET_MEMORY_MB = 150.0
_BUDGET_HOSTS = 200


def measure(place: Place) -> Iterator[Row | LeftOut]:
    """``echo`` on all hosts: whole commands, nothing connected beforehand; then warm; then memory."""
    if why := place.why_no_sshd():
        yield LeftOut(what="echo on many hosts", why=why)
        return
    hosts = place.hosts(place.sizes.hosts)
    listeners = [host.process.pid for host in hosts if host.process is not None]
    fleet, peers = _Fleet(place, hosts, listeners), Peers(place, hosts, listeners)
    running, alone, openssh = in_turns(place.sizes.rounds, fleet.with_controller, fleet.without_controller, peers.xargs)
    count = len(hosts)
    cold = f"`echo` on {count} hosts, cold, controller running"
    yield _whole(cold, running, "ssh under xargs -P 50", openssh, 1 / 3)
    yield _whole(f"`echo` on {count} hosts, controller started by it", alone, "ssh under xargs -P 50", openssh, 1 / 3)
    for peer in peers.others():
        if peer.once is None:
            yield LeftOut(what=f"`echo` on {count} hosts beside {peer.name}", why=peer.why_not)
            continue
        ways = fleet.warm if peer.warm else fleet.with_controller
        what = f"`echo` on {count} hosts, connections open" if peer.warm else cold
        try:
            again, theirs = in_turns(min(place.sizes.rounds, peer.most_rounds), ways, peer.once)
        except BenchFailed as error:
            yield LeftOut(what=f"`echo` on {count} hosts beside {peer.name}", why=str(error).splitlines()[-1])
            continue
        yield _whole(what, again, peer.name, theirs, peer.limit)
    peers.close()
    fleet.close()
    yield Row(
        what="client CPU for a host (command and controller)",
        ours=running.client_s / count * 1000,
        unit="ms",
        peer="ssh under xargs",
        theirs=openssh.client_s / count * 1000,
        budget="5 ms",
        met=running.client_s / count <= 0.005,
        note=f"the controller's part {statistics.median(fleet.controller_s) / count * 1000:.1f} ms, `ssh -G` in it; "
        "the rest is the command's own start",
    )
    yield Row(
        what="server CPU for a host",
        ours=running.server_s / count * 1000,
        unit="ms",
        peer="ssh under xargs",
        theirs=openssh.server_s / count * 1000,
    )
    yield _memory(fleet.memories)
    yield asyncio.run(_warm(place, hosts))


class _Memory(NamedTuple):
    """What one controller held in memory that nobody shares."""

    empty_mb: float
    full_mb: float
    connected: int


class _Fleet:
    """The same command in every way that is installed."""

    def __init__(self, place: Place, hosts: list[Sshd], listeners: list[int]) -> None:
        self._place = place
        self._hosts = hosts
        self._listeners = listeners
        self.memories: list[_Memory] = []
        self.controller_s: list[float] = []
        self._warm: Controller | None = None
        self._file = place.folder / "echo.yaml"
        self._file.write_text(_PIPELINE)
        self._inventory = place.folder / f"inventory.{len(hosts)}.yaml"
        self._inventory.write_text(_inventory(hosts))

    def onduty(self, controller: Controller) -> Spent:
        """One whole ``onduty run``, the controller's share apart from the command's."""
        before_s = controller.cpu_s()
        argv = (*ONDUTY, "run", str(self._file), "-i", str(self._inventory))
        spent = command(argv, controller.environ, server=self._listeners)
        used_s = controller.cpu_s() - before_s
        self.controller_s.append(used_s)
        return Spent(wall_s=spent.wall_s, client_s=spent.client_s + used_s, server_s=spent.server_s)

    def with_controller(self) -> Spent:
        """A controller runs and has never met the hosts."""
        controller = self._place.controller("fleet")
        controller.stop()
        controller.start()
        try:
            empty_mb = _memory_mb(controller)
            spent = self.onduty(controller)
            self.memories.append(_Memory(empty_mb, _memory_mb(controller), self._connected()))
            return spent
        finally:
            controller.stop()

    def warm(self) -> Spent:
        """A controller runs that is connected to every host."""
        if self._warm is None:
            self._warm = self._place.controller("warm")
            self._warm.start()
            self.onduty(self._warm)
        return self.onduty(self._warm)

    def close(self) -> None:
        """End the controller that stayed connected."""
        if self._warm is not None:
            self._warm.stop()

    def without_controller(self) -> Spent:
        """The command starts the controller."""
        controller = self._place.controller("fleet")
        controller.stop()
        try:
            return self.onduty(controller)
        finally:
            controller.stop()

    def _connected(self) -> int:
        """Hosts that somebody is logged in to."""
        return sum(1 for host in self._hosts if host.connection_processes())


async def _warm(place: Place, hosts: list[Sshd]) -> Row:
    """``true`` on all hosts over open connections: the engine, durable, beside plain channels."""
    names = [host.name for host in hosts]
    shape = plan([job("true", "true", on=names)], hosts=[host.host for host in hosts])
    ours: list[Spent] = []
    theirs: list[Spent] = []
    connections = []
    turns = asyncio.Semaphore(8)

    async def connect(host: Sshd) -> None:
        async with turns:
            connections.append(await open_plain(host))

    async with engine_on(ssh_transport(), place.folder / "warm") as engine:
        await asyncio.gather(*(connect(host) for host in hosts))
        await asyncio.gather(*(run_plain(connection, "true") for connection in connections))
        await run_to_end(engine, shape)
        for _ in range(place.sizes.rounds + 2):
            started_s, used_s = time.perf_counter(), time.process_time()
            await run_to_end(engine, shape)
            ours.append(Spent(wall_s=time.perf_counter() - started_s, client_s=time.process_time() - used_s))
            started_s, used_s = time.perf_counter(), time.process_time()
            await asyncio.gather(*(run_plain(connection, "true") for connection in connections))
            theirs.append(Spent(wall_s=time.perf_counter() - started_s, client_s=time.process_time() - used_s))
        for connection in connections:
            connection.close()
            await connection.wait_closed()
    mine, plain = median_of(ours), median_of(theirs)
    return Row(
        what=f"`true` on {len(hosts)} hosts, warm, supervised and durable",
        ours=mine.wall_s * 1000,
        unit="ms",
        peer="plain exec channels",
        theirs=plain.wall_s * 1000,
        budget="2 x plain",
        met=mine.wall_s <= 2 * plain.wall_s,
        note=f"client CPU {mine.client_s * 1000:.0f} ms, plain {plain.client_s * 1000:.0f} ms",
    )


def _whole(what: str, ours: Spent, peer: str, theirs: Spent, limit: float | None) -> Row:
    words = {1 / 3: "1/3", 1 / 5: "1/5", 1.0: "not slower", None: ""}
    return Row(
        what=what,
        ours=ours.wall_s,
        unit="s",
        peer=peer,
        theirs=theirs.wall_s,
        budget=words[limit],
        met=ours.wall_s <= limit * theirs.wall_s if limit is not None else None,
        note=f"CPU client {ours.client_s:.2f} s, servers {ours.server_s:.2f} s; "
        f"{peer.split()[0]} {theirs.client_s:.2f} s, {theirs.server_s:.2f} s",
    )


def _memory(seen: Sequence[_Memory]) -> Row:
    """The controller's own memory once every host is connected and idle."""
    empty_mb, full_mb = statistics.median(one.empty_mb for one in seen), statistics.median(one.full_mb for one in seen)
    hosts = min(one.connected for one in seen)
    each_mb = (full_mb - empty_mb) / max(1, hosts)
    projected_mb = empty_mb + each_mb * _BUDGET_HOSTS
    return Row(
        what=f"controller memory (USS) with {hosts} connected idle hosts",
        ours=full_mb,
        unit="MB",
        peer="the same before the first run",
        theirs=empty_mb,
        budget="150 MB with 200",
        met=projected_mb < _BUDGET_MEMORY_MB,
        note=f"{each_mb:.2f} MB a host, its share of one run included; by that {projected_mb:.0f} MB for 200",
    )


def _memory_mb(controller: Controller) -> float:
    process = controller.process()
    if process is None:
        raise BenchFailed("the controller has gone")
    return float(process.memory_full_info().uss) / 1e6


def _inventory(hosts: list[Sshd]) -> str:
    first = hosts[0].host
    # JSON strings are YAML strings, whatever the folder is called.
    lines = ["defaults:"]
    for name, value in (("user", first.user), ("identity", first.identity), ("known_hosts", first.known_hosts)):
        lines.append(f"  {name}: {json.dumps(value)}")
    lines.append("hosts:")
    lines += [f"  {host.name}: {{address: {LOOPBACK}, port: {host.port}}}" for host in hosts]
    return "\n".join(lines) + "\n"
