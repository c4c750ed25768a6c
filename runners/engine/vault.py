"""The values of secrets, in memory alone: who has which, what masks a run, and what is still missing.

A run has all of its secrets or none: a command gets every one. A value that was ever used stays in the run's mask.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from runners.model.secrets import BY_CLIENT, SecretSource, SourceKind
from runners.model.state import RunState
from runners.ports.secrets import SecretSources, SecretUnfit, SecretUnreadable
from runners.streams.mask import Mask

MOST_WHY_CHARACTERS = 500

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

    @property
    def phase(self) -> Phase:
        if len(self.values) == len(self.sources):
            return Phase.KNOWN
        return Phase.MISSING if self.why and self.reading is None else Phase.READING


class NoSources:
    """``SecretSources`` where nothing can be read."""

    async def read(self, source: SecretSource) -> str:
        """Never a value."""
        raise SecretUnreadable(f"{source}: cannot be read here")


class Vault:
    """Every value that this controller knows."""

    def __init__(self, sources: SecretSources) -> None:
        self._sources = sources
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
        return not state.plan.secrets or self._entry(state.uid, state.plan.secrets).phase is Phase.KNOWN

    def give(self, run: str, sources: Mapping[str, SecretSource], values: Mapping[str, str]) -> None:
        """A client gave these."""
        if sources:
            entry = self._entry(run, sources)
            for name, value in values.items():
                self._take(entry, name, value)

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
            missing = [source for name, source in entry.sources.items() if name not in entry.values]
            outcomes = await asyncio.gather(*(self._read_one(source) for source in missing))
            entry.why = {}
            for source, (value, why) in zip(missing, outcomes, strict=True):
                if value is not None:
                    self._take(entry, source.name, value)
                elif source.name not in entry.values:
                    entry.why[source.name] = why
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
        if not failed:
            for source, (value, _) in zip(sources, outcomes, strict=True):
                self._take(entry, source.name, value or "")
        return failed

    async def close(self) -> None:
        """Stop reading."""
        tasks = [entry.reading for entry in self._runs.values() if entry.reading is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _entry(self, run: str, sources: Mapping[str, SecretSource]) -> _Entry:
        return self._runs.setdefault(run, _Entry(sources))

    def _take(self, entry: _Entry, name: str, value: str) -> None:
        entry.values[name] = value
        entry.why.pop(name, None)
        known = entry.used.setdefault(name, [])
        if value not in known:
            known.append(value)
            entry.mask = self._everything = None

    async def check(self, run: str, sources: Mapping[str, SecretSource]) -> None:
        """Read the files of a run that is about to start. Raises ``SecretUnfit``; what cannot be read is left."""
        for name, source in sources.items():
            if source.kind is SourceKind.FILE:
                try:
                    self.give(run, sources, {name: await self._sources.read(source)})
                except SecretUnfit as error:
                    raise SecretUnfit(f"secret {name}: {error}") from None
                except SecretUnreadable:
                    continue

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
