"""A writer killed at any moment loses nothing that was acknowledged, and what it left can be gone on with."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest

from runners.adapters.log_files import FileLogStore
from runners.adapters.sqlite import SqliteRunStore
from runners.core.chain import verify
from runners.testing.store_contract import chain, make_run

RUN, KEY = "01JD", "01JD.1.1.1"

LOG_WRITER = """
import asyncio, sys
from pathlib import Path
from runners.adapters.log_files import FileLogStore

async def main():
    store = FileLogStore(Path(sys.argv[1]))
    writer = await store.open("01JD", "01JD.1.1.1")
    data = Path(sys.argv[2]).read_bytes()
    sizes = [1, 7, 300, 5000, 400_000]
    turn = 0
    while True:
        at = writer.position.raw_offset
        start = at % len(data)
        position = await writer.append(at, data[start:start + sizes[turn % 5]], 1.0)
        turn += 1
        print(position.raw_offset, position.lines, flush=True)

asyncio.run(main())
"""

EVENT_WRITER = """
import asyncio, sys
from pathlib import Path
from runners.adapters.sqlite import SqliteRunStore
from runners.ports.run_store import IntentRow
from runners.testing.store_contract import chain, make_run

async def write(store, run):
    rows = await store.events(run)
    while True:
        last = rows[-1]
        rows = chain(run, last.seq + 1, last.seq + 3, last.hash)
        await store.append(rows, intents=[IntentRow(id=f"{run}{last.seq}", run=run, outcome=b"{}")])
        print(run, rows[-1].seq, flush=True)

async def main():
    store = await SqliteRunStore.open(Path(sys.argv[1]) / "state.db")
    await asyncio.gather(*(write(store, run) for run in "AB"))

asyncio.run(main())
"""


def run_until_killed(program: str, *args: str, lines: int) -> list[str]:
    """Start a writer, kill it after so many acknowledgements, and return all that it gave."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        rest = process.stdout.read()
        assert said[-1], process.stderr.read()
    # The last line may be torn by the kill; it is then no acknowledgement.
    return [line for line in [*said, *rest.splitlines(keepends=True)] if line.endswith("\n")]


@pytest.mark.parametrize("seed", range(3))
async def test_a_killed_log_writer_loses_no_acknowledged_byte(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    data = b"".join(rng.choice([b"\n", b"word ", b"\xff\x00", b"line\n"]) for _ in range(200_000))
    source = tmp_path / "source"
    source.write_bytes(data)
    store = FileLogStore(tmp_path)
    for _ in range(3):
        said = await asyncio.to_thread(
            run_until_killed, LOG_WRITER, str(tmp_path), str(source), lines=rng.randrange(1, 60)
        )
        acknowledged, lines = map(int, said[-1].split())
        writer = await store.open(RUN, KEY)
        position = writer.position
        await writer.close()
        assert position.raw_offset == position.file_bytes >= acknowledged
        assert position.lines >= lines
        content = await store.read(RUN, KEY, 0, position.file_bytes + 1)
        assert len(content) == position.file_bytes
        repeated = data * (len(content) // len(data) + 1)
        assert content == repeated[: len(content)]
        assert content.count(b"\n") == position.lines
    await store.close()


@pytest.mark.parametrize("seed", range(3))
async def test_a_killed_event_writer_loses_no_acknowledged_event(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    store = await SqliteRunStore.open(tmp_path / "state.db")
    for uid in "AB":
        await make_run(store, uid)
    await store.close()
    for _ in range(2):
        said = await asyncio.to_thread(run_until_killed, EVENT_WRITER, str(tmp_path), lines=rng.randrange(1, 80))
        store = await SqliteRunStore.open(tmp_path / "state.db")
        for uid in "AB":
            rows = await store.events(uid)
            acknowledged = [int(line.split()[1]) for line in said if line.startswith(uid)]
            assert len(rows) >= max(acknowledged, default=1)
            assert verify(rows) == ""
            # Events come in calls of three with their intent: never a part of a call.
            assert len(rows) % 3 == 1
            assert (await store.intent_outcome(f"{uid}{len(rows) - 3}") is not None) == (len(rows) > 1)
            assert await store.intent_outcome(f"{uid}{len(rows)}") is None
            await store.append(chain(uid, len(rows) + 1, len(rows) + 3, rows[-1].hash), intents=[])
        await store.close()
        store = await SqliteRunStore.open(tmp_path / "state.db")
        await store.close()
