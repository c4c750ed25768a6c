"""``onduty secret give``: a run gets the values that it waits for. They are never words of a command line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.model.api import IntentAnswer
    from runners.model.state import RunState


def register(verbs: Any) -> None:
    """Add the verb."""
    secret = verbs.add_parser(
        "secret",
        help="give a run the secrets that it waits for",
        epilog="example:\n  onduty secret give deploy-api/42",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words = secret.add_subparsers(metavar="WORD", required=True)
    give = words.add_parser(
        "give",
        help="give a run the secrets that it waits for",
        epilog="""examples:
  onduty secret give deploy-api/42               all that it waits for: from your environment, or typed
  onduty secret give deploy-api/42 TOKEN         this one; a value that is new counts from now on
  onduty secret give deploy-api/42 TOKEN --type  typed, whatever place the pipeline names

Values are read from where the pipeline says: files and commands by the controller, variables from the environment of
this command, prompts from your terminal. They are never arguments, and are kept in memory only.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    give.add_argument("run", metavar="RUN", help="name/number, a uid, or last")
    give.add_argument("names", metavar="NAME", nargs="*", help="default: all that the run waits for")
    give.add_argument("--type", action="store_true", help="type the value; for one NAME")
    give.add_argument("--json", action="store_true", help="what was accepted, as a document")
    give.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """0 once the run has them, 2 when a value cannot be used, 5 when nothing waits for one."""
    from tui.cli.output import print_json, print_line
    from tui.cli.session import run_async

    answer = run_async(_give(options))
    if options.json:
        print_json(answer)
    else:
        print_line(answer.text)
    return 0


async def _give(options: argparse.Namespace) -> IntentAnswer:
    import asyncio
    from dataclasses import replace

    from ulid import ULID

    from runners.model.api import GiveSecrets
    from runners.model.errors import InputRefused
    from runners.model.secrets import SourceKind
    from tui.cli.secret_values import read_values
    from tui.cli.session import find_run, persist

    async def look(client: ControllerClient) -> tuple[str, RunState]:
        uid = await find_run(client, options.run)
        return uid, (await client.snapshot(uid)).state

    uid, state = await persist(look)
    names = _wanted(state, options.names)
    sources = [state.plan.secrets[name] for name in names]
    if options.type:
        if len(options.names) != 1:
            raise InputRefused("--type: name the one secret that you want to type", hint="onduty secret give --help")
        sources = [replace(sources[0], kind=SourceKind.PROMPT, text=sources[0].text or sources[0].name)]
    values = await asyncio.to_thread(read_values, sources, ask_instead=True, undone="nothing was given")
    request = GiveSecrets(id=str(ULID()), names=names, values=values)
    return await persist(lambda client: client.give_secrets(uid, request))


def _wanted(state: RunState, named: list[str]) -> tuple[str, ...]:
    """The secrets to give; refused by name when the run has none such, or waits for none."""
    from runners.core.secrets import wanted_secrets
    from runners.model.errors import ActionRefused, InputRefused
    from runners.spec.report import did_you_mean

    known = state.plan.secrets
    for name in named:
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise InputRefused(f"{name}: no secret of {state.name}{did_you_mean(name, known) or f'; {has}'}")
    if wanted := tuple(dict.fromkeys(named)) or wanted_secrets(state):
        return wanted
    raise ActionRefused(f"nothing of {state.name} waits for a secret; name the one that changed")
