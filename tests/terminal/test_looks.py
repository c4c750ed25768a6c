"""What a terminal can show, and what a person asked for: colours, themes, signs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.terminal.conftest import Open
from tests.terminal.test_ways_out import FAILED
from tests.terminal.tmux import Terminal

pytestmark = pytest.mark.terminal
_SGR = re.compile(r"\x1b\[([0-9;:]*)m")


def colours(terminal: Terminal) -> set[str]:
    """Kinds of colour on the screen: rgb, 256, 16."""
    kinds: set[str] = set()
    for found in _SGR.findall(terminal.coloured):
        words = re.split("[;:]", found)
        if "38" in words or "48" in words:
            at = words.index("38" if "38" in words else "48")
            kinds.add("rgb" if words[at + 1] == "2" else "256")
        kinds |= {"16" for word in words[:1] if word.isdigit() and (30 <= int(word) <= 37 or 90 <= int(word) <= 97)}
    return kinds


def at_the_failure(open_terminal: Open, failed_home: Path, **environ: str) -> Terminal:
    terminal = open_terminal(failed_home, **environ)
    terminal.onduty()
    terminal.sees("nightly/1")
    terminal.press("Enter")
    terminal.sees(FAILED, "1 failed")
    return terminal


def test_no_color_means_no_colour_and_the_failure_still_stands_out(open_terminal: Open, failed_home: Path) -> None:
    terminal = at_the_failure(open_terminal, failed_home, NO_COLOR="1")
    assert colours(terminal) == set()
    assert "✗" in terminal.text
    terminal.press("r")
    terminal.sees("No, go back")
    assert colours(terminal) == set()
    terminal.press("n")
    terminal.sees(": actions")
    terminal.sees_no("No, go back", "change, each after a preview")
    terminal.press("q", "q")
    terminal.is_restored()


def test_sixteen_colours_are_enough(open_terminal: Open, failed_home: Path) -> None:
    terminal = at_the_failure(open_terminal, failed_home, TERM="screen", COLORTERM="")
    assert colours(terminal) <= {"16"}
    assert "16" in colours(terminal)
    terminal.press("q", "q")
    terminal.is_restored()


def test_a_locale_without_utf_8_gets_signs_in_ascii(open_terminal: Open, failed_home: Path) -> None:
    terminal = at_the_failure(open_terminal, failed_home, LANG="C", LC_ALL="C")
    assert terminal.text.isascii(), {letter for letter in terminal.text if not letter.isascii()}
    assert "x 1 failed" in terminal.text
    terminal.press("?")
    terminal.sees("change, each after a preview")
    assert terminal.text.isascii()
    terminal.press("n")
    terminal.sees(": actions")
    terminal.sees_no("No, go back", "change, each after a preview")
    terminal.press("q", "q")
    terminal.is_restored()


@pytest.mark.parametrize(("theme", "ground"), [("light", "255;255;255"), ("dark", "16;20;25"), ("hc", "0;0;0")])
def test_a_theme_can_be_asked_for(theme: str, ground: str, open_terminal: Open, failed_home: Path) -> None:
    terminal = at_the_failure(open_terminal, failed_home, ONDUTY_THEME=theme)
    assert f"48;2;{ground}" in terminal.coloured.replace(":", ";")


@pytest.mark.parametrize(("theme", "kinds"), [("ansi", {"16"}), ("none", set())])
def test_a_theme_of_the_terminals_own_colours_sets_no_others(
    theme: str, kinds: set[str], open_terminal: Open, failed_home: Path
) -> None:
    terminal = at_the_failure(open_terminal, failed_home, ONDUTY_THEME=theme)
    assert colours(terminal) == kinds
    terminal.press("S")
    terminal.sees("No, go back")
    assert colours(terminal) == kinds
    terminal.press("n", "q", "q")


def test_a_theme_that_does_not_exist_is_refused_with_those_that_do(open_terminal: Open, failed_home: Path) -> None:
    terminal = open_terminal(failed_home, ONDUTY_THEME="mauve")
    terminal.onduty("; echo code=$?")
    terminal.sees("ONDUTY_THEME=mauve: there are dark, light, hc, ansi and none", "code=2")


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_draw_is_told_what_works(term: str, open_terminal: Open, failed_home: Path) -> None:
    terminal = open_terminal(failed_home, TERM=term)
    terminal.onduty("; echo code=$?")
    terminal.sees(f"TERM={term}", "every command works without one", "code=2")
    assert terminal.flag("alternate_on") == "0"


def test_settings_give_a_terminal_its_look_and_its_keys(open_terminal: Open, failed_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("theme: light\nkeys: {retry: i}\n")
    file.chmod(0o600)
    terminal = at_the_failure(open_terminal, failed_home, ONDUTY_SETTINGS=str(file))
    assert "48;2;255;255;255" in terminal.coloured.replace(":", ";")
    terminal.sees("i retry")
    terminal.press("i")
    terminal.sees("No, go back")
    terminal.press("n")
    terminal.sees_no("No, go back")
    terminal.press("q", "q")
    terminal.is_restored()


def test_bad_settings_open_no_screen_and_say_how_to_go_on(
    open_terminal: Open, failed_home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("keys: {retry: S}\n")
    file.chmod(0o600)
    terminal = open_terminal(failed_home, size=(220, 36), ONDUTY_SETTINGS=str(file))
    terminal.onduty("; echo code=$?")
    terminal.sees("S is the key of skip too", "ONDUTY_SETTINGS= onduty", "code=2")
