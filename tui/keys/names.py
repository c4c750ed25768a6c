"""How keys are written in the settings and on the screen, ``ctrl-d``, and how Textual names them, ``ctrl+d``."""

from __future__ import annotations

import unicodedata

_OTHER_SIGNS = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Textual's own names of signs (its KEY_NAME_REPLACEMENTS); all others are those of Unicode."""
_SIGNS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NAMED = ("space", "tab", "shift-tab", "insert", "delete", "backspace", *(f"f{number}" for number in range(1, 13)))
_SAME_AS = {"i": "tab", "m": "enter", "j": "enter", "h": "backspace"}
"""Letters that ctrl makes one and the same byte of as another key does (ECMA-48, C0)."""
FIXED = {
    "enter": "opens", "esc": "goes back", "up": "moves", "down": "moves", "left": "goes back", "right": "opens",
    "home": "moves", "end": "moves", "page up": "moves", "page down": "moves", "ctrl-c": "stops nothing and says so",
    "ctrl-z": "puts onduty to sleep", **{str(digit): "jumps to a pane" for digit in range(10)},
}  # fmt: skip
"""Keys that stay what they are, and what they do."""
FIXED_KEYS = frozenset({"enter", "escape", "up", "down", "left", "right", "home", "end", "pageup", "pagedown"})
"""Those of actions, as Textual names them."""


def _textual() -> dict[str, str]:
    signs = {sign: unicodedata.name(sign).lower().replace("-", "_").replace(" ", "_") for sign in _SIGNS}
    letters = {letter: letter for letter in _LETTERS + _LETTERS.upper()}
    controls = {f"ctrl-{letter}": f"ctrl+{letter}" for letter in _LETTERS if letter not in _SAME_AS}
    named = {name: name.replace("-", "+") for name in _NAMED}
    return {
        **letters,
        **{sign: _OTHER_SIGNS.get(name, name) for sign, name in signs.items()},
        **named,
        **controls,
    }


KEYS = {written: textual for written, textual in _textual().items() if written not in FIXED}
"""Every key that can be given to an action: as it is written, and as Textual names it."""


def written(text: str) -> str:
    """One spelling for what people write: ``Ctrl+D``, ``^d``, ``Escape``."""
    if len(text) < 2:
        return text
    low = text.lower().replace("+", "-").replace("_", "-")
    if len(low) == 2 and low[0] == "^" and low[1].isalpha():
        low = f"ctrl-{low[1]}"
    low = low.replace("control-", "ctrl-").replace("c-", "ctrl-", 1) if low.startswith(("control-", "c-")) else low
    return {
        "escape": "esc", "return": "enter", "pageup": "page up", "pagedown": "page down", "page-up": "page up",
        "page-down": "page down", "pgup": "page up", "pgdn": "page down", "del": "delete", "ins": "insert",
    }.get(low, low)  # fmt: skip


def why_not_key(text: str) -> str:
    """Why an action cannot have this key, in a sentence; empty when it can."""
    if text in KEYS:
        return ""
    if text in FIXED:
        return f"{text} {FIXED[text]} and stays what it is"
    letter = text.removeprefix("ctrl-")
    if text.startswith("ctrl-") and letter in _SAME_AS:
        return f"{text} is {_SAME_AS[letter]} for every terminal"
    if text.startswith(("alt-", "meta-", "super-")):
        return "a key with alt cannot be told from esc and the key on every terminal"
    return "no such key; write a letter or a sign, ctrl-x, f1 to f12, space, tab, insert, delete or backspace"
