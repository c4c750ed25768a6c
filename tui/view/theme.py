"""The palettes: tokens in the code, colours only here (LOOK section 3).

``dark``, ``light`` and ``hc`` are exact colours; ``ansi`` speaks the sixteen colours of the terminal; ``none`` has
bold, reverse and underline alone. ``Theme.paint`` turns token and background token into what a cell looks like, so that
no widget knows which of the five is on. Ratios are WCAG 2 contrast ratios.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from tui.view.safe_text import SgrStyle

TOKENS = ("text", "muted", "faint", "acc", "ok", "fail", "run", "warn", "unk", "back", "graph", "rule")
BACKGROUNDS = ("ground", "panel", "bar", "sel", "failbg", "warnbg", "unkbg")
ALIASES = {"chip": "sel", "button": "sel"}
"""Backgrounds with the colour of ``sel`` that are no selection: neither reversed nor underlined as one."""


class Paint(Struct, frozen=True):
    """What one cell looks like. A colour is ``#rrggbb``, ``ansi:N`` with N in 0-15, or None for the terminal's own."""

    fg: str | None = None
    bg: str | None = None
    bold: bool = False
    dim: bool = False
    reverse: bool = False
    underline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Theme:
    """One palette. Compared by identity: each exists once."""

    name: str
    colours: Mapping[str, str]
    """Token or background token to ``#rrggbb`` or ``ansi:N``; a missing one is the terminal's default."""
    remote: tuple[str, ...] = ()
    """The sixteen colours a host can name with SGR, as we draw them; empty: not at all."""
    least_contrast: float = 4.5
    dark: bool = True
    exact: bool = True
    """Colours are known, so that contrast can be computed; False for ``ansi`` and ``none``."""
    underlined_selection: bool = False
    dimmed: bool = False
    """Drawn behind a dialog: nothing is reversed."""

    def paint(
        self, token: str, bg: str = "ground", *, bold: bool = False, reverse: bool = False, fg: str | None = None
    ) -> Paint:
        """Return the look of a cell.

        ``fg`` is a colour that wins over the token's (see ``remote_fg``). ``reverse`` swaps: the token becomes the
        background and the text takes ``ground``. Unknown tokens raise ``KeyError``: they are a typing error of ours.
        """
        if token not in _KNOWN_TOKENS or bg not in _KNOWN_BACKGROUNDS:
            raise KeyError(f"{token} on {bg}")
        if not self.exact:
            return self._paint_by_name(token, bg, bold=bold, reverse=reverse, fg=fg)
        colours = self.colours
        back = colours[ALIASES.get(bg, bg)]
        underline = self.underlined_selection and bg == "sel"
        if reverse and not self.dimmed:
            return Paint(fg=colours["ground"], bg=colours[token], bold=bold, underline=underline)
        return Paint(fg=fg or colours[token], bg=back, bold=bold, underline=underline)

    def _paint_by_name(self, token: str, bg: str, *, bold: bool, reverse: bool, fg: str | None) -> Paint:
        coloured = self.name == "ansi"
        strong = bold or token in ("fail", "unk") or (coloured and token == "acc")
        dim = coloured and token in ("faint", "rule")
        swapped = (reverse and not self.dimmed) or bg == "sel" or (coloured and bg == "chip")
        if bg == "sel" and not reverse:
            # One bar in one colour: reversed status colours side by side would read as a row of chips.
            return Paint(bold=strong, reverse=True)
        return Paint(fg=(fg or self.colours.get(token)) if coloured else None, bold=strong, dim=dim, reverse=swapped)

    def remote_fg(self, style: SgrStyle, bg: str = "ground") -> str | None:
        """The colour a host asked for, when it can be read on ``bg``; None: use the token's own."""
        wanted = style.bg if style.reverse else style.fg
        if wanted is None or not self.remote:
            return None
        if isinstance(wanted, int) and wanted < 16:
            colour = self.remote[wanted]
        elif not self.exact:
            return None
        else:
            colour = rgb_hex(wanted if isinstance(wanted, tuple) else _xterm(wanted))
        if not colour or not self.exact:
            return colour or None
        return colour if contrast(colour, self.colours[ALIASES.get(bg, bg)]) >= self.least_contrast else None


_KNOWN_TOKENS = frozenset(TOKENS) | frozenset(BACKGROUNDS)
_KNOWN_BACKGROUNDS = frozenset(BACKGROUNDS) | frozenset(ALIASES) | frozenset(TOKENS)


def rgb(colour: str) -> tuple[int, int, int]:
    """``#rrggbb`` as three numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def rgb_hex(colour: tuple[int, int, int]) -> str:
    """Three numbers as ``#rrggbb``."""
    return "#{:02X}{:02X}{:02X}".format(*colour)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two ``#rrggbb`` colours, 1 to 21 (WCAG 2.1, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@functools.lru_cache(maxsize=1024)
def _luminance(colour: str) -> float:
    parts = [part / 255 for part in rgb(colour)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def mix(colour: str, towards: str, share: float) -> str:
    """Move ``colour`` by ``share`` (0 to 1) towards another."""
    pairs = zip(rgb(colour), rgb(towards), strict=True)
    red, green, blue = (round(a + (b - a) * share) for a, b in pairs)
    return rgb_hex((red, green, blue))


@functools.lru_cache(maxsize=16)
def behind_dialog(theme: Theme) -> Theme:
    """The same palette as it looks behind a dialog: every cell 62 % towards ground, nothing reversed."""
    if not theme.exact:
        return Theme(name=theme.name, colours={}, exact=False, dark=theme.dark, dimmed=True)
    towards, share = (theme.colours["ground"], 0.62) if theme.dark else ("#C9CFD6", 0.60)
    return Theme(
        name=theme.name,
        colours={token: mix(colour, towards, share) for token, colour in theme.colours.items()},
        dark=theme.dark,
        dimmed=True,
    )


def _xterm(index: int) -> tuple[int, int, int]:
    """Colours 16-255 as xterm defines them: a 6x6x6 cube, then 24 greys."""
    if index >= 232:
        grey = 8 + 10 * (index - 232)
        return grey, grey, grey
    steps = (0, 95, 135, 175, 215, 255)
    index -= 16
    return steps[index // 36], steps[index // 6 % 6], steps[index % 6]


def _sixteen(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _colours(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


DARK = Theme(
    name="dark",
    colours=_colours("""
        ground #101419  panel #171C23  bar #1E252E  sel #28323E  failbg #33190F  warnbg #2A2210  unkbg #26240F
        text #D8DEE6  muted #A2ACB8  faint #7E8996  acc #9DB0FF  ok #2BB38A  fail #FA7343  run #56B4E9
        warn #E69F00  unk #F0E442  back #D68BB3  graph #7A99C2  rule #37414D"""),
    remote=_sixteen(
        "#8A939E #E98A8A #7CC68D #D3BC6B #7FAAE6 #C79BD9 #6CC3C9 #D8DEE6"
        " #A2ACB8 #F2A3A3 #98D8A6 #E4D28C #9EC0F2 #D9B5E8 #8FD8DD #FFFFFF"
    ),
)
LIGHT = Theme(
    name="light",
    dark=False,
    colours=_colours("""
        ground #FFFFFF  panel #F3F5F8  bar #E7EBF0  sel #D9E2F0  failbg #FDE6DA  warnbg #FBF0D6  unkbg #F6F2CF
        text #1B2229  muted #4C5966  faint #66727F  acc #3A50C2  ok #006B4C  fail #AD4000  run #005F96
        warn #855600  unk #655C00  back #93386B  graph #456A9C  rule #C6CED7"""),
    remote=_sixteen(
        "#1B2229 #A33A3A #2F6B3A #6F5A00 #2D5AA0 #7D3F93 #1F6870 #4C5966"
        " #5B6773 #B04545 #3A7044 #776100 #3B67AD #894A9E #2A7079 #1B2229"
    ),
)
HC = Theme(
    name="hc",
    least_contrast=7.0,
    underlined_selection=True,
    colours=_colours("""
        ground #000000  panel #000000  bar #1A1A1A  sel #002242  failbg #330F00  warnbg #2B1F00  unkbg #262400
        text #FFFFFF  muted #D0D6DC  faint #BAC2CA  acc #C3CEFF  ok #3CE0AE  fail #FF9166  run #7CCBFF
        warn #FFC04D  unk #FFF27A  back #F5B3D6  graph #A9C7F2  rule #8A949E"""),
    remote=_sixteen(
        "#BAC2CA #FFB0B0 #A6E8B3 #F0DE9A #B3D2FF #E8C4F5 #A6E8EC #FFFFFF"
        " #D0D6DC #FFC4C4 #BDF2C8 #F7EAB5 #C8DEFF #F0D5FA #BDF2F5 #FFFFFF"
    ),
)
ANSI = Theme(
    name="ansi",
    exact=False,
    colours=_colours("ok ansi:2 fail ansi:1 run ansi:6 warn ansi:3 unk ansi:3 back ansi:5 acc ansi:4"),
    remote=("", "ansi:1", "ansi:2", "ansi:3", "ansi:4", "ansi:5", "ansi:6", "") * 2,
)
NONE = Theme(name="none", exact=False, colours={})

THEMES: Mapping[str, Theme] = {theme.name: theme for theme in (DARK, LIGHT, HC, ANSI, NONE)}


def pick_theme(name: str | None, *, no_color: bool, colours: int) -> Theme:
    """Choose the palette.

    ``no_color``: the variable NO_COLOR is there and not empty (no-color.org). ``colours``: what the terminal can draw.
    A name from the person's settings wins over the terminal, never over NO_COLOR. An unknown name raises ``KeyError``.
    """
    if no_color:
        return NONE
    if name:
        return THEMES[name]
    return DARK if colours >= 256 else ANSI if colours >= 8 else NONE
