"""A person at a keyboard, for tests: a home and a state folder of their own, the real ``onduty`` as processes.

Nothing here waits for a time: ``until`` looks for a condition and fails when it does not come true.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

PATIENCE_S = 60.0
"""No test waits longer for one thing; a healthy machine needs a fraction of a second."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str
    raw: bytes = b""

    def json(self) -> Any:
        """What it printed, as one JSON document."""
        return json.loads(self.out)


def until(condition: Callable[[], object], what: str = "", *, patience_s: float = PATIENCE_S) -> Any:
    """Return the first true answer of ``condition``."""
    deadline_s = time.monotonic() + patience_s
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline_s, f"did not come true: {what or condition}"
        time.sleep(0.02)


@dataclass(slots=True)
class Person:
    """Runs ``onduty``. ``home`` is where the controller keeps its state."""

    folder: Path
    home: Path
    more_env: Mapping[str, str] = field(default_factory=dict)
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @classmethod
    def at(cls, folder: Path, *, home: Path | None = None) -> Person:
        """A person whose files are all under ``folder``."""
        one = cls(folder=folder, home=home or folder / "state")
        (folder / "home").mkdir(mode=0o700, parents=True)
        one.work.mkdir()
        return one

    @property
    def work(self) -> Path:
        """The folder that commands are typed in."""
        return self.folder / "work"

    @property
    def env(self) -> dict[str, str]:
        """What every command gets, and nothing of whoever runs the tests."""
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "ONDUTY_HOME": str(self.home),
            "TMPDIR": str(self.folder),
            "COLUMNS": "100",
        }
        if os.environ.get("PYTHONPATH"):
            # The tree under test, where another one is installed.
            env["PYTHONPATH"] = os.environ["PYTHONPATH"]
        return {**env, **self.more_env}

    # ----- commands

    def start(self, *words: str, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
        """Begin a command; ended with the person when it has not ended by itself."""
        settings: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "cwd": self.work,
            "bufsize": 0,
            **options,
        }
        command = [sys.executable, "-m", "tui.cli", *words]
        process = subprocess.Popen(command, env={**self.env, **(env or {})}, **settings)
        self._started.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes], *, timeout_s: float = PATIENCE_S) -> Done:
        """What a started command said, once it ended."""
        out, err = process.communicate(timeout=timeout_s)
        done = Done(process.returncode, (out or b"").decode(errors="replace"), (err or b"").decode(errors="replace"))
        assert "Traceback" not in done.err, done.err
        return Done(done.code, done.out, done.err, out or b"")

    def __call__(self, *words: str, code: int | None = 0, env: Mapping[str, str] | None = None, **options: Any) -> Done:
        """Run a command to its end; it must end with ``code`` (None: with any)."""
        done = self.end(self.start(*words, env=env, **options))
        assert code is None or done.code == code, f"onduty {' '.join(words)}: {done.code}\n{done.out}\n{done.err}"
        return done

    def quick(self, *words: str, code: int | None = 0) -> Done:
        """As a call of the person, inside this process: for what is printed, not for how a process lives.

        The controller must run already.
        """
        from tui.cli.__main__ import main

        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        before, during = dict(os.environ), self.env
        try:
            os.environ.clear()
            os.environ.update(during)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.chdir(self.work):
                got = main(words)
        finally:
            os.environ.clear()
            os.environ.update(before)
        raw, said = (stream.buffer.getvalue() for stream in (out, err))
        done = Done(got, raw.decode(errors="replace"), said.decode(errors="replace"), raw)
        assert code is None or done.code == code, f"onduty {' '.join(words)}: {done.code}\n{done.out}\n{done.err}"
        return done

    def write(self, name: str, text: str) -> str:
        """A file in the folder that commands are typed in; returns its name."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return name

    def begin(self, pipeline: str, *words: str) -> str:
        """Start a run and return its uid."""
        call = self if self.pid is None else self.quick
        return str(call("run", pipeline, "--detach", "--json", *words).json()["uid"])

    def show(self, run: str = "last") -> Any:
        """``show RUN --json``."""
        return self("show", run, "--json").json()

    # ----- the controller

    @property
    def pid(self) -> int | None:
        """Of the controller that lives; None when none does."""
        try:
            pid = int((self.home / "controller.lock").read_text())
            process = psutil.Process(pid)
            alive = process.status() != psutil.STATUS_ZOMBIE and "controller" in process.cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if alive else None

    def kill_controller(self) -> int | None:
        """``kill -9``, and return once it is gone."""
        pid = self.pid
        if pid is not None:
            self._end_process(pid, signal.SIGKILL)
        return pid

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One raw request over the socket, with httpx's options. ``OSError`` or ``HTTPException``: nobody answers."""
        request = httpx.Client(base_url="http://onduty").build_request(method, path, **options)
        with contextlib.closing(_UnixConnection(self.home)) as line:
            line.request(method, request.url.raw_path.decode(), request.content or None, dict(request.headers))
            answer = line.getresponse()
            return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())

    def look(self, uid: str) -> Any:
        """State and document of a run; None while no controller answers."""
        try:
            answer = self.api("GET", f"/v1/runs/{uid}")
        except (OSError, http.client.HTTPException):
            return None
        return answer.json() if answer.status_code == 200 else None

    def document(self, uid: str) -> Any:
        """The run as it is now, without the price of a command."""
        return self.api("GET", f"/v1/runs/{uid}").json()["document"]

    def until_phase(self, uid: str, phase: str) -> Any:
        """The run once it is in ``phase``."""
        return until(lambda: (d := self.document(uid))["phase"] == phase and d, f"{uid} {phase}")

    # ----- the end

    def controllers(self) -> list[int]:
        """Process ids of this person's controllers, those included that are about to end."""
        found: list[int] = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                if "controller" in process.cmdline():
                    found.append(process.pid)
        return found

    def processes(self) -> list[psutil.Process]:
        """Everything that lives with this person's folder in its environment: controllers, commands, jobs of local."""
        found: list[psutil.Process] = []
        home = str(self.folder / "home")
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get("HOME") == home:
                    found.append(process)
        return found

    def close(self) -> None:
        """End the controller as a person would, then what is left, and see that nothing lives on."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE_S)
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
        pid = self.pid
        if pid is not None:
            self._end_process(pid, signal.SIGTERM)
        for _ in range(50):
            found = self.processes()
            if not found:
                return
            for one in found:
                self._end_process(one.pid, signal.SIGKILL)
        raise AssertionError(f"still alive: {found}")

    @staticmethod
    def _end_process(pid: int, number: int) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            process.send_signal(number)
            # Not its wait(): where nobody asks for the end of orphans, a dead one stays as a zombie.
            until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, f"the end of {pid}")


class _UnixConnection(http.client.HTTPConnection):
    """To a controller's socket, however deep its folder is."""

    def __init__(self, home: Path) -> None:
        super().__init__("onduty", timeout=PATIENCE_S)
        self._home = home

    def connect(self) -> None:
        descriptor = os.open(self._home, os.O_PATH | os.O_DIRECTORY)
        line = socket.socket(socket.AF_UNIX)
        try:
            line.settimeout(PATIENCE_S)
            line.connect(f"/proc/self/fd/{descriptor}/controller.sock")
        except OSError:
            line.close()
            raise
        finally:
            os.close(descriptor)
        self.sock = line


@contextlib.contextmanager
def person_at(folder: Path, *, home: Path | None = None) -> Iterator[Person]:
    """A person, whose processes are gone afterwards."""
    one = Person.at(folder, home=home)
    try:
        yield one
    finally:
        one.close()


@contextlib.contextmanager
def fleet_at(folder: Path, *hosts: str, words: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """A loopback fleet in a process of its own: what its ``fleet.json`` says. ``words`` in place of hosts."""
    read_fd, write_fd = os.pipe()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "runners.testing.fleet", "--dir", str(folder)),
            *(words or ("--hosts", ",".join(hosts))),
            *("--ready-fd", str(write_fd)),
        ],
        stdin=subprocess.DEVNULL,
        pass_fds=(write_fd,),
    )
    os.close(write_fd)
    try:
        with open(read_fd, encoding="utf-8") as pipe:
            assert pipe.read().strip() == "ready"
        yield json.loads((folder / "fleet.json").read_text())
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
