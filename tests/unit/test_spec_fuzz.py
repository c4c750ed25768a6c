"""Whatever stands in a file, reading it gives problems or a definition, never an exception."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.model.problems import Problem
from runners.plan.build import build_plan
from runners.plan.patterns import hosts_of
from runners.plan.render import describe_plan, plan_document
from runners.spec.host_patterns import PatternRefused, parse_pattern
from runners.spec.inventory import read_inventory
from runners.spec.pipeline import read_pipeline
from tests.depth import examples
from tests.unit.spec_texts import inventory_of

SAMPLES = Path(__file__).resolve().parents[2] / "sample_pipelines"
RELEASE = (SAMPLES / "rolling-release.yaml").read_text("utf-8")
HOSTS = (SAMPLES / "inventory.yaml").read_text("utf-8")

ODD = ["[]", "{}", "null", "12:30:00", "\0", "\x85", "\ud800", "é", "\u202e", "\\x1b", "x" * 70]
WORDS = [": ", "- ", "<<: *release", "&release ", "*release", "!x ", "---\n", "{{", "no", "012"]
SIGNS = st.sampled_from([*"{}[]!&*|>@%`#:,-?~'\"\\\n\t $0", *WORDS, *ODD])


@st.composite
def _mutated(draw: st.DrawFn, text: str) -> str:
    """A good file with a few pieces cut out, doubled, or replaced by what means something in YAML."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        piece = draw(st.one_of(st.just(""), SIGNS, st.just(text[start:end] * 2)))
        text = text[:start] + piece + text[end:]
    return text


def _check(found: object, problems: tuple[Problem, ...], text: str | bytes) -> None:
    errors = [problem for problem in problems if not problem.warning]
    assert (found is None) == bool(errors)
    newlines = text.count("\n") if isinstance(text, str) else text.count(b"\n")
    lines = newlines + 2
    for problem in problems:
        assert problem.text
        assert problem.line >= 1
        assert problem.column >= 1
        if isinstance(text, bytes) or not set(text) & set("\r\x85\u2028\u2029"):
            assert problem.line <= lines
        assert str(problem).isprintable()
    places = [(problem.line, problem.column) for problem in problems]
    assert places == sorted(places)


@given(
    st.one_of(st.text(max_size=200), st.binary(max_size=200), st.text(alphabet="ab:-[]{}*&! \n\t'\"|>", max_size=60))
)
def test_any_text_gives_problems_or_a_pipeline(text: str | bytes) -> None:
    _check(*read_pipeline(text, "p.yaml"), text)
    _check(*read_inventory(text, "i.yaml", "/home/ana"), text)


@settings(max_examples=examples(100))
@given(_mutated(RELEASE))
def test_any_damage_to_a_good_pipeline_gives_problems_or_a_pipeline_that_can_be_planned(text: str) -> None:
    pipeline, problems = read_pipeline(text, "p.yaml")
    _check(pipeline, problems, text)
    if pipeline is None:
        return
    given_params = {name: "1" for name, param in pipeline.params.items() if param.default is None}
    plan, problems = build_plan(
        pipeline, given_params, inventory_of(HOSTS), definition_digest="sha256:0", folder="/srv"
    )
    assert (plan is None) == bool(problems)
    if plan is not None:
        assert describe_plan(plan)
        assert plan_document(plan)["job_runs"] > 0


@settings(max_examples=examples(70))
@given(_mutated(HOSTS))
def test_any_damage_to_a_good_inventory_gives_problems_or_an_inventory(text: str) -> None:
    _check(*read_inventory(text, "i.yaml", "/home/ana"), text)


@given(st.text(alphabet="web0123:,[]-!&*~ .", max_size=20))
def test_any_pattern_gives_hosts_in_inventory_order_or_reasons(pattern: str) -> None:
    inventory = inventory_of("hosts: {web1: , web2: , web3: }\ngroups: {web: [web3, web1, web2]}\n")
    hosts, reasons = hosts_of(pattern, inventory)
    assert bool(hosts) != bool(reasons)
    assert list(hosts) == [name for name in inventory.hosts if name in hosts]


@pytest.mark.parametrize("pattern", ["", ":", "a:", ",", "[0]", "a[", "a[]", "a[1:2:3]", "a[--1]"])
def test_pattern_that_is_none_is_refused_with_a_sentence(pattern: str) -> None:
    with pytest.raises(PatternRefused, match=r"missing|no slice|no name"):
        parse_pattern(pattern)
