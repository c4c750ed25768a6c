"""Secrets in streams: every form, every way to cut the stream into pieces, every place to take it up again."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runners.streams.mask import Mask, marker
from runners.streams.secret_forms import forms_of
from tests.depth import examples

TOKEN = "s3cr3t/T0k€n+'q\"x"


def masked(values: dict[str, str], data: bytes) -> bytes:
    return Mask({name: [value] for name, value in values.items()}).whole(data)


def in_pieces(mask: Mask, data: bytes, cuts: list[int]) -> bytes:
    masker = mask.masker()
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return b"".join(masker.feed(data[a:b]) for a, b in pairwise(places)) + masker.end()


@pytest.mark.parametrize(
    "written",
    [
        TOKEN,
        TOKEN.encode().hex(),
        TOKEN.encode().hex().upper(),
        TOKEN.encode().hex(" "),
        TOKEN.encode().hex(":").upper(),
        urllib.parse.quote(TOKEN, safe=""),
        urllib.parse.quote(TOKEN),
        urllib.parse.quote_plus(TOKEN),
        urllib.parse.quote(TOKEN, safe="").replace("%2F", "%2f").replace("%E2%82%AC", "%e2%82%ac").replace("%2B", "%2b")
        .replace("%27", "%27"),
        json.dumps(TOKEN)[1:-1],
        json.dumps(TOKEN, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(TOKEN)[1:-1])[1:-1],
        TOKEN.replace("'", "'\\''"),
        TOKEN.replace("'", "'\"'\"'"),
        TOKEN.replace("'", "\\'").replace('"', '\\"'),
        repr(TOKEN)[1:-1],
    ],
)  # fmt: skip
def test_a_secret_is_masked_as_programs_write_it_down(written: str) -> None:
    found = masked({"TOKEN": TOKEN}, f"before {written} after\n".encode())
    assert found == b"before [secret TOKEN] after\n"


@pytest.mark.parametrize("before", ["", "a", "ab", "user:", "user: "])
@pytest.mark.parametrize("after", ["", "\n", "xyz", ":1"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_masked_wherever_the_secret_begins_in_what_was_encoded(
    before: str, after: str, encode: Callable[[bytes], bytes]
) -> None:
    token = "?>?>-correct-horse-battery-staple-?>?>"
    whole = encode((before + token + after).encode())
    found = masked({"TOKEN": token}, b"Basic " + whole + b" ok")
    assert b"[secret TOKEN]" in found
    # At most the character that shares bits with what stands before, and those that do with what stands after.
    kept = found.replace(b"[secret TOKEN]", b"").removeprefix(b"Basic ").removesuffix(b" ok")
    assert len(kept) <= len(encode((before + after).encode())) + 2


@pytest.mark.parametrize("columns", [76, 64, 60, 7])
@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_line_breaks_inside_base64_and_hex_hide_nothing(columns: int, line_break: bytes) -> None:
    token = "correct-horse-battery-staple-" * 4
    for whole in (base64.b64encode(b"x" + token.encode()), token.encode().hex().encode()):
        cut = line_break.join(whole[at : at + columns] for at in range(0, len(whole), columns))
        found = masked({"TOKEN": token}, b"key:\n" + cut + b"\nend\n")
        assert found.count(b"[secret TOKEN]") == 1
        assert len(found) < 40


def test_an_empty_line_ends_what_may_be_broken_over_lines() -> None:
    code = base64.b64encode(b"correct-horse-battery-staple")
    text = code[:12] + b"\n\n" + code[12:]
    assert masked({"TOKEN": "correct-horse-battery-staple"}, text) == text


def test_each_long_line_of_a_secret_is_masked_alone() -> None:
    key = "-----BEGIN KEY-----\nabcdefghij\nshort\nklmnopqrst\r\n-----END KEY-----\n"
    found = masked({"KEY": key}, b"1 abcdefghij 2 klmnopqrst 3 short\n")
    assert found == b"1 [secret KEY] 2 [secret KEY] 3 short\n"
    assert masked({"KEY": key}, key.encode()) == b"[secret KEY]"


def test_secrets_that_overlap_leave_no_part_of_either() -> None:
    found = masked({"A": "abcdefghij", "B": "ghijklmnop"}, b"<abcdefghijklmnop>")
    assert found == b"<[secret A]>"


def test_a_secret_that_repeats_itself_is_masked_to_its_last_byte() -> None:
    assert masked({"A": "ababab"}, b"<abababab>") == b"<[secret A]>"


def test_what_may_begin_a_secret_is_held_back_and_released_when_it_cannot_be_one() -> None:
    masker = Mask({"TOKEN": ["hunter22"]}).masker()
    assert masker.feed(b"it is hunt") == b"it is "
    assert masker.held_bytes == 4
    assert masker.feed(b"ing") == b"hunting"
    assert masker.feed(b" hunter") == b" "
    assert masker.feed(b"22!") == b"[secret TOKEN]!"
    assert masker.feed(b"hunter2") == b""
    assert masker.end() == b"hunter2"


def test_every_value_that_a_secret_ever_had_is_masked() -> None:
    mask = Mask({"TOKEN": ["first-value", "second-value"]})
    assert mask.whole(b"first-value second-value") == b"[secret TOKEN] [secret TOKEN]"


def test_a_mask_shows_names_and_no_values() -> None:
    assert repr(Mask({"TOKEN": ["hunter22"]})) == "Mask(['TOKEN'])"


def test_text_of_people_and_hosts_is_masked_too() -> None:
    mask = Mask({"TOKEN": ["hünter22"]})
    assert mask.text("the password is hünter22, sorry") == "the password is [secret TOKEN], sorry"
    assert mask.text("nothing here \udc80") == "nothing here \udc80"


_VALUES = st.text(st.sampled_from("abA+/'\"\n €"), min_size=6, max_size=24).filter(lambda v: len(v.strip()) >= 6)
_NOISE = st.binary(max_size=12) | st.text(st.sampled_from("abA+/'\"\n €"), max_size=12).map(str.encode)


@st.composite
def streams(draw: st.DrawFn) -> tuple[dict[str, list[str]], bytes]:
    """Secrets of few letters, so that they overlap, and bytes full of their forms, whole and torn."""
    values = {"A": [draw(_VALUES)], "B": [draw(_VALUES)]}
    forms = sorted({form.text for value in values.values() for form in forms_of(value[0])})
    parts = []
    for _ in range(draw(st.integers(0, 6))):
        parts.append(draw(_NOISE))
        form = draw(st.sampled_from(forms))
        parts.append(form[draw(st.integers(0, 3)) : draw(st.integers(3, len(form)))] if draw(st.booleans()) else form)
    return values, b"".join(parts)


@settings(max_examples=examples(100))
@given(streams(), st.lists(st.integers(0, 400), max_size=12))
@example(({"A": ["ababab"], "B": ["bababa"]}, b"abababababab"), [1, 2, 3, 5, 7])
def test_pieces_change_nothing(stream: tuple[dict[str, list[str]], bytes], cuts: list[int]) -> None:
    values, data = stream
    mask = Mask(values)
    assert in_pieces(mask, data, cuts) == mask.whole(data)


@settings(max_examples=examples(100))
@given(streams(), st.integers(0, 400), st.integers(0, 400))
def test_a_stream_taken_up_again_goes_on_as_if_nothing_had_been(
    stream: tuple[dict[str, list[str]], bytes], first: int, second: int
) -> None:
    values, data = stream
    mask = Mask(values)
    one, two = sorted((min(first, len(data)), min(second, len(data))))
    before = mask.masker()
    out = before.feed(data[:one]) + before.feed(data[one:two])
    written = two - before.held_bytes
    begin = max(0, written - mask.context_bytes)
    again = mask.masker(already=written - begin)
    out += again.feed(data[begin:two]) + again.feed(data[two:]) + again.end()
    assert out == mask.whole(data)


@settings(max_examples=examples(100))
@given(streams())
def test_no_form_of_a_secret_is_left(stream: tuple[dict[str, list[str]], bytes]) -> None:
    values, data = stream
    rest = Mask(values).whole(data)
    # What stands on two sides of a marker never was one text.
    for part in rest.replace(marker("A"), b"\0\0\0").replace(marker("B"), b"\0\0\0").split(b"\0\0\0"):
        for value in values.values():
            for form in forms_of(value[0]):
                assert form.text not in part
