"""One host: the gap between two jobs, a warm execution beside a plain channel, processes started on the host."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import signal
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
from ulid import ULID

from runners.adapters.local import LocalTransport
from runners.engine.engine import Engine
from runners.model.inventory import Host
from runners.ports.transport import ExecutionRequest, HostSession, Transport
from tests.bench.engines import LoneSink, TimedTransport, Times, engine_on, run_to_end, ssh_transport
from tests.bench.measure import BenchFailed, LeftOut, Row, percentile
from tests.bench.place import Place
from tests.bench.plain_ssh import open_plain, run_plain
from tests.flows.engine_kit import job, plan

_LOCAL = Host(name="local")
_STAMPS = "date +%s%N; date +%s%N"
"""A job that says when it began and when it ended, by its host's clock."""
_ROUNDS = 2
_ATTACHED_TIMEOUT_S = 10.0
_FORKS = "trace=clone,clone3,fork,vfork"


def measure_gap(place: Place) -> Iterator[Row | LeftOut]:
    """One job ends, the next one on the same host starts; everything durable."""
    yield from asyncio.run(_gap(place, "this machine", _local_transport(place), _LOCAL, _plain_shell))
    if why := place.why_no_sshd():
        yield LeftOut(what="the gap over sshd", why=why)
        return
    daemon = place.hosts(1)[0]

    async def over_ssh() -> list[Row]:
        connection = await open_plain(daemon)
        try:
            return await _gap(
                place, "sshd", ssh_transport(), daemon.host, lambda command: run_plain(connection, command)
            )
        finally:
            connection.close()
            await connection.wait_closed()

    yield from asyncio.run(over_ssh())


async def _gap(
    place: Place, where: str, transport: Transport, host: Host, plain: Callable[[str], Awaitable[bytes]]
) -> list[Row]:
    count = place.sizes.gap_jobs
    jobs = [job("j0", _STAMPS, on=[host.name])]
    jobs += [job(f"j{n}", _STAMPS, on=[host.name], needs=[f"j{n - 1}"]) for n in range(1, count)]
    shape = plan(jobs, hosts=[host])
    times = Times()
    engine_s: list[float] = []
    whole_s: list[float] = []
    plain_s: list[float] = []
    async with engine_on(TimedTransport(transport, times), place.folder / f"gap-{host.name}") as engine:
        # The first run connects.
        await run_to_end(engine, plan([job("warm", "true", on=[host.name])], hosts=[host]))
        for _ in range(_ROUNDS):
            times.asked.clear()
            times.told.clear()
            uid = await run_to_end(engine, shape)
            engine_s += [after - before for before, after in zip(times.told, times.asked[1:], strict=False)]
            whole_s += _between([await _log(engine, uid, n) for n in range(1, count + 1)])
            plain_s += _between([await plain(_STAMPS) for _ in range(count)])
    share_s, gap_s, peer_s = percentile(engine_s, 95), statistics.median(whole_s), statistics.median(plain_s)
    return [
        Row(
            what=f"one job ends, the next starts: engine share p95, {where}",
            ours=share_s * 1000,
            unit="ms",
            budget="5 ms",
            met=share_s <= 0.005,
            note=f"median {statistics.median(engine_s) * 1000:.1f} ms; a commit with its fsync is in it",
        ),
        Row(
            what=f"one job ends, the next starts: whole gap, {where}",
            ours=gap_s * 1000,
            unit="ms",
            peer="one plain exec after another",
            theirs=peer_s * 1000,
            budget="50 ms",
            met=gap_s <= 0.05,
            note=f"p95 {percentile(whole_s, 95) * 1000:.1f} ms; by the jobs' own clock, the start of `date` included",
        ),
    ]


def measure_supervised(place: Place) -> Iterator[Row | LeftOut]:
    """``true`` on an open session beside ``true`` on an open plain connection, and the processes it takes."""
    yield from asyncio.run(_supervised(place, "this machine", _local_transport(place), _LOCAL, _plain_shell))
    if why := place.why_no_sshd():
        yield LeftOut(what="true over sshd", why=why)
        return
    daemon = place.hosts(1)[0]

    async def over_ssh() -> list[Row | LeftOut]:
        connection = await open_plain(daemon)
        try:
            return await _supervised(
                place, "sshd", ssh_transport(), daemon.host, lambda command: run_plain(connection, command)
            )
        finally:
            connection.close()
            await connection.wait_closed()

    yield from asyncio.run(over_ssh())


async def _supervised(
    place: Place, where: str, transport: Transport, host: Host, plain: Callable[[str], Awaitable[bytes]]
) -> list[Row | LeftOut]:
    sink = LoneSink()
    session = await transport.connect(host, sink)
    ours_s: list[float] = []
    plain_s: list[float] = []
    keys: list[str] = []
    async with AsyncExitStack() as stack:
        stack.push_async_callback(session.close)
        await plain("true")
        await _execute(session, sink, keys)
        for _ in range(place.sizes.executions):
            started_s = time.perf_counter()
            await _execute(session, sink, keys)
            ours_s.append(time.perf_counter() - started_s)
            started_s = time.perf_counter()
            await plain("true")
            plain_s.append(time.perf_counter() - started_s)
        ours_ms, theirs_ms = statistics.median(ours_s) * 1000, statistics.median(plain_s) * 1000
        rows: list[Row | LeftOut] = [
            Row(
                what=f"`true`, warm, supervised, {where}",
                ours=ours_ms,
                unit="ms",
                peer="plain exec channel" if host is not _LOCAL else "sh -c",
                theirs=theirs_ms,
                budget="2 x plain",
                met=ours_ms <= 2 * theirs_ms,
                note=f"p95 {percentile(ours_s, 95) * 1000:.1f} ms, plain {percentile(plain_s, 95) * 1000:.1f} ms",
            )
        ]
        rows.append(await _forks(place, where, session, sink, keys, host))
        await session.remove(keys)
    return rows


async def _execute(session: HostSession, sink: LoneSink, keys: list[str]) -> None:
    key = f"{ULID()}.1.1.1"
    keys.append(key)
    verdict = sink.verdict(key)
    await session.start(ExecutionRequest(key=key, script="true", workdir=key.rpartition(".")[0]))
    result = await verdict
    if result.exit_code != 0:
        raise BenchFailed(f"`true` ended with {result}")


async def _forks(
    place: Place, where: str, session: HostSession, sink: LoneSink, keys: list[str], host: Host
) -> Row | LeftOut:
    """Processes started on the host for each execution, seen by strace."""
    what = f"processes started for one supervised `true`, {where}"
    strace = shutil.which("strace")
    if strace is None:
        return LeftOut(what=what, why="strace is not installed")
    shells = await asyncio.to_thread(_shells_of, place, host)
    seen = place.folder / f"forks-{host.name}"
    attach = [word for pid in shells for word in ("-p", str(pid))]
    tracer = await asyncio.create_subprocess_exec(
        *(strace, "-f", "-qq", "-e", _FORKS, "-e", "signal=none", "-o", str(seen), *attach),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    if not await asyncio.to_thread(_attached, tracer.pid, shells):
        with contextlib.suppress(ProcessLookupError):
            tracer.terminate()
        _, said = await tracer.communicate()
        return LeftOut(what=what, why=f"strace may not attach: {said.decode(errors='replace').strip()[:200]}")
    count = min(20, place.sizes.executions)
    for _ in range(count):
        await _execute(session, sink, keys)
    tracer.send_signal(signal.SIGINT)
    await tracer.wait()
    started = sum(1 for line in seen.read_text().splitlines() if line.rstrip().rpartition("= ")[2].isdigit())
    return Row(what=what, ours=started / count, unit="forks", note="the job's own `true` is a built-in of the shell")


def _shells_of(place: Place, host: Host) -> list[int]:
    """Pids of the shells on the host that have its home: the session's, and nothing else of ours."""
    home = str(place.hosts(1)[0].home) if host is not _LOCAL else place.environ["HOME"]
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] in ("sh", "dash", "bash", "busybox") and process.environ().get("HOME") == home:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def _attached(tracer: int, pids: Sequence[int]) -> bool:
    """Whether all of them are traced, after waiting for it."""
    deadline_s = time.monotonic() + _ATTACHED_TIMEOUT_S
    while time.monotonic() < deadline_s and pids and psutil.pid_exists(tracer):
        if all(_is_traced_or_gone(pid, tracer) for pid in pids):
            return True
        time.sleep(0.01)
    return False


def _is_traced_or_gone(pid: int, tracer: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    return f"TracerPid:\t{tracer}\n" in status or "State:\tZ" in status


async def _plain_shell(command: str) -> bytes:
    process = await asyncio.create_subprocess_exec("sh", "-c", command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out


def _local_transport(place: Place) -> LocalTransport:
    return LocalTransport(env={"HOME": place.environ["HOME"], "PATH": "/usr/bin:/bin"})


async def _log(engine: Engine, uid: str, number: int) -> bytes:
    return await engine.records.read_log(uid, f"{uid}.{number}.1.1", 0, 4096)


def _between(logs: Sequence[bytes]) -> list[float]:
    """Seconds from the end of each to the start of the next, by their stamps."""
    stamps = [[int(line) for line in log.split()] for log in logs]
    return [(after[0] - before[1]) / 1e9 for before, after in itertools.pairwise(stamps)]
