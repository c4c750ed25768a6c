"""The samples lint clean, and the language page's own pipeline is refused for exactly what is not built."""

from __future__ import annotations

from pathlib import Path

from runners.plan.build import build_plan
from runners.spec.inventory import read_inventory
from runners.spec.pipeline import read_pipeline
from tests.unit.spec_texts import said

SAMPLES = Path(__file__).resolve().parents[2] / "sample_pipelines"


def test_release_sample_lints_clean_and_can_be_planned() -> None:
    pipeline, problems = read_pipeline((SAMPLES / "rolling-release.yaml").read_bytes(), "release.yaml")
    assert problems == ()
    inventory, problems = read_inventory((SAMPLES / "inventory.yaml").read_bytes(), "inventory.yaml", "/home/ana")
    assert problems == ()
    assert pipeline is not None
    plan, problems = build_plan(pipeline, {"release": "2.4.1"}, inventory, definition_digest="sha256:0", folder="/srv")
    assert problems == ()
    assert plan is not None
    assert [(job.id, job.hosts) for job in plan.jobs()] == [
        ("canary/release", ("web1",)),
        ("canary/soak", ("local",)),
        ("rollout/release", ("web2", "web3", "web4")),
        ("after/purge", ("edge1",)),
        ("after/warm", ("web1", "edge1")),
        ("after/report", ("local",)),
    ]


def test_pipeline_of_the_language_page_is_refused_for_what_comes_later_and_nothing_else() -> None:
    text = (Path(__file__).parent / "data" / "language_sample.yaml").read_text("utf-8")
    pipeline, problems = read_pipeline(text, "deploy.yaml")
    assert pipeline is None
    later = "comes with a later version"
    assert said(problems) == [
        f"deploy.yaml:46:5  stages[1].approval: {later}",
        f"deploy.yaml:51:9  stages[1].jobs.release.rolling: {later}",
    ]
