"""Runs to ask things of, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runners.core.admit import Refused
from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator

WEB = plan_of(
    stage("rollout", job("release", "web1 web2 web3", "fetch restart")), stage("after", job("report", "web1"))
)
STOP = plan_of(
    stage("s", job("a", "web1 web2 web3", on_failure="stop"), job("b", "web1", needs="a")), stage("t", job("c"))
)


def failed_on(*names: str) -> Simulator:
    sim = Simulator(WEB)
    sim.play(failing={f"{name} restart": 1 for name in names})
    sim.said()
    return sim


def refused(do: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        do()
    return caught.value
