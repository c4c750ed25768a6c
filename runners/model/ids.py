"""How runs, job runs and executions are named.

A run has a ``uid`` (ULID) for machines and ``deploy-api/42`` for people. A job run is ``stage/job@host``. An execution
key is ``<uid>.<job run number>.<attempt>.<task>``: names never appear in keys or paths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME_PATTERN = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}"
"""Names of pipelines, stages, jobs, tasks, hosts, groups and runbooks."""

NAME = re.compile(NAME_PATTERN + r"\Z")


def job_run_id(stage: str, job: str, host: str) -> str:
    """``rollout/release@web3``."""
    return f"{stage}/{job}@{host}"


def execution_key(uid: str, number: int, attempt: int, task: int) -> str:
    """The key of one task (numbered from 1) of one attempt of one job run (numbered from 1 in plan order)."""
    return f"{uid}.{number}.{attempt}.{task}"


def workdir_name(uid: str, number: int, attempt: int) -> str:
    """The work folder of an attempt on its host. A retry from a task goes on in the folder of the attempt before."""
    return f"{uid}.{number}.{attempt}"


@dataclass(frozen=True, slots=True)
class KeyParts:
    """An execution key, taken apart."""

    uid: str
    number: int
    attempt: int
    task: int


def parse_key(key: str) -> KeyParts:
    """Take an execution key apart; ``ValueError`` when it is none."""
    uid, number, attempt, task = key.rsplit(".", 3)
    return KeyParts(uid, int(number), int(attempt), int(task))
