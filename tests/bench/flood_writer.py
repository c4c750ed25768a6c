"""Jobs that print without end: ``python -m tests.bench.flood_writer FOLDER JOBS LINES_PER_S SECONDS``.

Writes through the store, as a controller does, twenty times a second; prints how many lines it wrote.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from runners.adapters.log_files import FileLogStore
from tests.bench.flood_run import UID, log_keys

_HZ = 20


async def write(folder: Path, jobs: int, lines_per_s: int, seconds: float) -> int:
    """Keep the pace: a round that came late is followed at once by the next, until all lines are written."""
    store = FileLogStore(folder)
    writers = [await store.open(UID, key) for key in log_keys(jobs)]
    offsets = [0] * jobs
    count = max(1, lines_per_s // jobs // _HZ)
    began_s = time.monotonic()
    rounds = max(1, round(seconds * _HZ))
    for number in range(rounds):
        await asyncio.sleep(max(0.0, began_s + number / _HZ - time.monotonic()))
        # One text for the whole round: it is the disk and the screen that are measured, not who prints.
        data = b"".join(b"request %08d took 12 ms, status 200\n" % (number * count + n) for n in range(count))
        at_utc = time.time()
        for job, writer in enumerate(writers):
            await writer.append(offsets[job], data, at_utc)
            offsets[job] += len(data)
    took_s = time.monotonic() - began_s
    for writer in writers:
        await writer.close()
    await store.close()
    print(f"{rounds * count * jobs} {took_s}")
    return rounds * count * jobs


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
