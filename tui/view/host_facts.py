"""What is known of a host, for the left panel of its screen: the line, how it is, its disks, who else is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runners.model.host_check import HostCheck, LiveThere
from runners.model.metrics import HostReading, Room
from tui.view.cells import cells, cut_path, wrap
from tui.view.durations import ago, duration, share, size, task_duration
from tui.view.facts import parse_time
from tui.view.glyphs import Glyphs
from tui.view.host_pane import PHASE_WORDS
from tui.view.host_scene import HostScene
from tui.view.host_state import FULL_PERCENT, STALE_S
from tui.view.rows import BLANK, Row, Span, blank, label_row, meter, text_row, title_row
from tui.view.safe_text import SafeText, own, safe
from tui.view.usage import reading_briefly

_LABEL = 12
_METER = 12
_PANEL = 44
"""Wider is no side panel: values stand beside their labels."""
_MOST_DISKS = 5
_CLOCK_WARNS_S = 2.0
Fact = tuple[str, SafeText, str]
"""Label, value, token."""


def facts_title(scene: HostScene, glyphs: Glyphs, *, focused: bool = False) -> Row:
    """``web3 ──── connected``."""
    status = scene.status
    info: tuple[Span, ...] = ()
    if scene.checking:
        info = (Span(own("checking"), "run"),)
    elif status is not None:
        _, word, token = PHASE_WORDS.get(status.phase, ("unknown", status.phase, "muted"))
        info = (Span(safe(word), "muted" if token in ("ok", "muted") else token),)
    return title_row(safe(scene.name), (), info, focused=focused, glyphs=glyphs)


def facts_rows(scene: HostScene, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """Nothing that is not measured."""
    rows: list[Row] = list(_table(_connection(scene), width))
    sections = (
        ("host", list(_table(_state(scene), width))),
        ("disks", _disks(scene, width, glyphs)),
        ("check", _check(scene, width, glyphs)),
        ("others here", list(_others(scene, width, glyphs))),
    )
    for name, found in sections:
        if found:
            info = (Span(ago(scene.here.now_utc - scene.checked_utc), "muted"),) if name == "check" else ()
            rows += [BLANK, title_row(own(name), (), info, glyphs=glyphs), *found]
    return tuple(rows)


def brief_rows(scene: HostScene, width: int) -> tuple[Row, ...]:
    """For the smallest terminals: how it is in a row, then the line to it."""
    last = scene.last
    rows = [text_row(reading_briefly(last), "text", cut="right")] if last is not None else []
    return (*rows, *_table(_connection(scene), width))


def address_of(scene: HostScene) -> str:
    """``deploy@10.0.0.13:2222``, as ``ssh`` and people take it; not made safe."""
    status, host = scene.status, scene.host
    user = (status.user if status is not None else None) or (host.user if host is not None else None)
    target = host.target if host is not None else status.address if status is not None else scene.name
    port = f":{host.port}" if host is not None and host.port is not None else ""
    return f"{f'{user}@' if user else ''}{target}{port}"


def _connection(scene: HostScene) -> Iterator[Fact]:
    status, host = scene.status, scene.host
    if host is not None and host.is_here:
        yield "line", own("this machine"), "text"
    else:
        port = f":{host.port}" if host is not None and host.port is not None else ""
        target = host.target if host is not None else scene.name
        yield "address", safe(f"{target}{port}"), "text"
    user = (status.user if status is not None else None) or (host.user if host is not None else None)
    if user:
        yield "user", safe(user), "text"
    if host is not None and host.jump:
        yield "through", safe(" ".join(hop.name for hop in host.jump)), "text"
    if host is not None and host.via:
        yield "via", safe(host.via), "text"
    if status is None:
        return
    if status.last_heard_s is not None:
        stale = status.phase != "connected" and status.last_heard_s > STALE_S
        yield "last heard", ago(status.last_heard_s), "unk" if stale else "text"
    if status.connect_s is not None:
        took = own(f"{status.connect_s:.2f}s") if status.connect_s < 1 else task_duration(status.connect_s)
        yield "connected in", took, "text"
    if status.clock_offset_s is not None:
        off = status.clock_offset_s
        yield "clock", own(f"{off:+.2f}s"), "warn" if abs(off) > _CLOCK_WARNS_S else "text"
    if status.fingerprint:
        yield "key", safe(status.fingerprint), "warn"
    if status.behind:
        yield "why", safe(f"{status.behind} is not reached"), "text"
    elif status.text:
        yield "why", safe(status.text), "text"


def _state(scene: HostScene) -> Iterator[Fact]:
    last = scene.last
    host = scene.host
    if last is not None:
        old_s = scene.here.now_utc - last.at
        old = old_s > STALE_S
        value = "faint" if old else "text"
        if old:
            yield "seen", ago(old_s), "text"
        if last.cpus:
            yield "cpus", own(str(last.cpus)), value
        if last.memory_total_bytes:
            yield "memory", size(last.memory_total_bytes), value
        if last.swap_percent is not None:
            yield "swap", own(f"{share(last.swap_percent)} used"), "warn" if _full(last) and not old else value
        if last.load is not None:
            yield "load", own(f"{last.load:.1f}"), value
        if pressed := [f"{name} {share(part)}" for name, part in last.pressure.items() if part >= 1]:
            yield "pressure", safe(" ".join(pressed)), value
        if last.stolen_percent is not None and last.stolen_percent >= 1:
            yield "stolen", share(last.stolen_percent), value
        if last.uptime_s is not None:
            yield "up", duration(last.uptime_s), value
    if host is not None and host.labels:
        yield "labels", safe(" ".join(f"{name}={text}" for name, text in host.labels.items())), "text"


def _full(last: HostReading) -> bool:
    return last.swap_percent is not None and last.swap_percent > FULL_PERCENT


def _disks(scene: HostScene, width: int, glyphs: Glyphs) -> list[Row]:
    last = scene.last
    if last is None:
        return []
    old = scene.here.now_utc - last.at > STALE_S
    rooms = sorted(last.rooms, key=lambda room: -room.used_percent)
    rows = [_disk_row(room, width, old, glyphs) for room in rooms[:_MOST_DISKS]]
    if len(rooms) > _MOST_DISKS:
        rows.append(text_row(own(f"{len(rooms) - _MOST_DISKS} more, less full")))
    return rows


def _disk_row(room: Room, width: int, old: bool, glyphs: Glyphs) -> Row:
    """``/var  ━━━━━━━━━━━━ 91%   3.6 GB``: what is free stands at the right."""
    loud = room.used_percent > FULL_PERCENT
    token = "faint" if old else "warn" if loud else "text"
    percent = own(f"{share(room.used_percent):>4}")
    name = max(4, min(width, _PANEL) - _METER - 6 - 9)
    mount = cut_path(safe(room.mount), name, glyphs.cut)
    free = (Span(size(room.free_bytes), "faint" if old else "muted"),)
    return Row(
        left=(
            Span(mount),
            blank(max(1, name - cells(mount) + 1)),
            *meter(room.used_percent / 100, _METER, "warn" if loud else "graph", glyphs),
            Span(own(f" {percent}"), token),
            *((blank(2), *free, Span(own(" free"), "muted")) if width > _PANEL else ()),
        ),
        right=() if width > _PANEL else free,
        gap=1,
    )


def _check(scene: HostScene, width: int, glyphs: Glyphs) -> list[Row]:
    check = scene.check
    if check is None:
        return []
    rows = [
        Row(left=(Span(own("  ") if number else own(f"{glyphs.person} "), "warn", bold=True), Span(line)))
        for problem in (*check.problems, *([check.hint] if check.hint else []))
        for number, line in enumerate(wrap(safe(problem), max(1, width - 2)))
    ]
    if not check.problems:
        rows.append(Row(left=(Span(own(f"{glyphs.passed} "), "ok"), Span(own("nothing is wrong with it")))))
    return [*rows, *_table(_checked(check), width)]


def _checked(check: HostCheck) -> Iterator[Fact]:
    if check.connect_s is not None:
        yield "login", own(f"{check.connect_s:.2f}s"), "text"
    if check.shell_start_s is not None:
        yield "shell", own(f"{check.shell_start_s:.2f}s to start"), "text"
    if check.tools:
        yield "tools", safe(check.tools), "text"
    if check.sudo:
        yield "sudo", _SUDO.get(check.sudo, safe(check.sudo)), "text"
    if check.clock_offset_s is not None:
        yield "clock", own(f"{check.clock_offset_s:+.2f}s"), "text"
    if check.state_free_bytes is not None:
        yield "room", own(f"{size(check.state_free_bytes)} for jobs"), "text"


_SUDO = {
    "yes": own("without a password"),
    "no": own("asks for a password"),
    "none": own("there is none"),
    "root": own("it is root"),
}


def _others(scene: HostScene, width: int, glyphs: Glyphs) -> Iterator[Row]:
    """Other runs of ours, and what of onduty else was found alive there by the check."""
    status = scene.status
    ours = scene.run.state.name
    for name in status.runs if status is not None else ():
        if name != ours:
            yield Row(left=(Span(own(f"{glyphs.running} "), "run"), Span(safe(name), cut="middle")))
    found: tuple[LiveThere, ...] = scene.check.executions if scene.check is not None else ()
    for one in found:
        if one.ours:
            continue
        since = parse_time(one.since)
        age = (Span(duration(scene.here.now_utc - since), "muted"),) if since is not None else ()
        yield Row(
            left=(Span(own(f"{glyphs.running} "), "run"), Span(safe(one.label or one.key), cut="right")), right=age
        )


def _table(facts: Iterable[Fact], width: int) -> Iterator[Row]:
    """Labels left, values right; a value that is too long goes on below."""
    for label, value, token in facts:
        room = width - max(_LABEL, len(label) + 1)
        if cells(value) <= room and width > _PANEL:
            # Across a whole screen the eye would lose the row.
            yield label_row(own(label), (Span(value, token),), label_width=_LABEL + 2)
            continue
        if cells(value) <= room:
            yield Row(left=(Span(own(label), "muted"),), right=(Span(value, token),), gap=1)
            continue
        for number, line in enumerate(wrap(value, max(1, width - _LABEL))):
            yield label_row(own("" if number else label), (Span(line, token),), label_width=_LABEL)
