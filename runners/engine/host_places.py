"""Places for attempts on one host: who waits, in which order, who has one. No I/O."""

from __future__ import annotations

from collections.abc import Iterator

from runners.engine.host_wants import PlaceKey, Want


class Places:
    """A queue for a fixed number of places. A thousand may wait for one host: nothing here walks the queue for one."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._wants: dict[PlaceKey, Want] = {}
        """Who waits, in order; those whose old keys are being sealed have their place already."""
        self._taken: set[PlaceKey] = set()
        self._promised: set[PlaceKey] = set()
        """Places whose ``HostReady`` is out and whose first execution has not come yet."""

    @property
    def busy(self) -> bool:
        """Somebody waits, or is about to start."""
        return bool(self._wants or self._promised)

    @property
    def runs(self) -> set[str]:
        """Runs that wait or have a place."""
        return {run for run, _, _ in (*self._wants, *self._taken)}

    @property
    def wants(self) -> tuple[Want, ...]:
        """Who waits at this moment, in order."""
        return tuple(self._wants.values())

    @property
    def longest(self) -> Want | None:
        """Who waits longest; None: nobody waits."""
        return next(iter(self._wants.values()), None)

    def waits(self, want: Want) -> bool:
        """Whether it was neither served nor withdrawn."""
        return self._wants.get(want.place) is want

    def ask(self, want: Want) -> bool:
        """Queue; False when it waits or has a place already."""
        if want.place in self._taken or want.place in self._wants:
            return False
        self._wants[want.place] = want
        return True

    def reserve(self, place: PlaceKey, *, leaving: frozenset[PlaceKey]) -> bool:
        """Take a place that is free now, past nobody; say whether. ``leaving`` are given back together with its use."""
        if self._wants or len(self._taken - leaving) >= self.limit:
            return False
        self._taken.add(place)
        self._promised.add(place)
        return True

    def next(self) -> Iterator[Want]:
        """Take free places for those whose turn it is."""
        if len(self._taken) >= self.limit:
            return
        for want in self.wants:
            if len(self._taken) >= self.limit:
                return
            if not want.sealing:
                self._taken.add(want.place)
                yield want

    def ready(self, want: Want) -> bool:
        """It is told that it may start; False when it was withdrawn meanwhile."""
        if not self.waits(want):
            return False
        del self._wants[want.place]
        self._promised.add(want.place)
        return True

    def occupy(self, place: PlaceKey) -> None:
        """Something of it is on the host, whatever the limit says."""
        self._taken.add(place)
        self._promised.discard(place)

    def leave(self, place: PlaceKey) -> None:
        """Give a place back, or stop waiting for one."""
        self._taken.discard(place)
        self._promised.discard(place)
        self._wants.pop(place, None)

    def session_ended(self) -> None:
        """What was being sealed is sealed again in the next session."""
        for want in self._wants.values():
            if want.sealing:
                want.sealing = False
                self._taken.discard(want.place)
