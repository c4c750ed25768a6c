"""A person's settings: what can be said, and what each mistake is told."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key

from runners.model.retention import KEEP_ALL, Retention
from tui.keys.actions import ACTIONS, Action, Kind
from tui.keys.keymap import remapped
from tui.keys.names import FIXED_KEYS, KEYS, why_not_key, written
from tui.settings import Settings
from tui.settings_file import read_settings


def problems(text: str) -> list[str]:
    return [str(problem).removeprefix("settings.yaml:") for problem in read_settings(text, "settings.yaml")[1]]


def actions(keys: str) -> dict[str, Action]:
    settings, found = read_settings(f"keys: {keys}", "settings.yaml")
    assert found == ()
    return {one.name: one for one in settings.actions}


def test_nothing_said_is_nothing_changed() -> None:
    for text in ("", "\n", "# all of it\n# is a comment\n", "keys: {}"):
        assert read_settings(text, "settings.yaml") == (Settings(), ())


def test_everything_that_can_be_said() -> None:
    settings, found = read_settings("theme: hc\nsigns: ascii\nplain: true\nkeys: {retry: i}\n", "settings.yaml")
    assert found == ()
    assert (settings.theme, settings.signs, settings.plain) == ("hc", "ascii", True)
    assert next(one.key for one in settings.actions if one.name == "retry") == "i"


def test_what_is_kept_can_be_said_in_days_and_sizes() -> None:
    settings, found = read_settings("retention: {age: 30d, size: 1.5GB, free: 500MB}\n", "settings.yaml")
    assert found == ()
    assert settings.retention == Retention(age_s=30 * 86400.0, most_bytes=1_500_000_000, least_free_bytes=500_000_000)
    settings, found = read_settings("retention: {age: never, size: never, free: never}\n", "settings.yaml")
    assert found == ()
    assert settings.retention == KEEP_ALL


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("themes: dark", ['1:1  themes: unknown key, did you mean "theme"?']),
        ("colour: dark", ["1:1  colour: unknown key; known here are theme, signs, plain, keys, retention"]),
        ("theme: lihgt", ['1:8  theme: "lihgt" is none of dark, light, hc, ansi, none, did you mean "light"?']),
        ("theme: [dark]", ["1:1  theme: must be one of dark, light, hc, ansi, none"]),
        ("signs: utf8", ['1:8  signs: "utf8" is none of unicode, ascii']),
        ("plain: yes", ["1:8  plain: must be true or false"]),
        ("keys: retry", ["1:7  keys: must be a mapping of actions, such as {retry: i}"]),
        ("keys:\n  rety: i", ['2:3  keys.rety: unknown key, did you mean "retry"?']),
        ("keys:\n  retry: {a: b}", ["2:3  keys.retry: must be a key, a list of keys, or none"]),
        (
            "keys:\n  retry: S",
            ["2:10  keys.retry: S is the key of skip too on the run screen and the timeline; give one of them another"],
        ),
        (
            "keys:\n  wrap: Z\n  times: [t, Z]",
            ["3:14  keys.times[1]: Z is the key of wrap too on the run screen; give one of them another"],
        ),
        ("keys: {help: q}", ["1:14  keys.help: q is the key of quit too; give one of them another"]),
        ("keys: {cancel: ctrl-x}", ["1:16  keys.cancel: nothing that changes a run is on ctrl"]),
        ("keys: {skip: space}", ["1:14  keys.skip: nothing that changes a run is on space"]),
        ("keys: {wrap: enter}", ["1:14  keys.wrap: enter opens and stays what it is"]),
        ("keys: {wrap: Ctrl+C}", ["1:14  keys.wrap: ctrl-c stops nothing and says so and stays what it is"]),
        ("keys: {wrap: '7'}", ["1:14  keys.wrap: 7 jumps to a pane and stays what it is"]),
        ("keys: {wrap: ctrl-i}", ["1:14  keys.wrap: ctrl-i is tab for every terminal"]),
        (
            "keys: {wrap: alt-w}",
            ["1:14  keys.wrap: a key with alt cannot be told from esc and the key on every terminal"],
        ),
        ("keys: {wrap: [w, w]}", ["1:18  keys.wrap[1]: w is named twice"]),
        ("keys: {quit: none}", ["1:14  keys.quit: needs a key: it is the way to everything else"]),
        ("keys: {pane: i}", ["1:14  keys.pane: digits jump to panes and do nothing else"]),
        (
            "keys: {wrap: ww}",
            [
                "1:14  keys.wrap: no such key; write a letter or a sign, ctrl-x, f1 to f12, space, tab, insert, delete"
                " or backspace"
            ],
        ),
        ("retention: 90d", ["1:12  retention: must be a mapping, such as {age: 90d, size: 20GB, free: 200MB}"]),
        ("retention:\n  ages: 90d", ['2:3  retention.ages: unknown key, did you mean "age"?']),
        ("retention:\n  age: [1d]", ["2:3  retention.age: must be one value"]),
        (
            "retention: {size: 20, free: 1gb}",
            [
                '1:19  retention.size: "20" is no size; write a number and a unit, such as 500MB 20GB 1.5TB, or never',
                '1:29  retention.free: "1gb" is no size; write a number and a unit, such as 500MB 20GB 1.5TB',
            ],
        ),
        ("theme: light\ntheme: dark", ['2:1  theme: "theme" is written twice; it is also on line 1']),
    ],
)  # fmt: skip
def test_each_mistake_is_told_with_its_place(text: str, said: Sequence[str]) -> None:
    found = problems(text)
    if "twice; it" in said[0]:
        assert len(found) == 1
        assert found[0].startswith("2:1  ")
    else:
        assert found == said


def test_all_mistakes_are_told_at_once_and_the_rest_is_read() -> None:
    settings, found = read_settings("theme: drak\nkeys: {retry: S, copy: Y}\n", "settings.yaml")
    assert len(found) == 2
    assert next(one.key for one in settings.actions if one.name == "copy") == "Y"


def test_a_key_takes_the_place_of_letters_and_leaves_arrows() -> None:
    found = actions("{down: I, open: i, follow: [f, f5], note: none, back: b}")
    assert found["down"].keys == ("I", "down")
    assert found["open"].keys == ("i", "enter", "right")
    assert found["open"].taken_for == ("l", "enter", "right")
    assert found["follow"].keys == ("f", "f5")
    assert (found["note"].key, found["note"].keys) == ("", ())
    assert found["back"].keys == ("b", "escape", "left")


def test_two_actions_can_change_places() -> None:
    found = actions("{retry: S, skip: r}")
    assert (found["retry"].key, found["skip"].key) == ("S", "r")


def test_no_key_looks_on_one_screen_and_changes_on_another() -> None:
    # The page has no retry, and the run screen no key i: the hand would learn it as a safe one.
    board = next(one for one in ACTIONS if one.screens == frozenset({"run", "board"}) and one.kind is Kind.LOOK)
    assert board.name == "runbook"
    said = problems("keys: {runbook: r}")
    assert said == ["1:17  keys.runbook: r is the key of retry too on the run screen; give one of them another"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Ctrl+D", "ctrl-d"), ("^d", "ctrl-d"), ("C-d", "ctrl-d"), ("Escape", "esc"), ("PgUp", "page up"), ("R", "R"),
     ("F5", "f5"), ("Return", "enter"), ("Shift+Tab", "shift-tab"), ("?", "?")],
)  # fmt: skip
def test_a_key_may_be_spelled_as_other_tools_spell_it(typed: str, meant: str) -> None:
    assert written(typed) == meant


def test_keys_are_named_as_the_terminal_library_names_them() -> None:
    for text, name in KEYS.items():
        if len(text) == 1:
            assert _character_to_key(text) == name
    assert KEYS["ctrl-x"] == "ctrl+x"
    assert KEYS["shift-tab"] == "shift+tab"
    assert not FIXED_KEYS & set(KEYS.values())


names = st.sampled_from([one.name for one in ACTIONS])
keys = st.lists(st.sampled_from([*KEYS, "enter", "5", "nonsense"]), max_size=3)


@given(st.dictionaries(names, keys, max_size=6))
def test_what_is_accepted_has_no_two_meanings(wanted: dict[str, list[str]]) -> None:
    table, troubles = remapped(wanted)
    assert [one.name for one in table] == [one.name for one in ACTIONS]
    if troubles:
        assert {trouble.action for trouble in troubles} <= set(wanted)
        return
    for one, other in combinations(table, 2):
        if set(one.keys) & set(other.keys):
            assert not one.screens & other.screens
            assert (one.kind is Kind.CHANGE) is (other.kind is Kind.CHANGE)
    for one in table:
        assert len(one.taken_for or one.keys) == len(one.keys)
        assert FIXED_KEYS & set(ACTIONS[table.index(one)].keys) <= set(one.keys)
        if one.kind is Kind.CHANGE:
            assert not any(why_not_key(key) or key.startswith("ctrl-") for key in wanted.get(one.name, ()))
