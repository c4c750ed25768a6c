"""A run taken back on two real sshd's: newest first, only what ran, verified; what is left can be retried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import Person, person_at, until
from tests.ssh.sshd import SshdFarm
from tests.ssh.undo import check_once, ledger, set_out, took_back, words

pytestmark = pytest.mark.sshd


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person whose controller ends with the test."""
    with person_at(tmp_path / "person") as one:
        yield one


def test_a_rollback_goes_backwards_over_what_ran_and_what_is_left_is_rolled_back_later(
    person: Person, sshds: SshdFarm
) -> None:
    set_out(person, sshds.start("web1"), sshds.start("web2"))
    person("run", *words(person), code=1)
    held = person.document(person.show()["uid"])
    phases = {f"{job['job']}@{job['host']}": job["phase"] for job in held["jobs"]}
    assert phases == {
        "schema@web1": "succeeded",
        "inform@web2": "succeeded",
        "release@web1": "succeeded",
        "release@web2": "succeeded",
        "slow@web2": "timed_out",
        "purge@web1": "failed",
        "never@web1": "waiting",
    }
    tidied = Counter((step.job, step.host) for step in ledger(person) if step.task == "tidy")
    # finally runs after success, failure and timeout alike, once each.
    assert tidied == Counter(
        [("schema", "web1"), ("release", "web1"), ("release", "web2"), ("slow", "web2"), ("purge", "web1")]
    )
    assert "onduty rollback undo/1" in held["next"]

    foreseen = person.quick("rollback", "undo/1", "--dry-run").out
    assert "inform@web2" in foreseen, "what has no rollback is named"
    assert "never@web1" not in foreseen
    assert took_back(person) == []

    before = len(ledger(person))
    person.quick("rollback", "undo/1", "--reason", "errors doubled")
    incomplete = person.until_phase(held["uid"], "rollback_incomplete")
    assert took_back(person)[:2] == [("purge", "web1"), ("slow", "web2")]
    assert sorted(took_back(person)[2:4]) == [("release", "web1"), ("release", "web2")]
    assert took_back(person)[4:] == [("schema", "web1")]
    verified = [(step.job, step.host) for step in ledger(person)[before:] if step.task == "check"]
    assert sorted(verified) == [("release", "web1"), ("release", "web2"), ("schema", "web1"), ("slow", "web2")]
    assert incomplete["left"] == ["after/purge@web1"]
    assert incomplete["next"][0] == "onduty rollback undo/1"
    assert person.quick("wait", "undo/1", code=1)

    (person.work / "mended").touch()
    person.quick("rollback", "undo/1")
    done = person.until_phase(held["uid"], "rolled_back")
    assert took_back(person)[5:] == [("purge", "web1")]
    assert done["left"] == []
    assert {job["phase"] for job in done["jobs"] if job["job"] in ("schema", "release", "slow", "purge")} == {
        "rolled_back"
    }
    check_once(person)


def test_finally_runs_after_a_cancel_and_a_rollback_takes_back_what_was_cancelled(
    person: Person, sshds: SshdFarm
) -> None:
    set_out(person, sshds.start("web1"), sshds.start("web2"))
    text = (person.work / "undo.yaml").read_text()
    (person.work / "undo.yaml").write_text(text.replace("timeout: 1s", "timeout: 10m"))
    uid = person.begin(*words(person))
    until(lambda: any(step.job == "slow" for step in ledger(person)) if (person.work / "ledger").exists() else False)
    person.quick("cancel", "undo/1", "--reason", "the wrong release")
    cancelled = person.until_phase(uid, "cancelled")
    assert [step.task for step in ledger(person) if step.job == "slow"] == ["work", "tidy"]
    assert {job["job"]: job["phase"] for job in cancelled["jobs"]}["purge"] in ("cancelled", "skipped", "waiting")
    person.quick("rollback", "undo/1")
    person.until_phase(uid, "rolled_back")
    assert took_back(person)[0] == ("slow", "web2")
    assert ("purge", "web1") not in took_back(person)
    check_once(person)
