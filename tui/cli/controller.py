"""``onduty controller status|stop|restart|run``: the daemon."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psutil

STOP_S = 20.0


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "controller",
        help="the daemon that owns the state and talks to the hosts",
        epilog="""examples:
  onduty controller status
  onduty controller restart     after an upgrade; jobs on hosts go on, nothing is lost
  onduty controller run         in the foreground, for a service manager""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    for name, text, function in (
        ("status", "is it there, and which", status),
        ("stop", "end it; jobs on hosts go on", stop),
        ("restart", "end it and start it again; nothing is lost", restart),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("--json", action="store_true", help="as a document")
        action.set_defaults(verb=function)
    foreground = actions.add_parser("run", help="run it in the foreground, for service managers")
    foreground.add_argument("--ready-fd", type=int, help=argparse.SUPPRESS)
    foreground.set_defaults(verb=run)


def status(options: argparse.Namespace) -> int:
    """0 when it answers, 4 when none runs. Starts none."""
    from tui.cli.keeping import kept, room
    from tui.cli.output import print_json, print_line
    from tui.cli.session import run_async

    hello, itself = run_async(_hello_and_self())
    if hello is None:
        from tui.wiring import home

        if options.json:
            print_json({"running": False, "home": str(home())})
        else:
            print_line(f"no controller runs for {home()}; any command starts it")
        return 4
    if options.json:
        import msgspec

        more = msgspec.to_builtins(itself) if itself is not None else {}
        print_json({"running": True, **msgspec.to_builtins(hello), **more})
    else:
        print_line(f"controller {hello.version}, pid {hello.pid}, since {hello.started_at}, state in {hello.home}")
        if hello.hosts_at_once:
            print_line(f"at most {hello.hosts_at_once} hosts at once, {hello.attempts_per_host} attempts on each")
        if itself is not None:
            for finding in (*room(itself, hello.home), *kept(itself, now_utc=time.time())):
                print_line(f"{finding.name}: {finding.text}")
    return 0


def stop(options: argparse.Namespace) -> int:
    """Ask it to end and wait until it has."""
    from tui.cli.output import print_json, print_line
    from tui.cli.session import run_async

    stopped = run_async(stop_controller())
    if options.json:
        print_json({"stopped": stopped})
    else:
        print_line("the controller ended; jobs on hosts go on" if stopped else "no controller was running")
    return 0


def restart(options: argparse.Namespace) -> int:
    """Stop, start, say which one runs now."""
    from tui.cli.session import persist, run_async

    async def again() -> None:
        await stop_controller()
        await persist(lambda client: client.hello())

    run_async(again())
    return status(options)


def run(options: argparse.Namespace) -> int:
    """Serve in the foreground."""
    from tui.wiring import serve

    return serve(ready_fd=options.ready_fd)


async def _hello_and_self() -> tuple[Any, Any]:
    """Who it is and what it says of itself; None for what nobody says."""
    from runners.client.client import ControllerClient
    from runners.model.errors import OndutyError
    from tui.wiring import home

    hello = await _hello()
    if hello is None:
        return None, None
    async with ControllerClient(home()) as client:
        try:
            return hello, await client.self_check()
        except OndutyError:
            return hello, None


async def _hello() -> Any:
    from runners.client.client import ControllerClient
    from runners.model.errors import ControllerUnreachable
    from tui.wiring import home

    if not home().is_dir():
        return None
    async with ControllerClient(home()) as client:
        try:
            return await client.hello()
        except ControllerUnreachable:
            return None


async def stop_controller() -> bool:
    """Ask it to end and wait until its process is gone; False when none runs."""
    import asyncio

    import psutil

    from runners.client.client import ControllerClient
    from runners.model.errors import ControllerUnreachable
    from tui.wiring import home

    hello = await _hello()
    if hello is None:
        return False
    try:
        process = psutil.Process(hello.pid)
    except psutil.NoSuchProcess:
        return False
    async with ControllerClient(home()) as client:
        await client.stop_controller()
    if not await asyncio.to_thread(ends, process):
        raise ControllerUnreachable(
            f"controller pid {hello.pid} was asked to end and still runs after {STOP_S:g} s", hint=f"kill {hello.pid}"
        )
    return True


def ends(process: psutil.Process) -> bool:
    """Whether it is over within the time; a dead one whose parent never asked for its end is gone for us too."""
    import time

    import psutil

    deadline_s = time.monotonic() + STOP_S
    while time.monotonic() < deadline_s:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
