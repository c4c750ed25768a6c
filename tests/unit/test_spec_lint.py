"""Rules between the parts of a pipeline: names that refer to each other, clashes, cycles, defaults that do not fit."""

from __future__ import annotations

import pytest

from runners.spec.pipeline import read_pipeline
from tests.unit.spec_texts import HEAD, STAGE, accepted, one_job, refused, with_top


def _jobs(**needs: str) -> str:
    jobs = "".join(
        f"      {name}: {{hosts: local, needs: [{of}], tasks: [{{run: x}}]}}\n" for name, of in needs.items()
    )
    return HEAD + STAGE + jobs


def test_cycle_is_named_whole_from_its_first_job_in_the_direction_of_needs() -> None:
    assert refused(_jobs(d="", a="c", b="a", c="b")) == [
        "p.yaml:7:33  stages[0].jobs.a.needs[0]: the jobs wait for each other: a -> c -> b -> a"
    ]


def test_two_cycles_are_both_named() -> None:
    assert refused(_jobs(a="b", b="a", c="d", d="c")) == [
        "p.yaml:6:33  stages[0].jobs.a.needs[0]: the jobs wait for each other: a -> b -> a",
        "p.yaml:8:33  stages[0].jobs.c.needs[0]: the jobs wait for each other: c -> d -> c",
    ]


def test_job_that_needs_itself_another_twice_or_none_that_is_there() -> None:
    assert refused(_jobs(build="", check="build, build, check, bild")) == [
        'p.yaml:7:44  stages[0].jobs.check.needs[1]: "build" stands here twice',
        "p.yaml:7:51  stages[0].jobs.check.needs[2]: a job cannot need itself",
        'p.yaml:7:58  stages[0].jobs.check.needs[3]: no job "bild" in this stage, did you mean "build"?',
    ]


def test_need_of_a_job_in_another_stage_is_explained() -> None:
    text = _jobs(a="z") + "  - name: two\n    jobs:\n      z: {hosts: local, needs: [a, one/a], tasks: [{run: x}]}\n"
    earlier = "is a job of an earlier stage, which has passed when this one starts; needs names jobs of the same stage"
    assert refused(text) == [
        'p.yaml:6:33  stages[0].jobs.a.needs[0]: "z" is a job of a later stage, which has not begun when '
        "this one starts; needs names jobs of the same stage",
        f'p.yaml:9:33  stages[1].jobs.z.needs[0]: "a" {earlier}',
        f'p.yaml:9:36  stages[1].jobs.z.needs[1]: "one/a" {earlier}',
    ]


def test_names_of_stages_and_of_tasks_in_a_job_are_used_once() -> None:
    text = one_job("hosts: local", "tasks:", "  - {name: a, run: x}", "  - {name: a, run: y}") + (
        "  - name: one\n    jobs: {other: {hosts: local, tasks: [{name: a, run: x}]}}\n"
    )
    assert refused(text) == [
        'p.yaml:10:20  stages[0].jobs.build.tasks[1].name: "a" is the name in line 9 already',
        'p.yaml:11:11  stages[1].name: "one" is the name in line 4 already',
    ]


def test_braces_in_a_command_are_refused() -> None:
    assert refused(one_job("hosts: local", "tasks: [{run: 'x {{ params.a }}'}]")) == [
        'p.yaml:8:23  stages[0].jobs.build.tasks[0].run: "{{" is never replaced in a command; params arrive as '
        "variables, write \"$release\" (and '{''{' where a command needs two braces)"
    ]


def test_name_that_is_both_a_param_and_a_variable_is_refused_at_every_level() -> None:
    text = with_top("params: {a: {default: x}}", "env: {a: 1}").replace(
        "tasks: [{run: x}]", "env: {a: 2}, tasks: [{run: x, env: {a: 3}}]"
    )
    clash = "is the name of a param in line 3; one of them needs another"
    assert refused(text) == [
        f"p.yaml:4:7  env.a: {clash}",
        f"p.yaml:8:35  stages[0].jobs.build.env.a: {clash}",
        f"p.yaml:8:65  stages[0].jobs.build.tasks[0].env.a: {clash}",
    ]


@pytest.mark.parametrize(
    ("param", "line"),
    [
        (
            "{type: strng}",
            'type: must be one of string, integer, boolean, duration, choice, not "strng", did you mean "string"?',
        ),
        ("{type: choice}", 'p.yaml:3:10  params.p: type choice needs "choices"'),
        ("{choices: [a]}", "p.yaml:3:14  params.p.choices: belongs to type choice; write type: choice"),
        ("{type: choice, choices: [a, a]}", 'p.yaml:3:41  params.p.choices[1]: "a" stands here twice'),
        ("{type: choice, choices: []}", "p.yaml:3:28  params.p.choices: is empty"),
        (
            "{type: choice, choices: [stable, beta], default: bta}",
            'params.p.default: "bta" is none of stable, beta, did you mean "beta"?',
        ),
        ("{type: integer, default: x}", 'p.yaml:3:38  params.p.default: "x" is no whole number'),
        ("{type: boolean, default: 1}", 'p.yaml:3:38  params.p.default: "1" is neither true nor false'),
        ("{type: boolean, default: yes}", "p.yaml:3:38  params.p.default: YAML reads yes as true; quote it: 'yes'"),
        ("{type: duration, default: 10}", "params.p.default: 10 has no unit; write 10s, or another of ms s m h d"),
        ("{pattern: '\\d+', default: abc}", 'p.yaml:3:39  params.p.default: "abc" does not match the pattern \\d+'),
        ("{pattern: '\\d', default: 12}", 'p.yaml:3:38  params.p.default: "12" does not match the pattern \\d'),
        (
            "{pattern: '(?=x)'}",
            "p.yaml:3:23  params.p.pattern: is no RE2 pattern: invalid perl operator: (?=; "
            "RE2 has no look-around and no back-references",
        ),
        ("{pattern: '(a'}", "p.yaml:3:23  params.p.pattern: is no RE2 pattern: missing ): (a"),
        ("string", 'p.yaml:3:13  params.p: must be a mapping (key: value), not "string"'),
        ("{default: [a]}", "p.yaml:3:14  params.p.default: must be text, not a list"),
        ("{required: true}", 'p.yaml:3:14  params.p.required: unknown key, did you mean "default"?'),
    ],
)
def test_param_that_does_not_fit_itself_is_refused(param: str, line: str) -> None:
    problems = refused(with_top(f"params: {{p: {param}}}"))
    assert len(problems) == 1
    assert line in problems[0]


@pytest.mark.parametrize(
    ("param", "default"),
    [
        ("{type: integer, default: -7}", "-7"),
        ("{type: boolean, default: true}", "true"),
        ("{type: duration, default: 500ms}", "500ms"),
        ("{type: choice, choices: [8080, 9090], default: 8080}", "8080"),
        ("{default: 1.10}", "1.10"),
        ("{default: ''}", ""),
        ("{}", None),
    ],
)
def test_default_is_kept_as_it_was_typed(param: str, default: str | None) -> None:
    assert accepted(with_top(f"params: {{p: {param}}}")).params["p"].default == default


def test_param_that_a_command_uses_gives_no_warning() -> None:
    text = with_top("params: {a: {}, b: {}}").replace("run: x", "run: 'echo $a ${b:-none}'")
    assert read_pipeline(text, "p.yaml")[1] == ()
