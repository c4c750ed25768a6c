"""What ``--help`` says: every word of every verb, in words."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator

import pytest

from tui.cli.parser import build, parse


def parsers(parser: argparse.ArgumentParser, name: str = "onduty") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The parser and those of its verbs and their words."""
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, one in action.choices.items():
                yield from parsers(one, f"{name} {word}")


ALL = dict(parsers(build()))


@pytest.mark.parametrize("name", ALL)
def test_help_says_what_each_word_is_and_nothing_that_is_hidden(name: str) -> None:
    assert argparse.SUPPRESS not in ALL[name].format_help()
    for action in ALL[name]._actions:
        assert action.help or isinstance(action, argparse._SubParsersAction), action.option_strings or action.metavar


def examples() -> Iterator[str]:
    """Every command that help shows, without what a shell does with it and what is said beside it."""
    for parser in ALL.values():
        for line in (parser.epilog or "").splitlines():
            found = re.search(r"onduty .*", line) if line.startswith("  ") else None
            if found:
                yield re.split(r"  |[|>]|\)  ", found[0])[0].strip(" )")


@pytest.mark.parametrize("command", sorted(set(examples())))
def test_examples_of_help_can_be_typed(command: str) -> None:
    assert callable(parse(shlex.split(command)[1:]))
