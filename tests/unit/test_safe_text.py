"""Whatever a host prints, the terminal only ever gets printable text."""

from __future__ import annotations

import unicodedata

import pyte
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui.view.cells import cells, cut_left, cut_middle, cut_path, cut_right, cut_words, pad, take, wrap
from tui.view.safe_text import PLAIN, SafeText, SgrStyle, own, safe, safe_line, safe_lines


class Answering(pyte.Screen):
    """A terminal that keeps what it answers."""

    def __init__(self) -> None:
        super().__init__(220, 3)
        self.answers: list[str] = []

    def write_process_input(self, data: str) -> None:
        self.answers.append(data)


ESCAPES = [
    "\x1b[",
    "\x1b]",
    "\x1bP",
    "\x1b_",
    "\x1bX",
    "\x1b^",
    "\x1bk",
    "\x1b",
    "\x9b",
    "\x9d",
    "\x90",
    "\x9c",
    "\x07",
    "\x1b\\",
]
NASTY = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *ESCAPES,
                "31m",
                "52;c;aGk=",
                "0;title",
                "\r",
                "\b",
                "\t",
                "\u202e",
                "\u200b",
                "\ue000",
                "\ud800",
                "\u0301",
            ]
        ),
        st.text(max_size=4),
        st.characters(),
    ),
    max_size=30,
).map("".join)


def harmless(text: str) -> bool:
    return not any(
        ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F or unicodedata.category(c) in {"Cs", "Co", "Cc", "Zl", "Zp"}
        for c in text
    )


@given(NASTY)
@example("\x1b]0;never ended")
@example("\x1b\x1b]52;c;\x1b[31mA\x07")
def test_no_text_leaves_with_a_control_character(text: str) -> None:
    assert harmless(safe(text))
    assert harmless("".join(piece for piece, _ in safe_line(text)))


@given(st.binary(max_size=200))
def test_no_bytes_leave_with_a_control_character(data: bytes) -> None:
    assert harmless(safe(data))


@given(NASTY)
def test_making_safe_text_safe_changes_nothing(text: str) -> None:
    assert safe(safe(text)) == safe(text)


@given(NASTY)
def test_the_styled_line_reads_as_the_plain_one(text: str) -> None:
    assert "".join(piece for piece, _ in safe_line(text)) == safe(text)


@given(NASTY)
def test_format_characters_never_survive(text: str) -> None:
    assert not [c for c in safe(text) if unicodedata.category(c) == "Cf"]


@given(NASTY)
def test_a_terminal_shows_the_text_and_keeps_its_state(text: str) -> None:
    shown = safe(text)
    if cells(shown) > 200:
        return
    screen = Answering()
    modes = set(screen.mode)
    pyte.Stream(screen).feed("mark" + shown)
    assert screen.title == ""
    assert screen.icon_name == ""
    assert set(screen.mode) == modes
    assert screen.answers == []
    assert screen.cursor.y == 0
    assert screen.display[0].startswith("mark")
    assert screen.display[1].strip() == ""


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]52;c;aGVsbG8=\x07copied", "copied"),
        ("\x1b]0;title\x1b\\after", "after"),
        ("\x9d0;title\x9cafter", "after"),
        ("\x1bPq#0;2\x1b\\dcs", "dcs"),
        ("\x1b_apc\x1b\\a\x1b^pm\x1b\\b\x1bXsos\x1b\\c", "abc"),
        ("\x1bktitle\x1b\\screen", "screen"),
        ("\x1b[6n\x1b[c\x1b[>0q\x05query", "␅query"),
        ("\x1bc\x1b(0\x1b7reset", "reset"),
        ("\x1b[2J\x1b[1;1Hmoved", "moved"),
        ("cut \x1b[38;5", "cut "),
        ("cut \x1b", "cut "),
        ("\x1b]0;hidden text", "␛0;hidden text"),
        ("rm -rf /\rls", "rm -rf /␍ls"),
        ("abc\b\b\bxyz", "abc␈␈␈xyz"),
        ("a\nb", "a␊b"),
        ("line\r\n", "line"),
        ("bell\x07 nul\x00", "bell nul"),
        ("del\x7f", "del␡"),
        ("\u202ekcab", "\ufffdkcab"),
        ("we\u200bb1", "we\ufffdb1"),
        ("\u2714\ufe0f done", "\u2714 done"),
        ("\ufeffbom", "bom"),
        ("nerd \ue0b0", "nerd \ufffd"),
        ("\u0301e", "\u25cc\u0301e"),
        ("z\u0301\u0302\u0303\u0304\u0305", "z\u0301\u0302\u0303"),
        ("[/x] [@click=app.bell]go", "[/x] [@click=app.bell]go"),
        ("日本\tx", "日本    x"),
        ("a\tb", "a       b"),
    ],
)
def test_each_kind_is_removed_or_shown(raw: str, shown: str) -> None:
    assert safe(raw) == shown


def test_invalid_utf8_becomes_the_replacement_character() -> None:
    assert safe(b"a\xff\x9b31mb \xed\xa0\x80") == "a\ufffd\ufffd31mb \ufffd\ufffd\ufffd"


def test_lone_surrogates_become_the_replacement_character() -> None:
    assert safe("a\udcffb") == "a\ufffdb"


def test_lines_are_split_before_they_are_made_safe() -> None:
    assert safe_lines("a\r\n\nb\n") == ["a", "", "b"]
    assert safe_lines("") == []


def test_colours_are_read_and_never_passed_on() -> None:
    assert safe_line(b"\x1b[1;31mbad\x1b[0m ok\x1b[38;5;200mx\x1b[48;2;1;2;3my\x1b[39;49;22mz") == [
        ("bad", SgrStyle(fg=1, bold=True)),
        (" ok", PLAIN),
        ("x", SgrStyle(fg=200)),
        ("y", SgrStyle(fg=200, bg=(1, 2, 3))),
        ("z", PLAIN),
    ]
    assert safe_line("\x1b[38:2::10:20:30ma\x1b[mb\x1b[97mc") == [
        ("a", SgrStyle(fg=(10, 20, 30))),
        ("b", PLAIN),
        ("c", SgrStyle(fg=15)),
    ]


@pytest.mark.parametrize(
    "sequence", ["38;5", "38;5;999", "38;2;1;2", "38", "999999999999", ";;;", "38;2;;;", "48:5", "1:2:3:4"]
)
def test_odd_colour_sequences_do_not_raise(sequence: str) -> None:
    assert safe_line(f"\x1b[{sequence}mx")[0][0] == "x"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.integers(0, 40))
def test_cuts_never_pass_their_width_and_keep_short_text(raw: str, width: int) -> None:
    text = safe(raw)
    for cut in (cut_right, cut_left, cut_middle, cut_path, cut_words):
        result = cut(text, width)
        assert cells(result) <= width
        if cells(text) <= width:
            assert result == text
    assert cells(pad(take(text, width), width)) == width


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(2, 30), st.integers(0, 4))
def test_wrapping_loses_no_word_and_keeps_the_width(raw: str, width: int, indent: int) -> None:
    text = safe(raw)
    lines = wrap(text, width, indent=min(indent, width - 2))
    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_hosts_are_cut_in_the_middle_paths_at_the_left_sentences_at_the_right() -> None:
    assert cut_middle(own("ip-10-0-4-17-eu-compute-7"), 19) == "ip-10-0-4⋯compute-7"
    assert cut_path(own("/srv/pages/net/port-in-use.md"), 22) == "⋯/net/port-in-use.md"
    assert cut_right(own("bind: address already in use"), 10) == "bind: add⋯"
    assert cut_words(own("One more failure stops rollout."), 22) == "One more failure⋯"
    assert cut_right(own("abcdef"), 4, "~") == "abc~"
    assert cut_right(SafeText("日本語"), 4) == "日⋯"
