"""The part of a run's time that a timeline shows, and where a moment stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tui.view.safe_text import SafeText, own

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
_SPANS_S = (10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 360, 480, 600, 720, 900, 1200, 1800, 2700, 3600)
TICK_CELLS = 10
"""Least cells from one label of the axis to the next."""
LEAST_SPAN_S = 2.0
ZOOM = 2.0


@dataclass(frozen=True, slots=True)
class Scale:
    """``cells`` columns for the seconds from ``start`` on."""

    zero: float
    """UTC seconds of the axis's 0: when the run began."""
    start: float
    """UTC seconds of the left edge."""
    span_s: float
    whole_s: float
    """Seconds of the whole run as it is shown without zoom."""
    cells: int

    @property
    def end(self) -> float:
        """UTC seconds of the right edge."""
        return self.start + self.span_s

    @property
    def zoomed(self) -> bool:
        """A part of the run is left out."""
        return self.span_s < self.whole_s

    def x(self, at: float) -> int:
        """The column of a moment; below 0 and from ``cells`` on where it is outside."""
        return int((at - self.start) / self.span_s * self.cells // 1)

    def ticks(self) -> Iterator[tuple[int, SafeText]]:
        """Columns of the axis with their labels."""
        per_cell = self.span_s / max(1, self.cells)
        step = next((step for step in _STEPS_S if step / per_cell >= TICK_CELLS), 0)
        while not step or step / per_cell < TICK_CELLS:
            step = (step or _STEPS_S[-1]) * 2
        offset = self.start - self.zero
        number = -int(-offset // step) if offset > 0 else 0
        while number * step - offset < self.span_s:
            yield max(0, self.x(self.zero + number * step)), label(number * step)
            number += 1


@dataclass(frozen=True, slots=True)
class Zoom:
    """What a person chose to see; as it stands, the whole run."""

    level: int = 0
    """The run is seen that many times twice as large."""
    from_s: float = 0.0
    """Seconds from the run's beginning to the left edge."""

    def moved(self, scale: Scale, share: float) -> Zoom:
        """A share of what is shown to the right, to the left when negative."""
        wanted = scale.start - scale.zero + share * scale.span_s
        return replace(self, from_s=max(0.0, min(wanted, scale.whole_s - scale.span_s)))

    def closer(self, scale: Scale, around: float) -> Zoom:
        """Half of what is shown, with ``around`` in the middle where that is possible."""
        if scale.span_s / ZOOM < LEAST_SPAN_S:
            return self
        return self._at(scale, scale.span_s / ZOOM, self.level + 1, around)

    def wider(self, scale: Scale, around: float) -> Zoom:
        """Twice of what is shown."""
        if self.level <= 1:
            return Zoom()
        return self._at(scale, scale.span_s * ZOOM, self.level - 1, around)

    @staticmethod
    def _at(scale: Scale, span_s: float, level: int, around: float) -> Zoom:
        from_s = max(0.0, min(around - scale.zero - span_s / 2, scale.whole_s - span_s))
        return Zoom(level, from_s)


def scale_of(start: float, end: float, *, live: bool, cells: int, zoom: Zoom | None = None) -> Scale:
    """The scale of a run from ``start`` to ``end`` (now, while it is ``live``).

    A live run has room to grow, so that its bars stand still for a while: the next of a few round lengths.
    """
    took_s = max(1.0, end - start)
    whole_s = _roomy(took_s) if live else took_s
    chosen = zoom or Zoom()
    span_s = whole_s / ZOOM**chosen.level
    from_s = max(0.0, min(chosen.from_s, whole_s - span_s))
    return Scale(zero=start, start=start + from_s, span_s=span_s, whole_s=whole_s, cells=max(1, cells))


def _roomy(took_s: float) -> float:
    known = next((float(span) for span in _SPANS_S if span >= took_s * 1.02), 0.0)
    if known:
        return known
    span_s = float(_SPANS_S[-1])
    while span_s < took_s * 1.02:
        span_s *= 1.25
    return span_s


def label(seconds: float) -> SafeText:
    """``0``, ``30s``, ``1m``, ``1m 30s``, ``2h 05m``: an offset on the axis."""
    whole = int(seconds)
    if whole < 60:
        return own(f"{whole}s" if whole else "0")
    if whole < 3600:
        return own(f"{whole // 60}m" + (f" {whole % 60:02}s" if whole % 60 else ""))
    if whole < 86400:
        return own(f"{whole // 3600}h" + (f" {whole % 3600 // 60:02}m" if whole % 3600 // 60 else ""))
    return own(f"{whole // 86400}d" + (f" {whole % 86400 // 3600}h" if whole % 86400 // 3600 else ""))
