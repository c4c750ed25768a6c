"""``onduty wait RUN``: return when it ended, or is held."""

from __future__ import annotations

import argparse
from typing import Any


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "wait",
        help="return when a run ended, or is held",
        epilog="example:\n  onduty wait last --timeout 10m",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", metavar="RUN", help="name/number, a uid, or last")
    parser.add_argument("--timeout", metavar="D", help="a duration such as 30s or 10m; exit 6 when it passed")
    parser.add_argument("--through-holds", action="store_true", help="go on waiting while a person is needed")
    parser.add_argument("--json", action="store_true", help="the run at the end, as a document")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Exit as the run ended."""
    from runners.model.errors import InputRefused
    from runners.spec.durations import parse_duration
    from tui.cli.session import run_async

    timeout_s: float | None = None
    if options.timeout:
        try:
            timeout_s = parse_duration(options.timeout)
        except ValueError as error:
            raise InputRefused(f"--timeout {options.timeout}: {error}") from None
    return run_async(_wait(options, timeout_s))


async def _wait(options: argparse.Namespace, timeout_s: float | None) -> int:
    import asyncio

    from tui.cli.follow import EXIT_TIMEOUT, document_of, print_end, wait_for
    from tui.cli.session import find_run, persist

    uid = await persist(lambda client: find_run(client, options.run))
    try:
        async with asyncio.timeout(timeout_s):
            document = await wait_for(uid, through_holds=options.through_holds)
    except TimeoutError:
        document, _ = await document_of(uid)
        print_end(document, as_json=options.json)
        return EXIT_TIMEOUT
    return print_end(document, as_json=options.json)
