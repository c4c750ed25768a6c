"""The values of secrets, in memory alone: who has which, what masks a run, and what is still missing.

A run has all of its secrets or none: a command gets every one. A value that was ever used stays in the run's mask.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from runners.core.secrets import owes_output
from runners.model.secrets import BY_CLIENT, SecretSource, SourceKind
from runners.model.state import RunState
from runners.ports.secrets import SecretSources, SecretUnfit, SecretUnreadable
from runners.spec.secret_marks import secret_mark
from runners.streams.mask import Mask

MOST_WHY_CHARACTERS = 500

OTHER = "is not the value that this run was given before: what its hosts still hold of it could not be masked"
"""Why a value is not taken after a restart."""
EARLIER = "had another value before, which what its hosts still hold may show; type that one"
"""Why one value is not enough after a restart."""

Aside = Callable[[Callable[[], dict[str, str]]], Awaitable[dict[str, str]]]

LOST = {
    "env": "came from the environment of whoever started the run, and was kept in memory only",
    "prompt": "was typed when the run was started, and was kept in memory only",
}
"""Why a value that a client gave is missing after a restart."""


class Phase(enum.Enum):
    """Whether the secrets of a run can be used."""

    READING = enum.auto()
    """They are being read, or nobody asked for them yet."""
    KNOWN = enum.auto()
    MISSING = enum.auto()
    """A person has to do something."""


@dataclass(slots=True)
class _Entry:
    sources: Mapping[str, SecretSource]
    values: dict[str, str] = field(default_factory=dict, repr=False)
    used: dict[str, list[str]] = field(default_factory=dict, repr=False)
    """Every value there ever was, by name."""
    why: dict[str, str] = field(default_factory=dict)
    """What cannot be read, and why."""
    mask: Mask | None = None
    reading: asyncio.Task[None] | None = None
    marks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of every value that a host may still show, also of those used under earlier controllers."""
    unwritten: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What the run's log does not say of them yet."""
    seen: dict[str, set[str]] = field(default_factory=dict)
    """Marks of the values that are known here."""
    owes: bool = False
    """Whether hosts hold output that was printed with those values."""

    def unseen(self, name: str) -> set[str]:
        """Marks of values that have to be known before what hosts hold can be masked, and are not."""
        return set(self.marks.get(name, ())) - self.seen.get(name, set()) if self.owes else set()

    def lacks(self, name: str) -> bool:
        """Whether it cannot be used."""
        return name not in self.values or bool(self.unseen(name))

    def refuses(self, name: str, mark: str) -> bool:
        """Whether a value with this mark is not one that is waited for."""
        unseen = self.unseen(name)
        return bool(unseen) and mark not in unseen

    @property
    def phase(self) -> Phase:
        if not any(self.lacks(name) for name in self.sources):
            return Phase.KNOWN
        return Phase.MISSING if self.why and self.reading is None else Phase.READING


class NoSources:
    """``SecretSources`` where nothing can be read."""

    async def read(self, source: SecretSource) -> str:
        """Never a value."""
        raise SecretUnreadable(f"{source}: cannot be read here")


class Vault:
    """Every value that this controller knows."""

    def __init__(self, sources: SecretSources, *, aside: Aside = asyncio.to_thread) -> None:
        """``aside`` does what takes tens of milliseconds."""
        self._sources = sources
        self._aside = aside
        self._runs: dict[str, _Entry] = {}
        self._everything: Mask | None = None

    def __repr__(self) -> str:
        return f"Vault({len(self._runs)} runs)"

    def phase(self, run: str) -> Phase:
        """A run that was never heard of has no secrets, and so has them all."""
        entry = self._runs.get(run)
        return Phase.KNOWN if entry is None else entry.phase

    def expect(self, state: RunState) -> bool:
        """The run has these secrets; whether they are all known."""
        if not state.plan.secrets:
            return True
        entry = self._entry(state.uid, state.plan.secrets)
        entry.unwritten = {n: marks for n, marks in entry.unwritten.items() if state.secret_marks.get(n) != marks}
        entry.marks = {**state.secret_marks, **entry.unwritten}
        # Once all were known nothing that is printed from now on can be of a value that is not.
        if not all(entry.seen.get(name, set()).issuperset(marks) for name, marks in entry.marks.items()):
            entry.owes = owes_output(state)
        return entry.phase is Phase.KNOWN

    async def marks(self, run: str, values: Mapping[str, str]) -> dict[str, str]:
        """Of these values, by name."""

        def work() -> dict[str, str]:
            return {name: secret_mark(value, run=run, name=name) for name, value in values.items()}

        return await self._aside(work) if values else {}

    def unwritten(self, run: str) -> dict[str, tuple[str, ...]]:
        """Marks that the run's log does not have yet, by name."""
        entry = self._runs.get(run)
        return {} if entry is None else dict(entry.unwritten)

    def strangers(self, run: str, marks: Mapping[str, str]) -> list[str]:
        """Names whose values are not those that the run waits for."""
        entry = self._runs.get(run)
        return [] if entry is None else [name for name, mark in marks.items() if entry.refuses(name, mark)]

    def give(
        self,
        run: str,
        sources: Mapping[str, SecretSource],
        values: Mapping[str, str],
        marks: Mapping[str, str] | None = None,
    ) -> None:
        """A client gave these."""
        if sources:
            entry = self._entry(run, sources)
            for name, value in values.items():
                self._take(entry, name, value, (marks or {}).get(name))

    def forget(self, run: str) -> None:
        """There is no such run."""
        entry = self._runs.pop(run, None)
        if entry is not None and entry.reading is not None:
            entry.reading.cancel()

    def values(self, run: str) -> Mapping[str, str]:
        """By name. ``LookupError`` while one is missing."""
        entry = self._runs.get(run)
        if entry is None:
            return {}
        if entry.phase is not Phase.KNOWN:
            raise LookupError(f"the secrets of run {run} are not known")
        return entry.values

    def mask(self, run: str) -> Mask | None:
        """What its output is written through; None when it has no secrets. ``LookupError`` while one is missing."""
        entry = self._runs.get(run)
        if entry is None:
            return None
        if entry.phase is not Phase.KNOWN:
            raise LookupError(f"the secrets of run {run} are not known")
        if entry.mask is None:
            entry.mask = Mask(entry.used)
        return entry.mask

    def has(self, run: str, name: str) -> bool:
        """Whether this one is known."""
        entry = self._runs.get(run)
        return entry is not None and name in entry.values

    def why(self, run: str) -> Mapping[str, str]:
        """What could not be read, and why, by name."""
        entry = self._runs.get(run)
        return {} if entry is None else dict(entry.why)

    def text(self, run: str, text: str) -> str:
        """Without the secrets of a run, as far as they are known."""
        entry = self._runs.get(run)
        if entry is None or not entry.used:
            return text
        if entry.mask is None:
            entry.mask = Mask(entry.used)
        return entry.mask.text(text)

    def any_text(self, text: str) -> str:
        """Without the secrets of any run: for what is written down about the controller itself."""
        if self._everything is None:
            known: dict[str, list[str]] = {}
            for entry in self._runs.values():
                for name, values in entry.used.items():
                    known.setdefault(name, []).extend(values)
            self._everything = Mask(known)
        return self._everything.text(text)

    def read(self, run: str, done: Callable[[], None]) -> None:
        """Read what the controller can read itself, once; ``done`` is called when that is over, whatever came of it."""
        entry = self._runs.get(run)
        if entry is None or entry.reading is not None or entry.why or entry.phase is Phase.KNOWN:
            return

        async def work() -> None:
            missing = [source for name, source in entry.sources.items() if entry.lacks(name)]
            outcomes = await asyncio.gather(*(self._read_one(source) for source in missing))
            marks = await self.marks(run, _checked(entry, missing, outcomes))
            entry.why = {}
            for source, (value, why) in zip(missing, outcomes, strict=True):
                name = source.name
                if value is not None and not entry.refuses(name, marks.get(name, "")):
                    self._take(entry, name, value, marks.get(name))
                elif name not in entry.values:
                    entry.why[name] = why or f"{source.path or name} now gives what {OTHER}"
                if name in entry.values and entry.lacks(name):
                    entry.why[name] = EARLIER
            entry.reading = None
            if self._runs.get(run) is entry:
                done()

        entry.reading = asyncio.get_running_loop().create_task(work(), name=f"onduty secrets {run}")

    async def read_again(self, run: str, names: Iterable[str]) -> Mapping[str, str]:
        """Read these now, also if they were known; why some could not be, by name. Then nothing was changed."""
        entry = self._runs[run]
        if entry.reading is not None:
            await asyncio.gather(entry.reading, return_exceptions=True)
        sources = [entry.sources[name] for name in names]
        outcomes = await asyncio.gather(*(self._read_one(source) for source in sources))
        failed = {source.name: why for source, (_, why) in zip(sources, outcomes, strict=True) if why}
        marks = await self.marks(run, _checked(entry, sources, outcomes))
        failed |= dict.fromkeys(self.strangers(run, marks), OTHER)
        if not failed:
            for source, (value, _) in zip(sources, outcomes, strict=True):
                self._take(entry, source.name, value or "", marks.get(source.name))
        return failed

    async def check(self, run: str, sources: Mapping[str, SecretSource]) -> dict[str, str]:
        """Read the files of a run that is about to start; their marks. What cannot be read is left.

        Raises ``SecretUnfit``.
        """
        marks: dict[str, str] = {}
        for name, source in sources.items():
            if source.kind is SourceKind.FILE:
                try:
                    value = {name: await self._sources.read(source)}
                    marks |= await self.marks(run, value)
                    self.give(run, sources, value, marks)
                except SecretUnfit as error:
                    raise SecretUnfit(f"secret {name}: {error}") from None
                except SecretUnreadable:
                    continue
        return marks

    async def close(self) -> None:
        """Stop reading."""
        tasks = [entry.reading for entry in self._runs.values() if entry.reading is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _entry(self, run: str, sources: Mapping[str, SecretSource]) -> _Entry:
        return self._runs.setdefault(run, _Entry(sources))

    def _take(self, entry: _Entry, name: str, value: str, mark: str | None = None) -> None:
        entry.values[name] = value
        if mark:
            # What no host shows any more, and we do not know, is nobody's concern.
            seen, earlier = entry.seen.setdefault(name, set()), entry.marks.get(name, ())
            seen.add(mark)
            marks = (*(one for one in earlier if one != mark and (entry.owes or one in seen)), mark)
            if marks != earlier:
                entry.unwritten[name] = marks
                entry.marks = {**entry.marks, name: marks}
        if entry.lacks(name):
            entry.why[name] = EARLIER
        else:
            entry.why.pop(name, None)
        known = entry.used.setdefault(name, [])
        if value not in known:
            known.append(value)
            entry.mask = self._everything = None

    async def _read_one(self, source: SecretSource) -> tuple[str | None, str]:
        if source.kind in BY_CLIENT:
            return None, LOST[source.kind.value]
        try:
            return await self._sources.read(source), ""
        except SecretUnreadable as error:
            return None, str(error)[:MOST_WHY_CHARACTERS]
        except Exception as error:
            # Its message may hold what was read.
            return None, f"could not be read: {type(error).__name__}"


def _checked(
    entry: _Entry, sources: Iterable[SecretSource], outcomes: Iterable[tuple[str | None, str]]
) -> dict[str, str]:
    """The values that were read of secrets with marks: a command may give another value each time and has none."""
    pairs = zip(sources, outcomes, strict=True)
    return {source.name: value for source, (value, _) in pairs if value is not None and entry.marks.get(source.name)}
