"""The controller dies before and after each kind of operation on a real host; the next one ends the run all the same.

The engine lives in the test, over the real SSH transport, so that it can die exactly there: what it was about to do is
never done, what the host says is never heard. Its stores and the host are what the next one finds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runners.adapters.clock import SystemClock
from runners.adapters.ssh import SshTransport
from runners.adapters.ssh_config import SshConfig
from runners.core.index import job_run_of
from runners.model.intents import Cancel
from runners.model.inventory import Host
from runners.model.phases import Phase, RunPhase
from runners.model.state import RunState
from runners.ports.logins import Logins, NoLogins
from runners.ports.transport import HostInspection, SessionSink
from tests.faults.proxy import Proxy
from tests.flows.engine_kit import Kit, job, plan
from tests.flows.sweep import Fate, MortalSession, whole
from tests.person import until
from tests.ssh.sshd import Sshd, SshdFarm

pytestmark = [pytest.mark.faults, pytest.mark.sshd, pytest.mark.timeout(120)]

SCRIPT = 'echo "$ONDUTY_KEY" >>~/ledger; echo begun; until test -e ~/gate; do sleep 0.05; done; echo ended; exit 7'
WORK = "s1/work@web1"
ENDED = (RunPhase.HELD, RunPhase.CANCELLED)


class FateAt(Fate):
    """A controller that dies at the first moment of this name."""

    def __init__(self, where: str) -> None:
        super().__init__(-1)
        self._wanted = where

    async def moment(self, where: str) -> None:
        if where == self._wanted and not self.died.is_set():
            self.at, self.count = 1, 0
        await super().moment(where)


class MortalSink:
    """What a dead controller is told is never heard."""

    def __init__(self, inner: SessionSink, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        async def heard(*args: Any) -> None:
            if not self._fate.died.is_set():
                await method(*args)

        return heard


@dataclass
class Machine:
    """A host, the link to it, and the lives of controllers that drive it."""

    daemon: Sshd
    link: Proxy
    config: SshConfig
    kit: Kit
    logins: Logins = field(default_factory=NoLogins)
    _fate: Fate = field(default_factory=lambda: FateAt(""))

    async def connect(self, host: Host, sink: SessionSink) -> Any:
        """As the transport of the controller that lives now."""
        fate = self._fate
        await fate.moment("before connect")
        transport = SshTransport(agent_path=lambda: None, config=self.config)
        return MortalSession(await transport.connect(host, MortalSink(sink, fate)), fate)

    async def inspect(self, host: Host) -> HostInspection:
        """Nobody looks at the host of this story."""
        raise NotImplementedError

    async def begin(self, fate: Fate) -> str:
        """The next controller, and the run that somebody started once."""
        self._fate = fate
        await self.kit.make(transport=self).start()
        return await self.kit.run(plan([job("work", SCRIPT, on=["web1"])], hosts=[self.daemon.host]))

    async def cancel(self, uid: str) -> None:
        await self.kit.engine.submit(uid, Cancel(id="i1"), "bob")

    async def die(self, fate: Fate) -> None:
        """As ``kill -9`` at the moment that ``fate`` names: the kernel resets what was connected."""
        await fate.died.wait()
        self.link.reset()
        await self.kit.kill()
        await self.kit.logs.close()

    @property
    def ledger(self) -> list[str]:
        path = self.daemon.home / "ledger"
        return path.read_text().split() if path.exists() else []

    @property
    def files(self) -> list[Path]:
        """What onduty keeps of executions on the host."""
        return list((self.daemon.home / ".local/state/onduty").rglob("*.x"))


@pytest.fixture
def machine(sshds: SshdFarm, config: SshConfig) -> Iterator[Machine]:
    daemon = sshds.start("web1")
    with Proxy(daemon.port) as link:
        daemon.stand_behind(link.port)
        yield Machine(daemon, link, config, Kit(clock=SystemClock()))  # type: ignore[arg-type]


async def play(machine: Machine, *deaths: str, cancel_in_life: int = -1, gate_opens_in_life: int = 0) -> RunState:
    """Let one controller after the other die at ``deaths``; the last one lives to the end."""
    uid = ""
    for life, where in enumerate((*deaths, "")):
        fate = FateAt(where)
        if life == gate_opens_in_life:
            (machine.daemon.home / "gate").touch()
        uid = await machine.begin(fate)
        if life == cancel_in_life:
            await machine.cancel(uid)
        if where:
            await machine.die(fate)
    state = await machine.kit.until_run(uid, *ENDED)
    await asyncio.to_thread(until, lambda: not machine.files, "the host's copies are gone")
    await machine.kit.stop()
    whole(machine.kit, state)
    return state


@pytest.mark.parametrize(
    ("deaths", "gate_opens_in_life"),
    [
        (("before connect",), 0),
        (("before start",), 0),
        (("after start",), 0),
        (("after start", "before ask"), 1),
        (("after start", "after ask"), 1),
        (("after start", "before follow"), 2),
        (("after start", "after follow"), 2),
        (("before remove",), 0),
        (("after remove",), 0),
    ],
    ids=lambda value: " then ".join(value).replace(" ", "-") if isinstance(value, Sequence) else "",
)
async def test_a_job_runs_once_and_ends_as_it_did_wherever_its_controller_died(
    machine: Machine, deaths: tuple[str, ...], gate_opens_in_life: int
) -> None:
    state = await play(machine, *deaths, gate_opens_in_life=gate_opens_in_life)
    found, uid = job_run_of(state, WORK), state.uid
    assert (found.phase, found.exit_code, found.attempt) == (Phase.FAILED, 7, 1)
    assert machine.ledger == [f"{uid}.1.1.1"]
    assert machine.kit.logs.content(uid, f"{uid}.1.1.1") == b"begun\nended\n"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_job_is_cancelled_once_wherever_its_controller_died(machine: Machine, when: str) -> None:
    state = await play(machine, "after start", f"{when} cancel", cancel_in_life=1, gate_opens_in_life=-1)
    assert job_run_of(state, WORK).phase is Phase.CANCELLED
    assert machine.ledger == [f"{state.uid}.1.1.1"]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_job_that_was_cancelled_before_it_reached_its_host_never_runs_wherever_its_controller_died(
    machine: Machine, when: str
) -> None:
    state = await play(machine, "before start", f"{when} seal", cancel_in_life=1, gate_opens_in_life=-1)
    assert job_run_of(state, WORK).phase is Phase.CANCELLED
    assert machine.ledger == []
