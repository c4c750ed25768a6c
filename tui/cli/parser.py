"""The words of the command line. Each verb's module adds its own parser and says what it does."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Protocol

LATER = {
    "approve": "comes with a later version",
    "reject": "comes with a later version",
}
"""Verbs of the interface that are not built yet, refused by name."""

VERBS = {
    "lint": ("lint",),
    "plan": ("plan",),
    "run": ("run",),
    "runs": ("runs",),
    "show": ("show",),
    "events": ("events",),
    "record": ("record",),
    "wait": ("wait",),
    "logs": ("logs",),
    "intents": ("retry", "skip", "cancel", "rollback", "pause", "resume", "note"),
    "secret": ("secret",),
    "login": ("login",),
    "reconcile": ("reconcile",),
    "hosts": ("hosts",),
    "trust": ("trust",),
    "runbook": ("runbook",),
    "controller": ("controller",),
    "demo": ("demo",),
    "schema": ("schema",),
    "doctor": ("doctor",),
    "keys": ("keys",),
    "completion": ("completion",),
}
"""Modules beside this one with the verbs that each adds, in the order of the help; one verb loads one module."""

QUESTION = "_complete"
"""What the scripts of ``completion`` ask; no word for people."""

EPILOG = """\
examples:
  onduty demo                                   a throw-away fleet and a run that fails, ready to be fixed
  onduty lint deploy.yaml                       every problem of a pipeline, with line and column
  onduty run deploy.yaml -p release=2.4.1       start it and follow it
  onduty                                        open the screen; onduty --plain for text that is only added to
  onduty retry deploy-api/42 release@web3       run what failed again

exit codes: 0 success, 1 failed or held, 2 input refused, 3 cancelled, 4 controller or hosts not reachable,
5 action refused, 6 still running after --timeout, 130 detached by ctrl-c, 70 a bug
"""


class Verb(Protocol):
    """What a verb's module offers."""

    def register(self, verbs: argparse._SubParsersAction[Parser]) -> None:
        """Add its parser; ``set_defaults(verb=function)`` says what runs."""


class Parser(argparse.ArgumentParser):
    """argparse whose errors are one line and name the nearest word."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # An option of a later version must not become an abbreviation that works today.
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Exit 2 with what is wrong and what to type."""
        from tui.view.safe_text import safe

        print(f"onduty: {safe(message)}\n  try: {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)

    def refuse_word(self, word: str) -> NoReturn:
        """Exit 2: ``word`` is no command of this version."""
        if word in LATER:
            self.error(f"{word}: {LATER[word]}; nothing was done")
        from difflib import get_close_matches

        near = get_close_matches(word, [*verb_names(self)], n=1)
        self.error(f"{word}: no such command" + (f', did you mean "{near[0]}"?' if near else ""))


def verb_names(parser: argparse.ArgumentParser) -> list[str]:
    """The commands that ``parser`` knows."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return list(action.choices)
    return []


def build(word: str | None = None) -> Parser:
    """The whole parser; where ``word`` is a verb, with that verb's module alone."""
    parser = Parser(
        prog="onduty",
        description="Run, watch and repair pipelines on remote hosts. Without a command: the screen.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", "-V", action="store_true", help="print the version")
    parser.add_argument(
        "--plain",
        action="store_true",
        help="in place of the screen: text that is only added to, for screen readers, dumb terminals and logs",
    )
    verbs = parser.add_subparsers(metavar="VERB", dest="name", parser_class=Parser)
    alone = [name for name, words in VERBS.items() if word in words]
    for name in alone or VERBS:
        module: Verb = importlib.import_module(f"tui.cli.{name}")
        module.register(verbs)
    return parser


def parse(arguments: Sequence[str]) -> Callable[[], int]:
    """What these words ask for, ready to run; exits with 2 when they cannot be used."""
    if arguments[:1] == [QUESTION]:
        from tui.cli import candidates

        return lambda: candidates.run(arguments[1:])
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    parser = build(arguments[0] if arguments else None)
    if arguments and not arguments[0].startswith("-") and arguments[0] not in verb_names(parser):
        parser.refuse_word(arguments[0])
    options = parser.parse_args(arguments)
    if options.name is None:
        from tui.cli import screen

        return lambda: screen.open_screen(plain=options.plain)
    return lambda: int(options.verb(options))
