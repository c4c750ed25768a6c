"""Twenty-two broken files, as a person meets them: one line per problem with its place and what to do, exit code 2."""

from __future__ import annotations

import re

import pytest

from tests.person import Person

HEAD = "version: 1\nname: broken\n"
JOB = "stages:\n  - name: one\n    jobs:\n      build:\n"
WHOLE = HEAD + JOB + "        hosts: local\n        tasks: [{run: 'true'}]\n"

BROKEN: dict[str, tuple[str | bytes, list[str]]] = {
    "empty": ("", ["1:1  the file is empty"]),
    "tab": (HEAD + "stages:\n\t- name: one\n", ["4:1  ", "tab"]),
    "not-utf-8": (HEAD.encode() + b"description: caf\xe9\n", ["3:17  ", "0xe9 is not UTF-8; save the file as UTF-8"]),
    "unclosed-quote": (HEAD + "description: 'x\n" + JOB, ["3:14  "]),
    "two-documents": (WHOLE + "---\n" + WHOLE, ["9:1  "]),
    "list-on-top": ("- version: 1\n", ["1:1  the file must be a mapping (key: value lines), not a list"]),
    "duplicate-key": (
        WHOLE.replace("name: broken", "name: broken\nname: again"),
        ["3:1  name: the key is written twice; it stands in line 2 already"],
    ),
    "duplicate-job": (
        WHOLE + "      build:\n        hosts: local\n        tasks: [{run: x}]\n",
        ["9:7  stages[0].jobs.build: "],
    ),
    "unknown-key": (
        WHOLE + "        retrys: 3\n",
        ['9:9  stages[0].jobs.build.retrys: unknown key, did you mean "retry"?'],
    ),
    "another-tools-key": (
        WHOLE.replace("{run:", "{script:"),
        ['8:18  stages[0].jobs.build.tasks[0].script: unknown key, did you mean "run"?'],
    ),
    "wrong-choice": (
        WHOLE + "        on_failure: contine\n",
        ["9:21  stages[0].jobs.build.on_failure: must be one of hold, continue, stop, rollback", '"continue"?'],
    ),
    "wrong-duration": (WHOLE + "        timeout: 10 minutes\n", ["9:18  stages[0].jobs.build.timeout: ", "10s 5m 2h"]),
    "needs-nobody": (
        WHOLE + "        needs: [biuld]\n      test: {hosts: local, tasks: [{run: x}]}\n",
        ["9:17  stages[0].jobs.build.needs[0]: "],
    ),
    "cycle": (
        HEAD + "stages:\n  - name: one\n    jobs:\n"
        "      a: {hosts: local, needs: [b], tasks: [{run: x}]}\n"
        "      b: {hosts: local, needs: [c], tasks: [{run: x}]}\n"
        "      c: {hosts: local, needs: [a], tasks: [{run: x}]}\n",
        ["6:33  stages[0].jobs.a.needs[0]: the jobs wait for each other: a -> b -> c -> a"],
    ),
    "open-slice": (WHOLE.replace("hosts: local", "hosts: 'web[1'"), ["7:16  stages[0].jobs.build.hosts: "]),
    "unquoted-pattern": (WHOLE.replace("hosts: local", "hosts: !web1"), ["7:16  ", "quote it"]),
    "params-in-a-command": (WHOLE.replace("'true'", "'echo {{ release }}'"), ["8:23  ", '"$release"']),
    "forbidden-variable": (WHOLE + "        env: {LD_PRELOAD: x}\n", ["9:15  ", "changes the shell itself"]),
    "clash": (
        HEAD + "params: {A: {}}\nenv: {A: x}\n" + JOB + "        hosts: local\n        tasks: [{run: x}]\n",
        ["4:7  env.A: "],
    ),
    "bad-pattern": (
        HEAD + "params: {A: {pattern: '(?=x)'}}\n" + JOB + "        hosts: local\n        tasks: [{run: x}]\n",
        ["3:23  params.A.pattern: is no RE2 pattern", "no look-around"],
    ),
    "alias-bomb": (
        HEAD
        + "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)),
        ["alias"],
    ),
    "later-version": (
        WHOLE + "        rolling: {batch: 1}\n",
        ["9:9  stages[0].jobs.build.rolling: comes with a later version"],
    ),
}


@pytest.fixture(scope="module")
def home(resident: Person) -> Person:
    """A person whose controller runs, with every broken file."""
    resident("controller", "restart")
    for name, (content, _) in BROKEN.items():
        (resident.work / f"{name}.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
    return resident


def test_there_are_twenty_two() -> None:
    assert len(BROKEN) == 22


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_clear_line_and_starts_nothing(home: Person, name: str) -> None:
    words = BROKEN[name][1]
    linted = home.quick("lint", f"{name}.yaml", code=2)
    lines = [line for line in linted.out.splitlines() if line.startswith(f"{name}.yaml:")]
    assert len(lines) == 1, linted.out
    assert all(word in lines[0] for word in words), lines[0]
    assert re.match(rf"{name}\.yaml:\d+:\d+  ", lines[0])
    run = home.quick("run", f"{name}.yaml", code=2)
    assert lines[0].removeprefix(f"{name}.yaml") in run.err
    assert "Traceback" not in linted.out + linted.err + run.out + run.err
    assert home.api("GET", "/v1/runs").json() == []


def test_all_problems_of_all_files_are_told_at_once(home: Person) -> None:
    done = home("lint", *(f"{name}.yaml" for name in BROKEN), code=2)
    told = {line.split(".yaml:")[0] for line in done.out.splitlines() if ".yaml:" in line}
    assert told == set(BROKEN)
    three = home.write("three.yaml", WHOLE.replace("name: broken", "nam: broken") + "        retrys: 3\n        x: 1\n")
    assert len(home.quick("lint", three, code=2).out.splitlines()) >= 3
