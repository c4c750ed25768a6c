"""What is told in sentences: what is there, and what happened since."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from runners.model.api import HoldDocument, RunStatus, RunSummary
from tui.view.plain import Heard, news, nothing_lives, state_lines

NOW = 1_795_262_400.0
RUN = RunSummary(
    id="deploy-api/42", uid="u1", pipeline="deploy-api", phase="running", result=None, environment="production",
    by="alice", created_at="2026-11-21T12:00:00Z", started_at="2026-11-21T12:00:00Z", ended_at=None,
    counts={"running": 2, "succeeded": 1}, what="rollout 1 of 3 hosts",
)  # fmt: skip
FAILED = HoldDocument(
    kind="failed", what="rollout/release@web3", text="failed; retry, skip or cancel", since="2026-11-21T12:01:00Z"
)


def heard(*runs: RunSummary, holds: tuple[HoldDocument, ...] = ()) -> Heard:
    return Heard(runs=runs, statuses={"u1": RunStatus(uid="u1", holds=holds)})


def held(**more: Any) -> RunSummary:
    return replace(
        RUN, phase="held", counts={"failed": 1}, what="web3 failed: exit 1 in restart", first_line="bind: in use",
        runbook="port-in-use", **more,
    )  # fmt: skip


def test_everything_is_said_by_how_much_it_needs_somebody() -> None:
    done = replace(RUN, uid="u0", id="deploy-api/41", phase="succeeded", ended_at="2026-11-21T11:00:00Z", what="")
    key = HoldDocument(kind="host_key", what="web3", text="unknown key SHA256:abc", since=None)
    assert list(state_lines(heard(held(), done, holds=(FAILED, key)), NOW)) == [
        "failing or unknown, 1:",
        "  deploy-api/42 in production: held, begun just now, by alice. web3 failed: exit 1 in restart."
        " Page: port-in-use. First error: bind: in use",
        "    waits: web3: unknown key SHA256:abc",
        "recent, 1:",
        "  deploy-api/41 in production: succeeded, ended 1h 00m ago, by alice.",
    ]


def test_without_runs_it_says_how_to_start_one() -> None:
    assert list(state_lines(Heard(), NOW)) == ["No runs yet. run FILE starts one."]


def test_a_failure_is_told_once_with_what_is_needed() -> None:
    before, after = heard(RUN), heard(held(), holds=(FAILED,))
    told = news(before, after)
    assert [one.needs for one in told] == ["deploy-api/42"]
    assert told[0].text.startswith("deploy-api/42 in production: held. web3 failed: exit 1 in restart. Page:")
    assert news(after, after) == ()


def test_a_retry_that_failed_again_at_once_is_told_again() -> None:
    again = replace(FAILED, since="2026-11-21T12:05:00Z")
    assert len(news(heard(held(), holds=(FAILED,)), heard(held(), holds=(again,)))) == 1


def test_a_new_run_its_wait_and_its_end_are_told() -> None:
    key = HoldDocument(kind="host_key", what="web3", text="unknown key SHA256:abc", since=None)
    started = news(Heard(), heard(RUN, holds=(key,)))
    assert [one.text for one in started] == [
        "deploy-api/42 in production was started by alice.",
        "deploy-api/42 in production waits: web3: unknown key SHA256:abc",
    ]
    ended = news(heard(RUN), heard(replace(RUN, phase="succeeded", ended_at="2026-11-21T12:02:00Z")))
    assert [(one.text, one.needs) for one in ended] == [("deploy-api/42 in production: succeeded.", "")]


def test_what_waits_for_nothing_but_its_turn_is_no_news() -> None:
    needs = HoldDocument(kind="needs", what="rollout/purge", text="needs release", since=None)
    assert news(heard(RUN), heard(RUN, holds=(needs,))) == ()


def test_nothing_a_host_or_a_person_wrote_steers_the_terminal() -> None:
    nasty = replace(held(), id="x\x1b]0;t\x07/1", by="\x1b[31mbob", first_line="\x9b2J\rgone")
    for line in [*state_lines(heard(nasty), NOW), *(one.text for one in news(Heard(), heard(nasty)))]:
        assert line.isprintable()


def test_a_held_run_does_not_go_on_by_itself_and_a_running_one_does() -> None:
    assert nothing_lives(Heard())
    assert nothing_lives(heard(held()))
    assert not nothing_lives(heard(RUN))
    assert nothing_lives(Heard(runs=(RUN,), statuses={"u1": RunStatus(uid="u1", phase="held")}))


def test_hosts_behind_one_jump_host_are_told_of_once_and_once_when_they_return() -> None:
    def waits(*hosts: str) -> Heard:
        text = "b1, on the way to {0}, is not reached: no answer"
        holds = tuple(
            HoldDocument(kind="host", what=f"rollout/release@{host}", text=text.format(host), since=None)
            for host in hosts
        )
        return replace_heard(heard(RUN, holds=holds), dict.fromkeys(hosts, "b1"))

    def replace_heard(one: Heard, behind: dict[str, str]) -> Heard:
        return Heard(runs=one.runs, statuses=one.statuses, behind=behind)

    (told,) = news(heard(RUN), waits("web1", "web2"))
    assert told.text == (
        "deploy-api/42 in production waits: b1 is not reached; what is behind it waits, or is unknown, until it answers"
    )
    assert news(waits("web1", "web2"), waits("web1", "web2", "web3")) == ()
    assert "    waits: b1 is not reached; 3 job runs behind it" in list(state_lines(waits("web1", "web2", "web3"), NOW))
    (back,) = news(waits("web1"), heard(RUN))
    assert back.text.startswith("b1 answers again")
