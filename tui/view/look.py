"""How this terminal is drawn on: palette and signs, from its environment and what the person chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from tui.view.glyphs import UNICODE, Glyphs, pick_glyphs
from tui.view.theme import DARK, Theme, behind_dialog, pick_theme

if TYPE_CHECKING:
    from tui.settings import Settings

ASCII_TERMS = ("linux", "vt100", "vt220")
"""Terminals whose fonts lack most of our signs."""


class Look(Struct, frozen=True):
    """How this terminal is drawn on."""

    theme: Theme = DARK
    glyphs: Glyphs = UNICODE

    @property
    def dimmed(self) -> Look:
        """The same look behind a dialog."""
        return Look(behind_dialog(self.theme), self.glyphs)


def pick_look(environ: Mapping[str, str], encoding: str, settings: Settings) -> Look:
    """The look for this terminal. ``KeyError`` with the name of a theme that there is not.

    ``ONDUTY_THEME`` is dark, light, hc, ansi or none; ``ONDUTY_ASCII`` asks for signs in ASCII; NO_COLOR as
    no-color.org has it.
    """
    term = environ.get("TERM", "")
    truecolour = environ.get("COLORTERM", "") in ("truecolor", "24bit")
    colours = 256 if truecolour or "256" in term or "direct" in term else 0 if term in ("dumb", "vt100", "") else 8
    name = environ.get("ONDUTY_THEME") or settings.theme
    theme = pick_theme(name, no_color=bool(environ.get("NO_COLOR")), colours=colours)
    # What is chosen for this terminal wins over what is chosen for all of them.
    asked = settings.signs is not None and not environ.get("ONDUTY_ASCII")
    ascii_only = settings.signs == "ascii" if asked else signs_in_ascii(environ, encoding)
    return Look(theme, pick_glyphs(ascii_only=ascii_only))


def signs_in_ascii(environ: Mapping[str, str], encoding: str) -> bool:
    """Whether signs outside ASCII would not show: what ``ONDUTY_ASCII``, the locale and the terminal say.

    Python puts ``LC_CTYPE=C.UTF-8`` into its own environment when the locale is C (PEP 538), so that value alone says
    nothing beside a ``LANG`` that says C. A locale that nobody set says nothing either: UTF-8 is what terminals speak.
    """
    if environ.get("ONDUTY_ASCII") or environ.get("TERM", "") in ASCII_TERMS:
        return True
    if encoding.lower().replace("-", "").replace("_", "") != "utf8":
        return True
    lang = environ.get("LANG", "")
    ctype = environ.get("LC_CTYPE", "")
    if ctype == "C.UTF-8" and lang in ("C", "POSIX"):
        ctype = ""
    said = environ.get("LC_ALL") or ctype or lang
    return bool(said) and "utf8" not in said.lower().replace("-", "")
