"""Requests as shell lines: what arrives, what is refused, and that a torn line does nothing."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.model.definition import Shell
from runners.model.limits import Limits
from runners.remote import request
from runners.remote.handshake import compact
from runners.remote.request import RequestRefused, quote
from tests.unit.remote_shells import SHELLS, SUPERVISOR

# A request with everything that could make a prefix look whole: arguments that are dots, quotes, line breaks.
TEMPTING = request.start(
    7,
    key="u.1.1.1",
    script="echo 'a' .\n.\n'.'\n",
    env={"A": ".", "B": "it's\n.", "C": ""},
    dir="/tmp/it's here",
    workdir="u.1.1",
    timeout_s=1.5,
    label="alice deploy/1 .",
    shell=Shell.BASH,
    login=True,
)


def test_a_request_names_its_verb_its_number_and_how_many_words_it_has() -> None:
    assert request.seal(3, "u.1.1.1") == b"od 5 seal 3 'u.1.1.1' .\n"
    assert request.fetch(4, "u.1.1.1", 5, 6) == b"od 7 fetch 4 'u.1.1.1' '5' '6' .\n"
    assert request.ping(1) == b"od 4 ping 1 .\n"
    assert request.follow("u.1.1.1", 12) == b"f u.1.1.1 12\n"


def test_a_time_limit_travels_in_hundredths_and_none_means_no_limit() -> None:
    def limit_of(timeout_s: float | None) -> bytes:
        line = request.start(1, key="k", script="x", env={}, dir=None, workdir="w", timeout_s=timeout_s, label="")
        return line.split(b"'")[7]

    assert [limit_of(limit) for limit in (None, 0.001, 1.0, 90.0)] == [
        *(b"0 0 0 0 0", b"1 0 0 0 0", b"100 0 0 0 0", b"9000 0 0 0 0"),
    ]


def test_limits_travel_in_the_units_of_the_shell_and_never_round_up_or_down_to_none() -> None:
    def limits_of(limits: Limits, log_limit_bytes: int | None) -> bytes:
        line = request.start(
            1, key="k", script="x", env={}, dir=None, workdir="w", timeout_s=None, label="", limits=limits,
            log_limit_bytes=log_limit_bytes,
        )  # fmt: skip
        return line.split(b"'")[7]

    assert limits_of(Limits(cpu_percent=150, memory_bytes=512_000_000, nice=10), 10_000_000) == b"0 19531 500000 150 10"
    assert limits_of(Limits(memory_bytes=1, nice=0), 1) == b"0 1 1 0 0"


@pytest.mark.parametrize("name", ["A-B", "1A", "", "A B", "A=B", "UID", "OPTIND", "IFS", "_", "od_key", "Ä"])
def test_names_that_a_shell_cannot_export_as_given_are_refused(name: str) -> None:
    with pytest.raises(RequestRefused, match="environment variable"):
        request.start(1, key="k", script="", env={name: "x"}, dir=None, workdir="", timeout_s=None, label="")


@pytest.mark.parametrize(("env", "script"), [({"A": "x" * 131_070}, ""), ({"A": "a\0b"}, ""), ({}, "echo \0")])
def test_what_linux_cannot_take_is_refused_before_anything_is_sent(env: dict[str, str], script: str) -> None:
    with pytest.raises(RequestRefused):
        request.start(1, key="k", script=script, env=env, dir=None, workdir="", timeout_s=None, label="")


def test_a_variable_leaves_room_for_its_longer_name_while_a_profile_is_read() -> None:
    def line_of(*, login: bool) -> bytes:
        env = {"A": "x" * (131_071 - 2)}
        return request.start(
            1, key="k", script="", env=env, dir=None, workdir="", timeout_s=None, label="", login=login
        )

    assert len(line_of(login=False)) > 131_071
    with pytest.raises(RequestRefused, match="longer than 131064 bytes"):
        line_of(login=True)


@pytest.mark.parametrize("key", ["", "../x", "a/b", ".x", "-x", "a b", "a\nb", "a'b", "x" * 121])
def test_a_key_that_is_no_plain_file_name_is_refused(key: str) -> None:
    for build in (request.seal, lambda number, key: request.ask(number, [key])):
        with pytest.raises(RequestRefused):
            build(1, key)
    with pytest.raises(RequestRefused):
        request.remove_workdirs(1, [key])


def test_a_label_is_one_short_line_whatever_it_was() -> None:
    line = request.start(
        1, key="k", script="x", env={}, dir=None, workdir="", timeout_s=None, label="a\nb\t" + "c" * 500
    )
    assert b"'a b " in line
    assert b"c" * 197 not in line


@given(st.binary(max_size=300).filter(lambda data: b"\0" not in data))
def test_quoting_leaves_nothing_for_the_shell_to_interpret(data: bytes) -> None:
    quoted = quote(data)
    assert quoted[:1] == quoted[-1:] == b"'"
    assert quoted[1:-1].replace(b"'\\''", b"") == data.replace(b"'", b"")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_byte_comes_back_from_the_shell_as_it_went_in(shell: tuple[str, ...]) -> None:
    every_byte = bytes(range(1, 256))
    data = every_byte + b"'" + every_byte[::-1] + b"\\'\n\n"
    done = subprocess.run(shell, input=b"printf %s " + quote(data), capture_output=True, check=True)
    assert done.stdout == data


@pytest.mark.parametrize("shell", SHELLS)
def test_no_prefix_of_a_request_runs_anything(shell: tuple[str, ...]) -> None:
    # The dispatcher itself, with every verb replaced by a line on stdout.
    loud = SUPERVISOR + b"\nod_start() { echo ran; }\nexec 5>&1 2>/dev/null\n"
    loaded = b"eval " + quote(compact(loud)) + b"\n"
    whole = subprocess.run(shell, input=loaded + TEMPTING, capture_output=True, check=False)
    assert whole.stdout == b"ran\n"
    # Cut off where the line's last byte, the line feed, is missing, it is complete: its last word is the dot.
    for end in range(len(TEMPTING) - 2):
        done = subprocess.run(shell, input=loaded + TEMPTING[:end], capture_output=True, check=False)
        assert done.stdout == b"", TEMPTING[:end]


@pytest.mark.parametrize("shell", SHELLS)
def test_no_prefix_of_the_supervisor_defines_anything(shell: tuple[str, ...]) -> None:
    loaded = b"eval " + quote(compact(SUPERVISOR)) + b"\n"
    probe = b"\nod 4 ping 1 .\n"
    for end in (10, 500, len(loaded) // 2, len(loaded) - 3, len(loaded) - 2):
        done = subprocess.run(shell, input=loaded[:end] + probe, capture_output=True, check=False)
        assert done.stdout == b"", end
