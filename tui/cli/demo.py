"""``onduty demo``: six throw-away hosts on loopback, and a release that fails on one of them, ready to be fixed.

The fleet and the demo's controller are processes of their own with a state folder of their own; they outlive the
terminal. ``demo`` again re-attaches, ``--stop`` removes everything.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import Any


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "demo",
        help="a throw-away fleet and a run that fails, ready to be fixed",
        epilog="""examples:
  onduty demo               start it, or come back to it
  onduty demo --headless    the same story without a screen, cleaned up at the end
  onduty demo --stop        end it and remove everything

On the screen: look at the failure and its page, press ! for a shell on web3, end the process that holds the port
(api status names it), exit, press r and Y.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--headless", action="store_true", help="play the story and print it")
    parser.add_argument("--stop", action="store_true", help="end it and remove everything")
    parser.add_argument("--json", action="store_true", help="without a screen: where the demo is, as a document")
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Start or re-attach; 0 unless the demo cannot be started."""
    from tui.wiring import home

    folder = home() / "demo"
    # From here on every part of onduty works on the demo's own controller.
    os.environ["ONDUTY_HOME"] = str(folder / "state")
    if options.stop:
        return _stop(folder)
    if options.headless:
        return _headless(folder)
    return _interactive(folder, options)


def _interactive(folder: Path, options: argparse.Namespace) -> int:
    from tui.cli.output import print_json
    from tui.cli.session import run_async

    if _fleet_pid(folder) is None:
        print("starting six SSH hosts on loopback …", file=sys.stderr)
        _start_fleet(folder)
        run_async(_start_run(folder / "release-api.yaml", folder))
    ref, uid = run_async(_newest_run())
    if options.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        where = {"home": os.environ["ONDUTY_HOME"], "folder": str(folder), "run": ref, "uid": uid}
        if options.json:
            print_json(where)
        else:
            print(f"the demo runs: {ref}\n  ONDUTY_HOME={where['home']} onduty show {ref}\n  onduty demo --stop")
        return 0
    from tui.cli.screen import open_screen

    code = open_screen(uid)
    print("The demo goes on: onduty demo comes back to it, onduty demo --stop removes it.")
    return code


def _headless(folder: Path) -> int:
    from tui.cli.session import run_async

    if _fleet_pid(folder) is not None:
        _stop(folder)
    try:
        print("Six SSH hosts on loopback, a release that rolls over them.", flush=True)
        _start_fleet(folder)
        return run_async(_story(folder))
    finally:
        _stop(folder)


async def _story(folder: Path) -> int:
    """Fail, look, mend, retry, green; 1 when it does not go like that."""
    from runners.model.api import IntentRequest
    from runners.testing.demo_hosts import BROKEN_HOST
    from tui.cli.follow import print_outcome, stream_run
    from tui.cli.output import print_line
    from tui.cli.session import controller
    from tui.cli.show import print_run
    from tui.view.safe_text import safe

    def write(prefix: str, line: bytes) -> None:
        print(f"{safe(prefix)}{safe(line)}", flush=True)

    started = await _start_run(folder / "release-api.yaml", folder)
    held = await stream_run(started.uid, write, through_holds=False)
    print()
    print_run(held)
    failed = next((job for job in held.jobs if job.phase == "failed"), None)
    if failed is None or failed.runbook is None:
        print_line("demo: this did not fail as it should")
        return 1
    print(f"\nThe page beside it: {failed.runbook.id} ({failed.runbook.why}). A person on {failed.host} ends what")
    print("holds the port, as the page says:\n", flush=True)
    mended = await stream_run((await _start_run(folder / "mend.yaml", folder)).uid, write, through_holds=False)
    print(f"\n$ onduty retry {held.id} {failed.job}@{BROKEN_HOST}", flush=True)
    async with controller() as client:
        answer = await client.act(
            started.uid,
            IntentRequest(
                id=f"demo-{started.uid}",
                intent="retry",
                targets=(f"{failed.stage}/{failed.job}@{BROKEN_HOST}",),
                reason="the stray process is gone",
            ),
        )
        print_line(answer.text)
    from tui.cli.follow import wait_for

    ended = await wait_for(started.uid, through_holds=False)
    print_run(ended)
    print_outcome(ended)
    return 0 if ended.phase == mended.phase == "succeeded" else 1


async def _start_run(file: Path, folder: Path) -> Any:
    from ulid import ULID

    from runners.model.api import StartRun
    from tui.cli.session import persist
    from tui.cli.texts import read_text

    text, inventory = read_text(str(file)), read_text(str(folder / "fleet" / "inventory.yaml"))
    request = StartRun(
        id=str(ULID()),
        definition=text.content,
        definition_path=str(text.path),
        inventory=inventory.content,
        inventory_path=str(inventory.path),
        home=os.environ.get("HOME", "/"),
    )
    return await persist(lambda client: client.start_run(request))


async def _newest_run() -> tuple[str, str]:
    from tui.cli.session import persist

    runs = await persist(lambda client: client.runs(1))
    return (runs[0].id, runs[0].uid) if runs else ("", "")


def _start_fleet(folder: Path) -> None:
    """A fresh fleet in a process of its own, with furnished homes and the files to run."""
    import subprocess

    from runners.client.place import prepare_home
    from runners.model.errors import OndutyError
    from runners.testing.demo_hosts import fleet_words, furnish, mend_text, pipeline_text, remove

    remove(folder)
    prepare_home(folder)
    prepare_home(folder / "state")
    homes = folder / "fleet" / "hosts"
    ports = furnish(homes)
    (folder / "release-api.yaml").write_text(pipeline_text(), encoding="utf-8")
    (folder / "mend.yaml").write_text(mend_text(), encoding="utf-8")
    read_fd, write_fd = os.pipe()
    with open(folder / "fleet.log", "ab") as log:
        subprocess.Popen(
            [
                *(sys.executable, "-m", "runners.testing.fleet", "--dir", str(folder / "fleet")),
                *(*fleet_words(ports), "--ready-fd", str(write_fd)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(write_fd,),
            start_new_session=True,
            cwd="/",
        )
    os.close(write_fd)
    with open(read_fd, encoding="utf-8") as pipe:
        answer = pipe.read().strip()
    if answer != "ready":
        raise OndutyError(f"the demo's hosts did not start: {answer or 'no word'}", hint=f"cat {folder}/fleet.log")


def _fleet_pid(folder: Path) -> int | None:
    """Pid of the fleet that runs; None when there is none."""
    import fcntl
    import json

    try:
        with open(folder / "fleet" / "fleet.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return None
    except FileNotFoundError:
        return None
    except BlockingIOError:
        pass
    try:
        return int(json.loads((folder / "fleet" / "fleet.json").read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError, KeyError):
        return None


def _stop(folder: Path) -> int:
    """End controller, services and hosts; remove the folder."""
    import signal

    import psutil

    from runners.testing.demo_hosts import remove, stop_services
    from tui.cli.controller import ends, stop_controller
    from tui.cli.session import run_async

    if not folder.is_dir():
        print("no demo runs")
        return 0
    run_async(stop_controller())
    # At once: a screen that is open on the demo starts no controller where the state folder is gone.
    with contextlib.suppress(FileNotFoundError):
        (folder / "state").rename(folder / "state.removed")
    stop_services(folder / "fleet" / "hosts")
    pid = _fleet_pid(folder)
    if pid is not None:
        try:
            process = psutil.Process(pid)
            process.send_signal(signal.SIGTERM)
            if not ends(process):
                print(f"the demo's hosts (pid {pid}) do not end; kill {pid}", file=sys.stderr)
                return 1
        except psutil.NoSuchProcess:
            pass
    remove(folder)
    print("the demo is gone")
    return 0
