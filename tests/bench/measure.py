"""What is measured and how: rows, turns, and who spent which processor time.

Times are medians of interleaved runs (ours, peer, ours, peer …), because the machine is shared and its speed drifts.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COMMAND_TIMEOUT_S = 120.0
"""Whatever takes longer is broken, not slow."""
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class BenchFailed(Exception):
    """What was to be measured did not work, so there is no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    ours: float
    unit: str
    peer: str = ""
    """What ``theirs`` is; empty when nothing is comparable."""
    theirs: float | None = None
    budget: str = ""
    met: bool | None = None
    """None: this line has no budget."""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours by theirs; below 1 is less."""
        return self.ours / self.theirs if self.theirs else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A comparison that this machine cannot make, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one run of something cost."""

    wall_s: float
    client_s: float = 0.0
    """Processor seconds on the side that asked."""
    server_s: float = 0.0
    """Processor seconds of the sshd's and of what lives below them."""


def in_turns(rounds: int, *ways: Callable[[], Spent]) -> list[Spent]:
    """Run each way ``rounds`` times, A B A B …; the median of each, figure by figure."""
    runs: list[list[Spent]] = [[] for _ in ways]
    for _ in range(rounds):
        for way, spent in zip(ways, runs, strict=True):
            spent.append(way())
    return [median_of(spent) for spent in runs]


def median_of(runs: Sequence[Spent]) -> Spent:
    """The median of each figure."""
    return Spent(
        wall_s=statistics.median(run.wall_s for run in runs),
        client_s=statistics.median(run.client_s for run in runs),
        server_s=statistics.median(run.server_s for run in runs),
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that ``percent`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def command(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    stdin: bytes = b"",
    server: Iterable[int] = (),
    out: Path | None = None,
) -> Spent:
    """Run a program to its end; ``server`` are pids of sshd's. Raises ``BenchFailed`` unless it exits 0."""
    listeners = tuple(server)
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as given, open(out or os.devnull, "wb") as output:
        given.write(stdin)
        given.seek(0)
        before_s = cpu_below_s(listeners)
        started_s = time.perf_counter()
        process = subprocess.Popen(list(argv), stdin=given, stdout=output, stderr=said, env=dict(env))
        patience = threading.Timer(COMMAND_TIMEOUT_S, process.kill)
        patience.start()
        # wait4 alone says what this child and the children that it waited for have used.
        _, status, usage = os.wait4(process.pid, 0)
        patience.cancel()
        wall_s = time.perf_counter() - started_s
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            words = said.read().decode(errors="replace").strip()[-400:]
            raise BenchFailed(f"{' '.join(argv)[:200]} ended with {process.returncode}: {words}")
    return Spent(wall_s=wall_s, client_s=usage.ru_utime + usage.ru_stime, server_s=cpu_below_s(listeners) - before_s)


def cpu_below_s(pids: Sequence[int]) -> float:
    """Processor seconds of these processes, of all that lives below them and of all below that was waited for.

    What left its parents behind (a supervisor whose helper has gone) is missing.
    """
    if not pids:
        return 0.0
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            text = Path("/proc", name, "stat").read_text()
        except OSError:
            continue
        # The name of the program, in brackets, may contain anything.
        fields = text[text.rindex(")") + 2 :].split()
        parents[int(name)] = int(fields[1])
        used[int(name)] = sum(int(field) for field in fields[11:15]) * _TICK_S
    roots = set(pids)
    inside = {pid: pid in roots for pid in (0, *roots)}

    def is_below(pid: int) -> bool:
        if pid not in inside:
            inside[pid] = is_below(parents.get(pid, 0))
        return inside[pid]

    return sum(seconds for pid, seconds in used.items() if is_below(pid))
