"""Inventories that a command prints, and the hosts of an SSH configuration."""

from __future__ import annotations

import json

import pytest

from runners.model.inventory import Group, Host, Inventory
from runners.model.problems import Problem
from runners.plan.patterns import hosts_of
from runners.spec.inventory import read_inventory
from runners.spec.inventory_kind import PRINTED, command_of
from tests.unit import ansible_tool
from tests.unit.spec_texts import said

LISTED = {
    "web": {"hosts": ["w1", "w2"], "vars": {"color": "blue", "n": 1}},
    "site": {"children": ["web"]},
    "bare": ["b1"],
    "_meta": {"hostvars": {"w1": {"ansible_host": "10.0.0.1", "ansible_port": 2222, "n": 2, "on": True}, "ghost": {}}},
}
NOT_EXECUTED = "the hosts come from a program, and this executes nothing; save what it prints and name that with -i"


def _read(text: str, file: str = "hosts", files: dict[str, str] | None = None) -> tuple[Inventory, list[Problem]]:
    inventory, problems = read_inventory(text, file, "/home/ana", folder="/srv/site", files=files)
    assert said(problems) == []
    assert inventory is not None
    return inventory, list(problems)


def _refused(text: str, file: str = "hosts", files: dict[str, str] | None = None) -> list[str]:
    inventory, problems = read_inventory(text, file, "/home/ana", folder="/srv/site", files=files)
    assert inventory is None
    return said(problems)


def test_what_a_command_prints_for_list_is_an_inventory() -> None:
    inventory, problems = _read(json.dumps(LISTED), "hosts.json")
    assert problems == []
    assert {name: (host.address, host.port, host.vars) for name, host in inventory.hosts.items()} == {
        "w1": ("10.0.0.1", 2222, {"color": "blue", "n": "2", "on": "true"}),
        "w2": (None, None, {"color": "blue", "n": "1"}),
        "b1": (None, None, {}),
    }
    assert inventory.groups["site"] == Group(name="site", children=("web",))
    assert hosts_of("site:&w*:!w2", inventory) == (("w1",), ())


@pytest.mark.parametrize("case", ansible_tool.cases())
def test_what_ansible_inventory_lists_reads_back_as_the_same_groups_and_members(case: str) -> None:
    listed = ansible_tool.recorded(case)["list"]
    inventory, _ = _read(json.dumps(listed), "hosts.json")
    for name, group in listed.items():
        if name not in ("all", "ungrouped", "_meta"):
            assert list(inventory.groups[name].hosts) == group.get("hosts", [])
    recorded = ansible_tool.recorded(case)["patterns"]
    assert set(hosts_of("all", inventory)[0]) == set(recorded["all"])


@pytest.mark.parametrize(
    ("listed", "line"),
    [
        ({"web": 1, "_meta": {}},
         "hosts.json:1:1  web: must be an object with hosts, children and vars, or a list of hosts"),
        ({"web": {"hosts": {"a": {}}}, "_meta": {}},
         'hosts.json:1:1  web.hosts: must be a list of names, not "{\\"a\\": {}}"'),
        ({"web": {"vars": []}, "_meta": {}},
         "hosts.json:1:1  web.vars: must be an object with a key for each variable"),
        ({"web": ["a"], "_meta": {"hostvars": []}},
         "hosts.json:1:1  _meta.hostvars: must be an object with a key for each host"),
        ({"web": ["a"], "_meta": {"hostvars": {"a": 1}}},
         "hosts.json:1:1  _meta.hostvars.a: must be an object with a key for each variable"),
        ({"a": {"children": ["b"]}, "b": {"children": ["a"]}, "_meta": {}},
         "hosts.json:1:1  a: the groups contain each other: a -> b -> a"),
    ],
)  # fmt: skip
def test_list_of_the_wrong_shape_is_refused_by_key(listed: dict[str, object], line: str) -> None:
    assert _refused(json.dumps(listed), "hosts.json") == [line.replace('\\"', '"')]


def test_list_without_variables_of_hosts_says_so() -> None:
    _, problems = _read('{"web": ["a"]}', "hosts.json")
    assert [str(problem) for problem in problems] == [
        "hosts.json:1:1  _meta: is missing; the variables of single hosts are not known"
    ]


OWN = (
    "environment: lab\ncommand: ./list.py --list\n"
    "defaults: {user: deploy, identity: keys/k, vars: {color: red, z: '1'}}\n"
)


def test_command_in_our_own_file_brings_the_hosts_and_the_file_their_defaults() -> None:
    inventory, _ = _read(OWN, "inventory.yaml", {PRINTED: json.dumps(LISTED)})
    assert (inventory.environment, inventory.source) == ("lab", "inventory.yaml")
    w1, b1 = inventory.hosts["w1"], inventory.hosts["b1"]
    assert (w1.user, w1.identity, w1.port, w1.vars["color"], w1.vars["z"]) == (
        "deploy",
        "/srv/site/keys/k",
        2222,
        "blue",
        "1",
    )
    assert b1.vars == {"color": "red", "z": "1"}


def test_command_that_was_not_executed_is_refused_at_its_key() -> None:
    assert _refused(OWN, "inventory.yaml") == [f"inventory.yaml:2:1  command: {NOT_EXECUTED}"]


def test_what_a_command_prints_wrong_is_said_with_the_command() -> None:
    assert _refused(OWN, "inventory.yaml", {PRINTED: "Traceback"}) == [
        "inventory.yaml, ./list.py:1:1  is no JSON: expecting value"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("command: ./x\nhosts: {a: }\n",
         "i.yaml:2:1  hosts: stands beside command:, which prints all hosts; remove one of them"),
        ("command: ./x\ngroups: {a: []}\n",
         "i.yaml:2:1  groups: stands beside command:, which prints all hosts; remove one of them"),
        ("command: ''\n", "i.yaml:1:10  command: is empty"),
        ("command: \"x '\"\n", "i.yaml:1:10  command: a quote is never closed"),
        ("command: []\n", "i.yaml:1:1  command: names no program"),
    ],
)  # fmt: skip
def test_command_that_cannot_be_used_is_refused(text: str, line: str) -> None:
    assert _refused(text, "i.yaml") == [line]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("command: ./list --env 'a b'", ("./list", "--env", "a b")),
        ("command: [./list, --env, $HOME;x]", ("./list", "--env", "$HOME;x")),
        ("hosts: {a: }", ()),
        ("[web]\na\n", ()),
        ("command: ''", ()),
        ("command: [", ()),
    ],
)
def test_words_of_a_command_are_split_without_a_shell(text: str, words: tuple[str, ...]) -> None:
    assert command_of(text, "i.yaml" if "[web]" not in text else "hosts") == words


SSH = """\
# mine
Host bastion gate.example.com
  User ops
Host web* !web9 *.internal
  ProxyJump bastion
host = db1
Match host x
Host "quoted" 2001:db8::1 local
"""


def test_hosts_of_an_ssh_configuration_are_its_names_that_are_no_patterns() -> None:
    inventory, problems = read_inventory(SSH, "/home/ana/.ssh/config", "/home/ana")
    assert inventory is not None
    assert inventory.hosts == {name: Host(name=name) for name in ("bastion", "gate.example.com", "db1", "quoted")}
    assert [str(problem) for problem in problems] == [
        '/home/ana/.ssh/config:8:1  "2001:db8::1" cannot be used as a name (letters, digits, _ . - and at most 63) '
        "and is left out",
        '/home/ana/.ssh/config:8:1  "local" has a meaning of its own here and is left out',
    ]


def test_configuration_elsewhere_is_given_to_ssh_by_name_and_included_hosts_come_after() -> None:
    inventory, _ = _read("Host a\nInclude more\n", "own_config", {"/srv/more": "Host b a\n"})
    assert inventory.hosts == {name: Host(name=name, ssh_config="/srv/site/own_config") for name in ("a", "b")}
