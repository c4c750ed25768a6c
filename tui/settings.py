"""``settings.yaml`` in the configuration folder: how one person has onduty look, and which keys it has."""

from __future__ import annotations

from dataclasses import dataclass, field

from runners.model.retention import Retention
from tui.keys.actions import ACTIONS, Action

SETTINGS_NAME = "settings.yaml"
SETTINGS_VARIABLE = "ONDUTY_SETTINGS"
"""Names another file; empty: none is read."""
THEME_NAMES = ("dark", "light", "hc", "ansi", "none")
SIGN_NAMES = ("unicode", "ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a person chose; None and the table itself: what onduty does by itself."""

    theme: str | None = None
    """dark, light, hc, ansi or none; NO_COLOR and ONDUTY_THEME win over it."""
    signs: str | None = None
    """unicode or ascii."""
    plain: bool = False
    """``onduty`` alone is append-only text."""
    actions: tuple[Action, ...] = ACTIONS
    """The table of actions with this person's keys."""
    retention: Retention = field(default_factory=Retention)
    """What the controller keeps; it reads this when it starts."""
