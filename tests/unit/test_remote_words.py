"""What hosts say, taken apart: noise before the hello, lines, results and frames."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.remote.frames import Chunk, FrameError, FrameParser
from runners.remote.handshake import NoiseSkipper, Opened, Ready, Refused, StateFolder, compact, hello, load
from runners.remote.notices import CancelNotice, Finished, KeyReport, LineSplitter, Reply, parse_notice
from runners.remote.result import parse_result, signal_name

NONCE = "0123456789abcdef"
DONE = "R x 3 4096 0 - 179531078022 179531078125 7 12 41208p ."


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(st.binary(max_size=200), st.lists(st.integers(min_value=0), max_size=6))
def test_noise_before_the_nonce_is_dropped_wherever_the_reads_end(noise: bytes, cuts: list[int]) -> None:
    skipper = NoiseSkipper(NONCE)
    rest = b""
    found = False
    for piece in in_pieces(noise + b"\n" + NONCE.encode() + b"\nX open", cuts):
        if found:
            rest += piece
        elif (after := skipper.feed(piece)) is not None:
            found, rest = True, after
    assert found
    assert rest == b"X open"


def test_an_echo_of_the_hello_is_not_its_answer() -> None:
    assert NoiseSkipper(NONCE).feed(b"$ " + hello(NONCE)) is None


def test_the_supervisor_goes_out_as_one_quoted_word_without_its_comments() -> None:
    line = load(b"# why\nf() {\n  # because\n  echo 'x'\n}\n", NONCE, "helper")
    assert line == b"eval 'f() {\necho '\\''x'\\''\n}\n'\nod_open 0123456789abcdef helper .\n"
    assert compact(b"a \\\n    b\n") == b"a \\\nb\n"


@given(st.lists(st.sampled_from([b"A 1 ok", b"", b"X ready", b"\xff\xfe"]), max_size=5), st.lists(st.integers(0)))
def test_lines_are_whole_wherever_the_reads_end(lines: list[bytes], cuts: list[int]) -> None:
    splitter = LineSplitter()
    data = b"".join(line + b"\n" for line in lines) + b"not yet"
    found = [line for piece in in_pieces(data, cuts) for line in splitter.feed(piece)]
    assert found == [line.decode("utf-8", "replace") for line in lines]


def test_each_line_of_the_protocol_has_its_meaning() -> None:
    result = parse_result(DONE)
    assert parse_notice("A 12 started") == Reply(number=12, word="started")
    assert parse_notice(f"N u.1.1.1 {DONE} ") == Finished(key="u.1.1.1", result=result)
    assert parse_notice(f"K 4 u.1.1.1 done {DONE} /srv") == KeyReport(
        number=4, key="u.1.1.1", phase="done", log_bytes=4096, result=result, reason=""
    )
    assert parse_notice("K - u.1.1.1 lost 17 rebooted") == KeyReport(
        number=None, key="u.1.1.1", phase="lost", log_bytes=17, result=None, reason="rebooted since"
    )
    assert parse_notice("K 4 u.1.1.1 absent 0 ") == KeyReport(
        number=4, key="u.1.1.1", phase="absent", log_bytes=0, result=None, reason=""
    )
    assert parse_notice("C u.1.1.1 term ") == CancelNotice(key="u.1.1.1", step="term")
    assert parse_notice("C u.1.1.1 survivor 77 root sleep 100 ") == CancelNotice(
        key="u.1.1.1", step="survivor", pid=77, user="root", command="sleep 100"
    )
    assert parse_notice("X open n b-1 179531078022 alice") == Opened(
        nonce="n", boot_id="b-1", host_time_s=1795310780.22, user="alice"
    )
    assert parse_notice("X folder /home/a b/.local") == StateFolder(path="/home/a b/.local")
    assert parse_notice("X ready") == Ready()
    assert parse_notice("X refused nosetsid") == Refused(why="it has no setsid program, which the supervisor needs")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "A x ok",
        "K 1 k what 0",
        "K 1 k done R x 3",
        "N k R x 3 4 0 - 1 2",
        "K 1 k lost x",
        "C k",
        "X open n",
    ],
)
def test_noise_has_no_meaning(line: str) -> None:
    assert parse_notice(line) is None


@given(st.text(max_size=80))
def test_no_line_that_a_host_prints_can_raise(line: str) -> None:
    parse_notice(line)


def test_a_result_is_read_to_its_closing_mark() -> None:
    result = parse_result(DONE)
    assert (result.exit_code, result.signal, result.error) == (3, None, None)
    assert (result.log_bytes, result.log_cut, result.timed_out, result.cancelled) == (4096, False, False, False)
    assert (result.started_at, result.ended_at, result.cpu_s) == (1795310780.22, 1795310781.25, 0.07)
    assert result.output_bytes == 12
    for end in range(len(DONE) - 1):
        with pytest.raises(ValueError, match=r"not a result|invalid literal"):
            parse_result(DONE[:end])


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("R e nodir 0 0 - 1 2 0 0 . /srv/a b", "folder /srv/a b is not there"),
        ("R e noenter 0 0 - 1 2 0 0 . /root", "folder /root cannot be entered"),
        ("R e nowork 0 0 - 1 2 0 0 .", "the work folder could not be made"),
        (
            "R e noearlier 0 0 - 1 2 0 0 .",
            "what earlier jobs wrote could not be put on the host (disk full?)",
        ),
        ("R e nostart 0 0 - 1 2 0 0 .", "the host could not start another process"),
    ],
)
def test_our_own_faults_are_said_in_words(line: str, error: str) -> None:
    result = parse_result(line)
    assert (result.error, result.exit_code, result.signal) == (error, None, None)


@pytest.mark.parametrize(
    ("memory", "peak_bytes", "peak_of"),
    [("41208p", 42_196_992, "process"), ("1024c", 1_048_576, "job"), ("-", None, "")],
)
def test_a_result_says_how_much_memory_was_used_and_of_what_the_figure_is(
    memory: str, peak_bytes: int | None, peak_of: str
) -> None:
    result = parse_result(f"R x 0 9 0 - 1 2 250 0 {memory} . /srv")
    assert (result.cpu_s, result.memory_peak_bytes, result.memory_peak_of) == (2.5, peak_bytes, peak_of)


@pytest.mark.parametrize("memory", ["p", "41208", "12x", "-5", "p12", "1e3p"])
def test_a_peak_that_is_none_makes_no_result(memory: str) -> None:
    with pytest.raises(ValueError, match=r"not a peak|invalid literal"):
        parse_result(f"R x 0 9 0 - 1 2 250 0 {memory} .")


def test_a_result_from_before_memory_was_measured_is_read() -> None:
    result = parse_result("R x 0 9 0 - 1 2 250 7 . . and a folder")
    assert (result.cpu_s, result.memory_peak_bytes, result.output_bytes) == (2.5, None, 7)


@pytest.mark.parametrize(
    ("how", "timed_out", "cancelled", "cut"),
    [("0 T", True, False, False), ("1 C", False, True, True), ("1 -", False, False, True)],
)
def test_a_result_says_who_ended_it_and_whether_output_is_missing(
    how: str, timed_out: bool, cancelled: bool, cut: bool
) -> None:
    result = parse_result(f"R x 143 9 {how} 1 2 0 0 .")
    assert (result.signal, result.exit_code) == ("TERM", None)
    assert (result.timed_out, result.cancelled, result.log_cut) == (timed_out, cancelled, cut)


def test_statuses_above_128_are_signals_where_there_is_one_of_that_number() -> None:
    assert [signal_name(status) for status in (0, 125, 128, 137, 143, 255)] == [None, None, None, "KILL", "TERM", None]
    assert signal_name(128 + 34) == "RTMIN+0"
    assert signal_name(160) is None


@given(
    st.lists(st.tuples(st.sampled_from(["k1", "k2"]), st.binary(min_size=1, max_size=50)), max_size=5),
    st.lists(st.integers(min_value=0), max_size=8),
)
def test_frames_come_apart_into_the_same_logs_wherever_the_reads_end(
    frames: list[tuple[str, bytes]], cuts: list[int]
) -> None:
    stream, logs = b"X ready\n", {"k1": b"", "k2": b""}
    for key, data in frames:
        stream += f"F {key} {len(logs[key])} {len(data)}\n".encode() + data + b"K - k done\n"
        logs[key] += data
    parser = FrameParser()
    seen, lines = {"k1": b"", "k2": b""}, []
    for piece in in_pieces(stream, cuts):
        for found in parser.feed(piece):
            if isinstance(found, Chunk):
                assert found.offset == len(seen[found.key])
                seen[found.key] += found.data
            else:
                lines.append(found)
    assert seen == logs
    assert lines == ["X ready", *["K - k done"] * len(frames)]


@pytest.mark.parametrize("garbage", [b"F k 0\n", b"F k x 1\n", b"F k 0 -1\n", b"y" * 5000])
def test_a_stream_that_is_none_is_not_believed(garbage: bytes) -> None:
    with pytest.raises(FrameError):
        FrameParser().feed(garbage)
