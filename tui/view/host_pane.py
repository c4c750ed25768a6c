"""The connection to the selected host, as far as it is known, and what of this run is on it."""

from __future__ import annotations

from runners.model.api import HostStatus
from runners.model.inventory import LOCAL
from runners.model.phases import FAILURES
from tui.keys.actions import key_of
from tui.view.cells import cells, wrap
from tui.view.durations import ago, duration, task_duration
from tui.view.facts import Place, elapsed_s, how_it_ended, looked_at, places_on, running_task, under
from tui.view.glyphs import JOB_PHASES, Glyphs
from tui.view.host_state import failure_rows, state_rows
from tui.view.rows import BLANK, Row, Span, blank, label_row, text_row, title_row
from tui.view.safe_text import SafeText, own, safe
from tui.view.scene import RunScene

_LABEL = 13
_MOST_JOBS = 20
"""Job runs of one run that are listed here."""
PHASE_WORDS = {
    "idle": ("waiting", "not connected", "muted"),
    "connecting": ("waiting", "connecting", "muted"),
    "connected": ("passed", "connected", "ok"),
    "silent": ("unknown", "silent", "unk"),
    "unreachable": ("failed", "not reached", "fail"),
    "refused": ("failed", "refused", "fail"),
    "host_key_unknown": ("person", "key unknown", "warn"),
    "login": ("person", "waits for a login", "warn"),
    "host_key_changed": ("failed", "key changed", "fail"),
}
"""Sign, word and colour by ``HostStatus.phase``."""


def host_of(scene: RunScene) -> str | None:
    """The host of ``scene.selected``, or of what is worst; None when several are meant."""
    hosts = {one.run.host for one in under(scene.state, scene.selected)}
    if len(hosts) == 1:
        return next(iter(hosts))
    member = looked_at(scene)
    return member.run.host if member is not None else None


def host_title(scene: RunScene) -> tuple[SafeText, tuple[SafeText, ...], tuple[Span, ...]]:
    """Name, details and info of the pane's title: ``web3 ──── connected``."""
    name = host_of(scene)
    if name is None:
        return own("host"), (), ()
    status = scene.hosts.get(name)
    if status is None:
        return safe(name), (), ()
    _, word, token = PHASE_WORDS.get(status.phase, ("unknown", status.phase, "muted"))
    return safe(name), (), (Span(safe(word), "muted" if token in ("ok", "muted") else token),)


def host_rows(scene: RunScene, width: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """What is known of the host of ``scene.selected``; nothing that is not measured."""
    name = host_of(scene)
    if name is None:
        return (text_row(own("Select a job run to see its host.")),)
    rows: list[Row] = []
    status = scene.hosts.get(name)
    host = scene.state.plan.hosts.get(name)
    if name == LOCAL or (host is not None and host.is_here):
        rows.append(text_row(own("This is the controller's own machine; no line to it can break.")))
    elif status is None:
        address = host.target if host is not None else name
        rows.append(label_row(own("address"), (Span(safe(address), cut="middle"),), label_width=_LABEL))
        rows.append(text_row(own("No connection to it is open now.")))
    else:
        port = f":{host.port}" if host is not None and host.port is not None else ""
        rows += _connection(status, port, width, glyphs)
    readings = scene.readings.get(name, ())
    looked = looked_at(scene)
    if readings:
        rows = [*state_rows(readings, scene.here.now_utc, width, glyphs), BLANK, *rows]
    elif looked is not None and looked.run.host == name and looked.run.phase in FAILURES:
        then = failure_rows(looked, scene.here.now_utc, width, glyphs)
        rows = [*rows, *([BLANK, title_row(own("when it failed"), (), (), glyphs=glyphs), *then] if then else [])]
    here = sorted(places_on(scene.state, name), key=lambda one: -JOB_PHASES[one.run.phase.value].severity)
    rows += [BLANK, title_row(own("this run here"), (), (), glyphs=glyphs)]
    rows += [_job_row(one, scene.here.now_utc, glyphs) for one in here[:_MOST_JOBS]]
    if len(here) > _MOST_JOBS:
        rows.append(text_row(own(f"and {len(here) - _MOST_JOBS} more; {key_of('host')} shows all")))
    others = [run for run in status.runs if run != scene.state.name] if status is not None else []
    if others:
        rows += [BLANK, title_row(own("other runs here"), (), (), glyphs=glyphs)]
        rows += [text_row(safe(run), "text", cut="middle") for run in others]
    return tuple(rows)


def _connection(status: HostStatus, port: str, width: int, glyphs: Glyphs) -> list[Row]:
    sign, word, token = PHASE_WORDS.get(status.phase, ("unknown", status.phase, "muted"))
    quiet = token in ("ok", "muted")
    user = f"{safe(status.user)}@" if status.user else ""
    facts: list[tuple[str, tuple[Span, ...]]] = [
        (
            "line",
            (Span(glyphs.of(sign), token), blank(1), Span(safe(word), "text" if quiet else token, bold=not quiet)),
        ),
        ("address", (Span(own(f"{user}{safe(status.address)}{port}"), cut="middle"),)),
    ]
    if status.last_heard_s is not None:
        facts.append(("last heard", (Span(ago(status.last_heard_s)),)))
    if status.connect_s is not None:
        short = status.connect_s < 60
        took = own(f"{status.connect_s:.2f}s") if status.connect_s < 1 else task_duration(status.connect_s)
        facts.append(("connected in", (Span(took if short else duration(status.connect_s)),)))
    rows = [label_row(own(label), value, label_width=_LABEL) for label, value in facts]
    room = max(1, width - _LABEL)
    for label, text in (("key", status.fingerprint), ("why", status.text)):
        for number, line in enumerate(wrap(safe(text), room)) if text else ():
            rows.append(label_row(own("" if number else label), (Span(line),), label_width=_LABEL))
    return rows


def _job_row(member: Place, now_utc: float, glyphs: Glyphs) -> Row:
    """``✗ rollout/release   exit 1   36s``."""
    run = member.run
    mark = JOB_PHASES[run.phase.value]
    task = running_task(member)
    word = mark.word
    if mark.severity == 5:
        word = how_it_ended(run)
    elif mark.token == "run" and task is not None:
        word = safe(task[1])
    took = elapsed_s(run, now_utc)
    time = duration(took) if took is not None else own("")
    return Row(
        left=(
            Span(glyphs.of(mark.glyph), mark.token, bold=mark.bold),
            blank(1),
            Span(safe(member.job.id), "text" if mark.severity > 1 else "muted", cut="middle"),
        ),
        right=(Span(word, mark.word_token), Span(own(" " * max(0, 7 - cells(time)) + time), "muted")),
    )
