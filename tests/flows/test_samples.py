"""Every sample pipeline on the demo's hosts, as a person runs it: it lints clean and does what its lesson says."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runners.testing.demo_hosts import HOSTS, fleet_words, furnish, stop_services
from tests.flows.terminal import Terminal
from tests.person import Person, fleet_at, person_at

SAMPLES = Path(__file__).resolve().parents[2] / "sample_pipelines"
FILES = sorted(path.name for path in SAMPLES.glob("*.yaml") if path.name != "inventory.yaml")

PATIENCE_S = 150.0
"""A sample is a few dozen tasks; a healthy machine needs a few seconds."""

pytestmark = pytest.mark.xdist_group("samples")


@dataclass(frozen=True, slots=True)
class Site:
    """The demo's hosts and a person who runs samples there."""

    person: Person
    folder: Path

    def home(self, host: str) -> Path:
        """The home of a host."""
        return self.folder / "hosts" / host

    def words(self, sample: str, *params: str) -> list[str]:
        """What follows ``onduty``."""
        chosen = [word for param in params for word in ("-p", param)]
        return ["run", str(SAMPLES / sample), "-i", str(self.folder / "inventory.yaml"), *chosen]

    def run(self, sample: str, *params: str, code: int = 0) -> Any:
        """Run a sample to its end; its document."""
        done = self.person.end(self.person.start(*self.words(sample, *params)), timeout_s=PATIENCE_S)
        assert done.code == code, f"{sample}: {done.code}\n{done.out}\n{done.err}"
        return self.person.show()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The hosts of the demo, none of them broken."""
    folder = tmp_path_factory.mktemp("samples") / "fleet"
    ports = furnish(folder / "hosts", broken=None)
    try:
        with fleet_at(folder, words=fleet_words(ports)), person_at(folder.parent / "person") as person:
            yield Site(person, folder)
    finally:
        stop_services(folder / "hosts")


def succeeded(document: Any) -> bool:
    return (document["phase"], document["warnings"]) == ("succeeded", [])


def files_of(site: Site, document: Any) -> dict[str, list[Path]]:
    """What was downloaded, by host."""
    return {
        job["host"]: [Path(name) for task in job["tasks"] for name in task.get("files") or ()]
        for job in document["jobs"]
        if any(task.get("files") for task in job["tasks"])
    }


def log_of(site: Site, *words: str) -> str:
    return site.person("logs", "last", *words).out


def test_there_are_eight_and_each_lints_clean_against_the_inventory_beside_them(site: Site) -> None:
    assert len(FILES) == 8
    inventory = str(SAMPLES / "inventory.yaml")
    said = site.person("lint", *(str(SAMPLES / name) for name in FILES), inventory, "-i", inventory).out
    assert said == "9 files: no problems\n"
    readme = (SAMPLES / "README.md").read_text()
    assert all(f"[{name}]({name})" in readme for name in FILES)


@pytest.mark.faults
def test_a_release_rolls_out_and_goes_back_to_the_one_before(site: Site) -> None:
    assert succeeded(site.run("rolling-release.yaml", "release=2.4.1", "soak=10ms"))
    conf = (site.home("web2") / "etc/api.conf").read_text().splitlines()
    assert conf[-2:] == ["workers=4", "channel=stable"]
    assert succeeded(site.run("rolling-release.yaml", "release=2.4.2", "soak=10ms", "channel=beta"))
    current = [(site.home(f"web{n}") / "releases/current").read_text() for n in range(1, 5)]
    assert current == ["2.4.2\n"] * 4
    site.person("rollback", "last", "--reason", "errors doubled")
    site.person("wait", "last", code=1)
    document = site.person.show()
    assert document["phase"] == "rolled_back"
    current = [(site.home(f"web{n}") / "releases/current").read_text() for n in range(1, 5)]
    assert current == ["2.4.1\n"] * 4


def test_a_migration_keeps_a_backup_and_a_bad_one_takes_itself_back(site: Site) -> None:
    document = site.run("migrate-database.yaml", "settle=10ms")
    assert succeeded(document)
    base = site.home("db1") / "payments.db"
    (backup,) = files_of(site, document)["db1"]
    with sqlite3.connect(backup) as copy, sqlite3.connect(base) as now:
        assert copy.execute("SELECT sum(amount) FROM orders").fetchone() == (425,)
        assert "currency" in [row[1] for row in now.execute("PRAGMA table_info(orders)")]
    bad = site.run("migrate-database.yaml", "settle=10ms", "statement=DELETE FROM orders WHERE id = 2", code=1)
    assert bad["phase"] == "rolled_back"
    with sqlite3.connect(base) as now:
        assert now.execute("SELECT count(*) FROM orders").fetchone() == (3,)


@pytest.mark.faults
def test_the_nightly_load_adds_up_and_does_not_load_what_it_does_not_believe(site: Site) -> None:
    document = site.run("nightly-etl.yaml", "day=2026-11-20")
    assert succeeded(document)
    (loaded,) = (site.home("db1") / "warehouse/requests.csv").read_text().splitlines()
    total = int(loaded.removeprefix("2026-11-20,"))
    by_host = {job["host"]: int(job["outputs"]["requests"]) for job in document["jobs"] if job["job"] == "extract"}
    assert sum(by_host.values()) == total > 0
    assert {host: paths[0].read_text().splitlines()[1] for host, paths in files_of(site, document).items()} == {
        host: f"2026-11-20,{host},{requests}" for host, requests in by_host.items()
    }
    stopped = site.run("nightly-etl.yaml", "day=2026-11-21", "least=1000000", code=1)
    assert stopped["phase"] == "failed"
    assert "error:" in log_of(site, "validate")
    assert "2026-11-21" not in (site.home("db1") / "warehouse/requests.csv").read_text()


def test_a_clean_up_removes_what_is_old_and_nothing_else(site: Site) -> None:
    old, young = (site.home("web1") / "log" / name for name in ("old.log.gz", "young.log.gz"))
    for path, days in ((old, 30), (young, 1)):
        path.write_bytes(b"x")
        os.utime(path, (time.time() - days * 86400,) * 2)
    document = site.run("disk-cleanup.yaml")
    assert document["phase"] == "succeeded"
    assert {job["phase"] for job in document["jobs"] if job["job"] == "logs"} == {"succeeded"}
    crashes = {job["phase"] for job in document["jobs"] if job["job"] == "crashes"}
    may = subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode == 0
    assert crashes == {"succeeded" if may else "failed"}
    assert not old.exists()
    assert young.exists()
    assert log_of(site, "report").count("MiB were free") == len(HOSTS)


def test_a_secret_is_rotated_and_seen_nowhere(site: Site) -> None:
    config = site.person.folder / "home/.config/onduty"
    config.mkdir(parents=True, exist_ok=True)
    glass = config / "break-glass"
    glass.write_text("in-case-of-fire\n")
    glass.chmod(0o600)
    person = Person(folder=site.person.folder, home=site.person.home, more_env={"AUDIT_KEY": "audit-me-hard"})
    asked = Terminal(person, *site.words("rotate-secret.yaml"))
    asked.read_until("Passphrase of the vault")
    asked.type("open sesame\n")
    shown = asked.read_to_end()
    assert "the token is" in shown, shown
    assert asked.end() == 0
    document = site.person.show()
    assert succeeded(document)
    token = (site.home("web1") / "etc/api.token").read_text().strip()
    assert len(token) == 48
    assert "the token is " in log_of(site, "token")
    values = [token, "in-case-of-fire", "audit-me-hard", "open sesame"]
    shown = asked.text + site.person("logs", "last").out + json.dumps(document)
    kept = [path.read_bytes() for path in site.person.home.rglob("*") if path.is_file()]
    for value in values:
        assert value not in shown
        assert not any(value.encode() in data for data in kept)


def test_a_certificate_is_renewed_and_the_one_before_is_kept(site: Site) -> None:
    if shutil.which("openssl") is None:
        assert os.environ.get("CI") != "true", "CI must run the sample with a real openssl"
        pytest.skip("NOT TESTED WITH A REAL OPENSSL: apt install openssl")
    for _ in range(2):
        assert succeeded(site.run("renew-certificate.yaml"))
    tls = site.home("edge1") / "tls"
    assert (tls / "cert.pem").read_text() != (tls / "cert.pem.before").read_text()
    assert (tls / "key.pem").stat().st_mode & 0o777 == 0o600
    site.person("rollback", "last")
    site.person("wait", "last", code=1)
    assert (tls / "cert.pem").read_text() == (tls / "cert.pem.before").read_text()


def test_the_logs_of_every_host_are_kept_with_the_run(site: Site) -> None:
    (site.home("db1") / "log/db.log").write_text("FATAL: out of memory\n")
    document = site.run("collect-logs.yaml", "incident=INC-7")
    assert succeeded(document)
    found = files_of(site, document)
    assert set(found) == set(HOSTS)
    with tarfile.open(found["db1"][0]) as packed:
        names = packed.getnames()
        log = packed.extractfile("INC-7/db.log")
        assert log is not None
        assert log.read() == b"FATAL: out of memory\n"
    assert "INC-7/state.txt" in names


@pytest.mark.faults
def test_hosts_are_drained_and_back_in_rotation_whatever_happened(site: Site) -> None:
    assert succeeded(site.run("drain-and-restart.yaml", "drain=10ms"))
    assert not (site.home("web3") / "run/maintenance").exists()
    # The service of web2 is gone: its restart fails, and it is back in rotation all the same.
    (site.home("web2") / "bin/api").rename(site.home("web2") / "bin/api.away")
    try:
        document = site.run("drain-and-restart.yaml", "drain=10ms", code=1)
    finally:
        (site.home("web2") / "bin/api.away").rename(site.home("web2") / "bin/api")
    assert {job["host"]: job["phase"] for job in document["jobs"] if job["stage"] == "others"}["web2"] == "failed"
    assert not (site.home("web2") / "run/maintenance").exists()
    site.person("cancel", "last")
