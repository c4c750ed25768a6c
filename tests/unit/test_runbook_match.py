"""Which page comes first, and why: the ordering rule of LANGUAGE.md."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbooks.match import Matcher, PageMatch
from runbooks.page import MatchRule, Page
from runbooks.tail import Tail
from runners.ports.failure_advisor import FailureFacts

FACTS = FailureFacts(
    pipeline="deploy-api",
    stage="rollout",
    job="release",
    host="web3",
    task="restart",
    kind="exit",
    exit_code=1,
    labels={"zone": "a"},
    log_tail=("starting", "bind: address already in use (0.0.0.0:8080)", "bye"),
)


def make(page_id: str, *rules: dict[str, Any]) -> Page:
    return Page(id=page_id, title=page_id, rules=tuple(MatchRule(**rule) for rule in rules))


def rank(*pages: Page, facts: FailureFacts = FACTS) -> tuple[PageMatch, ...]:
    return Matcher(pages).rank(facts, Tail(facts.log_tail))


def order(*pages: Page, facts: FailureFacts = FACTS) -> list[str]:
    return [match.page.id for match in rank(*pages, facts=facts)]


def test_a_page_that_the_job_names_comes_first_whatever_matches_better() -> None:
    linked = make("linked", {"log": "never there"})
    full = make("full", {"log": "address already in use", "tasks": ("restart",), "kinds": ("exit",)})
    first, second = rank(full, linked, facts=replace(FACTS, explicit="linked"))
    assert (first.page.id, first.score, first.why, first.explicit) == ("linked", 1.0, "linked by rollout/release", True)
    assert second.page.id == "full"


def test_a_linked_page_stands_there_once_and_points_at_the_line_of_its_own_pattern() -> None:
    page = make("p", {"log": "bye"}, {"log": "already in use", "tasks": ("another",)})
    (match,) = rank(page, facts=replace(FACTS, explicit="p"))
    assert match.log is not None
    assert match.log.index == 1


def test_the_rule_that_names_more_wins_over_a_longer_log_match() -> None:
    long = make("a", {"log": "address already in use .*"})
    two = make("z", {"log": "already", "tasks": ("restart",)})
    assert order(long, two) == ["z", "a"]


def test_with_equal_counts_the_longer_log_match_wins() -> None:
    assert order(make("a", {"log": "already"}), make("b", {"log": "address already in use"})) == ["b", "a"]
    assert order(make("a", {"exit_codes": (1,)}), make("b", {"log": "bye"})) == ["b", "a"]


def test_with_equal_log_matches_stage_and_labels_decide_and_then_the_id() -> None:
    plain = {"log": "already in use"}
    narrowed = make("z", {**plain, "labels": {"zone": "a"}})
    assert order(make("b", plain), make("a", plain), narrowed) == ["z", "a", "b"]


def test_the_kind_speaks_before_the_signal_that_it_caused() -> None:
    facts = replace(FACTS, kind="timeout", exit_code=None, signal="KILL")
    assert order(make("a", {"signals": ("KILL",)}), make("z", {"kinds": ("timeout",)}), facts=facts) == ["z", "a"]


def test_the_best_rule_of_a_page_speaks_for_it_and_the_earliest_line_is_shown() -> None:
    page = make("p", {"log": "starting"}, {"log": "already in use", "tasks": ("restart",)})
    (match,) = rank(page)
    assert match.why == "log matches 'already in use', task is restart"
    assert match.score == 0.94
    assert match.log is not None
    assert match.log.index == 0


@pytest.mark.parametrize(
    ("rule", "why", "score"),
    [
        ({"log": "(?i)ADDRESS already in use|EADDRINUSE"}, "log matches 'address already in use'", 0.9),
        ({"log": r"in use \("}, "log matches 'in use'", 0.9),
        ({"exit_codes": (1, 127)}, "exit code is 1", 0.45),
        ({"kinds": ("exit",)}, "kind is exit", 0.45),
        ({"stages": ("rollout",)}, "stage is rollout", 0.2),
        ({"jobs": ("release",), "tasks": ("restart",)}, "task is restart, job is release", 0.92),
        ({"jobs": ("rollout/release",)}, "job is release", 0.45),
        ({"log": "bye", "labels": {"zone": "a"}}, "log matches 'bye', label zone is a", 0.9),
        (
            {"log": "bye", "tasks": ("restart",), "jobs": ("release",), "exit_codes": (1,), "kinds": ("exit",)},
            "log matches 'bye', task is restart, job is release, exit code is 1, kind is exit",
            0.99,
        ),
    ],
)
def test_a_match_says_why_and_how_specific_it_is(rule: dict[str, Any], why: str, score: float) -> None:
    (match,) = rank(make("p", rule))
    assert (match.why, match.score) == (why, score)


@pytest.mark.parametrize(
    "rule",
    [
        {"log": "ADDRESS"},
        {"log": "already in use", "tasks": ("fetch",)},
        {"log": "starting$\nbind"},
        {"log": "starting[^x]bind"},
        {"log": r"starting\sbind"},
        {"exit_codes": (2,)},
        {"signals": ("KILL",)},
        {"kinds": ("timeout",)},
        {"jobs": ("canary/release",)},
        {"stages": ("canary",)},
        {"labels": {"zone": "b"}},
        {"labels": {"rack": "a"}},
    ],
)
def test_one_condition_that_does_not_hold_is_enough_for_no_match(rule: dict[str, Any]) -> None:
    assert rank(make("p", rule)) == ()


def test_line_ends_are_the_anchors_of_a_pattern() -> None:
    assert order(make("p", {"log": "^bye$"})) == ["p"]
    assert order(make("p", {"log": "^address"})) == []


def test_a_signal_is_known_with_and_without_its_prefix() -> None:
    facts = replace(FACTS, exit_code=None, signal="SIGKILL", kind="signal")
    (match,) = rank(make("p", {"signals": ("KILL",)}), facts=facts)
    assert match.why == "signal is KILL"


def test_the_score_never_contradicts_how_much_a_rule_names() -> None:
    names: list[tuple[str, Any]] = [
        ("exit_codes", (1,)), ("kinds", ("exit",)), ("jobs", ("release",)), ("tasks", ("restart",)),
    ]  # fmt: skip
    pages = []
    for count in range(1, 5):
        rule = dict(names[:count])
        pages += [make(f"{count}-without", rule), make(f"{count}-with", {**dict(names[: count - 1]), "log": "bye"})]
    ranked = rank(*pages)
    scores = [match.score for match in ranked]
    assert scores == sorted(scores, reverse=True)
    assert ranked[-1].score < ranked[-2].score < ranked[0].score < 1


def test_colours_around_and_inside_a_line_do_not_hide_it() -> None:
    facts = replace(FACTS, log_tail=("\x1b[31merror: \x1b[1maddress already\x1b[0m in use\x1b]0;x\x07",))
    assert order(make("p", {"log": "^error: address already in use$"}), facts=facts) == ["p"]
