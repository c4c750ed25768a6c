"""The controller's life as people meet it: found or started, one per folder, killed, stopped, upgraded, idle."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

from tests.flows.pipelines import WAITS
from tests.person import Person, person_at, until

OTHER_VERSION = """\
import sys
import runners.model.api as api
import tui.cli.version
tui.cli.version.version = lambda: sys.argv[1]
api.PROTOCOL = int(sys.argv[2])
from tui.wiring import serve
sys.exit(serve(ready_fd=None))
"""

SHORT_IDLE = """\
import sys
from runners.controller import serve as life
life.IDLE_CHECK_S = 0.05
import signal
signal.signal(signal.SIGUSR1, lambda *_: setattr(life, "IDLE_END_S", 0.1))
from tui.wiring import serve
sys.exit(serve(ready_fd=None))
"""


def foreground(person: Person, program: str, *words: str) -> subprocess.Popen[bytes]:
    """A controller in the foreground, changed by a few lines; returned once it answers."""
    process = subprocess.Popen([sys.executable, "-c", program, *words], env=person.env, stderr=subprocess.DEVNULL)
    until(lambda: (person.home / "controller.sock").exists(), "the socket")
    return process


def test_clients_that_start_at_once_where_none_ran_share_one_controller(person: Person) -> None:
    started = [person.start("runs", "--json") for _ in range(3)]
    assert [person.end(process).json() for process in started] == [[], [], []]
    # Those that came too late end by themselves.
    until(lambda: person.controllers() == [person.pid])


def test_a_socket_left_by_a_dead_controller_is_replaced(person: Person) -> None:
    person.home.mkdir(mode=0o700)
    left = socket.socket(socket.AF_UNIX)
    descriptor = os.open(person.home, os.O_PATH)
    left.bind(f"/proc/self/fd/{descriptor}/controller.sock")
    left.close()
    os.close(descriptor)
    assert "No runs yet" in person("runs").out
    assert person.pid is not None


def test_a_killed_controller_is_replaced_by_the_next_command_and_the_run_goes_on(person: Person) -> None:
    gate = person.folder / "gate"
    uid = person.begin(person.write("waits.yaml", WAITS), "-p", f"gate={gate}")
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "running")
    waiting = person.start("wait", uid)
    first = person.kill_controller()
    shown = person.show(uid)
    assert shown["phase"] == "running"
    assert person.pid not in (None, first)
    gate.touch()
    assert person.end(waiting).code == 0
    assert person("logs", uid).out == "begun\nover\n"
    assert [one["attempt"] for one in person.show(uid)["jobs"]] == [1]


def test_status_stop_and_restart_say_what_is_true(person: Person) -> None:
    none = person("controller", "status", "--json", code=4).json()
    assert none == {"running": False, "home": str(person.home)}
    assert not person.home.exists()
    assert "no controller was running" in person("controller", "stop").out
    restarted = person("controller", "restart", "--json").json()
    assert restarted["pid"] == person.pid
    assert restarted["home"] == str(person.home)
    again = person("controller", "restart", "--json").json()
    assert again["pid"] != restarted["pid"]
    told = person("controller", "status").out
    assert told.startswith("controller ")
    assert "\nat most 50 hosts at once, 4 attempts on each\n" in told
    assert "ended runs go after 90d, and the oldest beyond 20.0 GB" in told
    assert "jobs on hosts go on" in person("controller", "stop").out
    assert person.pid is None
    assert not (person.home / "controller.sock").exists()


def test_a_stop_lets_the_job_run_and_the_next_controller_has_its_end(person: Person) -> None:
    gate = person.folder / "gate"
    uid = person.begin(person.write("waits.yaml", WAITS), "-p", f"gate={gate}")
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "running")
    person("controller", "stop")
    gate.touch()
    assert person("wait", uid).code == 0
    assert person("logs", uid).out == "begun\nover\n"


def test_a_controller_in_the_foreground_serves_until_ctrl_c_and_is_the_only_one(person: Person) -> None:
    process = person.start("controller", "run")
    until(lambda: (person.home / "controller.sock").exists(), "the socket")
    assert person("runs").code == 0
    assert person.pid == process.pid
    second = person("controller", "run", code=4)
    assert f"pid {process.pid}" in second.err
    process.send_signal(signal.SIGHUP)
    assert person("controller", "status", "--json").json()["pid"] == process.pid
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0


def test_an_idle_controller_ends_by_itself_and_one_with_a_run_does_not(person: Person) -> None:
    gate = person.folder / "gate"
    process = foreground(person, SHORT_IDLE)
    uid = person.begin(person.write("waits.yaml", WAITS), "-p", f"gate={gate}")
    until(lambda: person.document(uid)["jobs"][0]["phase"] == "running")
    process.send_signal(signal.SIGUSR1)
    person("wait", uid, "--timeout", "500ms", code=6)
    assert process.poll() is None
    gate.touch()
    assert process.wait(20) == 0
    assert not (person.home / "controller.sock").exists()


def test_an_older_controller_is_named_and_a_restart_advised(person: Person) -> None:
    process = foreground(person, OTHER_VERSION, "0.0.9", "1")
    done = person("runs")
    assert "the controller is version 0.0.9" in done.err
    assert "onduty controller restart" in done.err
    assert done.err.count("0.0.9") == 1
    process.terminate()
    process.wait(20)


def test_a_newer_controller_says_that_this_onduty_is_the_older_one(person: Person) -> None:
    process = foreground(person, OTHER_VERSION, "99.0.0", "1")
    done = person("runs")
    assert "this onduty is the older one" in done.err
    assert "restart" not in done.err
    process.terminate()
    process.wait(20)


def test_a_controller_of_another_protocol_is_refused_and_can_be_restarted(person: Person) -> None:
    process = foreground(person, OTHER_VERSION, "99.0.0", "2")
    done = person("runs", code=4)
    assert "speaks protocol 2, this onduty 1" in done.err
    assert "try: onduty controller restart" in done.err
    assert person("controller", "restart", "--json").json()["pid"] != process.pid
    process.wait(20)


def test_who_asks_is_what_the_kernel_says_and_no_variable(person: Person) -> None:
    uid = person.begin(person.write("waits.yaml", WAITS), "-p", f"gate={person.folder}")
    person("wait", uid, env={"USER": "mallory", "LOGNAME": "mallory"})
    lie = person("show", uid, "--json", env={"USER": "mallory", "LOGNAME": "mallory"}).json()
    assert lie["by"] == pwd.getpwuid(os.getuid()).pw_name
    hello = person.api("GET", "/v1/hello", headers={"X-User": "mallory"}).json()
    assert hello["user"] == pwd.getpwuid(os.getuid()).pw_name


def test_nobody_else_can_read_anything_of_the_state(person: Person) -> None:
    old = os.umask(0)
    try:
        uid = person.begin(person.write("waits.yaml", WAITS), "-p", f"gate={person.folder}")
        person("wait", uid)
    finally:
        os.umask(old)
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in (person.home, *person.home.rglob("*"))}
    open_ones = {str(path): oct(mode) for path, mode in modes.items() if mode & 0o077}
    assert open_ones == {}
    assert modes[person.home / "controller.sock"] == 0o600
    assert modes[person.home] == 0o700
    files = [path for path in modes if path.is_file()]
    assert {modes[path] for path in files} == {0o600}
    assert len(files) > 4


def test_a_state_folder_deeper_than_a_socket_path_can_be_works(tmp_path: Path) -> None:
    deep = tmp_path / "d" / Path(*["a-folder-with-a-long-name"] * 6) / "state"
    with person_at(tmp_path / "person", home=deep) as person:
        assert len(os.fsencode(deep)) > 150
        assert person("runs").code == 0
        uid = person.begin(person.write("waits.yaml", WAITS), "-p", f"gate={person.folder}")
        assert person("wait", uid).code == 0
        assert person("controller", "stop").code == 0


def test_a_state_folder_that_cannot_be_is_refused_with_the_line_to_type(person: Person) -> None:
    (person.folder / "file").write_text("not a folder")
    done = person("runs", code=4, env={"ONDUTY_HOME": str(person.folder / "file")})
    assert "the state folder cannot be used" in done.err
    assert "try: ONDUTY_HOME=" in done.err


def test_a_network_filesystem_is_refused_with_the_line_to_type(person: Person) -> None:
    program = """\
import runners.adapters.filesystems as places
places.why_not_here = lambda path, mounts: f"{path} is on a network filesystem (nfs4)"
import os, sys, tui.wiring
sys.exit(tui.wiring.serve(ready_fd=os.dup(1)))
"""
    done = subprocess.run([sys.executable, "-c", program], env=person.env, capture_output=True, text=True, timeout=30)
    assert done.returncode == 4
    assert "is on a network filesystem (nfs4); nothing was started; ONDUTY_HOME=/var/tmp/" in done.stdout


def test_a_controller_that_cannot_start_says_why(person: Person) -> None:
    person.home.mkdir(mode=0o700)
    (person.home / "onduty.sqlite").write_bytes(b"this is no database, whatever its name says" * 100)
    done = person("runs", code=4)
    assert "the controller did not start: " in done.err
    assert "controller.log" in done.err


def test_all_code_of_a_controller_is_loaded_when_it_is_ready(person: Person) -> None:
    program = """\
import asyncio, sys
import runners.controller.serve as life
ready = set()
def loaded():
    return {name for name in sys.modules if name.split(".")[0] in ("runners", "runbooks", "tui", "asyncssh")}
wait = life._until_ended_or_idle
async def remember(*things):
    ready.update(loaded())
    await wait(*things)
life._until_ended_or_idle = remember
from tui.wiring import serve
serve(ready_fd=None)
print(sorted(loaded() - ready))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=person.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    until(lambda: (person.home / "controller.sock").exists(), "the socket")
    bad = WAITS.replace("; echo over", '; echo "bind: address already in use"; exit 1')
    uid = person.begin(person.write("bad.yaml", bad), "-p", f"gate={person.folder}")
    person("wait", uid, code=1)
    assert person.document(uid)["jobs"][0]["runbook"]["id"] == "port-in-use"
    person("skip", uid, "job")
    person("wait", uid)
    process.terminate()
    out, _ = process.communicate(timeout=20)
    # The pages are text: read when they are first asked for, and then they may as well be the new ones.
    assert out.decode().strip() in ("[]", "['runbooks.pages']")
