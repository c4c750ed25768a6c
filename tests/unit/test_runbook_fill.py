"""Values in a step's command: quoted, with their origin, and never where a quote would let them run."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runbooks.fill import FillFacts, fill
from runbooks.placeholders import find_placeholders

FACTS = FillFacts(
    host_name="web3",
    host_address="10.0.0.13",
    run_id="deploy-api/42",
    job="rollout/release",
    task="restart",
    exit_code=1,
    params={"release": "2.4.1", "note": "it's; rm -rf ~"},
)


def test_known_values_are_filled_in_and_say_where_they_come_from() -> None:
    got = fill("curl http://{{ host.address }}/ # x\necho {{job}} {{ params.release }} {{ exit_code }}", FACTS)
    assert got.text == "curl http://10.0.0.13/ # x\necho rollout/release 2.4.1 1"
    assert got.complete
    assert [(value.name, value.value, value.origin) for value in got.values] == [
        ("host.address", "10.0.0.13", "the inventory"),
        ("job", "rollout/release", "this job run"),
        ("params.release", "2.4.1", "the params of this run"),
        ("exit_code", "1", "the failed task"),
    ]


def test_a_value_that_is_not_a_plain_word_is_shell_quoted() -> None:
    assert fill("echo {{ params.note }}", FACTS).text == """echo 'it'"'"'s; rm -rf ~'"""
    assert fill("echo {{ params.e }}", FillFacts(params={"e": ""})).text == "echo ''"


@pytest.mark.parametrize(
    "command",
    [
        'echo "{{ params.note }}"',
        "echo '{{ params.note }}'",
        "echo `ls {{ params.note }}`",
        "echo \\{{ params.note }}",
        "echo ${{ params.note }}",
        'echo "$(ls {{ params.note }})"',
        "cat <<E\n{{ params.note }}\nE",
        "ls # {{ params.note }}",
    ],
)
def test_inside_quotes_nothing_is_filled_in(command: str) -> None:
    got = fill(command, FACTS)
    assert got.text == command
    assert not got.complete
    assert [(missing.name, missing.why) for missing in got.missing] == [
        ("params.note", "stands inside quotes, a comment or a here-document")
    ]


@pytest.mark.parametrize("command", ["ls # don't\necho {{ task }}", "ls a#b'c' {{ task }}", "echo '#' {{ task }}"])
def test_a_comment_or_a_closed_quote_before_it_does_not_matter(command: str) -> None:
    assert fill(command, FACTS).complete


def test_what_is_not_known_stays_as_it_was_written_and_is_named() -> None:
    got = fill("ping {{ host.name }} {{ params.nope }}", FillFacts())
    assert got.text == "ping {{ host.name }} {{ params.nope }}"
    assert [(missing.name, missing.why) for missing in got.missing] == [
        ("host.name", "is not known here"),
        ("params.nope", "is not known here"),
    ]


@pytest.mark.parametrize("value", ["a\nb", "a\x1b[31m", "\u202eb"])
def test_a_value_with_invisible_characters_is_never_filled_in(value: str) -> None:
    got = fill("echo {{ task }}", FillFacts(task=value))
    assert got.text == "echo {{ task }}"
    assert got.missing[0].why == "has characters that cannot be shown"


def test_a_command_without_placeholders_comes_back_unchanged() -> None:
    command = "docker ps --format '{{.Names}}' | awk '{ print $1 }'"
    assert fill(command, FACTS).text == command
    assert list(find_placeholders(command)) == []


_SHELLY = st.text(alphabet="ab '\"\\`$#;&|(){}<\n", max_size=12)


@settings(max_examples=60, deadline=None)
@given(before=_SHELLY, value=st.text(alphabet="a '\"\\`$();|&-~*", max_size=10))
@example(before="$", value="a'$(:)")
@example(before='"\'"', value="';x")
def test_a_filled_value_reaches_the_shell_as_one_argument_byte_for_byte(before: str, value: str) -> None:
    """Judged by real shells: whatever the author wrote before it, a value is an argument or it is not filled in."""
    command = f"printf '[%s]' {before}{{{{ params.v }}}}"
    got = fill(command, FillFacts(params={"v": value}))
    if not got.complete:
        return
    shell = shutil.which("dash") or "/bin/sh"
    # The same text with a harmless word shows what the author's part means; the value may change nothing else.
    plain = command.replace("{{ params.v }}", "W")
    ours = subprocess.run([shell, "-nc", got.text], capture_output=True, check=False)
    theirs = subprocess.run([shell, "-nc", plain], capture_output=True, check=False)
    assert (ours.returncode == 0) == (theirs.returncode == 0)
    if before.strip("ab ") == "":
        out = subprocess.run([shell, "-c", got.text], capture_output=True, check=True).stdout.decode()
        assert value in out
