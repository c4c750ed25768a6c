"""Which inventory a command means, and what of it needs the person's word first."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runners.model.errors import InputRefused
from runners.model.inventory import Inventory
from tui.cli import lint, trust
from tui.cli.inventories import inventory_for
from tui.cli.texts import checked, read_pipeline_text

PIPELINE = "version: 1\nname: deploy\nstages: [{name: one, jobs: {a: {hosts: all, tasks: [{run: x}]}}}]\n"
PRINTS = '#!/bin/sh\necho \'{"web": ["w1"], "_meta": {"hostvars": {"w1": {"seen": "\'"$*"\'"}}}}\'\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a pipeline; the person's own files are elsewhere and empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "cfg"))
    place = tmp_path / "repo"
    place.mkdir()
    monkeypatch.chdir(place)
    _write(place / "p.yaml", PIPELINE)
    return place


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _hosts(given: str | None = None, *, execute: bool = True) -> Inventory:
    text = inventory_for(read_pipeline_text("p.yaml"), given, execute=execute)
    assert text is not None
    return checked(text)


def _trust(file: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert trust.run(argparse.Namespace(file=file, json=False)) == 0
    return capsys.readouterr().out.splitlines()


def test_without_any_there_is_none(folder: Path) -> None:
    assert inventory_for(read_pipeline_text("p.yaml"), None) is None


def test_file_beside_the_pipeline_is_used_with_the_variables_beside_it(folder: Path) -> None:
    _write(folder / "inventory.yaml", "web: {hosts: {w1: }}\n")
    _write(folder / "group_vars" / "web.yml", "color: red\n")
    assert _hosts().hosts["w1"].vars == {"color": "red"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("defaults: {known_hosts: ./k}\nhosts: {a: }\n", "sets known_hosts"),
        ("hosts: {a: {ssh_config: ./c}, b: {known_hosts: k}}\n", "sets known_hosts and ssh_config"),
        ("command: ./list --list\n", 'names a command, "./list"'),
    ],
)
def test_what_a_found_file_could_execute_or_weaken_needs_trust_in_it_as_it_is(
    folder: Path, text: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(folder / "list", PRINTS, 0o755)
    file = folder / "inventory.yaml"
    _write(file, text)
    with pytest.raises(InputRefused) as refused:
        _hosts()
    assert str(refused.value) == (
        f"inventory.yaml {why}; it was found and not named with -i, and nobody vouched for it as it is now; "
        "nothing was started"
    )
    assert refused.value.hint == "onduty trust inventory.yaml"
    assert len(_hosts("inventory.yaml").hosts) > 0
    assert _trust("inventory.yaml", capsys)[-1].startswith("inventory.yaml is trusted as it is now, sha256:")
    assert len(_hosts().hosts) > 0
    _write(file, f"{text}\n# changed\n")
    with pytest.raises(InputRefused, match=r"nobody vouched for it as it is now"):
        _hosts()


def test_trust_says_what_it_allows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _write(folder / "a.yaml", "command: [./list, --all]\n")
    _write(folder / "b.yaml", "defaults: {known_hosts: ./k}\nhosts: {a: , b: }\n")
    _write(folder / "c.yaml", "hosts: {a: }\n")
    assert _trust("a.yaml", capsys)[0] == "  execute: ./list --all"
    assert _trust("b.yaml", capsys)[:-1] == [f"  known_hosts: {folder / 'k'}"]
    assert _trust("c.yaml", capsys)[0] == "  nothing that needs trust"
    with pytest.raises(InputRefused, match=r"d.yaml: No such file or directory; nothing is trusted"):
        trust.run(argparse.Namespace(file="d.yaml", json=False))


def test_file_in_the_users_own_folder_needs_no_trust(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "cfg" / "onduty"
    _write(own / "onduty.yaml", "inventories: mine.yaml\n")
    _write(own / "mine.yaml", "defaults: {known_hosts: ./k}\nhosts: {a: }\n")
    assert _hosts().hosts["a"].known_hosts == str(own / "k")


def test_program_is_asked_for_its_list_and_only_by_what_talks_to_hosts(folder: Path) -> None:
    _write(folder / "inv" / "dynamic", PRINTS, 0o755)
    assert _hosts("inv/dynamic").hosts["w1"].vars == {"seen": "--list"}
    with pytest.raises(InputRefused) as refused:
        _hosts("inv/dynamic", execute=False)
    assert str(refused.value) == (
        "inv/dynamic: the hosts come from a program, and this executes nothing; "
        "save what it prints and name that with -i"
    )
    assert refused.value.hint == "inv/dynamic --list > hosts.json"


def test_only_inventory_of_a_site_is_used_and_one_of_several_is_chosen_by_name(folder: Path) -> None:
    _write(folder / "onduty.yaml", "inventories: inv\npipelines: p.yaml\n")
    _write(folder / "inv" / "prod.yaml", "hosts: {p1: }\n")
    assert list(_hosts().hosts) == ["p1"]
    _write(folder / "inv" / "staging.yaml", "hosts: {s1: }\n")
    with pytest.raises(InputRefused, match=r"onduty.yaml names several inventories: prod, staging"):
        _hosts()
    assert list(_hosts("staging").hosts) == ["s1"]
    with pytest.raises(
        InputRefused, match=r'stagin: no such file and .* names no inventory of that name, did you mean "st'
    ):
        _hosts("stagin")


def test_program_of_a_site_needs_trust_even_when_it_is_chosen_by_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(folder / "onduty.yaml", "inventories: inv\n")
    _write(folder / "inv" / "prod", PRINTS, 0o755)
    for given in (None, "prod"):
        with pytest.raises(
            InputRefused, match=r"inv/prod is a program; it was found and not named with -i, and nobody"
        ):
            _hosts(given)
    assert _trust("inv/prod", capsys)[0] == f"  execute: {folder / 'inv' / 'prod'} --list"
    assert list(_hosts().hosts) == list(_hosts("prod").hosts) == ["w1"]


def test_found_file_that_others_can_write_is_refused_and_a_named_one_is_not(folder: Path) -> None:
    _write(folder / "inventory.yaml", "hosts: {a: }\n", 0o646)
    with pytest.raises(InputRefused, match=r"inventory.yaml can be written by everybody and is not used"):
        _hosts()
    assert list(_hosts("inventory.yaml").hosts) == ["a"]


def test_pipeline_of_a_site_is_found_by_its_name(folder: Path) -> None:
    with pytest.raises(InputRefused, match=r"deploy: no such file, and there is no onduty.yaml that names pipelines"):
        read_pipeline_text("deploy")
    _write(folder / "onduty.yaml", "pipelines: .\n")
    assert read_pipeline_text("deploy").path == folder / "p.yaml"
    with pytest.raises(InputRefused, match=r'deplo: no such file, and no pipeline of .*, did you mean "deploy"?'):
        read_pipeline_text("deplo")
    _write(folder / "q.yaml", PIPELINE)
    with pytest.raises(InputRefused, match=r"deploy: is the name of 2 pipelines: .*p.yaml, .*q.yaml; name the file"):
        read_pipeline_text("deploy")


def test_hosts_of_an_ssh_configuration_are_an_inventory(folder: Path) -> None:
    _write(folder / "ssh_hosts", "Host a b\n  User x\nHost *\n  Port 1\n")
    inventory = _hosts("ssh_hosts")
    assert {name: host.ssh_config for name, host in inventory.hosts.items()} == {
        "a": str(folder / "ssh_hosts"),
        "b": str(folder / "ssh_hosts"),
    }


Lint = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def lint_of(capsys: pytest.CaptureFixture[str]) -> Lint:
    """Run ``onduty lint``; its exit code and its lines."""

    def run(*files: str, inventory: str | None = None) -> tuple[int, list[str]]:
        code = lint.run(argparse.Namespace(files=list(files), inventory=inventory, json=False))
        return code, capsys.readouterr().out.splitlines()

    return run


def test_lint_executes_nothing_and_says_so_as_a_warning(folder: Path, lint_of: Lint) -> None:
    _write(folder / "dynamic", f"#!/bin/sh\ntouch {folder}/executed\n", 0o755)
    _write(folder / "inventory.yaml", "command: ./dynamic\n")
    said = (
        "the hosts come from a program, and this executes nothing; save what it prints and name that with -i (warning)"
    )
    assert lint_of("dynamic") == (0, [f"dynamic:1:1  {said}"])
    assert lint_of("inventory.yaml") == (0, [f"inventory.yaml:1:1  command: {said}"])
    assert lint_of("p.yaml") == (0, ["p.yaml: no problems"])
    assert lint_of("p.yaml", inventory="dynamic") == (0, [f"dynamic:1:1  {said}"])
    assert not (folder / "executed").exists()


def test_lint_takes_every_kind_of_inventory_and_a_site(folder: Path, lint_of: Lint) -> None:
    _write(folder / "hosts.ini", "[web\n")
    _write(folder / "hosts.json", json.dumps({"web": 1, "_meta": {}}))
    _write(folder / "onduty.yaml", "pipeline: x\n")
    assert lint_of("hosts.ini", "hosts.json", "onduty.yaml") == (
        2,
        [
            'hosts.ini:1:1  "[web" is no section; write [group], [group:children]',
            "hosts.json:1:1  web: must be an object with hosts, children and vars, or a list of hosts",
            'onduty.yaml:1:1  pipeline: unknown key, did you mean "pipelines"?',
        ],
    )


def test_lint_of_a_pipeline_says_what_its_hosts_cannot_do(folder: Path, lint_of: Lint) -> None:
    _write(folder / "hosts", "[web]\nw1 ansible_connection=docker\n")
    code, lines = lint_of("p.yaml", inventory="hosts")
    assert code == 2
    assert lines == [
        'p.yaml:3:40  stages[0].jobs.a.hosts: w1: ansible_connection is "docker"; onduty connects with ssh, or local '
        "for its own machine (hosts:2)"
    ]
