"""Jobs that print without end: ``python -m tests.bench.flood_writer FOLDER JOBS LINES_PER_S SECONDS``.

Writes through the store, as a controller does, twenty times a second; prints how many lines it wrote.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from runners.adapters.log_files import FileLogStore

RUN = "flood"
_HZ = 20


def key_of(job: int) -> str:
    """The log of one job."""
    return f"flood.{job}"


async def write(folder: Path, jobs: int, lines_per_s: int, seconds: float) -> int:
    """Keep the pace; when the disk or the machine does not, what was missed is not made up for."""
    store = FileLogStore(folder)
    writers = [await store.open(RUN, key_of(job)) for job in range(jobs)]
    offsets = [0] * jobs
    count = max(1, lines_per_s // jobs // _HZ)
    written = number = 0
    end_s = time.monotonic() + seconds
    while (began_s := time.monotonic()) < end_s:
        at_utc = time.time()
        for job, writer in enumerate(writers):
            data = b"".join(b"job %02d request %07d took 12 ms, status 200\n" % (job, number + n) for n in range(count))
            await writer.append(offsets[job], data, at_utc)
            offsets[job] += len(data)
            written += count
        number += count
        await asyncio.sleep(max(0.0, began_s + 1 / _HZ - time.monotonic()))
    for writer in writers:
        await writer.close()
    await store.close()
    return written


if __name__ == "__main__":
    print(asyncio.run(write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))))
