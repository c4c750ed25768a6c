"""Templates are filled for every host before anything starts, and what cannot be filled names the hosts."""

from __future__ import annotations

from runners.model.plan import Plan
from runners.plan.build import build_plan
from tests.unit.spec_texts import accepted, inventory_of, said
from tests.unit.test_spec_kinds import one_task

HOSTS = """
hosts:
  web1: {address: 10.0.0.11, labels: {zone: a}}
  web2: {address: 'fe80::2', labels: {zone: b}, vars: {PORT: '8080'}}
"""
AT = "stages[0].jobs.build.tasks[0]"


def planned(*lines: str, params: str = "", given: dict[str, str] | None = None) -> tuple[Plan | None, list[str]]:
    text = one_task(*lines, params=params).replace("hosts: local", "hosts: all")
    plan, problems = build_plan(
        accepted(text), given or {}, inventory_of(HOSTS), definition_digest="sha256:0", folder="/srv"
    )
    return plan, said(problems)


def test_a_label_that_some_hosts_lack_is_a_problem_before_anything_starts() -> None:
    plan, problems = planned("http: {url: 'http://x:{{ host.vars.PORT }}/'}")
    assert plan is None
    assert problems == [f"p.yaml:9:13  {AT}.http.url: on web1: host.vars.PORT has no value here"]


def test_a_value_that_makes_no_url_is_a_problem_for_all_hosts() -> None:
    plan, problems = planned("http: {url: 'http://x/{{ params.p }}'}", params="{p: {}}", given={"p": "a b"})
    assert plan is None
    assert problems == [f"p.yaml:10:13  {AT}.http.url: holds a space or a control character; write %20 for a space"]


def test_a_header_cannot_be_split_by_a_value() -> None:
    _, problems = planned(
        "http: {url: http://x, headers: {A: '{{ params.p }}'}}", params="{p: {}}", given={"p": "a\r\nB: c"}
    )
    assert problems == [f"p.yaml:10:13  {AT}.http.headers.A: must be one line without control characters"]


def test_an_ipv6_address_stands_in_brackets_in_a_url_and_nowhere_else() -> None:
    plan, problems = planned("http: {url: 'http://{{ host.address }}:80/', headers: {A: '{{ host.address }}'}}")
    assert problems == []
    assert plan is not None
    words = plan.words_of(plan.stages[0].jobs[0].tasks[0], "web2")
    assert words.startswith("GET http://[fe80::2]:80/\n")


def test_a_wait_is_settled_with_the_params_and_must_fit_into_the_timeout() -> None:
    plan, problems = planned("wait: '{{ params.d }}'", params="{d: {type: duration, default: 10s}}", given={"d": "90s"})
    assert problems == []
    assert plan is not None
    assert plan.stages[0].jobs[0].tasks[0].wait_s == 90.0
    text = one_task("wait: 90s").replace("        tasks:", "        timeout: 90s\n        tasks:")
    _, found = build_plan(accepted(text), {}, None, definition_digest="sha256:0", folder="/srv")
    assert said(found) == [f"p.yaml:10:13  {AT}.wait: 90s is not shorter than the timeout of 90s of its job"]
