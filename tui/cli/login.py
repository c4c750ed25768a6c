"""``onduty login``: answer what hosts ask before they let us in. Answers are never words of a command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.model.api import LoginPrompt, LoginQuestion, LoginReply, LoginRequest
    from tui.view.logins import OpenLogin

EXIT_OK, EXIT_LEFT = 0, 1
TRIED_S = 20.0
"""How long a login that somebody wanted to be tried is waited for."""
STDIN = "-"

Read = Callable[["LoginPrompt"], str]


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "login",
        help="answer hosts that ask: one-time codes, passwords, passphrases of keys",
        epilog="""examples:
  onduty login                  everything that waits for you, one after the other
  onduty login bastion          this host, and so all that are reached through it
  onduty login --json           what waits, and for what; nothing is answered
  pass bastion | onduty login bastion -      answers from stdin, one a line

What you type goes to the host that asked and is kept nowhere. A passphrase unlocks its key in the controller's memory
until it ends, or onduty login --forget. This terminal's SSH agent is offered on the way: where a login waits for an
agent, that is all there is to do.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("host", metavar="HOST", nargs="?", default="", help="a host or jump host; default: all")
    parser.add_argument("stdin", metavar="-", nargs="?", choices=[STDIN], help="read answers from stdin, one a line")
    parser.add_argument("--json", action="store_true", help="what waits, as a document")
    parser.add_argument("--forget", action="store_true", help="forget the keys that passphrases unlocked")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """0 once nothing waits, 1 when something is left, 5 when somebody else was first."""
    from tui.cli.output import print_json, print_line
    from tui.cli.session import run_async

    if options.host == STDIN:
        options.host, options.stdin = "", STDIN
    if options.forget:
        from runners.model.api import LoginRequest

        print_line(run_async(_send(LoginRequest(forget=True))).text)
        return EXIT_OK
    waiting = run_async(_waiting(options.host))
    if options.json:
        print_json([_document(login) for login in waiting])
        return EXIT_OK
    if not waiting:
        print_line(f"no login to {options.host} waits for anybody" if options.host else "no login waits for anybody")
        return EXIT_OK
    read = _from_stdin if options.stdin else _from_terminal
    left = [login for login in waiting if not run_async(_go_through(login, read))]
    return EXIT_LEFT if left else EXIT_OK


def _document(login: OpenLogin) -> dict[str, object]:
    question = login.question
    return {
        "asker": question.asker,
        "kind": question.kind,
        "text": question.text,
        "words": question.words,
        "prompts": [{"text": prompt.text, "echo": prompt.echo} for prompt in question.prompts],
        "note": question.note or None,
        "lapsed": question.lapsed,
        "since": question.since,
        "hosts": login.hosts,
        "runs": login.runs,
    }


async def _ask(call: Callable[[ControllerClient], Awaitable[Any]]) -> Any:
    from tui.cli.session import persist

    return await persist(call)


async def _send(request: LoginRequest) -> LoginReply:
    from tui.cli.session import controller

    # Not twice: an answer is for one question, and who asks again is told that it is over.
    async with controller() as client:
        return await client.login(request)


async def _waiting(host: str) -> tuple[OpenLogin, ...]:
    from tui.view.logins import open_logins

    return open_logins(await _ask(lambda client: client.hosts()), host)


async def _go_through(login: OpenLogin, read: Read) -> bool:
    """Answer until the host lets us in, or until there is nothing to type; whether it did."""
    import asyncio

    from runners.model.api import LoginRequest
    from tui.cli.output import print_line

    _show(login)
    question: LoginQuestion | None = login.question
    while question is not None:
        if not question.prompts:
            question = await _tried(login, question)
            if question is None:
                return True
            if not question.prompts:
                print_line(question.text)
                return False
            _show_words(question)
        answers = [await asyncio.to_thread(read, prompt) for prompt in question.prompts]
        reply = await _send(LoginRequest(question=question.id, answers=tuple(answers)))
        print_line(reply.text)
        if reply.done:
            return True
        before, question = question, reply.question
        if question is not None and question.words != before.words:
            _show_words(question)
    return False


async def _tried(login: OpenLogin, question: LoginQuestion) -> LoginQuestion | None:
    """Have it tried now; what waits then. None: nothing does any more."""
    import asyncio

    from runners.model.api import LoginRequest
    from tui.cli.output import print_line
    from tui.cli.session import controller
    from tui.view.logins import open_logins

    reply = await _send(LoginRequest(host=login.asker))
    if reply.question is not None and reply.question.prompts:
        return reply.question
    print_line(f"{login.asker} is tried now")
    try:
        async with asyncio.timeout(TRIED_S), controller() as client:
            async for status in client.status():
                found = open_logins(status.hosts, login.asker)
                if not found:
                    for host in status.hosts:
                        if host.name in login.hosts:
                            print_line(f"{host.name}: {host.phase}{f', {host.text}' if host.text else ''}")
                    return None
                if found[0].question.since != question.since:
                    return found[0].question
    except TimeoutError:
        pass
    return question


def _show(login: OpenLogin) -> None:
    from tui.cli.output import print_line
    from tui.view.durations import count

    question = login.question
    print_line(question.text)
    waits = [*([count(len(login.behind), "host") + " behind it"] if len(login.behind) > 1 else login.behind)]
    if waits or login.runs:
        print_line(f"  wait for it: {', '.join([*waits, *login.runs])}")
    if question.note:
        print_line(f"  {question.note}")
    _show_words(question)


def _show_words(question: LoginQuestion) -> None:
    """What the host says before it asks: its own words, marked as such."""
    from tui.cli.output import print_line

    for line in question.words:
        print_line(f"  | {line}")


def _from_terminal(prompt: LoginPrompt) -> str:
    import getpass

    from runners.model.errors import InputRefused
    from tui.view.safe_text import safe

    asked = f"{safe(prompt.text).rstrip(':')}: "
    try:
        # On the terminal itself: neither stdin nor stdout may be one.
        with open("/dev/tty", encoding="utf-8") as keys, open("/dev/tty", "w") as screen:
            if not prompt.echo:
                return getpass.getpass(asked)
            screen.write(asked)
            screen.flush()
            line = keys.readline()
    except UnicodeDecodeError:
        raise InputRefused("what was typed is not valid UTF-8; nothing was sent") from None
    except OSError:
        raise InputRefused(
            "there is no terminal to ask on; nothing was sent",
            hint="onduty login HOST - reads answers from stdin, one a line",
        ) from None
    except EOFError:
        line = ""
    if not line:
        raise InputRefused("nothing was typed; nothing was sent")
    return line.removesuffix("\n")


def _from_stdin(prompt: LoginPrompt) -> str:
    from runners.model.errors import InputRefused
    from tui.view.safe_text import safe

    line = sys.stdin.readline()
    if not line:
        raise InputRefused(f"stdin has no answer to {safe(prompt.text)}; nothing was sent")
    return line.removesuffix("\n").removesuffix("\r")
