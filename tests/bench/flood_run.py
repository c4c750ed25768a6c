"""The run behind the flood: one job on many hosts, all of which print."""

from __future__ import annotations

from runners.testing.builders import job, plan_of, stage
from runners.testing.simulator import Simulator

UID = "u1"


def flooding(hosts: int) -> Simulator:
    """The job runs on every host."""
    names = " ".join(f"host-{number:02d}" for number in range(hosts))
    sim = Simulator(plan_of(stage("flood", job("print", names))))
    for name in list(sim.prepares):
        sim.ready(name)
        sim.started(name)
    return sim


def log_keys(hosts: int) -> list[str]:
    """The log of each host, in order."""
    sim = flooding(hosts)
    return [sim.key(run.id) for one in sim.state.stages for job in one.jobs for run in job.runs]
