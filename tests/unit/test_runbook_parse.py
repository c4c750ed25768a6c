"""Markdown text -> a page, and everything that is refused with its place."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.page import MatchRule
from runbooks.parse import MAX_PAGE_CHARS, parse_page
from runbooks.prose import plain_paragraphs

GOOD = """\
---
id: port-in-use
title: A service cannot bind its port
match:
  - {log: 'address already in use|EADDRINUSE', exit_code: [1, 2], signal: SIGKILL, labels: {zone: a}}
  - {task: restart, job: rollout/release, stage: rollout, kind: [exit, timeout]}
owner: platform
last_reviewed: 2026-10-01
review_every: 180d
---
## Meaning

Somebody else holds the port.

## Diagnosis

Look *here* first.

```sh {name=who-holds-the-port risk=read}
ss -ltnp
```

Then here:

```text
LISTEN 0 100 0.0.0.0:8080
```

```bash {name=stop-it risk=change}
set -o pipefail
kill {{ params.pid }}
```

That is all.
"""


def problems(text: str) -> list[str]:
    parsed = parse_page(text, "p.md")
    assert (parsed.page is None) == bool(parsed.problems)
    return [str(problem) for problem in parsed.problems]


def page(front: str = "", body: str = "") -> str:
    return f"---\nid: a\ntitle: A\n{front}---\n{body}"


def test_a_page_becomes_sections_and_numbered_steps_with_the_prose_that_leads_to_them() -> None:
    parsed = parse_page(GOOD, "p.md")
    assert parsed.problems == ()
    got = parsed.page
    assert got is not None
    assert (got.id, got.title, got.owner, got.file, got.id_line) == (
        "port-in-use",
        "A service cannot bind its port",
        "platform",
        "p.md",
        2,
    )
    assert got.last_reviewed == datetime.date(2026, 10, 1)
    assert got.review_every_s == 180 * 86400
    assert got.review_due == datetime.date(2027, 3, 30)
    assert [section.name for section in got.sections] == ["Meaning", "Diagnosis"]
    assert got.sections[0].prose == "Somebody else holds the port."
    first, second = got.steps
    assert (first.number, first.name, first.risk, first.shell, first.command) == (
        1,
        "who-holds-the-port",
        "read",
        "sh",
        "ss -ltnp",
    )
    assert first.prose == "Look *here* first."
    assert first.section == "Diagnosis"
    assert GOOD.split("\n")[first.line - 1].startswith("```sh {name=who-holds-the-port")
    assert (second.number, second.risk, second.shell) == (2, "change", "bash")
    assert second.command == "set -o pipefail\nkill {{ params.pid }}"
    assert second.prose == "Then here:\n\n```text\nLISTEN 0 100 0.0.0.0:8080\n```"
    assert got.sections[1].prose == "That is all."
    assert got.opening == "Diagnosis"
    assert got.step("stop-it") is second


def test_rules_take_one_value_or_a_list() -> None:
    got = parse_page(GOOD, "p.md").page
    assert got is not None
    assert got.rules == (
        MatchRule(log="address already in use|EADDRINUSE", exit_codes=(1, 2), signals=("KILL",), labels={"zone": "a"}),
        MatchRule(tasks=("restart",), jobs=("rollout/release",), stages=("rollout",), kinds=("exit", "timeout")),
    )


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    plain = parse_page(GOOD, "p.md").page
    other = parse_page("\ufeff" + GOOD.replace("\n", "\r\n"), "p.md").page
    assert plain == other


def test_every_problem_of_a_page_is_reported_at_once_in_the_order_of_the_text() -> None:
    text = (
        "---\nid: -bad\nowners: me\nmatch:\n  - {log: '(a', knd: exit}\n  - {kind: exits}\n---\n"
        "## Diagnose\n```sh {name=x risk=reads}\nls\n```\n"
    )
    assert problems(text) == [
        "p.md:2:1  title: is missing",
        "p.md:2:5  id: must be letters, digits, dots, dashes and underscores, at most 63, no dot or dash first",
        'p.md:3:1  owners: unknown key, did you mean "owner"?',
        "p.md:5:11  match[0].log: is not an RE2 pattern: missing ): (a",
        'p.md:5:17  match[0].knd: unknown key, did you mean "kind"?',
        'p.md:6:12  match[1].kind: unknown kind, did you mean "exit"?',
        'p.md:8:1  Diagnose: unknown heading, did you mean "Diagnosis"?',
        'p.md:9:1  Diagnose.x: unknown risk, did you mean "read"?',
    ]


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("requires: x\n", "p.md:4:1  requires: comes with a later version"),
        ("match: [{when: x, log: aaa}]\n", "p.md:4:10  match[0].when: comes with a later version"),
        ("id: b\n", "p.md:4:1  id: stands here twice"),
        ("match: {log: a}\n", "p.md:4:8  match: must be a list of rules, such as `- {log: 'pattern'}`"),
        ("match: []\n", "p.md:4:8  match: is empty; leave it out for a page that is only linked by name"),
        ("match: [{}]\n", "p.md:4:9  match[0]: names nothing, so it would match every failure"),
        ("match: [{log: 'x*'}]\n", "match[0].log: matches the empty string, so it would match every log"),
        ("match: [{log: '\\b'}]\n", "match[0].log: matches the empty string, so it would match every log"),
        ("match: [{log: '(?=a)b'}]\n", "RE2 has no look-around"),
        ("match: [{log: '(a)\\1'}]\n", "RE2 has no back references"),
        ("match: [{exit_code: 0}]\n", "match[0].exit_code: must be a number from 1 to 255"),
        ("match: [{exit_code: 012}]\n", "match[0].exit_code: must be a number from 1 to 255"),
        ("match: [{exit_code: [1, 256]}]\n", "p.md:4:25  match[0].exit_code[1]: must be a number from 1 to 255"),
        ("match: [{job: a/b/c}]\n", "match[0].job: must be a job or stage/job"),
        ("match: [{signal: '9'}]\n", "match[0].signal: must be a signal's name, such as KILL"),
        ("match: [{kind: error}]\n", "match[0].kind: unknown kind"),
        ("match: [{labels: a}]\n", "match[0].labels: must be labels and values"),
        ("match: [{log: [a]}]\n", "match[0].log: must be a text"),
        ("owner: !me\n", "p.md:4:8  owner: begins with a YAML tag; quote it"),
        ("owner:\n", "p.md:4:7  owner: is empty"),
        ("last_reviewed: 2026-13-01\n", "p.md:4:16  last_reviewed: must be a day, such as 2026-10-01"),
        ("last_reviewed: 1.10.2026\n", "last_reviewed: must be a day, such as 2026-10-01"),
        (
            "review_every: 6 months\nlast_reviewed: 2026-10-01\n",
            "p.md:4:15  review_every: must be a duration, such as 180d",
        ),
        ("review_every: 180d\n", "last_reviewed: is missing; review_every counts from it"),
        ("owner: &a x\nmatch: *a\n", "anchors and aliases are not used in a page; write it out"),
        ("owner: [[[[[[[[[[]]]]]]]]]]\n", "is nested too deep"),
        ("owner: [\n", "is not YAML"),
        ("\towner: x\n", "is not YAML"),
        ("? [a]\n: b\n", "a key must be a word"),
    ],
)
def test_front_matter_that_is_refused_says_what_and_where(front: str, said: str) -> None:
    assert any(said in line for line in problems(page(front))), problems(page(front))


def test_yaml_does_not_turn_names_into_other_things() -> None:
    got = parse_page("---\nid: no\ntitle: 012\nowner: 12:30:00\n---\n", "p.md").page
    assert got is not None
    assert (got.id, got.title, got.owner) == ("no", "012", "12:30:00")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("hello\n## Meaning\n", "p.md:5:1  stands under no heading"),
        ("# A title\n", "p.md:5:1  A title: the title stands in the front matter"),
        ("## Impact\n## Impact\n", "p.md:6:1  Impact: this heading stands here twice"),
        ("## Verify\n```sh\nls\n```\n", "p.md:6:1  Verify: a step needs a name"),
        ("## Verify\n```sh {name=x}\nls\n```\n", "p.md:6:1  Verify.x: a step says its risk"),
        ("## Verify\n```sh {name=x risk=read nmae=y}\nls\n```\n", 'Verify.nmae: unknown key, did you mean "name"?'),
        ("## Verify\n```sh {name=x risk=read bold}\nls\n```\n", 'Verify: "bold" is not key=value'),
        ("## Verify\n```sh {name=a/b risk=read}\nls\n```\n", "a step's name is letters"),
        ("## Verify\n```sh {name=x risk=read}\n\n```\n", "Verify.x: this step has no command"),
        ("## Verify\n```sh {name=x risk=read}\nls\n", "p.md:6:1  Verify: this block is never closed"),
        ("## Verify\n```python {name=x risk=read}\nls\n```\n", "only sh and bash blocks are steps"),
        ("## Verify\n- a\n\n  ```sh {name=x risk=read}\n  ls\n  ```\n", "p.md:8:1  Verify.x: a step stands on its own"),
        (
            "## Impact\n```sh {name=x risk=read}\nls\n```\n## Verify\n```sh {name=x risk=read}\nls\n```\n",
            "p.md:10:1  Verify.x: this step's name stands here twice",
        ),
        (
            "## Verify\n```sh {name=x risk=read}\nls\nping {{ host.adress }}\n```\n",
            'p.md:8:6  Verify.x: unknown value, did you mean "host.address"?',
        ),
        (
            '## Verify\n```sh {name=x risk=read}\nls "{{ params.a }}"\n```\n',
            "p.md:7:5  Verify.x: {{ params.a }} takes no quotes",
        ),
        ("## Verify\nls \x1b[31m\n", "p.md:6:4  has an invisible character U+001B; take it out"),
        ("## Verify\nrm \u202ex\n", "p.md:6:4  has an invisible character U+202E; take it out"),
    ],
)  # fmt: skip
def test_a_body_that_is_refused_says_what_and_where(body: str, said: str) -> None:
    assert any(said in line for line in problems(page(body=body))), problems(page(body=body))


def test_other_peoples_templates_in_a_command_are_left_alone() -> None:
    body = "## Verify\n```sh {name=x risk=read}\ndocker ps --format '{{.Names}} {{json .}}'\n```\n"
    assert problems(page(body=body)) == []


@pytest.mark.parametrize("text", ["", "hello", "---\nid: a\n", "\n---\nid: a\ntitle: b\n---\n"])
def test_a_text_without_front_matter_is_refused(text: str) -> None:
    assert problems(text) == ["p.md:1:1  a page begins with ---, its id and title, and ---"]


def test_an_oversized_page_is_refused_before_it_is_read() -> None:
    assert "is longer than" in problems("-" * (MAX_PAGE_CHARS + 1))[0]
    assert any("the front matter is longer than" in line for line in problems(page("owner: " + "[" * 20_000 + "\n")))


@given(st.text(alphabet=st.sampled_from("-\n#`{}[]:&*!'\"| \tabid=title\\\x00\x85é"), max_size=200))
def test_no_text_crashes_the_parser(text: str) -> None:
    for shaped in (text, f"---\n{text}\n---\n", page(body=f"## Verify\n{text}")):
        for problem in parse_page(shaped, "p.md").problems:
            assert problem.line >= 1
            assert problem.column >= 1
            assert problem.text


def test_prose_becomes_plain_paragraphs_whose_lines_the_reader_breaks() -> None:
    text = "One *two*\n`three`.\n\n- a\n- b [c](https://x/y)\n\n1. d\n2. e\n\n```text\nx\ny\n```\n"
    assert plain_paragraphs(text) == ("One two three.", "- a", "- b c (https://x/y)", "1. d", "2. e", "x\ny")
