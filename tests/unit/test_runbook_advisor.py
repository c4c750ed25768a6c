"""Facts of a failure in, page and first bad line out."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from runbooks.advisor import RunbookAdvisor
from runbooks.library import load_library
from runbooks.page import KINDS
from runners.ports.failure_advisor import Advice, FailureAdvisor, FailureFacts

ADVISOR: FailureAdvisor = RunbookAdvisor(load_library())

FACTS = FailureFacts(
    pipeline="deploy-api",
    stage="rollout",
    job="release",
    host="web3",
    task="restart",
    kind="exit",
    exit_code=1,
    log_tail=(
        "+ sudo systemctl restart api",
        "stopping api.service",
        "\x1b[31mbind: address already in use (0.0.0.0:8080)\x1b[0m",
        "api: cannot start listener http-public",
        "Main process exited, code=exited, status=1/FAILURE",
        "api.service: failed with result 'exit-code'",
    ),
)


def test_the_page_its_reason_its_section_and_the_failing_line_come_in_one_answer() -> None:
    assert ADVISOR.advise(FACTS) == Advice(
        page="port-in-use",
        section="Diagnosis",
        score=0.9,
        why="log matches 'address already in use'",
        first_line="bind: address already in use (0.0.0.0:8080)",
        first_line_index=2,
    )


def test_no_page_is_better_than_a_wrong_page_and_the_line_is_still_found() -> None:
    facts = replace(FACTS, log_tail=("step one", "Error: the moon is too close", "bye"))
    assert ADVISOR.advise(facts) == Advice(
        page=None, first_line="Error: the moon is too close", first_line_index=1
    )  # fmt: skip


def test_an_empty_log_gives_no_line() -> None:
    assert ADVISOR.advise(replace(FACTS, log_tail=())) == Advice(page=None)
    assert ADVISOR.advise(replace(FACTS, log_tail=("", " ", "\x1b[0m"))) == Advice(page=None)


def test_a_linked_page_wins_and_its_pattern_names_the_line() -> None:
    facts = replace(FACTS, explicit="disk-full", log_tail=("fatal: early noise", *FACTS.log_tail, "x: ENOSPC"))
    got = ADVISOR.advise(facts)
    assert (got.page, got.score, got.why) == ("disk-full", 1.0, "linked by rollout/release")
    assert got.first_line == "bind: address already in use (0.0.0.0:8080)"
    with_match = ADVISOR.advise(replace(facts, log_tail=(*facts.log_tail, "cp: No space left on device", "late")))
    assert with_match.first_line == "cp: No space left on device"


def test_a_link_to_a_page_that_is_not_there_is_said_and_the_match_still_helps() -> None:
    got = ADVISOR.advise(replace(FACTS, explicit="api-restart"))
    assert got.page == "port-in-use"
    assert got.why == (
        "log matches 'address already in use'; rollout/release links api-restart, which is not in the library"
    )
    alone = ADVISOR.advise(replace(FACTS, explicit="api-restart", log_tail=()))
    assert (alone.page, alone.why) == (None, "rollout/release links api-restart, which is not in the library")


def test_without_a_log_the_kind_or_the_exit_code_still_finds_a_page() -> None:
    full = ADVISOR.advise(replace(FACTS, kind="disk_full", exit_code=None, log_tail=()))
    assert (full.page, full.why, full.score) == ("disk-full", "kind is disk_full", 0.45)
    missing = ADVISOR.advise(replace(FACTS, exit_code=127, log_tail=("bye",)))
    assert (missing.page, missing.why, missing.first_line) == ("command-not-found", "exit code is 127", "bye")


def test_what_the_log_says_beats_what_the_exit_code_suggests() -> None:
    got = ADVISOR.advise(replace(FACTS, exit_code=127, log_tail=("dash: 1: nc: Permission denied",)))
    assert got.page == "permission-denied"


def test_a_line_is_given_at_most_512_characters_long() -> None:
    got = ADVISOR.advise(replace(FACTS, log_tail=("error: " + "x" * 100_000,)))
    assert len(got.first_line) == 512


def test_ranking_shows_every_page_that_helps_with_its_reason() -> None:
    advisor = RunbookAdvisor(load_library())
    facts = replace(FACTS, exit_code=127, log_tail=("sh: 1: jq: not found", "cp: No space left on device"))
    assert [(match.page.id, match.why) for match in advisor.rank(facts)] == [
        ("disk-full", "log matches 'No space left on device'"),
        ("command-not-found", "log matches 'sh: 1: jq: not found'"),
    ]


@settings(max_examples=150, deadline=None)
@given(
    lines=st.lists(
        st.one_of(
            st.text(max_size=60),
            st.text(alphabet="\x1b[]0;m\r\n\x9b\x07\ud800a", max_size=40),
            st.sampled_from(["error", "address already in use", "sh: 1: x: not found", "EACCES", "Permission denied"]),
        ),
        max_size=12,
    ),
    kind=st.sampled_from(KINDS),
    code=st.none() | st.integers(-1, 300),
    explicit=st.none() | st.text(max_size=5) | st.just("disk-full"),
)
def test_no_text_crashes_the_advisor_and_its_answer_holds_together(
    lines: list[str], kind: str, code: int | None, explicit: str | None
) -> None:
    facts = replace(FACTS, log_tail=tuple(lines), kind=kind, exit_code=code, explicit=explicit)
    got = ADVISOR.advise(facts)
    assert got == ADVISOR.advise(facts)
    assert 0 <= got.score <= 1
    assert (got.score > 0) == (got.page is not None)
    assert got.page is None or got.why
    assert (got.first_line_index is None) == (got.first_line == "")
    assert got.first_line_index is None or 0 <= got.first_line_index < len(lines)
    assert not any(ord(char) < 32 and char != "\t" for char in got.first_line)


def test_hostile_lines_take_no_longer_than_plain_ones_of_their_size() -> None:
    """No clock: with a backtracking engine or a quadratic scan this would not end within the test's time limit."""
    for line in (
        "a" * 5_000_000,
        "error " * 800_000,
        "\x1b[" * 2_000_000,
        "\x1b]" * 2_000_000,
        "\r" * 4_000_000,
        "sh: " * 1_000_000,
        "env: " * 1_000_000,
        "(" * 4_000_000,
        "/" * 4_000_000,
        ":" * 4_000_000,
        "0:" * 2_000_000,
    ):
        ADVISOR.advise(replace(FACTS, log_tail=(line, *[line[:20_000]] * 20)))
