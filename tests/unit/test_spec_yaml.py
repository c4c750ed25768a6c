"""YAML as people write it: what cannot be read is named with its place and its mend."""

from __future__ import annotations

import pytest

from runners.spec.nodes import MAX_FILE_BYTES, Map, Scalar, Seq, read_tree
from tests.unit.spec_texts import HEAD, STAGE, accepted, one_job, refused, with_top

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "p.yaml:1:1  the file is empty"),
        ("# nothing yet\n", "p.yaml:1:1  the file is empty"),
        ("- a\n", "p.yaml:1:1  the file must be a mapping (key: value lines), not a list"),
        ("hello", "p.yaml:1:1  the file must be a mapping (key: value lines), not one text"),
        ("a: b\nc: \0\n", "p.yaml:2:4  a NUL is not allowed in YAML; write an escape between double quotes"),
        (
            "a: b\n c\x1b\n",
            "p.yaml:2:3  the character U+001B is not allowed in YAML; write an escape between double quotes",
        ),
        (b"a: b\nname: caf\xe9\n", "p.yaml:2:10  byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("version: 1".encode("utf-16"), "p.yaml:1:1  the file is UTF-16; save it as UTF-8"),
        ("\ud800", "p.yaml:1:1  byte 0xed is not UTF-8; save the file as UTF-8"),
        (BOMB, "p.yaml:6:8  aliases make more than 100,000 values out of this file"),
        ("a: " + "[" * 100 + "]" * 100, "p.yaml:1:43  values are nested more than 40 levels deep"),
        ("[" * 200_000, "p.yaml:1:41  values are nested more than 40 levels deep"),
        (one_job("hosts: 'a"), "p.yaml:7:16  this quote is never closed"),
        (one_job("hosts: [a, b"), 'p.yaml:7:16  this "[" is not closed by "]", or a "," is missing before line 8'),
        (
            one_job("hosts: local", "tasks:", '  - run: "\\d"'),
            'p.yaml:9:19  "\\d" is no escape that YAML knows; between single quotes a backslash is itself',
        ),
        (
            one_job("hosts: local", "tasks:", "  - run: echo a: b"),
            'p.yaml:9:24  a second ": " in one line; quote the whole value, or write it as a block after "|"',
        ),
        (
            one_job("hosts: local", " tasks: []"),
            "p.yaml:8:10  this line is indented deeper than the one above, which has its value already",
        ),
        (
            one_job("hosts: local", "tasks:", "  - run: [ -f x ] && rm x"),
            'p.yaml:9:18  a text that begins with "[" must be quoted, or written as a block after "|"',
        ),
        (
            one_job("hosts: local", "tasks:", "  - run: 'it's'"),
            'p.yaml:9:22  text goes on after a closing quote; write it as a block after "|", '
            "or quote it once as a whole",
        ),
        (
            one_job("hosts: local", "tasks:", "  - run: | grep x"),
            'p.yaml:9:20  after "|" or ">" the text begins on the next line',
        ),
        (
            one_job("  hosts: local", "tasks: []"),
            "p.yaml:8:9  the indentation does not fit the lines above, or a quote is missing",
        ),
        (one_job("hosts: - a"), 'p.yaml:7:16  a list cannot start here; begin it on a line of its own with "- "'),
        (one_job("hosts: @web"), 'p.yaml:7:16  a text that begins with "@" must be quoted'),
        (one_job("hosts: *"), "p.yaml:7:16  \"*\" must be quoted: write '*'"),
        (one_job("hosts: *:web"), "p.yaml:7:16  \"*:web\" must be quoted: write '*:web'"),
        (one_job("hosts: !web[0]"), "p.yaml:7:16  \"!web[0]\" must be quoted: write '!web[0]'"),
        (one_job("hosts: [web[0], db]"), "p.yaml:7:17  \"web[0]\" must be quoted here: write 'web[0]'"),
        (
            HEAD + STAGE + "      build: {hosts: web[0]}\n",
            "p.yaml:6:22  \"web[0]\" must be quoted here: write 'web[0]'",
        ),
    ],
)
def test_text_that_cannot_be_read_is_one_line_with_its_place(text: str | bytes, line: str) -> None:
    assert refused(text) == [line]


def test_file_of_more_than_two_mebibytes_is_refused_unread() -> None:
    assert refused(b"#" * (MAX_FILE_BYTES + 1)) == [
        "p.yaml:1:1  the file is 2,097,153 bytes long; at most 2 MiB are read"
    ]


def test_byte_order_mark_and_windows_line_ends_are_no_problem() -> None:
    text = one_job("hosts: local", "tasks: [{run: x}]").replace("\n", "\r\n")
    assert accepted(b"\xef\xbb\xbf" + text.encode()).name == "demo"


def test_every_line_that_is_indented_with_a_tab_is_named() -> None:
    assert refused(HEAD + STAGE + "\tbuild:\n  \thosts: local\n") == [
        "p.yaml:6:1  a tab; YAML is indented with spaces",
        "p.yaml:7:3  a tab; YAML is indented with spaces",
    ]


def test_second_document_is_refused_where_it_starts() -> None:
    text = one_job("hosts: local", "tasks: [{run: x}]")
    assert refused(text + "---\na: 1\n") == ["p.yaml:9:1  a second document starts here; one file holds one document"]


def test_key_written_twice_is_named_with_the_first_line() -> None:
    assert refused(one_job("hosts: local", "tasks: [{run: x}]", "hosts: local")) == [
        "p.yaml:9:9  stages[0].jobs.build.hosts: the key is written twice; it stands in line 7 already"
    ]


@pytest.mark.parametrize(
    ("hosts", "text"),
    [
        ("*web", 'no anchor &web stands before "*web"; if it is text, quote it'),
        ("!web3", '"!web3" is read as a YAML tag, not as text; quote it'),
        ("&web", '"&web" is read as an anchor without a value; quote it'),
        (
            "!!python/object:os.system x",
            'YAML tags such as "!!python/object:os.system" have no meaning here; remove it, or quote the value',
        ),
    ],
)
def test_unquoted_sign_before_a_pattern_is_answered_with_quote_it(hosts: str, text: str) -> None:
    assert refused(one_job(f"hosts: {hosts}", "tasks: [{run: x}]")) == [
        f"p.yaml:7:16  stages[0].jobs.build.hosts: {text}"
    ]


def test_unquoted_braces_are_named_once() -> None:
    assert refused(one_job("hosts: local", "dir: {{ params.x }}", "tasks: [{run: x}]")) == [
        'p.yaml:8:14  stages[0].jobs.build.dir: "{{" begins a mapping in YAML; quote the whole value'
    ]


def test_keys_must_be_text() -> None:
    text = with_top("? [a]", ": b", "? {a: b}", ": c", "*x : d")
    assert refused(text) == [
        "p.yaml:3:3  a key must be text, not a list",
        "p.yaml:5:3  a key must be text, not a mapping",
        'p.yaml:7:1  a key must be text, not the alias "*x"',
    ]


def test_alias_inside_its_own_anchor_is_refused() -> None:
    assert refused(with_top("env: &e {A: *e}")) == ['p.yaml:3:13  env.A: "*e" stands inside its own anchor']


def test_what_a_map_says_itself_wins_over_what_it_merges_and_the_earlier_map_over_the_later() -> None:
    tree, problems = read_tree("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {z: 3, <<: [*a, *b]}\n", "p.yaml")
    assert problems == []
    assert tree is not None
    assert tree["c"] == {"x": "1", "y": "1", "z": "3"}
    assert isinstance(tree["c"], Map)
    assert tree["c"].key_places == {"x": (1, 8), "y": (1, 14), "z": (3, 5)}


def test_two_merges_in_one_map_and_a_merge_of_text_are_refused() -> None:
    assert refused(
        HEAD
        + STAGE
        + "      a: &a {hosts: local, tasks: [{run: x}]}\n"
        + "      b:\n        <<: *a\n        <<: *a\n"
        + "      c:\n        <<: 3\n        hosts: local\n        tasks: [{run: x}]\n"
    ) == [
        "p.yaml:9:9  stages[0].jobs.b.<<: is written twice in one mapping; write one with a list: <<: [*a, *b]",
        "p.yaml:11:9  stages[0].jobs.c.<<: must name a mapping, or a list of mappings",
    ]


def test_problem_in_a_merged_map_is_said_once_where_it_was_written() -> None:
    text = HEAD + STAGE + "      a: &a {hosts: local, retrys: 3, tasks: [{run: x}]}\n      b: {<<: *a, hosts: local}\n"
    assert refused(text) == ['p.yaml:6:28  stages[0].jobs.a.retrys: unknown key, did you mean "retry"?']


def test_tree_remembers_places_and_quotes() -> None:
    tree, problems = read_tree("a: [8080, '8080']\n", "p.yaml", line_offset=10)
    assert problems == []
    assert tree is not None
    (listed,) = [tree["a"]]
    assert isinstance(listed, Seq)
    first, second = listed
    assert isinstance(first, Scalar)
    assert isinstance(second, Scalar)
    assert (first.line, first.column, first.plain) == (11, 5, True)
    assert (second.line, second.column, second.plain) == (11, 11, False)


@pytest.mark.parametrize(
    "plain",
    ["8080", "-1", "1.10", "1.0", "true", "False", "2026-10-01", "1e3", "0o17", "y", "a b", "10s", "v1.2", "web:db"],
)
def test_plain_scalar_without_surprise_is_taken_as_it_was_typed(plain: str) -> None:
    assert accepted(with_top(f"env: {{A: {plain}}}")).env == {"A": plain}


@pytest.mark.parametrize(
    ("plain", "read"),
    [
        ("no", "false"),
        ("Yes", "true"),
        ("on", "true"),
        ("off", "false"),
        ("012", "the number 10"),
        ("0x1F", "the number 31"),
        ("1_000", "the number 1000"),
        ("12:30:00", "the number 45000"),
        (".inf", "the number inf"),
        ("2026-10-01 12:00:00", "a point in time"),
        ("=", "a sign of its own"),
    ],
)
def test_plain_scalar_that_yaml_reads_as_something_else_is_answered_with_quote_it(plain: str, read: str) -> None:
    assert refused(with_top(f"env: {{A: {plain}}}")) == [
        f"p.yaml:3:10  env.A: YAML reads {plain} as {read}; quote it: '{plain}'"
    ]
    assert accepted(with_top(f"env: {{A: '{plain}'}}")).env == {"A": plain}


@pytest.mark.parametrize("plain", ["", "~", "null"])
def test_text_field_without_a_value_is_refused(plain: str) -> None:
    problem = refused(with_top("env:", f"  A: {plain}"))
    assert problem == ["p.yaml:4:3  env.A: has no value; give it one, or remove the key"]
