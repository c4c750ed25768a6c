"""Ansible inventories are read as ansible-inventory reads them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.model.inventory import Host, Inventory
from runners.plan.build import host_problems
from runners.plan.patterns import hosts_of, members_of
from runners.spec.inventory import read_inventory
from tests.unit import ansible_tool
from tests.unit.spec_texts import accepted, one_job, said

CONNECTION = {"ansible_host": "address", "ansible_port": "port", "ansible_user": "user"}


def _read(case: str) -> Inventory:
    file = ansible_tool.inventory_file(case)
    inventory, problems = read_inventory(
        file.read_bytes(), file.name, "/home/ana", folder=str(file.parent), files=ansible_tool.vars_files(case)
    )
    assert said(problems) == []
    assert inventory is not None
    return inventory


def _is(text: str, value: Any) -> bool:
    """Whether the text is what was typed for the value."""
    match value:
        case str():
            return text == value
        case bool():
            return text.lower() in (("true", "yes", "on") if value else ("false", "no", "off"))
        case None:
            return text in ("", "None")
        case int() | float():
            return float(text) == value
        case _:
            return bool(json.loads(text) == value)


def _check_variables(host: Host, told: dict[str, Any]) -> None:
    assert {*host.vars, *host.withheld} == set(told)
    for name, value in told.items():
        if name in CONNECTION:
            assert getattr(host, CONNECTION[name]) == value
        elif isinstance(value, dict) and "__ansible_vault" in value:
            assert "is encrypted by Ansible Vault" in host.withheld[name]
        elif isinstance(value, dict) and "__ansible_unsafe" in value:
            assert host.vars[name] == value["__ansible_unsafe"]
        elif isinstance(value, str) and "{{" in value:
            assert "is a Jinja expression" in host.withheld[name]
        elif not name.startswith("ansible_"):
            assert _is(host.vars[name], value), name


@pytest.mark.parametrize("case", ansible_tool.cases())
def test_groups_hosts_and_variables_are_those_of_ansible_inventory(case: str) -> None:
    inventory, told = _read(case), ansible_tool.recorded(case)["list"]
    groups = {name: group for name, group in told.items() if name not in ("all", "ungrouped", "_meta")}
    assert {name for name in inventory.groups if members_of(name, inventory)} <= set(groups)
    for name, group in groups.items():
        assert list(inventory.groups[name].hosts) == group.get("hosts", [])
        assert set(inventory.groups[name].children) >= set(group.get("children", []))
    for name, host in inventory.hosts.items():
        _check_variables(host, told["_meta"]["hostvars"].get(name, {}))
    assert set(told["_meta"]["hostvars"]) <= set(inventory.hosts)


@pytest.mark.parametrize("case", ansible_tool.cases())
def test_patterns_mean_the_hosts_that_ansible_means(case: str) -> None:
    inventory = _read(case)
    for pattern, hosts in ansible_tool.recorded(case)["patterns"].items():
        ours, _ = hosts_of(pattern, inventory)
        assert set(ours) == set(hosts), pattern
        if pattern == "all":
            assert list(ours) == hosts


@pytest.mark.skipif(not ansible_tool.is_installed(), reason="ansible-inventory is not installed; its records are used")
@pytest.mark.parametrize("case", ansible_tool.cases())
def test_records_are_what_the_installed_ansible_says(case: str) -> None:
    assert ansible_tool.asked(case) == ansible_tool.recorded(case)


def _inventory(text: str, file: str = "hosts", files: dict[str, str] | None = None) -> Inventory:
    inventory, problems = read_inventory(text, file, "/home/ana", folder="/srv/site", files=files)
    assert said(problems) == []
    assert inventory is not None
    return inventory


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("a ansible_host=10.0.0.1 ansible_port=2222 ansible_user=me",
         Host(name="a", address="10.0.0.1", port=2222, user="me")),
        ("a ansible_ssh_host=x ansible_ssh_user=u", Host(name="a", address="x", user="u")),
        ("a:22", Host(name="a", port=22)),
        ("a ansible_ssh_private_key_file=~/.ssh/k", Host(name="a", identity="/home/ana/.ssh/k")),
        ("a ansible_ssh_private_key_file=keys/k", Host(name="a", identity="/srv/site/keys/k")),
        ("a ansible_connection=local", Host(name="a", local=True)),
        ("a ansible_connection=smart", Host(name="a")),
        ("a ansible_ssh_common_args='-J me@gate:2222,inner'",
         Host(name="a", jump=(Host(name="gate", user="me", port=2222), Host(name="inner")))),
        ("a ansible_ssh_common_args='-q -o ProxyJump=gate'", Host(name="a", jump=(Host(name="gate"),))),
        ("a ansible_ssh_common_args='-oProxyJump=none'", Host(name="a", jump=())),
        ("""a ansible_ssh_common_args='-o ProxyCommand="ssh -W %h:%p -q me@gate"'""",
         Host(name="a", jump=(Host(name="gate", user="me"),))),
        ("""a ansible_ssh_common_args='-o ProxyCommand="ssh -p 24 -l me -W %h:%p gate"'""",
         Host(name="a", jump=(Host(name="gate", user="me", port=24),))),
        ("a ansible_python_interpreter=/usr/bin/python3 ansible_ssh_pipelining=true", Host(name="a")),
    ],
)  # fmt: skip
def test_way_to_a_host_is_taken_from_ansibles_variables(line: str, host: Host) -> None:
    found = _inventory(f"[web]\n{line}\n").hosts["a"]
    assert replace(found, withheld={}) == host


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ("ansible_host='{{ ip }}'", "ansible_host is a Jinja expression, which onduty does not evaluate (hosts:2)"),
        ("ansible_user='{% x %}'", "ansible_user is a Jinja expression, which onduty does not evaluate (hosts:2)"),
        ("ansible_port=0", 'ansible_port must be from 1 to 65535, not "0" (hosts:2)'),
        ("ansible_port=ssh", 'ansible_port must be from 1 to 65535, not "ssh" (hosts:2)'),
        ("ansible_host=-oProxyCommand=x",
         'ansible_host "-oProxyCommand=x" is no host name or address; a port stands in port: (hosts:2)'),
        ("ansible_user=-l", 'ansible_user "-l" is no name of a user (hosts:2)'),
        ("ansible_ssh_private_key_file=~bob/k",
         "ansible_ssh_private_key_file other people's homes are not looked up; write the whole path (hosts:2)"),
        ("ansible_connection=docker",
         'ansible_connection is "docker"; onduty connects with ssh, or local for its own machine (hosts:2)'),
        ("ansible_connection='{{ c }}'",
         "ansible_connection is a Jinja expression, which onduty does not evaluate (hosts:2)"),
        ("ansible_password=geheim", "ansible_password is not understood by onduty (hosts:2)"),
        ("ansible_ssh_pass=geheim", "ansible_ssh_pass is not understood by onduty (hosts:2)"),
        ("ansible_ssh_extra_args=-v", "ansible_ssh_extra_args is not understood by onduty (hosts:2)"),
        ("ansible_shell_type=fish", "ansible_shell_type is not understood by onduty (hosts:2)"),
        ("ansible_ssh_common_args='-F own'", 'ansible_ssh_common_args: "-F" is not understood by onduty (hosts:2)'),
        ("ansible_ssh_common_args='-o Foo=bar'",
         "ansible_ssh_common_args: the option Foo is not understood by onduty (hosts:2)"),
        ("ansible_ssh_common_args='-o ProxyCommand=\"nc %h %p\"'",
         "ansible_ssh_common_args: the option ProxyCommand is not understood by onduty (hosts:2)"),
        ("ansible_ssh_common_args='-J -x'",
         'ansible_ssh_common_args: "-x" is no jump host; write host, user@host or user@host:port (hosts:2)'),
        ("ansible_ssh_common_args='-J a:0'",
         'ansible_ssh_common_args: "a:0": the port must be from 1 to 65535 (hosts:2)'),
        ("ansible_ssh_common_args='{{ a }}'",
         "ansible_ssh_common_args is a Jinja expression, which onduty does not evaluate (hosts:2)"),
    ],
)  # fmt: skip
def test_what_would_lead_elsewhere_is_refused_by_name_where_the_host_is_used(variables: str, reason: str) -> None:
    inventory = _inventory(f"[web]\na {variables}\nb\n")
    assert inventory.hosts["a"].refused == (reason,)
    assert _host_problems("hosts: web", inventory) == [f"p.yaml:7:16  stages[0].jobs.build.hosts: a: {reason}"]
    assert _host_problems("hosts: b", inventory) == []


def _host_problems(hosts: str, inventory: Inventory, run: str = "x") -> list[str]:
    pipeline = accepted(one_job(hosts, f"tasks: [{{run: '{run}'}}]"))
    return said(host_problems(pipeline, inventory))


def test_host_whose_name_cannot_be_used_is_refused_where_it_is_used() -> None:
    inventory = _inventory("[web]\na\n2001:db8::1\n")
    assert _host_problems("hosts: web", inventory) == [
        "p.yaml:7:16  stages[0].jobs.build.hosts: 2001:db8::1: its name cannot be used (letters, digits, _ . - and "
        "at most 63); give it an alias: web1 ansible_host=…"
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("jinja", "is a Jinja expression, which onduty does not evaluate (group_vars/web.yml:1)"),
        ("vault", "is encrypted by Ansible Vault, which onduty does not open (group_vars/web.yml:2)"),
        ("deep", "is a Jinja expression, which onduty does not evaluate (group_vars/web.yml:4)"),
        ("ansible_host", "is Ansible's own and is not passed to commands (hosts:2)"),
    ],
)
def test_variable_that_cannot_be_passed_is_refused_at_the_command_that_uses_it(name: str, reason: str) -> None:
    files = {"group_vars/web.yml": "jinja: '{{ x }}'\nvault: !vault |\n  $ANSIBLE_VAULT;1.1\ndeep: {a: ['{{ y }}']}\n"}
    inventory = _inventory("[web]\na ansible_host=h\nb ansible_host=h\n[other]\nc\n", files=files)
    assert _host_problems("hosts: web[0]", inventory, f"echo ${{{name}}}") == [
        f'p.yaml:8:1  stages[0].jobs.build.tasks[0].run: "${name}" on a {reason}'
    ]
    assert _host_problems("hosts: web", inventory, "echo plain") == []
    assert _host_problems("hosts: c", inventory, f"echo ${name}") == []


def test_same_reason_on_many_hosts_is_said_once() -> None:
    inventory = _inventory("[web]\nw[1:9]\n[web:vars]\nansible_password=x\n")
    assert _host_problems("hosts: web", inventory) == [
        "p.yaml:7:16  stages[0].jobs.build.hosts: w1, w2 and 7 more: ansible_password is not understood by onduty "
        "(hosts:4)"
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[web\na\n", ['hosts:1:1  "[web" is no section; write [group], [group:children]']),
        ("[web:childs]\na\n",
         ['hosts:1:1  web: "childs" is no kind of section; known are :children and :vars, did you mean "children"?']),
        ("[web]\n[site:children]\nwep\n", ['hosts:3:1  site: no group "wep" in this file, did you mean "web"?']),
        ("[wep:vars]\na=1\n[web]\nx\n", ['hosts:1:1  wep: no group "wep" in this file, did you mean "web"?']),
        ("[web]\na b=1 c\n", ['hosts:2:1  web: "c" behind the host "a": write variables as name=value']),
        ("[web]\na b='1\n", ["hosts:2:1  web: \"a b='1\": no closing quotation"]),
        ("[web:vars]\njust words\n[web]\n", ['hosts:2:1  web: "just words": write it as name=value']),
        ("[web]\nw[3:1]\nv[01:100]\nu[a:3]\n", [
            'hosts:2:1  web: "w[3:1]" ends before it begins',
            'hosts:3:1  web: "v[01:100]" begins with 01 and ends with 100; write both equally long',
            'hosts:4:1  web: "u[a:3]" begins with a digit and ends with a letter, or the other way round',
        ]),
        ("[web]\nw[0:999999999]\n", ['hosts:2:1  web: "w[0:999999999]" makes more than 10,000 hosts']),
        ("[a:children]\nb\n[b:children]\na\n", ["hosts:1:1  a: the groups contain each other: a -> b -> a"]),
        ("[web]\nlocal\n",
         ["hosts:2:1  local: local always means the controller's own machine; give the host another name"]),
    ],
)  # fmt: skip
def test_what_an_ini_file_gets_wrong_is_said_with_its_line(text: str, lines: list[str]) -> None:
    inventory, problems = read_inventory(text, "hosts", "/home/ana")
    assert inventory is None
    assert said(problems) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("all:\n  hosts: [a, b]\n", ["h.yaml:2:10  all.hosts: must be a mapping, not a list"]),
        ("web:\n  hosts: {a: 10.0.0.1}\n", ['h.yaml:2:14  web.hosts.a: must be a mapping, not "10.0.0.1"']),
        ("web:\n  hosts: {}\nother: x\n", ['h.yaml:3:8  other: must be a mapping, not "x"']),
        ("web:\n  hosts:\n    w[2:1]:\n", ['h.yaml:3:5  web.hosts["w[2:1]"]: "w[2:1]" ends before it begins']),
        ("a:\n  children:\n    b:\n      children:\n        a:\n",
         ["h.yaml:1:1  a: the groups contain each other: a -> b -> a"]),
    ],
)  # fmt: skip
def test_what_a_yaml_file_gets_wrong_is_said_with_its_place(text: str, lines: list[str]) -> None:
    inventory, problems = read_inventory(text, "h.yaml", "/home/ana")
    assert inventory is None
    assert said(problems) == lines


def test_problem_in_a_file_of_variables_names_that_file() -> None:
    inventory, problems = read_inventory(
        "[web]\na\n", "inv/hosts", "/home/ana", files={"group_vars/web.yml": "a: 1\na: 2\n"}
    )
    assert inventory is None
    assert said(problems) == ["inv/group_vars/web.yml:2:1  a: the key is written twice; it stands in line 1 already"]


@pytest.mark.parametrize(
    ("text", "files", "line"),
    [
        ("[web]\na ansible_become=yes\n",
         {}, "hosts:2:1  ansible_become is not used by onduty; write sudo: true on the task"),
        ("[web]\na ansible_ssh_common_args='-o StrictHostKeyChecking=no'\n", {},
         "hosts:2:1  ansible_ssh_common_args: StrictHostKeyChecking is not used by onduty: "
         "host keys are always verified"),
        ("[local]\nlocalhost ansible_connection=local\n", {},
         "hosts:1:1  local: local always means the controller's own machine; this group cannot be named"),
        ("[web]\nweb\n", {}, 'hosts:1:1  web: is the name of a host in line 2 too; "web" means the host'),
        ("[web]\na\n", {"group_vars/web.yml": "$ANSIBLE_VAULT;1.1;AES256\n6162\n"},
         "group_vars/web.yml:1:1  is encrypted by Ansible Vault; its variables are not known here"),
    ],
)  # fmt: skip
def test_what_is_passed_over_is_said_as_a_warning(text: str, files: dict[str, str], line: str) -> None:
    inventory, problems = read_inventory(text, "hosts", "/home/ana", files=files)
    assert inventory is not None
    assert [str(problem) for problem in problems] == [line]


@given(text=st.text(alphabet="ab[]:=#\n '\"{}-,x1", max_size=60), ini=st.booleans())
def test_no_text_makes_the_reader_stumble(text: str, ini: bool) -> None:
    text = f"[web]\n{text}" if ini else f"web:\n  hosts:\n    {text}"
    inventory, problems = read_inventory(text, "hosts", "/home/ana")
    assert (inventory is None) == any(not problem.warning for problem in problems)
