"""Settings as a person meets them: the key table, one clear refusal, and the way around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.person import Person


@pytest.fixture
def settled(person: Person) -> Person:
    person.more_env = {"XDG_CONFIG_HOME": str(person.folder / "config")}
    (person.folder / "config" / "onduty").mkdir(parents=True, mode=0o700)
    return person


def settle(person: Person, text: str) -> Path:
    file = person.folder / "config" / "onduty" / "settings.yaml"
    file.write_text(text)
    file.chmod(0o600)
    return file


def test_keys_prints_the_table_with_the_persons_own(settled: Person) -> None:
    file = settle(settled, "keys: {retry: i, note: none}\n")
    out = settled.quick("keys").out
    assert "i       retry             run what failed again  (was r)\n" in out
    assert f"your own keys: {file}\n" in out
    found = {one["name"]: one for one in settled.quick("keys", "--json").json()}
    assert found["retry"] == {
        "key": "i", "name": "retry", "does": "run what failed again", "keys": ["i"], "was": "r",
    }  # fmt: skip
    assert found["note"]["keys"] == []


def test_a_clash_is_refused_by_name_and_nothing_of_the_file_is_used(settled: Person) -> None:
    file = settle(settled, "theme: hc\nkeys: {retry: S}\n")
    done = settled.quick("keys", code=2)
    assert done.out == ""
    assert done.err.splitlines() == [
        f"{file}:2:15  keys.retry: S is the key of skip too on the run screen and the timeline; "
        "give one of them another",
        f"onduty: {file} has a problem, so it is not used",
        "  try: mend it, or leave it out: ONDUTY_SETTINGS= onduty",
    ]
    assert "S is the key of skip too" in settled.quick("lint", str(file), code=2).out
    settled.more_env = {**settled.more_env, "ONDUTY_SETTINGS": ""}
    assert "r       retry" in settled.quick("keys").out


def test_settings_that_others_can_write_are_not_used(settled: Person) -> None:
    file = settle(settled, "theme: hc\n")
    file.chmod(0o666)
    assert f"{file} can be written by everybody" in settled.quick("keys", code=2).err


def test_doctor_says_whether_the_settings_are_whole(settled: Person) -> None:
    file = settle(settled, "theme: hc\nkeys: {retry: i, down: I}\n")
    assert f"{file}, 2 actions with other keys, theme hc" in settled.quick("doctor", code=None).out
    settle(settled, "theme: red\nkeys: {retry: S}\n")
    found = {one["name"]: one for one in settled.quick("doctor", "--json", code=1).json()["findings"]}
    assert found["settings"]["text"].endswith('"red" is none of dark, light, hc, ansi, none (and 1 more)')
    assert found["settings"]["fix"] == f"onduty lint {file}"
