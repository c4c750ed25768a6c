"""Inventories: hosts, groups, and where each connection key comes from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runners.model.inventory import Group, Host
from runners.spec.inventory import read_inventory
from runners.spec.kind import looks_like_inventory
from tests.unit.spec_texts import inventory_of, said

NAME_RULE = "use letters, digits, _ . - (at most 63, the first a letter, digit or _)"
CONNECTION = "address, port, user, identity, known_hosts, ssh_config, jump, via, vars"


def _refused(text: str | bytes) -> list[str]:
    inventory, problems = read_inventory(text, "i.yaml", "/home/ana")
    assert inventory is None
    assert problems
    return said(problems)


def test_paths_start_in_the_folder_of_the_inventory_or_at_home_and_come_out_absolute() -> None:
    inventory = inventory_of(
        "defaults: {known_hosts: ./known_hosts, identity: ~/.ssh/id}\n"
        "hosts:\n  a: {}\n  b: {identity: ../keys/b, ssh_config: /etc/ssh/own}\n"
    )
    assert inventory.hosts == {
        "a": Host(name="a", identity="/home/ana/.ssh/id", known_hosts="/srv/site/known_hosts"),
        "b": Host(name="b", identity="/srv/keys/b", known_hosts="/srv/site/known_hosts", ssh_config="/etc/ssh/own"),
    }
    assert inventory.source == "/srv/site/inventory.yaml"


def test_folder_may_differ_from_the_shown_name_of_the_file() -> None:
    text = "hosts: {a: {identity: key}}"
    inventory, problems = read_inventory(text, "inventory.yaml", "/home/ana", folder="/srv")
    assert problems == ()
    assert inventory is not None
    assert (inventory.hosts["a"].identity, inventory.source) == ("/srv/key", "inventory.yaml")


def test_host_beats_group_and_inner_group_beats_outer_and_group_beats_defaults() -> None:
    inventory = inventory_of(
        "defaults: {user: d, port: 1}\n"
        "hosts: {a: {user: own}, b: , c: , d: }\n"
        "groups:\n"
        "  outer: {children: [inner], hosts: [c], user: outer, port: 2}\n"
        "  inner: {hosts: [a, b], user: inner}\n"
    )
    assert {name: (host.user, host.port) for name, host in inventory.hosts.items()} == {
        "a": ("own", 2),
        "b": ("inner", 2),
        "c": ("outer", 2),
        "d": ("d", 1),
    }
    assert inventory.groups["outer"] == Group(name="outer", hosts=("c",), children=("inner",))


def test_variables_of_a_host_come_from_the_nearest_that_says_them() -> None:
    inventory = inventory_of(
        "defaults: {vars: {A: d, B: d, C: d, D: d}}\n"
        "hosts: {a: {vars: {D: own}}, b: }\n"
        "groups:\n"
        "  outer: {children: [inner], vars: {B: outer, C: outer, D: outer}}\n"
        "  inner: {hosts: [a], vars: {C: 8080}}\n"
    )
    assert inventory.hosts["a"].vars == {"A": "d", "B": "outer", "C": "8080", "D": "own"}
    assert inventory.hosts["b"].vars == {"A": "d", "B": "d", "C": "d", "D": "d"}


def test_two_groups_that_contradict_each_other_in_a_variable_are_no_lottery_either() -> None:
    text = "hosts: {a: }\ngroups:\n  x: {hosts: [a], vars: {W: '1'}}\n  y: {hosts: [a], vars: {W: '2'}}\n"
    assert _refused(text) == [
        "i.yaml:1:9  hosts.a: gets more than one variable W: 1 from x, 2 from y; say it on the host"
    ]


def test_two_groups_that_contradict_each_other_are_no_lottery() -> None:
    text = (
        "hosts:\n  a: {}\n  b: {user: me}\ngroups:\n  x: {hosts: [a, b], user: ann}\n  y: {hosts: [a, b], user: bob}\n"
    )
    assert _refused(text) == [
        "i.yaml:2:3  hosts.a: gets more than one user: ann from x, bob from y; say it on the host"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "i.yaml:1:1  the file is empty"),
        ("hosts: {all: {}}", "i.yaml:1:9  hosts.all: all always means every host; choose another name"),
        (
            "groups: {local: []}",
            "1:10  groups.local: local always means the controller's own machine; choose another name",
        ),
        ("hosts: {a: }\ngroups: {a: [a]}", "i.yaml:2:10  groups.a: is the name of a host in line 1; choose another"),
        (
            "hosts: {web1: }\ngroups: {w: [wep1]}",
            '2:14  groups.w[0]: no host "wep1" in this file, did you mean "web1"?',
        ),
        (
            "hosts: {web1: }\ngroups: {w: {hosts: [web1, x y]}}",
            'i.yaml:2:28  groups.w.hosts[1]: no host "x y" in this file',
        ),
        (
            "groups: {w: {children: [v]}, vv: []}",
            '1:25  groups.w.children[0]: no group "v" in this file, did you mean "vv"?',
        ),
        ("groups: {w: [v], v: []}", 'i.yaml:1:14  groups.w[0]: "v" is a group; write it under children:'),
        ("hosts: {a: }\ngroups: {w: {children: [a]}}", 'groups.w.children[0]: "a" is a host; write it under hosts:'),
        ("groups: {w: [local]}", "groups.w[0]: local is never part of a group; name it beside the group in hosts:"),
        ("groups: {a: {children: [a]}}", "i.yaml:1:10  groups.a: the groups contain each other: a -> a"),
        ("groups: {w: web1}", 'i.yaml:1:13  groups.w: must be a mapping (key: value), not "web1"'),
        ("hosts: [a, b]", "i.yaml:1:1  hosts: must be a mapping (key: value), not a list"),
        ("hosts: {a: 10.0.0.1}", 'i.yaml:1:12  hosts.a: must be a mapping (key: value), not "10.0.0.1"'),
        ("hosts: {a b: {}}", f'i.yaml:1:9  hosts["a b"]: "a b" is no name; {NAME_RULE}'),
        ("hosts: {a: {adress: x}}", 'i.yaml:1:13  hosts.a.adress: unknown key, did you mean "address"?'),
        ("hosts: {a: {ansible_host: x}}", 'hosts.a.ansible_host: unknown key, did you mean "address"?'),
        ("hosts: {a: {zzz: x}}", f"hosts.a.zzz: unknown key; known here are {CONNECTION}, labels"),
        ("hosts: {a: {jump: 'b c'}}", 'hosts.a.jump: "b c" is no jump host; write host, user@host or user@host:port'),
        (
            "hosts: {a: {jump: [b, -x]}}",
            'hosts.a.jump[1]: "-x" is no jump host; write host, user@host or user@host:port',
        ),
        ("hosts: {a: {jump: 'b:70000'}}", 'hosts.a.jump: "b:70000": the port must be from 1 to 65535'),
        ("hosts: {a: {jump: []}}", "hosts.a.jump: names no host; write none for a host that is reached directly"),
        ("hosts: {a: {jump: a}}", "i.yaml:1:9  hosts.a: is reached through itself: a -> a"),
        ("hosts: {a: {jump: b}, b: {jump: a}}", "i.yaml:1:9  hosts.a: is reached through itself: a -> b -> a"),
        (
            "hosts: {a: }\ngroups: {x: {hosts: [a], jump: g}, y: {hosts: [a], jump: none}}",
            "hosts.a: gets more than one jump: g from x, none from y; say it on the host",
        ),
        (
            "hosts: {a: {via: opensh}}",
            'i.yaml:1:18  hosts.a.via: must be one of openssh, not "opensh", did you mean "openssh"?',
        ),
        ("hosts: {ungrouped: }", "ungrouped always means the hosts that are in no group; choose another name"),
        ("hosts: {a: {vars: {PATH: x}}}", "i.yaml:1:20  hosts.a.vars.PATH: changes the shell itself and cannot be set"),
        ("groups: {a: {vars: {ONDUTY_X: x}}}", "groups.a.vars.ONDUTY_X: is set by onduty itself; choose another name"),
        ("defaults: {vars: {a-b: x}}", "defaults.vars.a-b: is no name for a variable; letters, digits and _ only"),
        ("hosts: {a: {vars: {W: no}}}", "i.yaml:1:23  hosts.a.vars.W: YAML reads no as false; quote it: 'no'"),
        ("hosts: {a: {vars: {W: [1]}}}", "i.yaml:1:20  hosts.a.vars.W: must be text, not a list"),
        ("hosts: {a: {vars: x}}", 'i.yaml:1:19  hosts.a.vars: must be a mapping (key: value), not "x"'),
        ("hosts: {a: {port: 0}}", "i.yaml:1:19  hosts.a.port: must be from 1 to 65535, not 0"),
        ("hosts: {a: {port: '22'}}", 'i.yaml:1:19  hosts.a.port: must be a whole number without quotes, not "22"'),
        ("hosts: {a: {address: -oProxyCommand=x}}", 'hosts.a.address: "-oProxyCommand=x" is no host name or address'),
        ("hosts: {a: {address: me@host}}", "hosts.a.address: must not name a user; write user: beside it"),
        ("hosts: {a: {address: 'x y'}}", 'hosts.a.address: "x y" is no host name or address; a port stands in port:'),
        ("hosts: {a: {user: -l}}", 'hosts.a.user: "-l" is no name of a user'),
        (
            "hosts: {a: {identity: ~bob/key}}",
            "hosts.a.identity: other people's homes are not looked up; write the whole path",
        ),
        ("hosts: {a: {labels: {zone: no}}}", "hosts.a.labels.zone: YAML reads no as false; quote it: 'no'"),
        (
            "version: 1",
            "i.yaml:1:1  version: unknown key; known here are environment, command, defaults, hosts, groups",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line_with_its_place(text: str, line: str) -> None:
    problems = _refused(text)
    assert len(problems) == 1
    assert line in problems[0]


def test_groups_that_contain_each_other_are_named_whole() -> None:
    text = "groups:\n  a: {children: [b]}\n  b: {children: [c]}\n  c: {children: [a]}\n"
    assert _refused(text) == ["i.yaml:2:3  groups.a: the groups contain each other: a -> b -> c -> a"]


def test_inventory_of_the_language_page_is_read() -> None:
    inventory = inventory_of((Path(__file__).parent / "data" / "language_inventory.yaml").read_text("utf-8"))
    web2 = inventory.hosts["web2"]
    assert (web2.port, web2.vars, web2.jump) == (2222, {"WEIGHT": "2"}, (Host(name="bastion"),))


def test_via_is_said_by_the_nearest_as_every_key_of_a_connection() -> None:
    found = inventory_of("defaults: {via: openssh}\nhosts:\n  a: {jump: gate}\n  gate: {}\n").hosts
    assert (found["a"].via, found["gate"].via) == ("openssh", "openssh")
    assert inventory_of("hosts: {a: {}}").hosts["a"].via is None


def _jumps(text: str) -> dict[str, tuple[Host, ...] | None]:
    return {name: host.jump for name, host in inventory_of(text).hosts.items()}


def test_jump_through_a_host_of_the_file_knows_how_to_reach_it() -> None:
    jumps = _jumps(
        "hosts:\n"
        "  gate: {address: 192.0.2.1, user: ops, identity: k, vars: {A: b}, labels: {l: m}}\n"
        "  web1: {jump: gate}\n"
        "  web2: {jump: me@gate:2222}\n"
    )
    gate = Host(name="gate", address="192.0.2.1", user="ops", identity="/srv/site/k")
    assert jumps == {"gate": None, "web1": (gate,), "web2": (replace(gate, user="me", port=2222),)}


def test_jumps_of_the_first_hop_come_before_it_and_those_of_the_next_do_not_count() -> None:
    jumps = _jumps("hosts:\n  a: {jump: none}\n  b: {jump: a}\n  c: {jump: b}\n  d: {jump: [x, b]}\n")
    straight = Host(name="a", jump=())
    b = Host(name="b", jump=())
    assert jumps == {"a": (), "b": (straight,), "c": (straight, b), "d": (Host(name="x"), b)}


def test_jump_for_all_hosts_leaves_out_the_jump_host_itself() -> None:
    jumps = _jumps("defaults: {jump: 'outer,gate'}\nhosts: {gate: , web1: , web2: {jump: none}}\n")
    outer = Host(name="outer")
    assert jumps == {"gate": (outer,), "web1": (outer, Host(name="gate", jump=())), "web2": ()}
    assert _jumps("defaults: {jump: gate}\nhosts: {gate: , web1: }\n")["gate"] is None


@pytest.mark.parametrize(
    ("text", "is_inventory"),
    [
        ("hosts: {a: }", True),
        (b"\xef\xbb\xbfgroups:\n  web: [a\n", True),
        ("all:\n  hosts: {}\n", True),
        ("; mine\n[web]\nweb1\n", True),
        ("web1\n\n[web:children]\n", True),
        ("web:\n  hosts:\n    a:\n", True),
        ('{"web": {"hosts": ["a"]}, "_meta": {}}', True),
        ("name: x\nweb:\n  hosts: a\n", False),
        ("version: 1\nhosts: a\n", False),
        ("stages:\n  - name: a\n    hosts: b\n", False),
        ("", False),
        (b"\xff", False),
    ],
)
def test_inventory_is_told_from_a_pipeline_by_its_first_column(text: str | bytes, is_inventory: bool) -> None:
    assert looks_like_inventory(text) is is_inventory
