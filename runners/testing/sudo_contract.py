"""What every ``Transport`` must keep for tasks that sudo runs as somebody else. See ``transport_contract``."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Protocol

import pytest

from runners.model.errors import SessionLost, SudoRefused
from runners.ports.transport import CancelStep, ExecutionPhase, ExecutionRequest
from runners.testing.behaviour import Exit, Gate, Print
from runners.testing.recording_sink import RecordingSink
from runners.testing.transport_contract import KEY, WORKDIR, TransportLab, connect, request


class SudoLab(TransportLab, Protocol):
    """A lab whose host has a sudo that asks for no password."""

    user: str
    """Whom it lets us be."""

    def refuse_sudo(self) -> None:
        """From now on sudo lets us be nobody."""
        ...

    def allow_sudo(self) -> None:
        """It does again."""
        ...


def as_user(lab: SudoLab, script: str, key: str = KEY) -> ExecutionRequest:
    """A plain request for that user."""
    return dataclasses.replace(request(script, key), sudo=lab.user, sharers=(lab.user,))


class SudoContract:
    """The promises of ``HostSession.under``."""

    async def test_what_a_user_runs_is_told_through_the_one_sink_and_known_to_that_user_alone(
        self, lab: SudoLab
    ) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        other = await session.under(lab.user)
        await other.start(as_user(lab, lab.script(Print(b"one\n"), Gate(), Print(b"\xfftwo"), Exit(3))))
        await session.start(request(lab.script(Print(b"own\n"), Exit(4)), "u.1.1.2"))
        assert (await sink.until_finished("u.1.1.2")).exit_code == 4
        await sink.until(lambda: sink.output(KEY) == b"one\n")
        assert (await session.ask([KEY]))[0].phase is ExecutionPhase.ABSENT
        other = await session.under(lab.user)
        phases = [report.phase for report in await other.ask([KEY, "u.1.1.2"])]
        assert phases == [ExecutionPhase.RUNNING, ExecutionPhase.ABSENT]
        lab.release()
        assert (await sink.until_finished(KEY)).exit_code == 3
        assert (sink.output(KEY), sink.output("u.1.1.2")) == (b"one\n\xfftwo", b"own\n")
        assert lab.times_run(KEY) == 1
        await session.close()

    async def test_nobody_but_ourselves_is_who_we_are_without_a_name(self, lab: SudoLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        lab.refuse_sudo()
        await (await session.under("")).start(request(lab.script(Exit(2))))
        assert (await sink.until_finished(KEY)).exit_code == 2
        assert (await session.ask([KEY]))[0].phase is ExecutionPhase.DONE
        await session.close()

    async def test_a_sudo_that_refuses_says_so_at_once_and_the_session_goes_on(self, lab: SudoLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        lab.refuse_sudo()
        for _ in range(2):
            with pytest.raises(SudoRefused, match="password") as refused:
                await session.under(lab.user)
            assert "nothing was started there" in refused.value.message
        await session.start(request(lab.script(Exit(5)), "u.1.1.2"))
        assert (await sink.until_finished("u.1.1.2")).exit_code == 5
        lab.allow_sudo()
        await (await session.under(lab.user)).start(as_user(lab, lab.script(Exit(6))))
        assert (await sink.until_finished(KEY)).exit_code == 6
        assert sink.lost == []
        await session.close()

    async def test_twenty_starts_of_one_key_run_it_once_under_sudo_too(self, lab: SudoLab) -> None:
        sinks = [RecordingSink() for _ in range(2)]
        sessions = [await connect(lab, sink) for sink in sinks]
        script = lab.script(Print(b"once\n"), Gate())
        others = [await session.under(lab.user) for session in sessions]
        reports = await asyncio.gather(*(other.start(as_user(lab, script)) for other in others for _ in range(10)))
        assert {report.phase for report in reports} == {ExecutionPhase.RUNNING}
        lab.release()
        for sink in sinks:
            await sink.until_finished(KEY)
            assert sink.output(KEY) == b"once\n"
        assert lab.times_run(KEY) == 1
        for session in sessions:
            await session.close()

    async def test_under_sudo_a_job_outlives_its_session_and_is_followed_on_from_the_last_byte(
        self, lab: SudoLab
    ) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        script = lab.script(Print(b"before\n"), Gate(), Print(b"after\n"), Exit(9))
        await (await session.under(lab.user)).start(as_user(lab, script))
        await sink.until(lambda: sink.output(KEY) == b"before\n")
        await lab.cut()
        assert await sink.until_lost()
        with pytest.raises(SessionLost):
            await session.under(lab.user)
        lab.release()
        sink.new_session()
        session = await connect(lab, sink)
        other = await session.under(lab.user)
        assert (await other.ask([KEY]))[0].phase in (ExecutionPhase.RUNNING, ExecutionPhase.DONE)
        await other.follow(KEY, sink.received(KEY))
        assert (await sink.until_finished(KEY)).exit_code == 9
        assert sink.output(KEY) == b"before\nafter\n"
        assert lab.times_run(KEY) == 1
        await session.close()

    async def test_a_cancel_under_sudo_is_shown_step_by_step(self, lab: SudoLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        await (await session.under(lab.user)).start(as_user(lab, lab.script(Print(b"x"), Gate())))
        await sink.until(lambda: sink.received(KEY) == 1)
        await (await session.under(lab.user)).cancel(KEY, 10.0)
        await sink.until(lambda: CancelStep.GONE in sink.steps_of(KEY) and KEY in sink.results)
        assert sink.steps_of(KEY) == [CancelStep.TERM, CancelStep.GONE]
        assert (sink.results[KEY].cancelled, sink.results[KEY].signal) == (True, "TERM")
        await session.close()

    async def test_a_key_is_sealed_and_removed_by_the_user_who_has_it(self, lab: SudoLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        other = await session.under(lab.user)
        assert (await other.seal(KEY)).phase is ExecutionPhase.ABSENT
        assert (await other.start(as_user(lab, lab.script(Exit(0))))).phase is ExecutionPhase.CLAIMED
        await other.start(as_user(lab, lab.script(Exit(1)), "u.1.1.2"))
        await sink.until_finished("u.1.1.2")
        await session.remove(["u.1.1.2"])
        assert (await other.ask(["u.1.1.2"]))[0].phase is ExecutionPhase.DONE
        await (await session.under(lab.user)).remove(["u.1.1.2"])
        assert (await other.ask(["u.1.1.2"]))[0].phase is ExecutionPhase.ABSENT
        await session.remove_workdirs([WORKDIR], [lab.user])
        assert lab.times_run(KEY) == 0
        await session.close()
