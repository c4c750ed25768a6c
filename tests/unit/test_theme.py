"""The palettes keep the contrast that the look promises, and every phase has a sign, a word and a colour."""

from __future__ import annotations

from itertools import combinations

import pytest
from msgspec.structs import fields

from tui.view.cells import cells
from tui.view.glyphs import ASCII, JOB_PHASES, RUN_PHASES, STAGE_PHASES, TASK_PHASES, UNICODE, Glyphs
from tui.view.safe_text import SgrStyle
from tui.view.theme import (
    ANSI,
    BACKGROUNDS,
    DARK,
    HC,
    LIGHT,
    NONE,
    THEMES,
    TOKENS,
    Paint,
    Theme,
    behind_dialog,
    contrast,
    pick_theme,
)

STATUS = ("ok", "fail", "run", "warn", "unk", "back")
LOOK_TABLE = {
    "dark": """text 13.7 12.6 11.4 9.6 12.1
        muted 8.0 7.4 6.7 5.6 7.1
        faint 5.2 4.8 4.3 3.7 4.6
        acc 8.9 8.2 7.4 6.2 7.8
        ok 7.0 6.5 5.8 4.9 6.2
        fail 6.7 6.2 5.6 4.7 5.9
        run 8.0 7.4 6.7 5.6 7.1
        warn 8.2 7.6 6.9 5.8 7.0
        unk 14.0 12.9 11.7 9.8 11.8
        back 7.2 6.7 6.0 5.1 6.4
        graph 6.3 5.8 5.3 4.4 5.6
        rule 1.8 1.7 1.5 1.3 1.6""",
    "light": """text 16.1 14.7 13.4 12.3 13.4
        muted 7.2 6.6 6.0 5.5 6.0
        faint 4.9 4.5 4.1 3.8 4.1
        acc 6.8 6.2 5.6 5.2 5.6
        ok 6.5 6.0 5.5 5.0 5.5
        fail 6.0 5.5 5.0 4.6 5.0
        run 6.8 6.2 5.7 5.2 5.7
        warn 6.3 5.8 5.3 4.8 5.6
        unk 6.8 6.2 5.7 5.2 6.0
        back 7.0 6.4 5.8 5.3 5.8
        graph 5.5 5.1 4.6 4.2 4.6
        rule 1.6 1.5 1.3 1.2 1.3""",
    "hc": """text 21.0 21.0 17.4 16.1 17.4
        muted 14.3 14.3 11.9 11.0 11.9
        faint 11.7 11.7 9.7 8.9 9.6
        acc 13.6 13.6 11.3 10.4 11.2
        ok 12.5 12.5 10.3 9.5 10.3
        fail 9.5 9.5 7.9 7.3 7.9
        run 11.8 11.8 9.8 9.1 9.8
        warn 12.9 12.9 10.7 9.9 9.9
        unk 18.2 18.2 15.1 13.9 13.7
        back 12.3 12.3 10.2 9.4 10.2
        graph 12.1 12.1 10.1 9.3 10.0
        rule 6.8 6.8 5.6 5.2 5.6""",
}
EXACT = (DARK, LIGHT, HC)


OWN_TINT = {"warn": "warnbg", "unk": "unkbg"}
"""Tint that belongs to a status; ``failbg`` for all others (LOOK section 3)."""


def words(text: str) -> set[str]:
    return set(text.split())


def grounds(token: str) -> list[str]:
    return ["ground", "panel", "bar", "sel", OWN_TINT.get(token, "failbg")]


@pytest.mark.parametrize("theme", EXACT, ids=lambda theme: theme.name)
@pytest.mark.parametrize("token", ["text", "muted", "acc", *STATUS])
def test_what_must_be_read_is_readable_on_every_background(theme: Theme, token: str) -> None:
    least = 7.0 if theme is HC else 4.5
    for background in grounds(token):
        assert contrast(theme.colours[token], theme.colours[background]) >= least, background


@pytest.mark.parametrize("theme", EXACT, ids=lambda theme: theme.name)
def test_faint_text_and_graphs_keep_their_minimum(theme: Theme) -> None:
    for background in grounds("faint"):
        least = 7.0 if theme is HC else 4.5 if background in ("ground", "panel") else 3.5
        # One decimal, as the table of the look has it: light faint on panel is 4.494.
        assert round(contrast(theme.colours["faint"], theme.colours[background]), 1) >= least, background
        assert contrast(theme.colours["graph"], theme.colours[background]) >= 3


@pytest.mark.parametrize("theme", EXACT, ids=lambda theme: theme.name)
def test_the_ratios_are_those_of_the_look(theme: Theme) -> None:
    for line in LOOK_TABLE[theme.name].splitlines():
        token, *ratios = line.split()
        measured = [contrast(theme.colours[token], theme.colours[ground]) for ground in grounds(token)]
        assert measured == pytest.approx([float(ratio) for ratio in ratios], abs=0.06), token


@pytest.mark.parametrize("theme", EXACT, ids=lambda theme: theme.name)
def test_reversed_chips_and_hits_can_be_read(theme: Theme) -> None:
    for token in ("fail", "acc", "warn"):
        paint = theme.paint(token, "bar", reverse=True)
        assert contrast(paint.fg or "", paint.bg or "") >= theme.least_contrast


@pytest.mark.parametrize("theme", EXACT, ids=lambda theme: theme.name)
def test_the_sixteen_colours_of_a_host_can_be_read_in_a_log(theme: Theme) -> None:
    for number in range(16):
        assert theme.remote_fg(SgrStyle(fg=number)) is not None, number


def test_a_colour_of_a_host_that_cannot_be_read_is_dropped() -> None:
    assert DARK.remote_fg(SgrStyle(fg=(20, 20, 20))) is None
    assert DARK.remote_fg(SgrStyle(fg=16)) is None
    assert DARK.remote_fg(SgrStyle(fg=(250, 250, 250))) == "#FAFAFA"
    assert DARK.remote_fg(SgrStyle(fg=231)) == "#FFFFFF"
    assert LIGHT.remote_fg(SgrStyle(fg=(250, 250, 250))) is None
    assert ANSI.remote_fg(SgrStyle(fg=1)) == "ansi:1"
    assert ANSI.remote_fg(SgrStyle(fg=0)) is None
    assert NONE.remote_fg(SgrStyle(fg=1)) is None


def test_no_color_has_bold_reverse_and_nothing_else() -> None:
    for token in TOKENS:
        for background in BACKGROUNDS:
            paint = NONE.paint(token, background)
            assert paint.fg is paint.bg is None
    assert NONE.paint("fail", "bar", bold=True, reverse=True) == Paint(bold=True, reverse=True)
    assert NONE.paint("text", "chip", bold=True) == Paint(bold=True)
    assert NONE.paint("fail", "sel") == Paint(bold=True, reverse=True)
    assert NONE.paint("muted", "failbg") == Paint()


def test_sixteen_colours_have_no_backgrounds_and_a_reversed_selection() -> None:
    assert ANSI.paint("ok", "panel") == Paint(fg="ansi:2")
    assert ANSI.paint("fail", "failbg") == Paint(fg="ansi:1", bold=True)
    assert ANSI.paint("fail", "sel") == Paint(bold=True, reverse=True)
    assert ANSI.paint("faint") == Paint(dim=True)
    assert ANSI.paint("text", "chip", bold=True) == Paint(bold=True, reverse=True)


def test_high_contrast_underlines_the_selection_and_not_the_environment() -> None:
    assert HC.paint("text", "sel").underline
    assert not HC.paint("text", "chip").underline


def test_behind_a_dialog_all_is_mixed_and_nothing_is_reversed() -> None:
    dim = behind_dialog(DARK)
    assert dim is behind_dialog(DARK)
    assert dim.colours["ground"] == DARK.colours["ground"]
    chip = dim.paint("fail", "bar", bold=True, reverse=True)
    assert chip.bg == dim.colours["bar"]
    assert contrast(chip.fg or "", chip.bg or "") < contrast(DARK.colours["fail"], DARK.colours["bar"])
    assert not behind_dialog(NONE).paint("fail", "bar", reverse=True).reverse


def test_an_unknown_token_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        DARK.paint("red")


def test_no_color_wins_over_everything() -> None:
    assert pick_theme("light", no_color=True, colours=1 << 24) is NONE
    assert pick_theme("light", no_color=False, colours=8) is LIGHT
    assert pick_theme(None, no_color=False, colours=256) is DARK
    assert pick_theme(None, no_color=False, colours=16) is ANSI
    assert pick_theme(None, no_color=False, colours=0) is NONE
    assert set(THEMES) == {"dark", "light", "hc", "ansi", "none"}


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_sign_is_one_cell(glyphs: Glyphs) -> None:
    for field in fields(glyphs):
        assert cells(getattr(glyphs, field.name)) == 1
    if glyphs is ASCII:
        assert all(getattr(glyphs, field.name).isascii() for field in fields(glyphs))


def test_every_phase_has_a_sign_a_word_and_a_colour() -> None:
    for table in (JOB_PHASES, TASK_PHASES, STAGE_PHASES, RUN_PHASES):
        for phase, mark in table.items():
            assert UNICODE.of(mark.glyph)
            assert mark.word, phase
            assert mark.token in TOKENS
            assert mark.word_token in TOKENS
    assert set(JOB_PHASES) == words(
        """waiting queued running backing_off succeeded failed timed_out cancelling cancelled skipped unknown
        rolling_back rolled_back rollback_failed"""
    )
    assert set(STAGE_PHASES) == words("waiting running held passed skipped stopped")
    assert set(RUN_PHASES) == words(
        """queued running held paused cancelling succeeded failed cancelled rolling_back rolled_back
        rollback_incomplete"""
    )


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_no_two_phases_are_told_apart_by_their_colour_alone(glyphs: Glyphs) -> None:
    for table in (JOB_PHASES, TASK_PHASES, STAGE_PHASES, RUN_PHASES):
        told = {phase: (glyphs.of(mark.glyph), mark.word) for phase, mark in table.items()}
        by_colour = {phase: mark.token for phase, mark in table.items()}
        for one, other in combinations(table, 2):
            assert told[one] != told[other] or by_colour[one] == by_colour[other], (one, other)


def test_only_what_somebody_must_look_at_is_bold() -> None:
    bold = {phase for phase, mark in JOB_PHASES.items() if mark.bold}
    assert bold == {"failed", "timed_out", "unknown", "rollback_failed"}
