"""What a command may use of its host: ``limits:`` and ``log_limit:``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.model.limits import NO_LIMITS, Limits, format_size
from runners.plan.render import describe_plan, plan_document
from runners.spec.limit_fields import parse_size
from runners.spec.schema import pipeline_schema
from tests.unit.spec_texts import one_job, refused, with_top
from tests.unit.test_spec_manner import planned

AT = "stages[0].jobs.build"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            one_job("hosts: local", "tasks: [{run: x}]", "log_limit: 10"),
            f"p.yaml:9:20  {AT}.log_limit: 10 has no unit; write 10MB, or another of B kB MB GB TB KiB MiB GiB",
        ),
        (
            one_job("hosts: local", "tasks: [{run: x}]", "log_limit: 10mb"),
            f'p.yaml:9:20  {AT}.log_limit: "mb" is no unit of size; write one of B kB MB GB TB KiB MiB GiB',
        ),
        (
            one_job("hosts: local", "tasks: [{run: x}]", "log_limit: much"),
            f'p.yaml:9:20  {AT}.log_limit: "much" is no size; write one number and one unit, such as 64kB 10MB 2GB',
        ),
        (with_top("defaults: {log_limit: 100B}"), "p.yaml:3:23  defaults.log_limit: must be 1kB or more"),
        (
            with_top("defaults: {log_limit: [1MB]}"),
            "p.yaml:3:12  defaults.log_limit: must be a size such as 10MB, not a list",
        ),
        (
            with_top("defaults: {limits: {memory: 1MB}}"),
            "p.yaml:3:29  defaults.limits.memory: must be 16MB or more",
        ),
        (
            with_top("defaults: {limits: {memory: 9999TB}}"),
            'p.yaml:3:29  defaults.limits.memory: "9999TB" is larger than a thousand terabytes',
        ),
        (
            with_top("defaults: {limits: {cpu: 0.5}}"),
            'p.yaml:3:26  defaults.limits.cpu: must be a share of one processor such as 50% or 150%, not "0.5"',
        ),
        (
            with_top("defaults: {limits: {cpu: 0%}}"),
            'p.yaml:3:26  defaults.limits.cpu: must be a share of one processor such as 50% or 150%, not "0%"',
        ),
        (
            with_top("defaults: {limits: {nice: -5}}"),
            "p.yaml:3:27  defaults.limits.nice: must be 0 to 19, the nicest; less than 0 is for root alone",
        ),
        (
            with_top("defaults: {limits: {}}"),
            "p.yaml:3:12  defaults.limits: limits nothing; write cpu, memory or nice, or leave it out",
        ),
        (
            with_top("defaults: {limits: {mem: 1GB}}"),
            'p.yaml:3:21  defaults.limits.mem: unknown key, did you mean "memory"?',
        ),
        (
            one_job("hosts: local", "tasks: [{wait: 5s, log_limit: 1MB}]"),
            f"p.yaml:8:28  {AT}.tasks[0].log_limit: does not go with wait: a wait starts no command",
        ),
    ],
)
def test_what_cannot_be_kept_is_one_line_with_its_place(text: str, line: str) -> None:
    assert refused(text) == [line]


def test_a_task_has_its_own_limits_whole_else_its_jobs_else_the_default() -> None:
    plan = planned(
        with_top("defaults: {log_limit: 10MB, limits: {nice: 10, memory: 1GB}}").replace(
            "{hosts: local, tasks: [{run: x}]}",
            "{hosts: local, limits: {cpu: 50%}, "
            "tasks: [{run: x}, {run: y, limits: {memory: 64MiB}, log_limit: 1.5kB}, {wait: 5s}]}",
        )
    )
    x, y, wait = plan.jobs()[0].tasks
    assert (x.limits, x.log_limit_bytes) == (Limits(cpu_percent=50), 10_000_000)
    assert (y.limits, y.log_limit_bytes) == (Limits(memory_bytes=64 << 20), 1500)
    assert (wait.limits, wait.log_limit_bytes) == (NO_LIMITS, None)
    rows = [row.strip() for row in describe_plan(plan)]
    assert "1. x  (at most 50% of a cpu, log cut at 10MB)" in rows
    assert "2. y  (at most 64MiB, log cut at 1500B)" in rows
    documents = plan_document(plan)["stages"][0]["jobs"][0]["tasks"]
    assert documents[1]["limits"] == {"cpu_percent": None, "memory_bytes": 64 << 20, "nice": None}
    assert [one["log_limit_bytes"] for one in documents] == [10_000_000, 1500, None]


def test_the_schema_names_the_units_and_the_ranges() -> None:
    limits = pipeline_schema()["$defs"]["LimitsModel"]
    assert limits["minProperties"] == 1
    assert limits["properties"]["nice"]["maximum"] == 19
    assert limits["properties"]["memory"]["pattern"] == r"^[0-9]+(\.[0-9]+)?(B|kB|MB|GB|TB|KiB|MiB|GiB)$"


@given(st.integers(1, 1 << 50))
def test_a_size_is_read_back_as_it_was_written(count: int) -> None:
    assert parse_size(format_size(count)) == count
