"""What sets the one host apart that failed where others passed: only what the inventory says of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runners.model.inventory import Host
from runners.model.phases import BAD, Phase
from tui.view.cells import cut_middle
from tui.view.facts import Place, under
from tui.view.rows import Span
from tui.view.safe_text import own, safe
from tui.view.why_words import Fact, Pane, clipped

_MOST = 3
_NAME_CELLS = 7
"""What a label has room for; the title of the pane has the whole name."""


def only_facts(pane: Pane, member: Place) -> Iterator[Fact]:
    """``only web3``: variables, labels and ways of connecting that all others share and it has not.

    Nothing where another host failed too, or nothing is known to be different.
    """
    hosts = pane.scene.state.plan.hosts
    siblings = [
        one for one in under(pane.scene.state, member.job.id, Phase.SUCCEEDED, *BAD) if one.run is not member.run
    ]
    if any(one.run.phase in BAD for one in siblings):
        return
    passed = [hosts[one.run.host] for one in siblings if one.run.phase is Phase.SUCCEEDED and one.run.host in hosts]
    own_host = hosts.get(member.run.host)
    if not passed or own_host is None:
        return
    found = list(_differences(own_host, passed))[:_MOST]
    if found:
        yield f"only {cut_middle(safe(member.run.host), _NAME_CELLS)}", (Span(own(", ".join(found))),)


def _differences(host: Host, others: Sequence[Host]) -> Iterator[str]:
    yield from _of(host.vars, [one.vars for one in others])
    yield from _of(host.labels, [one.labels for one in others])
    for name, value, rest in (
        ("user", host.user, {one.user for one in others}),
        ("port", host.port, {one.port for one in others}),
        ("jump", _hops(host), {_hops(one) for one in others}),
    ):
        if len(rest) == 1 and value not in rest:
            yield _words(name, str(value) if value else None, str(next(iter(rest)) or "") or None)


def _hops(host: Host) -> str | None:
    return ", ".join(hop.name for hop in host.jump) if host.jump else None


def _of(mine: Mapping[str, str], theirs: Sequence[Mapping[str, str]]) -> Iterator[str]:
    for name in dict.fromkeys((*mine, *theirs[0])):
        rest = {one.get(name) for one in theirs}
        if len(rest) == 1 and mine.get(name) not in rest:
            yield _words(name, mine.get(name), next(iter(rest)))


def _words(name: str, mine: str | None, theirs: str | None) -> str:
    """``zone b, the others a``; without a value on one side that is said."""
    if mine is None:
        return f"no {safe(name)}, the others {clipped(theirs or '')}"
    other = f"the others {clipped(theirs)}" if theirs is not None else "the others none"
    return f"{safe(name)} {clipped(mine)}, {other}"
