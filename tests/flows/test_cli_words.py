"""The words of the command line: what is refused and how, help for every verb, texts that need no controller."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import Person
from tui.cli.output import json_for_terminals
from tui.cli.parser import LATER, VERBS, build, verb_names

ALL_VERBS = (
    "lint", "plan", "run", "runs", "show", "events", "record", "wait", "logs", "retry", "skip", "cancel", "hosts",
    "runbook", "controller", "demo", "schema", "keys",
)  # fmt: skip
GOOD = """\
version: 1
name: good
params: {release: {pattern: '\\d+'}}
stages:
  - name: one
    jobs:
      job: {hosts: local, tasks: [{name: say, run: 'echo "$release"'}]}
"""
LATER_KEYS = """\
version: 1
name: later
stages:
  - name: one
    approval: {by: [sre]}
    jobs:
      job:
        hosts: local
        rolling: {batch: 1}
        tasks: [{run: 'true'}]
        verify: [{run: 'true'}]
        rollback: [{run: 'true'}]
"""


@pytest.fixture
def words(tmp_path: Path) -> Iterator[Person]:
    """A person who needs no controller; that none was started is looked at afterwards."""
    one = Person.at(tmp_path / "person")
    yield one
    assert one.pid is None
    assert not one.home.exists()


def test_every_verb_has_help_with_an_example_that_it_would_read(words: Person) -> None:
    shown = words.quick("--help").out
    verbs = verb_names(build())
    assert set(verbs) >= set(ALL_VERBS)
    for verb in verbs:
        assert f"\n    {verb} " in shown
        page = words.quick(verb, "--help").out
        assert re.search(r"examples?:\n", page), verb
        assert f"  onduty {verb}" in page, verb
        assert words.quick("help", verb).out == page
    assert words.quick("help").out == shown


def test_each_verb_is_found_in_the_module_that_adds_it() -> None:
    for words_of in VERBS.values():
        for verb in words_of:
            assert tuple(verb_names(build(verb))) == words_of


def test_actions_of_verbs_have_help_too(words: Person) -> None:
    for verb, actions in (("controller", ("status", "stop", "restart", "run")), ("runbook", ("list", "show", "match"))):
        for action in actions:
            assert words.quick(verb, action, "--help").out.startswith(f"usage: onduty {verb} {action}")


@pytest.mark.parametrize("verb", sorted(LATER))
def test_verbs_of_later_versions_are_refused_by_name(words: Person, verb: str) -> None:
    done = words.quick(verb, "deploy-api/42", "--reason", "x", code=2)
    assert done.err.startswith(f"onduty: {verb}: comes with a later version")
    assert done.out == ""


def test_unknown_words_name_the_nearest_one(words: Person) -> None:
    assert 'onduty: shwo: no such command, did you mean "show"?' in words.quick("shwo", code=2).err
    assert words.quick("it's", code=2).err.startswith("onduty: it's: no such command")
    assert words.quick("show", "last", "--jsno", code=2).err.startswith("onduty: unrecognized arguments: --jsno")
    assert words.quick("run", "x.yaml", "--det", code=2).err.startswith("onduty: unrecognized arguments: --det")
    assert words.quick("show", code=2).err.startswith("onduty: the following arguments are required: RUN")
    assert "\x1b" not in words.quick("sh\x1b]0;x\x07ow", code=2).err


def test_flags_of_later_versions_are_refused_by_name(words: Person) -> None:
    assert "runbook run: comes with a later version" in words.quick("runbook", "run", "x", "--host", "web1", code=2).err


def test_the_screen_needs_a_terminal_and_says_so(words: Person) -> None:
    assert words.end(words.start()).err.startswith("onduty: the screen needs a terminal")


def test_the_version_is_printed_at_once(words: Person) -> None:
    assert re.fullmatch(r"onduty \d+\.\d+\.\d+\n", words("--version").out)


def test_lint_has_all_problems_with_places_and_exit_2(words: Person) -> None:
    words.write("good.yaml", GOOD)
    words.write("bad.yaml", GOOD.replace("hosts: local", "host: local").replace("name: good", "nam: good"))
    assert words.quick("lint", "good.yaml").out == "good.yaml: no problems\n"
    done = words.quick("lint", "good.yaml", "bad.yaml", code=2)
    lines = done.out.splitlines()
    assert len(lines) >= 2
    assert all(re.match(r"bad\.yaml:\d+:\d+  ", line) for line in lines)
    assert any('did you mean "hosts"?' in line for line in lines)
    listed = words.quick("lint", "bad.yaml", "--json", code=2).json()
    assert set(listed[0]) == {"file", "line", "column", "path", "text", "warning"}


def test_keys_of_later_versions_are_refused_by_name_and_never_ignored(words: Person) -> None:
    words.write("later.yaml", LATER_KEYS)
    out = words.quick("lint", "later.yaml", code=2).out
    for key in ("approval", "rolling"):
        assert re.search(rf"{key}.*comes with a later version", out), key


def test_lint_reads_whatever_it_is_given_without_a_bug(words: Person) -> None:
    for name, content in (
        ("empty.yaml", b""),
        ("nul.yaml", b"a: \x00"),
        ("latin.yaml", b"name: \xe4"),
        ("tabs.yaml", b"a:\n\t- b"),
        ("list.yaml", b"- 1\n- 2"),
        ("deep.yaml", b"[" * 3000),
        ("bomb.yaml", b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n"),
        ("page.md", b"---\nid: [\n---\n# x"),
        ("control.yaml", b'name: "\\e]0;x\\a"\nversion: 1'),
    ):
        (words.work / name).write_bytes(content)
        done = words.quick("lint", name, code=2)
        assert done.out.startswith(f"{name}:"), done
        assert "\x1b" not in done.out
    (words.work / "folder.yaml").mkdir()
    assert words.quick("lint", "folder.yaml", code=2).out == "folder.yaml:1:1  Is a directory\n"
    assert words.quick("lint", "missing.yaml", code=2).out == "missing.yaml:1:1  No such file or directory\n"


def test_plan_says_what_would_run_where_and_asks_nobody(words: Person) -> None:
    words.write("good.yaml", GOOD)
    shown = words.quick("plan", "good.yaml", "-p", "release=24").out
    assert 'echo "$release"' in shown
    assert "local" in shown
    document = words.quick("plan", "good.yaml", "-p", "release=24", "--json").json()
    assert document["pipeline"] == "good"
    assert "release" in words.quick("plan", "good.yaml", code=2).err
    assert "release" in words.quick("plan", "good.yaml", "-p", "release=x", code=2).err
    assert words.quick("plan", "good.yaml", "-p", "release", code=2).err == (
        "onduty: -p release: write it as -p name=value\n"
    )
    assert words.quick("plan", "good.yaml", "-p", "release=1", "-p", "release=2", code=2).err == (
        "onduty: -p release: given twice\n"
    )
    assert words.quick("plan", code=2).err.startswith("onduty: plan: which pipeline?")


def test_a_value_that_is_not_utf_8_is_refused_without_a_bug(words: Person) -> None:
    words.write("good.yaml", GOOD.replace("{pattern: '\\d+'}", "{}"))
    done = words.end(words.start("plan", "good.yaml", "-p", b"release=\xff\xfe"))  # type: ignore[arg-type]
    assert done.code == 2
    assert "release" in done.err
    assert words.end(words.start("lint", b"\xff.yaml")).code == 2  # type: ignore[arg-type]


def test_schemas_are_json_schemas(words: Person) -> None:
    pipeline = words.quick("schema").json()
    assert {"version", "name", "stages"} <= set(pipeline["properties"])
    assert "hosts" in words.quick("schema", "inventory", "--json").json()["properties"]
    assert words.quick("schema", "moon", code=2).err.startswith("onduty: argument what: invalid choice")


def test_the_runbooks_are_listed_shown_and_linted(words: Person) -> None:
    listed = [page["id"] for page in words.quick("runbook", "list", "--json").json()]
    assert {"port-in-use", "disk-full", "permission-denied", "command-not-found"} <= set(listed)
    assert "port-in-use" in words.quick("runbook", "list").out
    assert "Diagnosis" in words.quick("runbook", "show", "port-in-use").out
    near = words.quick("runbook", "show", "port-in-us", code=2).err
    assert 'no such page, did you mean "port-in-use"?' in near
    words.quick("runbook", "lint")


def test_the_keys_are_a_table_and_a_list(words: Person) -> None:
    assert words.quick("keys").out.split()[:3] == ["KEY", "NAME", "DOES"]
    assert {"key", "name", "does"} <= set(words.quick("keys", "--json").json()[0])


def test_hosts_of_an_inventory_are_listed_without_a_controller(words: Person) -> None:
    words.write("inventory.yaml", "hosts: {web1: {address: 10.0.0.1, port: 22}, db1: {}}\ngroups: {web: [web1]}\n")
    assert [host["name"] for host in words.quick("hosts", "--json").json()] == ["web1", "db1"]
    assert [host["phase"] for host in words.quick("hosts", "web", "--json").json()] == ["idle"]
    assert "moon" in words.quick("hosts", "moon", code=2).err
    assert words.quick("hosts", "trust", code=2).err.startswith("onduty: trust whom?")


def test_json_on_a_terminal_says_the_same_and_steers_nothing() -> None:
    text = "a\x7f\x9b2J\x90q\u202etxt\u200b\ufeff ü 漢 \U0001f600"
    printed = json_for_terminals(json.dumps({"x": text}, ensure_ascii=False).encode())
    assert json.loads(printed) == {"x": text}
    assert not re.search("[\x7f-\x9f\u200b\u202e\ufeff]", printed.decode())
    assert "ü 漢 \U0001f600" in printed.decode()
