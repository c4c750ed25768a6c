"""``python -m tests.bench``: measure, print the table. Nothing is asserted: times are for people to judge."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import asyncssh

from tests.bench.entries import ENTRIES
from tests.bench.measure import BenchFailed, LeftOut, Row
from tests.bench.place import REPOSITORY, Place
from tests.bench.sizes import DEFAULT, FULL, QUICK
from tests.bench.table import document_of, lines_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when an entry could not be measured at all."""
    options = _parse(arguments)
    sizes = QUICK if options.quick else FULL if options.full else DEFAULT
    rows: list[Row | LeftOut] = []
    failed = False
    about = circumstances()
    folder = Path(tempfile.mkdtemp(prefix="onduty-bench-"))
    place = Place(folder=folder, sizes=sizes, peers=options.peers, progress=_say)
    started_s = time.monotonic()
    try:
        for name, entry in ENTRIES.items():
            if options.only and name not in options.only:
                continue
            if time.monotonic() - started_s > options.at_most:
                rows.append(LeftOut(what=name, why=f"{options.at_most:g} s were over; --only {name}"))
                continue
            _say(name)
            try:
                for row in entry(place):
                    rows.append(row)
            except BenchFailed as error:
                failed = True
                rows.append(LeftOut(what=name, why=str(error)))
    finally:
        place.close()
        shutil.rmtree(folder, ignore_errors=True)
    about["load after"] = _load()
    about["took"] = f"{time.monotonic() - started_s:.0f} s"
    if options.json:
        print(json.dumps(document_of(rows, about), indent=2))
    else:
        print("\n".join([*lines_of(rows), "", *(f"{name}: {value}" for name, value in about.items())]))
    return int(failed)


def circumstances() -> dict[str, str]:
    """Commit, machine and load: what a figure means nothing without."""
    return {
        "commit": _commit(),
        "machine": f"{os.cpu_count()} x {_processor()}, {_memory()}, {platform.system()} {platform.release()}",
        "versions": f"Python {platform.python_version()}, asyncssh {asyncssh.__version__}, {_openssh()}",
        "load before": _load(),
    }


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(ENTRIES), metavar="NAME", help=", ".join(ENTRIES))
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small sizes, under a minute or two")
    size.add_argument("--full", action="store_true", help="200 hosts")
    parser.add_argument("--json", action="store_true", help="as a document")
    parser.add_argument("--peers", type=Path, metavar="VENV", help="where parallel-ssh or ansible are installed")
    parser.add_argument("--at-most", type=float, default=420.0, metavar="S", help="begin no entry after this time")
    return parser.parse_args(arguments)


def _say(words: str) -> None:
    print(f"  {words} …", file=sys.stderr, flush=True)


def _commit() -> str:
    git = ("git", "-C", str(REPOSITORY))
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        commit = subprocess.check_output([*git, "rev-parse", "--short", "HEAD"], text=True).strip()
        changed = subprocess.check_output([*git, "status", "--porcelain", "-uno"], text=True).strip()
        return commit + (" with changes" if changed else "")
    return "unknown"


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"


def _openssh() -> str:
    with contextlib.suppress(OSError):
        return subprocess.run(["ssh", "-V"], capture_output=True, text=True).stderr.strip()
    return "no OpenSSH"


def _load() -> str:
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())


if __name__ == "__main__":
    sys.exit(main())
