"""A hundred hostile parameter values reach a command on a real sshd byte for byte; what cannot be passed is refused."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import Person, person_at
from tests.ssh.sshd import SshdFarm
from tests.ssh.story import inventory_of

pytestmark = pytest.mark.sshd

_SPLICED = ["$(touch pwned)", "`touch pwned`", "; touch pwned", "| touch pwned", "&& touch pwned", "\n touch pwned\n"]
_QUOTES = [
    "'",
    '"',
    "''",
    '"\'"',
    "\\",
    "\\'",
    '\\"',
    "'\\''",
    "a'b\"c",
    "$'\\n'",
    "${HOME}",
    "$HOME",
    "$$",
    "$?",
    "!!",
]
_DASHES = ["-", "--", "-n", "-rf /", "--help", "-p x=y", "-o ProxyCommand=touch pwned", "=", "==", "a=b=c", "#", "# no"]
_SPACES = [
    "",
    " ",
    "  a  ",
    "\t",
    "\n",
    "\n\n",
    "a\nb",
    "a\r\nb",
    "\r",
    "trailing\n",
    "\vx\f",
    "a  b   c",
    "\u00a0",
    "\u2028",
]
_GLOBS = [
    "*",
    "?",
    "[a-z]",
    "~",
    "~root",
    "{a,b}",
    "../..",
    "/etc/passwd",
    "a/../b",
    ".",
    "..",
    "%s%n",
    "%00",
    "&",
    "<x>",
    ">&2",
]
_UNICODE = [
    "é",
    "日本語",
    "\U0001f4a3",
    "a\u0301",
    "\u202etxt.exe",
    "\u200b",
    "\ufeffx",
    "\uffff",
    "\U0010fffd",
    "ß",
    "İ",
    "\x80",
    "\x9b2J",
]
_CONTROL = [chr(code) for code in range(1, 32) if chr(code) not in "\t\n\v\f\r"] + [
    "\x7f",
    "\x1b]52;c;eA==\x07",
    "\x1b[2J",
]
_YAML = [
    "yes",
    "null",
    "1e3",
    "0o17",
    "- a",
    "{a: b}",
    "[1, 2]",
    "!!python/object:os.system",
    "&a",
    "*a",
    "{{ params.x }}",
]
_LONG = ["x" * 60_000, "'\n" * 30_000, "\U0001f4a3" * 15_000]

VALUES = [*_SPLICED, *_QUOTES, *_DASHES, *_SPACES, *_GLOBS, *_UNICODE, *_CONTROL, *_YAML, *_LONG]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person whose controller ends with the test."""
    with person_at(tmp_path / "person") as one:
        yield one


def set_out(person: Person, sshds: SshdFarm, count: int) -> Path:
    """A pipeline with that many params whose job keeps its environment; where the host keeps it."""
    web1 = sshds.start("web1")
    person.write("inventory.yaml", inventory_of(web1))
    params = ", ".join(f"p{n}: {{default: ''}}" for n in range(count))
    person.write(
        "params.yaml",
        f"version: 1\nname: params\nparams: {{{params}}}\nstages:\n  - name: one\n    jobs:\n      job:\n"
        '        hosts: web1\n        tasks: [{run: \'cat /proc/$$/environ > "$HOME/environ"; ls > "$HOME/left"\'}]\n',
    )
    return web1.home


def test_a_hundred_hostile_values_arrive_byte_for_byte(person: Person, sshds: SshdFarm) -> None:
    assert len(VALUES) == len(set(VALUES)) >= 100
    home = set_out(person, sshds, len(VALUES))
    words = itertools.chain.from_iterable(("-p", f"p{n}={value}") for n, value in enumerate(VALUES))
    person("run", "params.yaml", "-i", "inventory.yaml", *words)
    entries = (entry.split(b"=", 1) for entry in (home / "environ").read_bytes().split(b"\0") if entry)
    seen = dict(entries)
    for number, value in enumerate(VALUES):
        assert seen[f"p{number}".encode()] == value.encode(), f"p{number}: {value[:40]!r}"
    assert (home / "left").read_text() == ""
    assert person.show()["params"] == {f"p{number}": value for number, value in enumerate(VALUES)}
    plain = person.quick("show", "last").out
    assert not any((ord(char) < 32 and char != "\n") or 127 <= ord(char) < 160 for char in plain)


def test_what_no_environment_can_hold_is_refused_by_the_name_of_its_param(person: Person, sshds: SshdFarm) -> None:
    set_out(person, sshds, 3)
    said = person("run", "params.yaml", "-i", "inventory.yaml", "-p", os.fsdecode(b"p1=\xff\xfe"), code=2).err
    assert "p1" in said
    assert "UTF-8" in said
    person("controller", "restart")
    for value, why in (("a\0b", "NUL"), ("x" * 131_071, "128 KiB")):
        body = {
            "id": "01JD0000000000000000000001",
            "definition": (person.work / "params.yaml").read_text().replace("web1", "local"),
            "definition_path": "/x/params.yaml",
            "params": {"p0": value},
        }
        answer = person.api("POST", "/v1/runs", json=body)
        assert answer.status_code == 422
        assert any("p0" in line and why in line for line in answer.json()["problems"])
    assert person.quick("runs", "--json").json() == []
