"""``onduty runbook show``: the page for people, for machines, and as it was written."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace

import pytest
from rich.cells import cell_len

from runbooks.library import load_built_in
from runbooks.page import SECTIONS, Page
from runbooks.parse import parse_page
from tui.cli.page_text import COMMAND_INDENT, page_lines
from tui.cli.parser import parse

TODAY = datetime.date(2026, 11, 22)
PAGES = load_built_in().pages

SMALL = """\
---
id: small
title: A page
owner: platform
last_reviewed: 2026-01-01
review_every: 30d
---
## Meaning

It is *broken*, as `ls` shows. This sentence goes on until it has to be broken somewhere near its end.

- one thing that is so long that it does not fit on a single line of this width
- another

## Diagnosis

Look first.

```sh {name=look risk=read}
ls \\
  --all {{ host.name }}
```

## Mitigation

```sh {name=remove-everything risk=change}
rm x
```

Then rest.
"""


def parsed(text: str) -> Page:
    page = parse_page(text, "small.md").page
    assert page is not None
    return page


def test_headings_prose_and_numbered_steps_stand_in_columns_of_their_own() -> None:
    assert "\n".join(page_lines(parsed(SMALL), 60, datetime.date(2026, 1, 2))) == """\
A page
small, owner platform, reviewed 2026-01-01

Meaning

  It is broken, as ls shows. This sentence goes on until it
  has to be broken somewhere near its end.

  - one thing that is so long that it does not fit on a
    single line of this width
  - another

Diagnosis

  Look first.

   1. look  reads

       ls \\
         --all {{ host.name }}

Mitigation

   2. remove-everything  changes

       rm x

  Then rest."""  # fmt: skip


def test_an_overdue_review_is_said_at_the_top() -> None:
    assert list(page_lines(parsed(SMALL), 100, datetime.date(2026, 2, 2)))[1] == (
        "small, owner platform, reviewed 2026-01-01, the review is overdue by 2 days"
    )


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_built_in_page_fits_and_its_commands_are_whole(page: Page, width: int) -> None:
    lines = list(page_lines(page, width, TODAY))
    assert [line for line in lines if line in SECTIONS] == list(SECTIONS)
    shown = "\n".join(lines)
    for step in page.steps:
        indented = "\n".join(" " * COMMAND_INDENT + line if line else "" for line in step.command.split("\n"))
        assert indented in shown
        (head,) = [line for line in lines if line.split()[:2] == [f"{step.number}.", step.name]]
        assert head.endswith("changes" if step.risk == "change" else "reads")
    commands = {" " * COMMAND_INDENT + line for step in page.steps for line in step.command.split("\n")}
    heads = {line for line in lines if line.endswith(("  reads", "  changes"))}
    assert all(cell_len(line) <= min(width, 88) for line in lines if line not in commands | heads)


def test_what_could_steer_the_terminal_is_made_safe() -> None:
    page = replace(parsed(SMALL), title="a\x1b]0;x\x07 title", owner="o\x1b[31m")
    assert not any(char < " " or "\x7f" <= char < "\xa0" for line in page_lines(page, 80, TODAY) for char in line)


def show(*words: str) -> int:
    return parse(["runbook", "show", *words])()


def test_the_source_is_the_file_letter_by_letter(capsys: pytest.CaptureFixture[str]) -> None:
    assert show("port-in-use", "--source") == 0
    assert capsys.readouterr().out == PAGES["port-in-use"].source


def test_json_is_the_page_as_facts(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert show("port-in-use", "--json") == 0
    document = json.loads(capfdbinary.readouterr().out)
    assert (document["id"], document["source"]) == ("port-in-use", PAGES["port-in-use"].source)


def test_without_an_option_the_page_is_rendered(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert show("unit-failed") == 0
    out = capsys.readouterr().out
    assert out.startswith("A systemd unit did not start, or did not stay up\nunit-failed, owner platform")
    assert "```" not in out
