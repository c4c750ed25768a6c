"""What ``sampler.sh`` prints, as numbers. A host may print anything: what is no number is left out, nothing raises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from runners.model.metrics import HostReading, HostSample, JobUse, Room

_SECTOR_BYTES = 512
"""What /proc/diskstats counts in, whatever the disk (Documentation/admin-guide/iostats.rst)."""
_TICKS_PER_S = 100
_LARGEST = 1 << 64
_MOST_ROOMS = 20
_ROOM = re.compile(r"\S.*? +([0-9]{1,18}) +([0-9]{1,18}) +([0-9]{1,18}) +[0-9]{1,3}% +(/.*)\Z")
_OF = {"p": "process", "c": "job"}


def parse_room(line: str) -> Room | None:
    """One line of ``df -Pk``; None for its head and for what is none."""
    match = _ROOM.match(line)
    if match is None:
        return None
    size, used, free = (int(word) * 1024 for word in match.groups()[:3])
    # As df has it: what is kept for root is neither used nor free.
    percent = 100 * used / (used + free) if used + free else 0.0
    return Room(mount=match[4], size_bytes=size, free_bytes=free, used_percent=round(percent, 1))


def parse_sample(lines: Iterable[str], rooms: Sequence[Room] = ()) -> HostSample:
    """One sample; ``rooms`` are the disks as they were last seen."""
    found: dict[str, float] = {}
    pressure: dict[str, float] = {}
    jobs: list[JobUse] = []
    for line in lines:
        name, _, text = line.partition(":")
        words = text.split()
        match name:
            case "stat":
                found |= _processors(words)
            case "meminfo" if len(words) >= 2:
                _put(found, words[0].rstrip(":"), words[1], 1024)
            case "loadavg" | "uptime" if words:
                _put(found, name, words[0])
            case "diskstats" if len(words) >= 10:
                _add(found, "read", words[5], _SECTOR_BYTES)
                _add(found, "written", words[9], _SECTOR_BYTES)
            case "net/dev":
                counts = text.partition(":")[2].split()
                if len(counts) >= 9:
                    _add(found, "in", counts[0])
                    _add(found, "out", counts[8])
            case "pressure/cpu" | "pressure/memory" | "pressure/io" if len(words) > 1:
                value = _number(words[1].removeprefix("avg10="))
                if value is not None and value <= 100:
                    pressure[name.removeprefix("pressure/")] = value
            case _ if line.startswith("gauge "):
                jobs += _job(line.split())
            case _ if line.startswith("cpus "):
                _put(found, "cpus", line[5:].strip())
    available = found.get("MemAvailable")
    if available is None and "MemFree" in found:
        # Before Linux 3.14: what can be given back at once.
        available = found["MemFree"] + found.get("Buffers", 0) + found.get("Cached", 0)
    return HostSample(
        uptime_s=found.get("uptime"),
        cpu_busy=found.get("busy"),
        cpu_stolen=found.get("stolen"),
        cpu_waiting=found.get("waiting"),
        cpu_all=found.get("all"),
        cpus=_whole(found.get("cpus")) or None,
        memory_total_bytes=_whole(found.get("MemTotal")),
        memory_available_bytes=_whole(available),
        swap_total_bytes=_whole(found.get("SwapTotal")),
        swap_free_bytes=_whole(found.get("SwapFree")),
        load=found.get("loadavg"),
        disk_read_bytes=_whole(found.get("read")),
        disk_written_bytes=_whole(found.get("written")),
        net_in_bytes=_whole(found.get("in")),
        net_out_bytes=_whole(found.get("out")),
        pressure=pressure,
        rooms=tuple(sorted(rooms, key=lambda room: -room.used_percent))[:_MOST_ROOMS],
        jobs=tuple(jobs),
    )


def reading_of(before: HostSample | None, now: HostSample, *, at_utc: float, cpus: int | None = None) -> HostReading:
    """How the host is; what needs two looks is None after the first, after a reboot, and where a counter went back."""
    took_s = _grown(before, now, "uptime_s")
    return HostReading(
        at=round(at_utc, 1),
        cpu_percent=_part(before, now, "cpu_busy"),
        stolen_percent=_part(before, now, "cpu_stolen"),
        waiting_percent=_part(before, now, "cpu_waiting"),
        cpus=now.cpus or cpus,
        memory_percent=_used(now.memory_total_bytes, now.memory_available_bytes),
        memory_total_bytes=now.memory_total_bytes,
        swap_percent=_used(now.swap_total_bytes, now.swap_free_bytes),
        load=now.load,
        uptime_s=now.uptime_s,
        disk_read_bytes_per_s=_rate(before, now, "disk_read_bytes", took_s),
        disk_write_bytes_per_s=_rate(before, now, "disk_written_bytes", took_s),
        net_in_bytes_per_s=_rate(before, now, "net_in_bytes", took_s),
        net_out_bytes_per_s=_rate(before, now, "net_out_bytes", took_s),
        pressure=now.pressure,
        rooms=now.rooms,
        jobs=now.jobs,
    )


def _processors(words: Sequence[str]) -> dict[str, float]:
    """``cpu user nice system idle iowait irq softirq steal …``; guest is part of user (proc_stat(5))."""
    ticks = [_number(word) for word in words[1:9]]
    if len(ticks) < 4 or None in ticks or words[0] != "cpu":
        return {}
    known = [tick or 0.0 for tick in ticks] + [0.0] * (8 - len(ticks))
    idle, waiting, stolen = known[3], known[4], known[7]
    return {"all": sum(known), "busy": sum(known) - idle - waiting, "waiting": waiting, "stolen": stolen}


def _job(words: Sequence[str]) -> list[JobUse]:
    """``gauge KEY G CPU_TICKS PEAK_KB OF .``"""
    if len(words) != 7 or words[2] != "G" or words[6] != ".":
        return []
    ticks, peak_kb = _number(words[3]), _number(words[4])
    if ticks is None or peak_kb is None:
        return []
    of = _OF.get(words[5], "")
    peak_bytes = int(peak_kb) * 1024 if of else None
    return [JobUse(key=words[1], cpu_s=ticks / _TICKS_PER_S, memory_peak_bytes=peak_bytes, memory_peak_of=of)]


def _number(word: str) -> float | None:
    if not re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,9})?", word, re.ASCII):
        return None
    value = float(word)
    return value if value < _LARGEST else None


def _put(found: dict[str, float], name: str, word: str, factor: int = 1) -> None:
    value = _number(word)
    if value is not None:
        found[name] = value * factor


def _add(found: dict[str, float], name: str, word: str, factor: int = 1) -> None:
    value = _number(word)
    if value is not None:
        found[name] = found.get(name, 0.0) + value * factor


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _grown(before: HostSample | None, now: HostSample, field: str) -> float | None:
    first: float | None = getattr(before, field, None)
    last: float | None = getattr(now, field)
    return None if first is None or last is None or last < first else last - first


def _rate(before: HostSample | None, now: HostSample, field: str, took_s: float | None) -> float | None:
    grown = _grown(before, now, field)
    return round(grown / took_s, 1) if grown is not None and took_s else None


def _part(before: HostSample | None, now: HostSample, field: str) -> float | None:
    grown, whole = _grown(before, now, field), _grown(before, now, "cpu_all")
    return round(min(100.0, 100 * grown / whole), 1) if grown is not None and whole else None


def _used(total: int | None, free: int | None) -> float | None:
    return round(100 * max(0, total - free) / total, 1) if total and free is not None else None
