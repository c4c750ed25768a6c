"""``onduty run FILE``: start a pipeline and follow it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runners.model.api import RunStarted

EXIT_DETACHED = 130


def register(verbs: Any) -> None:
    """Add the verb."""
    from tui.cli.texts import add_pipeline_arguments

    parser = verbs.add_parser(
        "run",
        help="start a pipeline and follow it",
        epilog="""examples:
  onduty run deploy.yaml -p release=2.4.1
  onduty run deploy.yaml -p release=2.4.1 --limit 'web:!web3'
  onduty run deploy.yaml -p release=2.4.1 --detach --json
  onduty run --again last                       as it was: same text, hosts and params; no file is read
  onduty run --again deploy-api/41 -p release=2.4.0
  onduty run deploy.yaml --own-controller       for CI: a controller for this run alone

ctrl-c detaches; the run goes on. Exit 0 success, 1 failed or held, 3 cancelled, 4 no host was ever reached.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_pipeline_arguments(parser)
    parser.add_argument("--detach", action="store_true", help="return once it is durable")
    parser.add_argument("--through-holds", action="store_true", help="go on waiting while a person is needed")
    parser.add_argument("--again", metavar="RUN", help="repeat a run as it was pinned; -p overrides its params")
    parser.add_argument(
        "--own-controller", action="store_true", help="with a controller and a state folder of its own, for CI"
    )
    parser.add_argument("--json", action="store_true", help="with --detach: id and uid; else the run at the end")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Start; in front: stream until it ended or is held."""
    _check(options)
    if options.own_controller:
        from tui.cli.own_controller import with_own_controller

        return with_own_controller(lambda: _run(options))
    return _run(options)


def _check(options: argparse.Namespace) -> None:
    from runners.model.errors import InputRefused

    if options.again:
        for name, given in (
            (options.file, options.file),
            ("-i", options.inventory),
            ("--limit", options.limit),
        ):
            if given:
                raise InputRefused(
                    f"{name}: --again repeats {options.again} with the text and the hosts that it pinned; "
                    "nothing was started",
                    hint=f"onduty run --again {options.again}",
                )
        if options.own_controller:
            raise InputRefused("--own-controller: knows no earlier run that --again could repeat; nothing was started")
    elif not options.file:
        raise InputRefused("run: which pipeline?", hint="onduty run FILE")
    if options.own_controller and options.detach:
        raise InputRefused("--detach: --own-controller ends with the command; nothing was started")


def _run(options: argparse.Namespace) -> int:
    from tui.cli.output import forget_output
    from tui.cli.session import run_async

    started = run_async(_start_again(options) if options.again else _start(options))
    if options.detach:
        return _print_started(started, options)
    try:
        return run_async(_follow(started, options))
    except KeyboardInterrupt:
        return _say_detached(started)
    except BrokenPipeError:
        # Whoever read our lines left: as with ctrl-c, nobody asked the run to stop.
        forget_output()
        return _say_detached(started)


def _print_started(started: RunStarted, options: argparse.Namespace) -> int:
    from tui.cli.output import print_json, print_line

    if options.json:
        print_json(started)
    else:
        print_line(f"{started.id} started; onduty wait {started.id}")
    return 0


async def _start(options: argparse.Namespace) -> RunStarted:
    import asyncio

    from runners.client.client import ProblemsFound
    from tui.cli.inventories import inventory_for
    from tui.cli.secret_values import declares_secrets, read_values
    from tui.cli.session import persist
    from tui.cli.texts import params_of, plan_texts, read_pipeline_text
    from tui.launch.requests import start_request
    from tui.wiring import controller_was_started

    text = read_pipeline_text(options.file)
    inventory = inventory_for(text, options.inventory, execute=True)
    params = params_of(options)
    secrets: dict[str, str] = {}
    declares = declares_secrets(text.content)
    if declares or not controller_was_started():
        # What cannot be planned starts no controller either, and asks nobody for a secret.
        plan = plan_texts(text, inventory, params, options.limit)
        if declares:
            secrets = await asyncio.to_thread(read_values, plan.secrets.values(), undone="nothing was started")
    request = start_request(text, inventory, params, options.limit, secrets)
    try:
        return await persist(lambda client: client.start_run(request))
    except ProblemsFound:
        # The controller knows absolute paths alone: planning here says the same with the paths as they were typed.
        plan_texts(text, inventory, params, options.limit)
        raise


async def _start_again(options: argparse.Namespace) -> RunStarted:
    import asyncio

    from tui.cli.inventories import short_path
    from tui.cli.session import find_run, persist
    from tui.cli.texts import params_of
    from tui.launch.requests import again_request
    from tui.view.safe_text import safe

    uid = await persist(lambda client: find_run(client, options.again))
    pinned = await persist(lambda client: client.definition(uid))
    earlier = (await persist(lambda client: client.document(uid))).document
    secrets: dict[str, str] = {}
    if pinned.plan.secrets:
        from tui.cli.secret_values import read_values

        secrets = await asyncio.to_thread(read_values, pinned.plan.secrets.values(), undone="nothing was started")
    request = again_request(uid, earlier.id, pinned, params_of(options), secrets)
    started = await persist(lambda client: client.start_run(request))
    params = {**pinned.plan.params, **request.params}
    words = "".join(f" {name}={value}" for name, value in params.items())
    hosts = len(pinned.plan.hosts)
    where = f"{hosts} host{'' if hosts == 1 else 's'}" + (f" ({pinned.plan.limit})" if pinned.plan.limit else "")
    where += f" of {short_path(pinned.plan.inventory_path)}" if pinned.plan.inventory_path else ""
    print(
        safe(f"{started.id} repeats {earlier.id}{' with' + words if words else ''} on {where}, as pinned then"),
        file=sys.stderr,
    )
    return started


async def _follow(started: RunStarted, options: argparse.Namespace) -> int:
    from tui.cli.follow import host_and_job, nothing, print_end, stream_run
    from tui.cli.lines import write_safely

    print(f"{started.id} started", file=sys.stderr)
    # With --json stdout is the document's alone.
    wanted = nothing if options.json else host_and_job
    document = await stream_run(started.uid, write_safely, through_holds=options.through_holds, wanted=wanted)
    return print_end(document, as_json=options.json)


def _say_detached(started: RunStarted) -> int:
    print(f"\ndetached; {started.id} goes on: onduty show {started.id}", file=sys.stderr)
    return EXIT_DETACHED
