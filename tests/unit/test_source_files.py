"""What an upload sends is pinned by content when the run is planned, and what cannot be sent is said with its place."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from runners.adapters.run_files import LocalRunFiles
from runners.adapters.source_files import LocalSourceFiles
from runners.model.inventory import Inventory
from runners.plan.build import build_plan
from runners.plan.sources import SourceRefused, pin_sources, source_problems
from tests.unit.spec_texts import accepted, inventory_of, said
from tests.unit.test_spec_kinds import AT, one_task

SOURCES = LocalSourceFiles()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site/sub").mkdir(parents=True)
    (tmp_path / "site/a").write_bytes(b"1")
    (tmp_path / "site/sub/run.sh").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "site/sub/run.sh").chmod(0o755)
    (tmp_path / "site/a").chmod(0o640)
    return tmp_path


def why_not(folder: Path, src: str) -> str:
    with pytest.raises(SourceRefused) as refused:
        SOURCES.pin(str(folder), src)
    return str(refused.value)


def test_a_folder_is_pinned_file_by_file_in_order_with_modes_and_sums(folder: Path) -> None:
    pinned = SOURCES.pin(str(folder), "site/")
    assert pinned.folder
    assert [(file.path, file.size_bytes, file.mode) for file in pinned.files] == [
        ("a", 1, 0o640),
        ("sub/run.sh", 10, 0o755),
    ]
    assert pinned.files[0].sha256 == hashlib.sha256(b"1").hexdigest()
    assert b"".join(SOURCES.read(str(folder), "site/", "sub/run.sh")) == b"#!/bin/sh\n"


def test_a_file_that_src_names_through_a_link_is_sent_and_a_link_inside_a_folder_is_not(folder: Path) -> None:
    (folder / "named").symlink_to(folder / "site/a")
    assert SOURCES.pin(str(folder), "named").files[0].size_bytes == 1
    (folder / "site/out").symlink_to("/etc/passwd")
    assert why_not(folder, "site") == "site/out is a symbolic link, which is not sent; send what it names"


def test_what_cannot_be_sent_is_said(folder: Path) -> None:
    assert why_not(folder, "nothing") == "nothing: No such file or directory"
    (folder / "empty").mkdir()
    assert why_not(folder, "empty") == "empty holds no file"
    os.mkfifo(folder / "site/pipe")
    assert why_not(folder, "site") == "site/pipe is neither a file nor a folder"
    assert why_not(folder, "site/pipe") == "site/pipe is neither a file nor a folder"
    (folder / "site/pipe").unlink()
    (folder / "site/a\nb").write_bytes(b"")
    assert "has a name that cannot be sent" in why_not(folder, "site")


def hosts() -> Inventory:
    return inventory_of("hosts:\n  web1: {}\n  web2: {}\n")


def test_a_plan_pins_what_it_sends_once_per_source_and_says_what_is_missing_with_its_place(folder: Path) -> None:
    (folder / "web1.conf").write_bytes(b"1")
    text = one_task("upload: {src: '{{ host.name }}.conf', dest: /etc/app.conf}").replace("hosts: local", "hosts: all")
    pipeline = accepted(text)
    plan, problems = build_plan(pipeline, {}, hosts(), definition_digest="sha256:0", folder=str(folder))
    assert problems == ()
    assert plan is not None
    pinned, found = pin_sources(pipeline, plan, SOURCES.pin)
    assert pinned is None
    assert said(found) == [f"p.yaml:9:13  {AT}.upload.src: web2.conf: No such file or directory"]
    (folder / "web2.conf").write_bytes(b"2")
    pinned, found = pin_sources(pipeline, plan, SOURCES.pin)
    assert found == ()
    assert pinned is not None
    assert {src: source.files[0].sha256[:4] for src, source in pinned.sources.items()} == {
        "web1.conf": hashlib.sha256(b"1").hexdigest()[:4],
        "web2.conf": hashlib.sha256(b"2").hexdigest()[:4],
    }


def test_lint_looks_at_sources_that_need_no_host(folder: Path) -> None:
    text = one_task("upload: {src: nothing, dest: a}") + "          - upload: {src: '{{ host.name }}', dest: b}\n"
    found = source_problems(accepted(text), lambda src: f"{src} cannot be sent")
    assert said(found) == [f"p.yaml:9:13  {AT}.upload.src: nothing cannot be sent"]


async def test_files_of_a_run_are_private_whole_and_never_outside_of_it(tmp_path: Path) -> None:
    files, place = LocalRunFiles(tmp_path), tmp_path / "runs/01RUN/files/3.1/logs/app.log"
    landing = await files.land("01RUN", "3.1", "logs/app.log")
    await landing.write(b"one")
    assert _names(place.parent) == [".app.log.part"]
    assert await landing.keep() == str(place)
    await landing.drop()
    assert _private(place) == b"one"
    dropped = await files.land("01RUN", "3.1", "logs/other")
    await dropped.write(b"half")
    await dropped.drop()
    assert _names(place.parent) == ["app.log"]
    for path in ("/etc/passwd", "../x", "a/../../x", ""):
        with pytest.raises(ValueError, match="leads out of the run's own folder"):
            files.place("01RUN", "3.1", path)


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _private(file: Path) -> bytes:
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    return file.read_bytes()
