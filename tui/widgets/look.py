"""The bridge from palettes to Textual: the theme of its own parts, and giving widgets a look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

from textual.app import App
from textual.dom import DOMNode
from textual.theme import BUILTIN_THEMES
from textual.theme import Theme as TextualTheme

from tui.view.look import Look
from tui.view.theme import Theme


@runtime_checkable
class Wears(Protocol):
    """A widget that can be given another look."""

    def set_look(self, look: Look) -> None:
        """Paint with ``look`` from now on."""
        ...


def textual_theme(theme: Theme) -> TextualTheme:
    """A theme for Textual under the name ``onduty-<name>``: ground is its background, so no cell is left unpainted.

    The tokens are CSS variables as well (``$ground``, ``$panel-shade``, ``$fail`` …) for the stylesheets.
    """
    if not theme.exact:
        colours = dict.fromkeys(("ground", "panel", "bar", "sel"), "ansi_default") | {
            "text": "ansi_default",
            "muted": "ansi_default",
            "acc": "ansi_blue" if theme.colours else "ansi_default",
        }
        # Textual's own parts need some thirty more variables in this mode; its built-in theme has them all.
        base = BUILTIN_THEMES["ansi-dark"]
        return replace(base, name=f"onduty-{theme.name}", variables={**base.variables, **_variables(colours)})
    colours = dict(theme.colours)
    return TextualTheme(
        name=f"onduty-{theme.name}",
        primary=colours["acc"],
        secondary=colours["graph"],
        warning=colours["warn"],
        error=colours["fail"],
        success=colours["ok"],
        accent=colours["acc"],
        foreground=colours["text"],
        background=colours["ground"],
        surface=colours["panel"],
        panel=colours["bar"],
        boost=colours["sel"],
        dark=theme.dark,
        text_alpha=1.0,
        variables=_variables(colours),
    )


def _variables(colours: dict[str, str]) -> dict[str, str]:
    names = {"panel": "panel-shade", "text": "text-plain"}  # these two are names of Textual's own
    return {names.get(token, token): colour for token, colour in colours.items()}


def wear(app: App[Any], look: Look) -> None:
    """Give the whole app a look: Textual's theme and every widget of the screen on top that paints by itself.

    The sixteen and the zero colours need the terminal's own defaults, so truecolour is switched off for them. The app
    must also be made with ``ansi_color=not look.theme.exact``: Textual chooses its NO_COLOR filter when it is built.
    """
    theme = textual_theme(look.theme)
    app.register_theme(theme)
    if app.is_running:
        app.ansi_color = not look.theme.exact
        app.theme = theme.name
        dress(app.screen, look)
        return
    # Nothing was drawn: a watched attribute would have the stylesheets parsed a second time.
    app.set_reactive(App.theme, theme.name)
    app.set_class(theme.dark, "-dark-mode", update=False)
    app.set_class(not theme.dark, "-light-mode", update=False)
    app.stylesheet.set_variables(app.get_css_variables())


def dress(root: DOMNode, look: Look) -> None:
    """Give ``root`` and everything below it a look, for example ``look.dimmed`` while a dialog is open."""
    for node in root.walk_children(with_self=True):
        if isinstance(node, Wears):
            node.set_look(look)
