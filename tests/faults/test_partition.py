"""A host that is gone for a while: nobody claims to know, then the truth is told."""

from __future__ import annotations

import json

import pytest

from tests.person import Person, until
from tests.ssh.sshd import SshdFarm

pytestmark = [pytest.mark.faults, pytest.mark.sshd, pytest.mark.timeout(180)]

_GATED = """\
version: 1
name: gated
stages:
  - name: only
    jobs:
      work:
        hosts: web1
        tasks: [{name: work, run: 'echo begun; until test -e ~/gate; do sleep 0.05; done; echo ended; exit 7'}]
"""


def test_a_job_whose_host_is_gone_is_unknown_and_then_has_the_exit_status_it_really_had(
    person: Person, sshds: SshdFarm
) -> None:
    sshd = sshds.start("web1")
    host = sshd.host
    keys = ("address", "port", "user", "identity", "known_hosts")
    person.write("hosts.yaml", json.dumps({"hosts": {"web1": {key: getattr(host, key) for key in keys}}}))
    person.write("gated.yaml", _GATED)
    uid = person.begin("gated.yaml", "-i", "hosts.yaml")
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "running", "running")
    connections = sshd.connection_processes()
    sshd.stop()
    for process in connections:
        process.kill()
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "unknown", "unknown")
    assert person.document(uid)["jobs"][0]["result"] is None
    (sshd.home / "gate").touch()
    sshd.start()
    assert person("wait", uid, code=1).code == 1
    job = person.show(uid)["jobs"][0]
    assert (job["phase"], job["exit_code"], job["attempt"]) == ("failed", 7, 1)
    assert person("logs", uid, "--raw").raw == b"begun\nended\n"
