"""The one sentence over a host's screen: no contact before something amiss before how it stands."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from runners.model.metrics import HostReading
from tui.view.durations import ago, duration, share
from tui.view.facts import listed
from tui.view.glyphs import Glyphs
from tui.view.headline import run_headline
from tui.view.headline_rows import loud_row, plain_row
from tui.view.hops import hop_of_run, hop_on_the_way, next_try
from tui.view.host_scene import HostScene, executions
from tui.view.host_state import FULL_PERCENT, STALE_S, amiss
from tui.view.rows import Row
from tui.view.safe_text import SafeText, own, safe

_WORDS = {
    "silent": " is silent",
    "unreachable": " is not reached",
    "refused": " refuses us",
    "host_key_unknown": " shows a key that is not on record",
    "login": " waits for a login",
    "host_key_changed": " shows another key than the one on record",
}
_LEAST_GROWTH_S = 600.0


def host_headline(scene: HostScene, glyphs: Glyphs) -> Row:
    """As the run's, about this host alone."""
    here, status, name = scene.here, scene.status, safe(scene.name)
    if here.stale_s is not None:
        return run_headline(scene.run, glyphs)
    if (down := hop_of_run(scene.run, scene.name)) is not None:
        subject, sentence = hop_on_the_way(down, scene.name, here)
        row = loud_row(subject, sentence, "unk", "unkbg")
        return replace(row, right=next_try(down, here.now_utc))
    if status is not None and status.phase in _WORDS:
        heard = f" It was last heard {ago(status.last_heard_s)}." if status.last_heard_s is not None else ""
        text = safe(status.text)
        said = f": {text}{'' if text.endswith('.') else '.'}{heard}" if text else f".{heard}"
        token = "unk" if status.phase in ("silent", "unreachable") else "warn"
        return loud_row(own(f"{name}{_WORDS[status.phase]}"), own(said), token, f"{token}bg")
    last = scene.last
    if last is not None and here.now_utc - last.at <= STALE_S and (found := _amiss(scene.readings)):
        return loud_row(own(f"{name}: {found[0]}"), _rest(found[1:]), "warn", "warnbg")
    return plain_row(name, own(_standing(scene)))


def _amiss(readings: Sequence[HostReading]) -> list[str]:
    """What is amiss now; a disk that is nearly full with how it grew while somebody looked."""
    last = readings[-1]
    found = amiss(last)
    room = last.fullest
    if room is None or room.used_percent <= FULL_PERCENT:
        return found
    said = f"{room.mount} is {share(room.used_percent)} full"
    first = next((one for one in readings if any(other.mount == room.mount for other in one.rooms)), last)
    before = next((one.used_percent for one in first.rooms if one.mount == room.mount), room.used_percent)
    grown = room.used_percent - before
    if last.at - first.at >= _LEAST_GROWTH_S and grown >= 0.1:
        said += f", {share(grown)} more than {duration(last.at - first.at)} before"
    return [said, *(one for one in found if not one.startswith(f"{room.mount} is "))]


def _rest(more: Sequence[str]) -> SafeText:
    return safe(f", {', '.join(more)}.") if more else own(".")


def _standing(scene: HostScene) -> str:
    live = [done.name for done in executions(scene) if done.task.ended_at is None]
    status = scene.status
    if scene.host is not None and scene.host.is_here:
        line = " is this machine"
    elif status is None or status.phase == "idle":
        line = " is not connected"
    else:
        line = " is being connected to" if status.phase == "connecting" else " is connected"
    what = f", {listed(live)} {'runs' if len(live) == 1 else 'run'} there" if live else ""
    return f"{line}{what}."
