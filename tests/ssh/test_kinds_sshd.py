"""Transfers and requests through a real sshd: a hundred megabytes over a link that is cut, and a server behind it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import Person, person_at, until
from tests.ssh.sshd import SshdFarm
from tests.ssh.story import inventory_of
from tests.web_server import web_server

pytestmark = pytest.mark.sshd

LARGE_BYTES = 100 * 1024 * 1024
PIPELINE = """\
version: 1
name: kinds
params: {port: {}}
stages:
  - name: one
    jobs:
      job:
        hosts: web1
        dir: '%s'
        tasks:
          - upload: {src: large, dest: there/}
          - download: {src: there/large, dest: back/}
          - http: {url: 'http://localhost:{{ params.port }}/status/200', from: host}
          - http: {url: 'http://localhost:1/', from: host}
"""


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person whose controller ends with the test."""
    with person_at(tmp_path / "person") as one:
        yield one


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_a_hundred_megabytes_there_and_back_over_a_link_that_is_cut_and_a_server_that_only_the_host_sees(
    person: Person, sshds: SshdFarm
) -> None:
    web1 = sshds.start("web1")
    data = random.Random(7).randbytes(LARGE_BYTES)
    (person.work / "large").write_bytes(data)
    person.write("p.yaml", PIPELINE % web1.home)
    person.write("inventory.yaml", inventory_of(web1))
    with web_server() as web:
        uid = person.begin("p.yaml", "-i", "inventory.yaml", "-p", f"port={web.port}")
        part = web1.home / "there"
        until(lambda: list(part.glob(".onduty-*")) or (part / "large").exists())
        web1.drop_connections()
        person.quick("wait", uid, code=1)
        assert web.asked == ["GET /status/200"]
    job = person.document(uid)["jobs"][0]
    assert [task["phase"] for task in job["tasks"]] == ["succeeded", "succeeded", "succeeded", "failed"]
    assert job["reason"].startswith("Connect")
    assert (part / "large").read_bytes() == data
    assert list(part.iterdir()) == [part / "large"]
    (place,) = job["tasks"][1]["files"]
    assert Path(place).read_bytes() == data
    assert person.quick("events", uid).out.count("  task_dispatched  ") == 4
