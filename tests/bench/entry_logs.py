"""Logs: one that comes fast, and one that is long."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from runners.adapters.log_files import FileLogStore
from runners.adapters.log_paths import log_paths
from runners.adapters.log_reader import LogReader
from tests.bench.engines import engine_on, run_to_end, ssh_transport
from tests.bench.entry_start import first_frame_s
from tests.bench.measure import BenchFailed, LeftOut, Row, Spent, command, cpu_below_s, median_of, percentile
from tests.bench.place import Place
from tests.bench.plain_ssh import open_plain, read_plain
from tests.bench.sizes import MB
from tests.flows.engine_kit import job, plan

_CIPHER = "aes128-gcm@openssh.com"
"""What ours agrees on with a stock sshd."""
_LINE = b"2026-11-21T12:01:%02d.%03dZ worker[%d]: request %05d done\n"
_BLOCK_LINES = 10_000
_NEEDLE = b"panic: needle"
_NEVER = "no such words"
_JUMPS = 200
_SCREEN_LINES = 50
_PATIENT = 4
"""What reads a whole log first is given so many times the patience of a pager."""


def measure_stream(place: Place) -> Iterator[Row | LeftOut]:
    """One job prints ``stream_bytes``; all of it indexed and on our disk when the run has succeeded."""
    if why := place.why_no_sshd():
        yield LeftOut(what="one log stream", why=why)
        return
    source = place.folder / "stream"
    block = _block(0)
    with open(source, "wb") as file:
        for _ in range(max(1, place.sizes.stream_bytes // len(block))):
            file.write(block)
    try:
        yield from asyncio.run(_stream(place, source, source.stat().st_size))
    finally:
        source.unlink()


async def _stream(place: Place, source: Path, size: int) -> list[Row]:
    daemon = place.hosts(1)[0]
    assert daemon.process is not None
    listener = daemon.process.pid
    names = [daemon.name]
    ours: list[Spent] = []
    plain: list[Spent] = []
    openssh: list[Spent] = []
    config, target = place.ssh_config([daemon]), place.folder / "copy"
    folder = place.folder / "stream-state"
    async with engine_on(ssh_transport(), folder) as engine, await open_plain(daemon, cipher=_CIPHER) as connection:
        await run_to_end(engine, plan([job("warm", "true", on=names)], hosts=[daemon.host]))
        for _ in range(min(2, place.sizes.rounds)):
            before = _now(listener)
            uid = await run_to_end(engine, plan([job("stream", f"cat {source}", on=names)], hosts=[daemon.host]))
            ours.append(_since(before, listener))
            log, _ = log_paths(folder, uid, f"{uid}.1.1.1")
            if log.stat().st_size != size:
                raise BenchFailed(f"the log has {log.stat().st_size} bytes, the host sent {size}")
            log.unlink()
            before = _now(listener)
            if await read_plain(connection, f"cat {source}") != size:
                raise BenchFailed("the plain read is not whole")
            plain.append(_since(before, listener))
            argv = ("ssh", "-F", str(config), daemon.name, f"cat {source}")
            openssh.append(await asyncio.to_thread(command, argv, place.environ, server=[listener], out=target))
            target.unlink()
    mine, read, copy = (median_of(runs) for runs in (ours, plain, openssh))
    rate, read_rate, copy_rate = (size / MB / spent.wall_s for spent in (mine, read, copy))
    cpu = "CPU client {:.2f} s, server {:.2f} s; {} {:.2f} s, {:.2f} s"
    return [
        Row(
            what=f"one log stream of {size // MB} MB, indexed, on disk",
            ours=rate,
            unit="MB/s",
            peer="plain asyncssh read, thrown away",
            theirs=read_rate,
            budget="150 MB/s or half of plain",
            met=rate >= 150 or rate >= read_rate / 2,
            note=cpu.format(mine.client_s, mine.server_s, "plain", read.client_s, read.server_s),
        ),
        Row(
            what=f"one log stream of {size // MB} MB, indexed, on disk",
            ours=rate,
            unit="MB/s",
            peer="ssh host cat > file",
            theirs=copy_rate,
            note=cpu.format(mine.client_s, mine.server_s, "ssh", copy.client_s, copy.server_s),
        ),
    ]


def measure_long(place: Place) -> Iterator[Row | LeftOut]:
    """A log of ``log_lines``: open and first screen, jump anywhere, a search that finds nothing."""
    folder, lines = place.folder / "long", place.sizes.log_lines
    log, _ = log_paths(folder, "run", "key")
    place.progress(f"writing a log of {lines:,} lines")
    asyncio.run(_write_long(folder, lines))
    named = f"{lines / 1_000_000:g} million lines"
    try:
        opened_s = statistics.median(_open_s(folder, lines) for _ in range(5))
        with LogReader(folder, "run", "key") as reader:
            dice = random.Random(7)
            jumps_s = [_timed(_jump(reader, dice.randrange(lines))) for _ in range(_JUMPS)]
            missed_s = statistics.median(_timed(_search(reader, _NEVER.encode(), False)) for _ in range(3))
            found_s = statistics.median(_timed(_search(reader, _NEEDLE, True)) for _ in range(3))
        grep = [
            command(("grep", "-c", "-F", _NEEDLE.decode(), str(log)), {**place.environ, "LC_ALL": "C"})
            for _ in range(3)
        ]
        pager = _Pager(place, log)
        patience_s = place.sizes.pager_patience_s
        shown_s, jumped_s, searched_s = pager.open_s(), pager.jump_s(lines * 9 // 10), pager.miss_s()
        peer = "less" if pager.program else ""
        yield Row(
            what=f"{named}: open, first screen",
            ours=opened_s * 1000,
            unit="ms",
            peer=peer,
            theirs=_ms(shown_s),
            budget="500 ms",
            met=opened_s <= 0.5,
            note="less: the whole process; ours: inside one that runs",
        )
        yield Row(
            what=f"{named}: jump to any line, p95",
            ours=percentile(jumps_s, 95) * 1000,
            unit="ms",
            peer=peer,
            theirs=_ms(jumped_s),
            budget="20 ms",
            met=percentile(jumps_s, 95) <= 0.02,
            note="" if jumped_s else f"less took longer than {patience_s:g} s",
        )
        yield Row(
            what=f"{named}: a search that finds nothing",
            ours=missed_s,
            unit="s",
            peer=peer,
            theirs=searched_s,
            budget="1.5 s",
            met=missed_s <= 1.5,
            note="" if searched_s else f"less took longer than {patience_s:g} s",
        )
        yield Row(
            what=f"{named}: a search to a line at nine tenths",
            ours=found_s,
            unit="s",
            peer="grep -c -F, LC_ALL=C",
            theirs=statistics.median(spent.wall_s for spent in grep),
            budget="1.5 s",
            met=found_s <= 1.5,
        )
        yield from _others(place, log, named, opened_s, missed_s)
    finally:
        log.unlink()


class _Pager:
    """``less`` on a terminal, without the person's own settings. None where it took longer than the patience."""

    def __init__(self, place: Place, log: Path) -> None:
        self.program = place.tool("less")
        self._patience_s = place.sizes.pager_patience_s
        self._log = log
        self._environ = {**place.environ, "LESS": "", "LESSHISTFILE": "-", "LC_ALL": "C"}

    def open_s(self) -> float | None:
        """Until the first line stands there."""
        return self._until(b"worker", "-N")

    def jump_s(self, line: int) -> float | None:
        """Until a line far down stands there, with its number."""
        return self._until(str(line + 1).encode(), "-N", f"+{line + 1}g")

    def miss_s(self) -> float | None:
        """Until it says that nothing was found."""
        return self._until(b"not found", f"+/{_NEVER}")

    def _until(self, text: bytes, *options: str) -> float | None:
        if self.program is None:
            return None
        argv = (self.program, *options, str(self._log))
        try:
            return first_frame_s(argv, self._environ, text, patience_s=self._patience_s)
        except BenchFailed:
            return None


def _others(place: Place, log: Path, named: str, opened_s: float, missed_s: float) -> Iterator[Row | LeftOut]:
    """The same log in viewers that read all of it first; where they are installed."""
    # Their index is written below a home of their own, and dropped with it.
    for name, program, missed in (("lnav", "lnav", b"0 hits"), ("toolong", "tl", b"")):
        found = place.tool(program)
        if found is None:
            yield LeftOut(what=f"{named} in {name}", why="not installed")
            continue
        patience_s = _PATIENT * place.sizes.pager_patience_s
        asked: list[tuple[str, float, str, bytes, tuple[str, ...]]] = [
            ("open, first screen", opened_s * 1000, "ms", b"worker[", ())
        ]
        if missed:
            asked.append(("a search that finds nothing", missed_s, "s", missed, ("-c", f"/{_NEVER}")))
        for what, ours, unit, text, options in asked:
            try:
                shown_s = first_frame_s((found, *options, str(log)), place.environ, text, patience_s=patience_s)
            except BenchFailed:
                shown_s = None
            yield Row(
                what=f"{named}: {what}",
                ours=ours,
                unit=unit,
                peer=name,
                theirs=_ms(shown_s) if unit == "ms" else shown_s,
                note=f"{name}: the whole process" if shown_s else f"{name} took longer than {patience_s:g} s",
            )


async def _write_long(folder: Path, lines: int) -> None:
    store = FileLogStore(folder)
    writer = await store.open("run", "key")
    written, offset, needle_at = 0, 0, lines * 9 // 10
    blocks = [_block(number) for number in range(8)]
    while written < lines:
        count = min(_BLOCK_LINES, lines - written)
        data = blocks[(written // _BLOCK_LINES) % len(blocks)]
        if count < _BLOCK_LINES:
            data = b"".join(data.splitlines(keepends=True)[:count])
        if written <= needle_at < written + count:
            whole = data.splitlines(keepends=True)
            whole[needle_at - written] = _NEEDLE + b"\n"
            data = b"".join(whole)
        await writer.append(offset, data, 1_800_000_000.0 + written / 1000)
        offset, written = offset + len(data), written + count
    await writer.close()
    await store.close()


def _block(number: int) -> bytes:
    return b"".join(_LINE % (n % 60, n % 1000, number, n) for n in range(_BLOCK_LINES))


def _open_s(folder: Path, lines: int) -> float:
    started_s = time.perf_counter()
    with LogReader(folder, "run", "key") as reader:
        if reader.lines != lines:
            raise BenchFailed(f"the log has {reader.lines} lines, {lines} were written")
        reader.read_lines(reader.lines - _SCREEN_LINES, _SCREEN_LINES)
        return time.perf_counter() - started_s


def _jump(reader: LogReader, line: int) -> Callable[[], None]:
    return lambda: _expect(len(reader.read_lines(line, _SCREEN_LINES)) > 0)


def _search(reader: LogReader, pattern: bytes, there: bool) -> Callable[[], None]:
    return lambda: _expect((reader.search(pattern) is not None) is there)


def _expect(right: bool) -> None:
    if not right:
        raise BenchFailed("the log does not answer as it was written")


def _timed(work: Callable[[], None]) -> float:
    started_s = time.perf_counter()
    work()
    return time.perf_counter() - started_s


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _now(listener: int) -> tuple[float, float, float]:
    return cpu_below_s([listener]), time.process_time(), time.perf_counter()


def _since(before: tuple[float, float, float], listener: int) -> Spent:
    wall_s, used_s = time.perf_counter() - before[2], time.process_time() - before[1]
    return Spent(wall_s=wall_s, client_s=used_s, server_s=cpu_below_s([listener]) - before[0])
