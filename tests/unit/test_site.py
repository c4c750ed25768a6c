"""A site's onduty.yaml: what it says, where it is looked for, and who may have written it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runners.adapters import site_files
from runners.adapters.site_files import find_site, inventories_of, is_program, pipelines_of, refuse_writable
from runners.adapters.trust_store import TrustStore, digest_of
from runners.model.errors import InputRefused
from runners.spec.schema import site_schema
from runners.spec.site import Site, read_site
from tests.unit.spec_texts import said


def test_paths_of_a_site_start_beside_its_file_or_at_home() -> None:
    text = "pipelines: pipes\ninventories: [../inv/a.yaml, ~/b.yaml]\nrunbooks: [/srv/pages]\n"
    assert read_site(text, "/srv/site/onduty.yaml", "/home/ana") == (
        Site(
            file="/srv/site/onduty.yaml",
            pipelines=("/srv/site/pipes",),
            inventories=("/srv/inv/a.yaml", "/home/ana/b.yaml"),
            runbooks=("/srv/pages",),
        ),
        (),
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "o.yaml:1:1  the file is empty"),
        ("pipeline: x\n", 'o.yaml:1:1  pipeline: unknown key, did you mean "pipelines"?'),
        ("runbooks: [a, {b: c}]\n", "o.yaml:1:15  runbooks[1]: must be text, not a mapping"),
        ("runbooks: [a, ~bob/x]\n",
         "o.yaml:1:15  runbooks[1]: other people's homes are not looked up; write the whole path"),
        ("runbooks:\n", "o.yaml:1:1  runbooks: has no value; give it one, or remove the key"),
        ("schedule: x\n", "o.yaml:1:1  schedule: comes with a later version"),
    ],
)  # fmt: skip
def test_site_that_cannot_be_used_is_refused_with_the_place(text: str, line: str) -> None:
    site, problems = read_site(text, "o.yaml", "/home/ana")
    assert site is None
    assert said(problems) == [line]


def test_schema_of_a_site_knows_its_keys() -> None:
    assert set(site_schema()["properties"]) == {"pipelines", "inventories", "runbooks"}


def test_site_is_looked_for_upwards_then_in_the_users_own_folder(tmp_path: Path) -> None:
    deep, own = tmp_path / "a" / "b", tmp_path / "own"
    deep.mkdir(parents=True)
    own.mkdir()
    assert find_site(deep, own) is None
    (own / "onduty.yaml").write_text("pipelines: mine\n")
    assert find_site(deep, own) == Site(file=str(own / "onduty.yaml"), pipelines=(str(own / "mine"),))
    (tmp_path / "a" / "onduty.yaml").write_text("pipelines: theirs\n")
    found = find_site(deep, own)
    assert found is not None
    assert found.file == str(tmp_path / "a" / "onduty.yaml")


def test_site_with_problems_is_refused_with_the_first(tmp_path: Path) -> None:
    (tmp_path / "onduty.yaml").write_text("pipeline: x\ninventory: y\n")
    with pytest.raises(InputRefused, match=r"onduty.yaml:1:1  pipeline: unknown key, .* \(and 1 more\)") as refused:
        find_site(tmp_path, tmp_path / "own")
    assert refused.value.hint == f"onduty lint {tmp_path / 'onduty.yaml'}"


def test_file_that_others_can_write_is_refused_with_the_line_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "onduty.yaml"
    file.write_text("pipelines: x\n")
    refuse_writable(file)
    file.chmod(0o646)
    with pytest.raises(InputRefused, match=r"onduty.yaml can be written by everybody and is not used") as refused:
        find_site(tmp_path, tmp_path)
    assert refused.value.hint == f"chmod go-w {file}"
    file.chmod(0o664)
    monkeypatch.setattr(site_files, "_is_private_group", lambda gid: False)
    with pytest.raises(InputRefused, match=r"can be written by the group"):
        refuse_writable(file)
    monkeypatch.setattr(site_files, "_is_private_group", lambda gid: True)
    refuse_writable(file)


def test_folder_that_others_can_write_is_as_bad_unless_it_is_sticky(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    (folder / "onduty.yaml").write_text("pipelines: x\n")
    folder.chmod(0o777)
    with pytest.raises(InputRefused, match=f"{folder} can be written by everybody and {folder}/onduty.yaml with it"):
        refuse_writable(folder / "onduty.yaml")
    folder.chmod(0o1777)
    refuse_writable(folder / "onduty.yaml")


def test_pipelines_have_the_names_that_stand_in_them(tmp_path: Path) -> None:
    folder = tmp_path / "pipes"
    folder.mkdir()
    (folder / "a.yaml").write_text("version: 1\nname: deploy-api  # it\nstages: []\n")
    (folder / "b.yml").write_text("version: 1\nname: 'deploy-api'\nstages: []\n")
    (folder / "c.yaml").write_text("name: no-pipeline\n")
    (folder / "d.txt").write_text("name: x\nstages:\n")
    (tmp_path / "one.yaml").write_text("name: one\nstages: []\n")
    site = Site(file="x", pipelines=(str(folder), str(tmp_path / "one.yaml"), str(tmp_path / "missing.yaml")))
    assert pipelines_of(site) == {
        "deploy-api": (str(folder / "a.yaml"), str(folder / "b.yml")),
        "one": (str(tmp_path / "one.yaml"),),
    }


def test_inventories_have_the_names_of_their_files(tmp_path: Path) -> None:
    folder = tmp_path / "inv"
    (folder / "group_vars").mkdir(parents=True)
    for name in ("prod.yaml", "staging", ".hidden"):
        (folder / name).write_text("hosts: {}\n")
    site = Site(file="x", inventories=(str(folder), str(tmp_path / "other.ini")))
    assert inventories_of(site) == {
        "prod": str(folder / "prod.yaml"),
        "staging": str(folder / "staging"),
        "other": str(tmp_path / "other.ini"),
    }


def test_program_is_what_is_executable_and_begins_like_one(tmp_path: Path) -> None:
    script, plain, marked = tmp_path / "s", tmp_path / "p", tmp_path / "m"
    for path, text in ((script, "#!/bin/sh\n"), (plain, "#!/bin/sh\n"), (marked, "hosts: {}\n")):
        path.write_text(text)
    script.chmod(0o755)
    marked.chmod(0o755)
    assert [is_program(path) for path in (script, plain, marked, tmp_path)] == [True, False, False, False]


def test_trust_holds_for_the_very_content_under_the_very_path(tmp_path: Path) -> None:
    store, file = TrustStore(tmp_path / "cfg" / "trusted.json"), tmp_path / "i.yaml"
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    assert not store.is_trusted(file, b"a")
    assert store.trust(file, b"a") == digest_of(b"a")
    assert store.is_trusted(file, b"a")
    assert store.is_trusted(link, b"a")
    assert not store.is_trusted(file, b"b")
    assert not store.is_trusted(tmp_path / "other.yaml", b"a")
    store.trust(tmp_path / "other.yaml", b"c")
    assert store.is_trusted(file, b"a")
    assert (tmp_path / "cfg" / "trusted.json").stat().st_mode & 0o777 == 0o600


def test_record_of_trust_that_others_can_write_or_that_is_damaged_trusts_nothing(tmp_path: Path) -> None:
    record, file = tmp_path / "trusted.json", tmp_path / "i.yaml"
    TrustStore(record).trust(file, b"a")
    record.chmod(0o666)
    assert not TrustStore(record).is_trusted(file, b"a")
    record.chmod(0o600)
    for damaged in ("{", "[]", json.dumps({str(file): 1})):
        record.write_text(damaged)
        assert not TrustStore(record).is_trusted(file, b"a")


def test_trust_that_cannot_be_recorded_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cfg").write_text("a file in the way")
    with pytest.raises(InputRefused, match=r"trusted.json cannot be written"):
        TrustStore(tmp_path / "cfg" / "trusted.json").trust(tmp_path / "i.yaml", b"a")
