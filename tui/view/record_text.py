"""The record of a run as plain lines, as Markdown and as a document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from runners.model.api import rfc3339
from tui.view.cells import cells, pad
from tui.view.record import (
    Record,
    headline_facts,
    host_lines,
    hosts_in_short,
    moment,
    open_ends,
    time_of,
    title_of,
)
from tui.view.safe_text import SafeText, own
from tui.view.scene import RunScene

_LABEL_CELLS = 13
_PARTS = {"people": ", people alone", "failures": ", failures alone", "all": ", each event"}
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~&$])")
"""What Markdown, with GitHub's extensions, makes something of inside of a line."""


def plain_lines(scene: RunScene, record: Record, what: str = "story") -> Iterator[SafeText]:
    """For a terminal: facts, what happened, hosts, open ends."""
    zone = scene.here.zone
    yield title_of(scene.state)
    for label, value in headline_facts(scene, record):
        yield own(f"  {label:<{_LABEL_CELLS}}{value}")
    yield own("")
    before: float | None = None
    for entry in record.shown(what):
        time = time_of(entry, before, zone)
        before = entry.at
        yield own(f"{time:>15}  {entry.told.text}")
        for line in entry.told.more:
            yield own(f"{'':>17}{line}")
        for line in entry.told.quoted:
            yield own(f"{'':>17}| {line}")
    hosts = host_lines(scene.state)
    yield own("")
    yield hosts_in_short(hosts)
    wide = max((cells(one.host) for one in hosts), default=0)
    deep = max((cells(one.job) for one in hosts), default=0)
    for one in hosts:
        yield own(f"  {pad(one.host, wide)}  {pad(one.job, deep)}  {one.word}")
    ends = list(open_ends(scene))
    yield own("")
    yield own("open ends" if ends else "no open ends")
    for end in ends:
        yield own(f"  {end}")


def markdown(scene: RunScene, record: Record, what: str = "story") -> str:
    """For a postmortem. Nothing that a host or a person wrote is markup in it."""
    return "\n".join(_markdown(scene, record, what)) + "\n"


def _markdown(scene: RunScene, record: Record, what: str) -> Iterator[str]:
    zone = scene.here.zone
    yield f"# {escaped(title_of(scene.state))}"
    yield ""
    yield "| | |"
    yield "|---|---|"
    for label, value in headline_facts(scene, record):
        yield f"| {escaped(label)} | {escaped(value)} |"
    yield ""
    yield "## What happened" + _PARTS.get(what, "")
    yield ""
    before: float | None = None
    for entry in record.shown(what):
        time = time_of(entry, before, zone)
        before = entry.at
        yield f"- {time} {escaped(entry.told.text)}"
        yield from (f"  - {escaped(line)}" for line in entry.told.more)
        yield from (f"  - {code(line)}" for line in entry.told.quoted)
    hosts = host_lines(scene.state)
    yield ""
    yield "## Hosts"
    yield ""
    yield f"{hosts_in_short(hosts)}."
    yield ""
    yield "| host | last | how | when |"
    yield "|---|---|---|---|"
    for one in hosts:
        at = moment(one.at, zone) if one.at is not None and one.job else ""
        yield f"| {escaped(one.host)} | {escaped(one.job)} | {escaped(one.word)} | {at} |"
    yield ""
    yield "## Open ends"
    yield ""
    ends = [f"- {escaped(end)}" for end in open_ends(scene)]
    yield from ends or ["None."]


def escaped(text: SafeText) -> str:
    """Text as text in Markdown: what could be markup has a backslash before it."""
    return _MARKUP.sub(r"\\\1", text)


def code(text: SafeText) -> str:
    """A line as code, with a fence longer than any run of backticks in it (CommonMark 0.31, 6.1)."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if not text or text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def document_of(scene: RunScene, record: Record, what: str = "story") -> dict[str, Any]:
    """For machines: names are only ever added."""
    state = scene.state
    return {
        "id": state.name,
        "uid": state.uid,
        "phase": state.phase.value,
        "result": state.result.value if state.result is not None else None,
        "by": state.by,
        "environment": state.plan.environment,
        "params": dict(state.plan.params),
        "definition_digest": state.plan.definition_digest,
        "created_at": rfc3339(state.created_at),
        "started_at": rfc3339(state.started_at) if state.started_at is not None else None,
        "ended_at": rfc3339(state.ended_at) if state.ended_at is not None else None,
        "waited_for_people_s": round(record.story.waited_s(scene.here.now_utc), 3),
        "entries": [
            {
                "seq": one.seq,
                "at": rfc3339(one.at),
                "actor": one.actor,
                "type": one.type,
                "kind": one.told.kind,
                "text": one.told.text,
                "more": list(one.told.more),
                "lines": list(one.told.quoted),
            }
            for one in record.shown(what)
        ],
        "hosts": [
            {"host": one.host, "job": one.job or None, "state": one.word,
             "since": rfc3339(one.at) if one.at is not None and one.job else None}
            for one in host_lines(state)
        ],
        "open_ends": list(open_ends(scene)),
    }  # fmt: skip
