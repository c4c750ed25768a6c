"""The page beside a failure that has no log of its own: the engine's kinds against the pages that ship with onduty."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runbooks.advisor import RunbookAdvisor
from runbooks.library import load_library
from runners.core.index import job_run_of
from runners.model.intents import Retry
from runners.model.phases import Phase, RunPhase
from runners.model.state import RunState
from runners.ports.failure_advisor import Advice, FailureFacts
from runners.testing.behaviour import prints
from runners.testing.fake_transport import FakeTransport
from tests.flows.engine_kit import Advisor, Kit, job, plan
from tui.cli.runbook import failure_facts

RELEASE = "s1/release@web1"
BUILT_IN = RunbookAdvisor(load_library())


class Pages(Advisor):
    """The built-in pages; remembers what it was asked."""

    def advise(self, facts: FailureFacts) -> Advice:
        self.asked.append(facts)
        return BUILT_IN.advise(facts)


async def linked(kit: Kit, uid: str) -> RunState:
    """The run once its last failure was advised on."""
    state = await kit.until_run(uid, RunPhase.HELD)
    await kit.settle()
    state = await kit.engine.records.state(uid)
    assert job_run_of(state, RELEASE).phase is Phase.FAILED
    return state


@pytest.mark.parametrize(
    ("spoil", "page"),
    [
        (lambda fake: fake.unreachable("web1"), "host-unreachable"),
        (lambda fake: fake.key_changed("web1"), "host-key-changed"),
        (lambda fake: fake.auth_failed("web1"), "auth-refused"),
        (lambda fake: fake.refuse("web1", "the disk is full"), "disk-full"),
        (lambda fake: fake.refuse("web1", "a shell that is not POSIX"), None),
    ],
)
async def test_a_host_that_cannot_be_used_has_its_page(
    spoil: Callable[[FakeTransport], None], page: str | None
) -> None:
    kit = await Kit(advisor=Pages()).start()
    spoil(kit.transport)
    uid = await kit.run(plan([job("release")]))
    await kit.settle()
    await kit.clock.advance(121.0)
    run = job_run_of(await linked(kit, uid), RELEASE)
    assert (run.runbook.page if run.runbook else None) == page
    await kit.stop()


async def test_a_retry_whose_host_is_gone_has_the_page_of_the_host_and_not_of_the_attempt_before() -> None:
    kit = await Kit(advisor=Pages()).start()
    kit.transport.on("release", prints("sh: 1: jq: not found", code=127))
    uid = await kit.run(plan([job("release")]))
    run = job_run_of(await linked(kit, uid), RELEASE)
    assert run.runbook is not None
    assert run.runbook.page == "command-not-found"
    kit.transport.drop("web1")
    kit.transport.auth_failed("web1")
    await kit.settle()
    await kit.engine.submit(uid, Retry(id="i1"), "alice")
    await kit.settle()
    await kit.clock.advance(121.0)
    await kit.settle()
    state = await linked(kit, uid)
    run = job_run_of(state, RELEASE)
    assert (run.kind, run.attempt) == ("auth", 1)
    assert (kit.advisor.asked[-1].kind, kit.advisor.asked[-1].exit_code) == ("auth", None)
    assert run.runbook is not None
    assert run.runbook.page == "auth-refused"
    facts, key = failure_facts(state, "release")
    assert (facts.kind, facts.exit_code, facts.task, key) == ("auth", None, "", None)
    await kit.stop()
