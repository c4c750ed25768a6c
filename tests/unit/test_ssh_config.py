"""From a host of the inventory to explicit options."""

from __future__ import annotations

import asyncio
import getpass
import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from runners.adapters.ssh_config import (
    NO_SSH_PROGRAM,
    SshConfig,
    parse_printed,
    printed_options_args,
    read_printed_options,
)
from runners.adapters.ssh_config_scan import scan_config
from runners.adapters.ssh_tokens import expand, split_paths
from runners.model.errors import HostRefused
from runners.model.inventory import Host

WEB1 = Host(name="web1", address="10.0.0.11")
HOME = Path("/home/alice")

PRINTED = """\
host 10.0.0.11
user deploy
hostname 10.0.0.11
port 2222
addressfamily inet
hashknownhosts yes
identitiesonly yes
stricthostkeychecking accept-new
compression yes
ciphers aes128-ctr,aes256-ctr
identityfile ~/.ssh/%r_%h
identityfile /keys/with space
userknownhostsfile /home/alice/.ssh/known hosts /etc/team known
globalknownhostsfile /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2
connecttimeout 3
proxycommand none
"""


def fake_ssh(folder: Path, body: str) -> str:
    program = folder / "ssh"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return str(program)


def test_what_ssh_prints_becomes_explicit_options() -> None:
    options = read_printed_options(WEB1, parse_printed(PRINTED), home=HOME)
    assert (options.address, options.port, options.user) == ("10.0.0.11", 2222, "deploy")
    assert options.identities == ("/home/alice/.ssh/deploy_10.0.0.11", "/keys/with space")
    assert options.identities_only
    assert options.known_hosts == ("/home/alice/.ssh/known hosts", "/etc/team known")
    assert options.accept_new
    assert options.hash_known_hosts
    assert options.compression
    assert options.family is socket.AF_INET
    assert options.connect_timeout_s == 3
    assert options.ciphers == ("aes128-ctr", "aes256-ctr")
    assert options.record_name == "[10.0.0.11]:2222"
    assert options.notice == ""


def test_the_inventorys_known_hosts_replaces_the_users_and_not_the_machines() -> None:
    options = read_printed_options(replace(WEB1, known_hosts="/inv/known"), parse_printed(PRINTED), home=HOME)
    assert options.known_hosts == ("/inv/known",)
    assert options.global_known_hosts == ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")


def test_a_proxy_command_is_read_with_its_tokens_unless_the_inventory_has_its_own_way() -> None:
    printed = parse_printed(PRINTED.replace("proxycommand none", "proxycommand nc -X '%%' ~ %h %p %r $HOME"))
    options = read_printed_options(WEB1, printed, home=HOME)
    assert options.proxy == f"nc -X '%' ~ {options.address} {options.port} {options.user} $HOME"
    straight = read_printed_options(replace(WEB1, jump=()), printed, home=HOME)
    assert (straight.proxy, straight.proxy_jump) == ("", "")


def config_of(tmp_path: Path, text: str) -> SshConfig:
    """The real ssh over a configuration of our own."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / "config").write_text(text)
    ssh = SshConfig(home=tmp_path)
    if ssh.program is None:
        pytest.skip("there is no ssh program")
    return ssh


async def hops_of(tmp_path: Path, text: str, host: str, jump: tuple[Host, ...] | None = None) -> list[str]:
    """The way to a host, as user@address:port."""
    options = await config_of(tmp_path, text).resolve(Host(name=host, ssh_config=str(tmp_path / "config"), jump=jump))
    return [f"{hop.user}@{hop.address}:{hop.port}" for hop in options.hops]


CHAIN = (
    "Host web\n ProxyJump inner\nHost inner\n HostName 10.0.0.2\n User i\n ProxyJump me@gate:2222\n"
    "Host gate\n HostName 192.0.2.1\n User ignored\nHost two\n ProxyJump gate,inner\n"
    "Host a\n ProxyJump b\nHost b\n ProxyJump a\nHost bad\n ProxyCommand nc %h %p\n"
)


async def test_jump_hosts_come_from_the_configuration_with_the_jumps_of_the_first(tmp_path: Path) -> None:
    assert await hops_of(tmp_path, CHAIN, "web") == ["me@192.0.2.1:2222", "i@10.0.0.2:22"]


async def test_jumps_of_a_later_hop_do_not_count(tmp_path: Path) -> None:
    assert await hops_of(tmp_path, CHAIN, "two") == ["ignored@192.0.2.1:22", "i@10.0.0.2:22"]


async def test_the_inventorys_jump_wins_and_an_empty_one_leads_straight_there(tmp_path: Path) -> None:
    alias = Host(name="gate", ssh_config=str(tmp_path / "config"))
    assert await hops_of(tmp_path, CHAIN, "web", (alias,)) == ["ignored@192.0.2.1:22"]
    (tmp_path / ".ssh").rmdir()
    assert await hops_of(tmp_path, CHAIN, "bad", ()) == []


async def test_a_bastion_for_all_hosts_is_not_reached_through_itself(tmp_path: Path) -> None:
    text = "Host bastion\n HostName 192.0.2.1\nHost *\n ProxyJump bastion\n User u\n"
    assert await hops_of(tmp_path, text, "bastion") == []
    (tmp_path / ".ssh").rmdir()
    assert await hops_of(tmp_path, text, "web") == ["u@192.0.2.1:22"]


async def test_jump_hosts_in_a_circle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HostRefused, match="a: its jump hosts lead in a circle; nothing was sent"):
        await hops_of(tmp_path, CHAIN, "a")


def test_what_is_not_used_is_said() -> None:
    printed = parse_printed(PRINTED + "knownhostscommand /usr/bin/keys\n")
    assert "KnownHostsCommand" in read_printed_options(WEB1, printed, home=HOME).notice


def test_strict_checking_stays_strict_unless_it_says_accept_new() -> None:
    for word, accepted in (("ask", False), ("true", False), ("yes", False), ("accept-new", True), ("false", True)):
        printed = parse_printed(PRINTED.replace("checking accept-new", f"checking {word}"))
        assert read_printed_options(WEB1, printed, home=HOME).accept_new is accepted


def test_an_alias_names_the_record_without_a_port() -> None:
    options = read_printed_options(WEB1, parse_printed(PRINTED + "hostkeyalias Web-Cluster\n"), home=HOME)
    assert options.record_name == "web-cluster"


@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ("", None),
        ("identityagent SSH_AUTH_SOCK\n", None),
        ("identityagent none\n", ""),
        ("identityagent ~/agent.sock\n", "/home/alice/agent.sock"),
    ],
)
def test_the_agent_of_the_configuration_wins_over_the_sessions(printed: str, meant: str | None) -> None:
    assert read_printed_options(WEB1, parse_printed(PRINTED + printed), home=HOME).identity_agent == meant


def test_what_the_inventory_says_is_passed_as_if_typed() -> None:
    host = replace(WEB1, port=2222, user="bob", identity="/keys/100%", ssh_config="/inv/config")
    assert printed_options_args(host) == [
        *("-G", "-F", "/inv/config", "-p", "2222", "-l", "bob", "-i", "/keys/100%%", "--", "10.0.0.11"),
    ]


def test_paths_with_spaces_and_none_are_split() -> None:
    assert split_paths("~/a /b c none /d", HOME) == ("/home/alice/a", "/b c", "/d")
    assert split_paths("", HOME) == ()


def test_tokens_and_variables_expand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM", "sre")
    assert expand("~/%r/${TEAM}/100%%/%z", {"r": "bob", "%": "%"}, HOME) == "/home/alice/bob/sre/100%/%z"


async def test_without_an_ssh_program_only_the_inventorys_keys_count_and_it_says_so(tmp_path: Path) -> None:
    options = await SshConfig(program=None, home=tmp_path).resolve(WEB1)
    assert options.notice == NO_SSH_PROGRAM
    assert (options.address, options.port, options.user) == ("10.0.0.11", 22, getpass.getuser())
    assert options.known_hosts == (str(tmp_path / ".ssh/known_hosts"),)
    assert str(tmp_path / ".ssh/id_ed25519") in options.identities


async def test_the_answer_is_kept_until_a_configuration_file_changes(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    config = tmp_path / "config"
    config.write_text("Host web1\n")
    os.utime(config, ns=(1, 1))
    program = fake_ssh(tmp_path, f"echo x >> {asked}; echo 'hostname 10.0.0.11'")
    ssh = SshConfig(program=program, home=tmp_path)
    host = replace(WEB1, ssh_config=str(config))
    first = await ssh.resolve(host)
    assert await ssh.resolve(host) is first
    assert asked.read_text() == "x\n"
    os.utime(config, ns=(2, 2))
    await ssh.resolve(host)
    assert asked.read_text() == "x\nx\n"


async def test_a_file_that_appears_beside_an_include_counts_as_a_change(tmp_path: Path) -> None:
    config = tmp_path / "config"
    (tmp_path / "d").mkdir()
    config.write_text(f"Include {tmp_path}/d/*.conf\n")
    scan = scan_config([config], home=tmp_path)
    assert scan.is_current()
    (tmp_path / "d" / "a.conf").write_text("Host *\n")
    assert not scan.is_current()


@pytest.mark.parametrize(
    "line",
    [
        'Match exec "touch /tmp/x"',
        "match  host web1 EXEC true",
        "Match=exec true",
        "\tMatch !exec true",
        '"match" exec x',
    ],
)
async def test_match_exec_is_never_executed_and_the_inventory_stands_alone(tmp_path: Path, line: str) -> None:
    (tmp_path / ".ssh" / "conf.d").mkdir(parents=True)
    (tmp_path / ".ssh" / "config").write_text("Host *\n  Include conf.d/*\n")
    (tmp_path / ".ssh" / "conf.d" / "work").write_text(f"{line}\n")
    program = fake_ssh(tmp_path, f"touch {tmp_path}/executed")
    options = await SshConfig(program=program, home=tmp_path).resolve(WEB1)
    assert "Match exec" in options.notice
    assert "conf.d/work:1" in options.notice
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("line", ["Match host executor", "# Match exec true", "Host exec", "Match user exec_user"])
def test_words_that_only_look_like_match_exec_are_not(tmp_path: Path, line: str) -> None:
    (tmp_path / "config").write_text(f"{line}\n")
    assert scan_config([tmp_path / "config"], home=tmp_path).match_exec is None


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"Include {tmp_path}/b\n")
    (tmp_path / "b").write_text(f"Include {tmp_path}/a\nMatch exec true\n")
    assert scan_config([tmp_path / "a"], home=tmp_path).match_exec == f"{tmp_path}/b:2"


async def test_a_configuration_that_does_not_parse_is_refused_with_what_ssh_said(tmp_path: Path) -> None:
    program = fake_ssh(tmp_path, "echo 'config: line 2: Bad configuration option: fubar' >&2; exit 255")
    with pytest.raises(HostRefused, match="line 2: Bad configuration option: fubar"):
        await SshConfig(program=program, home=tmp_path).resolve(WEB1)


async def test_at_most_eight_resolutions_run_at_a_time(tmp_path: Path) -> None:
    # Each one stays until eight have come, so fewer than eight at a time would never end, and a ninth would be seen.
    program = fake_ssh(
        tmp_path,
        f"cd {tmp_path}; mkdir in.$$; set -- in.*; echo $# >> counts\n"
        "while [ ! -e go ]; do set -- in.*; [ $# -lt 8 ] || : > go; done\n"
        "rmdir in.$$; echo 'hostname x'",
    )
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host front\n")
    ssh = SshConfig(program=program, home=tmp_path)
    await asyncio.gather(*(ssh.resolve(replace(WEB1, name=f"web{n}")) for n in range(16)))
    assert max(int(count) for count in (tmp_path / "counts").read_text().split()) <= 8


@pytest.mark.parametrize("address", ["-oProxyCommand=x", "web 1", "web\n1", "web\x1b[1m"])
async def test_an_address_that_is_not_a_name_is_refused(tmp_path: Path, address: str) -> None:
    program = fake_ssh(tmp_path, f"touch {tmp_path}/executed")
    with pytest.raises(HostRefused, match="cannot be used as address"):
        await SshConfig(program=program, home=tmp_path).resolve(replace(WEB1, address=address))
    assert not (tmp_path / "executed").exists()


async def test_the_real_ssh_agrees(tmp_path: Path) -> None:
    ssh = SshConfig(home=tmp_path)
    if ssh.program is None:
        pytest.skip("there is no ssh program")
    config = tmp_path / "config"
    config.write_text("Host front\n HostName 10.9.8.7\n Port 2200\n User carol\n StrictHostKeyChecking accept-new\n")
    options = await ssh.resolve(Host(name="web1", address="front", ssh_config=str(config)))
    assert (options.address, options.port, options.user, options.accept_new) == ("10.9.8.7", 2200, "carol", True)
    assert options.kex
    config.write_text("Host front\n ProxyJump bastion\n")
    os.utime(config, (time.time() + 5, time.time() + 5))
    (hop,) = (await ssh.resolve(Host(name="web1", address="front", ssh_config=str(config)))).hops
    assert hop.address == "bastion"


UNIFORM = """\
# for everybody
Include conf.d/*.conf
Host *
    SendEnv LANG LC_*
    HashKnownHosts yes
    ServerAliveInterval=20
    ControlPath ~/.ssh/%r@%h:%p
    IdentityFile "~/.ssh/id work"
"""


def uniform_of(folder: Path, text: str) -> bool:
    (folder / "config").write_text(text)
    return scan_config([folder / "config"], home=folder).uniform


def test_a_configuration_that_says_the_same_for_every_host_is_known_as_one(tmp_path: Path) -> None:
    assert uniform_of(tmp_path, UNIFORM)
    assert uniform_of(tmp_path, "")
    assert scan_config([tmp_path / "missing"], home=tmp_path).uniform


@pytest.mark.parametrize(
    "line",
    [
        "Host web1",
        "host * !web1",
        "Host=web1",
        '"Host" web1',
        "Match all",
        "Match host web1",
        "HostName %h.example.com",
        "HostName other",
        "IdentityFile ~/.ssh/%h",
        "ProxyJump bastion",
        "ProxyCommand nc %h %p",
        "CanonicalizeHostname yes",
        "HostKeyAlias same",
        "User %r",
        "Include ${HOME}/more",
        "SomethingNew yes",
        "Host",
    ],
)
def test_a_line_that_could_tell_hosts_apart_has_each_asked_about_alone(tmp_path: Path, line: str) -> None:
    assert not uniform_of(tmp_path, f"{UNIFORM}{line}\n")
    (tmp_path / "included").write_text(f"{line}\n")
    assert not uniform_of(tmp_path, f"{UNIFORM}Include {tmp_path}/included\n")


HOSTS = (
    Host(name="web1", address="10.0.0.1", port=22, user="deploy"),
    Host(name="web2", address="web2.example.com", port=2222, user="root"),
    Host(name="web3", address="10.0.0.3", port=1, user="deploy", identity="/keys/web3"),
    Host(name="web4"),
    Host(name="web5", user="carol"),
    Host(name="web6", address="Upper.example.com"),
    Host(name="web7", address="::1"),
    Host(name="web8", address="web8", port=2200),
)


@pytest.mark.parametrize("text", ["", UNIFORM, f"{UNIFORM}  Port 2022\n  User alice\n", f"Port 99\n{UNIFORM}"])
async def test_what_is_said_of_one_host_for_all_is_what_ssh_says_of_each(tmp_path: Path, text: str) -> None:
    ssh = SshConfig(home=tmp_path)
    if ssh.program is None:
        pytest.skip("there is no ssh program")
    config = tmp_path / "config"
    config.write_text(text)
    assert uniform_of(tmp_path, text)
    for host in HOSTS:
        host = replace(host, ssh_config=str(config))
        # One that was never asked about another host has nothing to share.
        assert await ssh.resolve(host) == await SshConfig(home=tmp_path).resolve(host), host


async def test_hosts_of_a_uniform_configuration_share_one_question(tmp_path: Path) -> None:
    real = SshConfig(home=tmp_path).program
    if real is None:
        pytest.skip("there is no ssh program")
    asked = tmp_path / "asked"
    program = fake_ssh(tmp_path, f'echo x >> {asked}; exec {real} "$@"')
    config = tmp_path / "config"
    config.write_text(UNIFORM)
    ssh = SshConfig(program=program, home=tmp_path)
    hosts = [Host(name=f"web{n}", port=n, ssh_config=str(config)) for n in range(1, 21)]
    found = await asyncio.gather(*(ssh.resolve(host) for host in hosts))
    assert [(one.address, one.port) for one in found] == [(f"web{n}", n) for n in range(1, 21)]
    assert asked.read_text() == "x\n"
    config.write_text(f"{UNIFORM}Host web3\n  User carol\n")
    assert [one.user for one in [await ssh.resolve(host) for host in hosts[2:4]]] == ["carol", getpass.getuser()]


async def test_an_answer_with_another_name_than_the_one_asked_about_is_not_shared(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    program = fake_ssh(tmp_path, f"echo x >> {asked}; echo 'hostname elsewhere'")
    ssh = SshConfig(program=program, home=tmp_path)
    for host in HOSTS[:2]:
        assert (await ssh.resolve(host)).address == "elsewhere"
    assert asked.read_text() == "x\nx\n"
