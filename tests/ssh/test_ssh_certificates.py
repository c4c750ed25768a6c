"""Certificates and locked keys as ``ssh-keygen`` makes them, on a real sshd, and what is said when one does not do."""

from __future__ import annotations

import getpass
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runners.adapters.known_hosts import KnownHosts
from runners.adapters.ssh_config import SshConfig, SshOptions
from runners.adapters.ssh_dial import Dialler
from runners.engine.host_failure import failure_of
from runners.model.errors import AuthFailed, HostKeyChanged, LoginNeeded
from tests.person import person_at, until
from tests.ssh.agent import Agent, running_agent
from tests.ssh.sshd import Sshd, SshdFarm
from tests.ssh.story import inventory_of

pytestmark = pytest.mark.sshd

ME = getpass.getuser()
PAST = "20200101:20200102"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path / "agent") as agent:
        yield agent


def keygen(*words: str | Path) -> str:
    return subprocess.run(
        ["ssh-keygen", "-q", *map(str, words)], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
    ).stdout


def new_key(path: Path, passphrase: str = "") -> Path:
    keygen("-t", "ed25519", "-N", passphrase, "-C", path.name, "-f", path)
    return path


def public_half(key: Path) -> str:
    return Path(f"{key}.pub").read_text()


def sign(authority: Path, key: Path, *words: str, name: str = ME) -> Path:
    """Certify a key; the certificate lies beside it."""
    keygen("-s", authority, "-I", f"{key.name} of {name}", "-n", name, *words, f"{key}.pub")
    return key.with_name(f"{key.name}-cert.pub")


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    return new_key(tmp_path / "authority")


@pytest.fixture
def daemon(sshds: SshdFarm, authority: Path) -> Sshd:
    """A host that lets in whom the authority certified and nobody else."""
    daemon = sshds.start("web1", f"TrustedUserCAKeys {authority}.pub")
    (daemon.folder / "authorized_keys").write_text("")
    return daemon


async def with_key(config: SshConfig, daemon: Sshd, key: Path, agent: Agent | None = None) -> None:
    options = await config.resolve(replace(daemon.host, identity=str(key)))
    await log_in(options, agent)


async def log_in(options: SshOptions, agent: Agent | None = None) -> None:
    connection = await Dialler(KnownHosts(), lambda: agent.socket if agent else None).dial(options)
    connection.ssh.close()
    await connection.ssh.wait_closed()


async def test_certificate_beside_the_key_lets_in_as_with_ssh(
    daemon: Sshd, config: SshConfig, authority: Path, tmp_path: Path
) -> None:
    key = new_key(tmp_path / "mine")
    with pytest.raises(AuthFailed):
        await with_key(config, daemon, key)
    sign(authority, key)
    await with_key(config, daemon, key)
    assert "Accepted publickey" in daemon.log
    assert "ED25519-CERT" in daemon.log


@pytest.mark.parametrize(
    ("words", "name", "said"),
    [
        (("-V", PAST), ME, "has expired"),
        (("-V", "20900101:20910101"), ME, "is not yet valid"),
        ((), "somebody-else", f"is for somebody-else and not for {ME}"),
    ],
)
async def test_certificate_that_does_not_do_is_named_with_its_reason_and_the_bare_key_is_tried_too(
    daemon: Sshd, config: SshConfig, authority: Path, tmp_path: Path, words: tuple[str, ...], name: str, said: str
) -> None:
    key = new_key(tmp_path / "mine")
    sign(authority, key, *words, name=name)
    # What has run out may be renewed: that waits for somebody. The rest fails at once.
    with pytest.raises(AuthFailed if name == "somebody-else" else LoginNeeded) as refused:
        await with_key(config, daemon, key)
    assert f"(tried {key}, certified, {key}; the certificate of {key} {said}); nothing" in str(refused.value)
    (daemon.folder / "authorized_keys").write_text(public_half(key))
    await with_key(config, daemon, key)


async def test_locked_key_that_the_agent_holds_is_found_there_also_without_its_public_file(
    daemon: Sshd, config: SshConfig, tmp_path: Path, agent: Agent
) -> None:
    locked = new_key(tmp_path / "locked", "a pass phrase")
    (daemon.folder / "authorized_keys").write_text(public_half(locked))
    os.unlink(f"{locked}.pub")
    unlocked = tmp_path / "unlocked"
    unlocked.touch(mode=0o600)
    unlocked.write_bytes(locked.read_bytes())
    agent.add_strangers(8)
    with pytest.raises(LoginNeeded, match=f"{locked} is locked with a passphrase and the agent does not hold it") as no:
        await with_key(config, daemon, locked, agent)
    assert no.value.hint == f"ssh-add {locked}"
    keygen("-p", "-P", "a pass phrase", "-N", "", "-f", unlocked)
    agent.add(unlocked)
    await with_key(config, daemon, locked, agent)
    options = await config.resolve(replace(daemon.host, identity=str(locked)))
    await log_in(replace(options, identities_only=True), agent)


async def test_host_that_asks_for_a_password_after_the_key_is_told_apart_from_a_refused_key(
    sshds: SshdFarm, config: SshConfig, tmp_path: Path
) -> None:
    ways = ("PasswordAuthentication yes", "AuthenticationMethods publickey,password")
    daemon = sshds.start("otp", *ways)
    with pytest.raises(LoginNeeded) as besides:
        await log_in(await config.resolve(daemon.host))
    assert str(besides.value) == f"otp takes the password of {ME}"
    either = sshds.start("either", ways[0])
    with pytest.raises(AuthFailed, match="it also takes a password, and nobody is at a terminal to be asked for it"):
        await with_key(config, either, new_key(tmp_path / "wrong"))


@pytest.fixture
def certified(sshds: SshdFarm, tmp_path: Path) -> Sshd:
    """A host whose certificate will lie at ``host-cert.pub``."""
    return sshds.start("certified", f"HostCertificate {tmp_path}/host-cert.pub")


def show_certificate(daemon: Sshd, authority: Path, tmp_path: Path, *words: str, name: str = "127.0.0.1") -> None:
    """Sign the host's key, and have the host show that."""
    (tmp_path / "host.pub").write_bytes((daemon.folder / "host_key.pub").read_bytes())
    sign(authority, tmp_path / "host", "-h", *words, name=name)
    daemon.stop()
    daemon.start()


@pytest.mark.parametrize(
    ("words", "name", "stranger", "said"),
    [
        (("-V", PAST), "127.0.0.1", False, "Certificate expired"),
        ((), "elsewhere", False, "Certificate principal mismatch"),
        ((), "127.0.0.1", True, "Host CA key is not trusted"),
    ],
    ids=["expired", "for another name", "by a stranger"],
)
async def test_host_certificate_that_is_not_good_leaves_the_key_on_record_and_no_other(
    certified: Sshd, config: SshConfig, authority: Path, tmp_path: Path, words: tuple[str, ...], name: str,
    stranger: bool, said: str,
) -> None:  # fmt: skip
    signer = new_key(tmp_path / "stranger") if stranger else authority
    show_certificate(certified, signer, tmp_path, *words, name=name)
    known = tmp_path / "known"
    trusted = f"@cert-authority [127.0.0.1]:* {public_half(authority)}"
    known.write_text(trusted)
    options = await config.resolve(replace(certified.host, known_hosts=str(known)))
    with pytest.raises(HostKeyChanged) as refused:
        await log_in(options)
    failure = failure_of("certified", refused.value)
    assert failure.text == (
        f"certified (127.0.0.1:{certified.port}) showed a host certificate that is refused ({said} for host "
        "127.0.0.1) and has no key on record; nothing was sent to it"
    )
    assert failure.final
    assert "Accepted" not in certified.log
    known.write_text(trusted + certified.known_hosts.read_text())
    await log_in(options)
    other = " ".join(public_half(authority).split()[:2])
    known.write_text(f"{trusted}{options.record_name} {other}\n")
    with pytest.raises(HostKeyChanged, match="shows another host key"):
        await log_in(options)
    assert certified.log.count("Accepted publickey") == 1


async def test_revoked_authority_is_not_passed_by_through_the_key_on_record(
    certified: Sshd, config: SshConfig, authority: Path, tmp_path: Path
) -> None:
    show_certificate(certified, authority, tmp_path)
    public = public_half(authority)
    known = tmp_path / "known"
    listed = certified.known_hosts.read_text()
    known.write_text(f"@cert-authority [127.0.0.1]:* {public}{listed}")
    options = await config.resolve(replace(certified.host, known_hosts=str(known)))
    await log_in(options)
    known.write_text(f"{known.read_text()}@revoked * {public}")
    with pytest.raises(HostKeyChanged, match="revoked"):
        await log_in(options)


RELEASE = """\
version: 1
name: release
stages:
  - name: one
    jobs:
      job:
        hosts: web1
        tasks: [{run: 'echo "$ONDUTY_KEY" >>"$HOME/ran"; while ! [ -e GATE ]; do sleep 0.05; done'}]
"""


def test_job_outlives_the_agent_that_opened_its_connection_and_goes_on_with_the_next_one(
    sshds: SshdFarm, agent: Agent, tmp_path: Path
) -> None:
    daemon = sshds.start("web1")
    locked, unlocked = new_key(tmp_path / "locked", "a pass phrase"), tmp_path / "unlocked"
    (daemon.folder / "authorized_keys").write_text(public_half(locked))
    unlocked.touch(mode=0o600)
    unlocked.write_bytes(locked.read_bytes())
    keygen("-p", "-P", "a pass phrase", "-N", "", "-f", unlocked)
    agent.add(unlocked)
    gate = tmp_path / "gate"
    with person_at(tmp_path / "person") as person:
        person.write("release.yaml", RELEASE.replace("GATE", str(gate)))
        person.write("inventory.yaml", inventory_of(daemon).replace(str(daemon.identity), str(locked)))
        nobody = person("run", "release.yaml", "-i", "inventory.yaml", code=4)
        assert f"{locked} is locked with a passphrase and there is no agent" in nobody.err
        assert "onduty login web1" in nobody.err
        assert not (daemon.home / "ran").exists()
        uid = person.show()["uid"]
        # Any command that comes along with the agent releases it.
        person.more_env = {"SSH_AUTH_SOCK": agent.socket}
        person.quick("runs")
        person.until_phase(uid, "running")
        until((daemon.home / "ran").exists)
        agent.end()
        person.more_env = {}
        daemon.drop_connections()
        host = until(lambda: [one for one in person.api("GET", "/v1/hosts").json() if one["phase"] == "login"])[0]
        assert f"{locked} is locked with a passphrase and there is no agent" in host["text"]
        gate.touch()
        with running_agent(tmp_path / "next") as following:
            following.add(unlocked)
            person.more_env = {"SSH_AUTH_SOCK": following.socket}
            person.quick("runs")
            person.until_phase(uid, "succeeded")
        assert (daemon.home / "ran").read_text().count("\n") == 1
