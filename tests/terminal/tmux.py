"""A terminal of our own: tmux on its own socket, a shell in it, eyes and fingers."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 60.0
_LOOK_EVERY_S = 0.05
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LC_ALL", "COVERAGE_PROCESS_START")
PROMPT = "user$ "


class Terminal:
    """One tmux window with a shell."""

    def __init__(
        self, folder: Path, *, size: tuple[int, int] = (120, 36), environ: Mapping[str, str] | None = None
    ) -> None:
        self._socket = folder / "tmux.sock"
        self.folder = folder
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.environ = {
            **kept,
            "LANG": "C.UTF-8",
            "COLORTERM": "truecolor",
            "ONDUTY_HOME": str(folder / "home"),
            "PS1": PROMPT,
            **(environ or {}),
        }
        config = folder / "tmux.conf"
        config.write_text("set -g escape-time 0\nset -g default-terminal tmux-256color\nset -g set-clipboard on\n")
        self._tmux(
            *("-f", str(config), "new-session", "-d", "-x", str(size[0]), "-y", str(size[1])),
            *("env", "-i", *(f"{name}={value}" for name, value in self.environ.items() if name != "TERM")),
            *(f"TERM={self.environ.get('TERM', 'tmux-256color')}", "/bin/sh", "-i"),
            command=False,
        )
        self.sees(PROMPT.strip())

    def _tmux(self, *words: str, command: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-u", "-S", str(self._socket), *words],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env={**os.environ, "LANG": "C.UTF-8", "TERM": "xterm-256color"},
            cwd=ROOT,
        )
        if done.returncode and command:
            raise AssertionError(f"tmux {words}: {done.stderr}")
        return done.stdout

    # ----- fingers

    def run(self, line: str) -> None:
        """Type a command line and enter."""
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    def type(self, text: str) -> None:
        """Letters alone."""
        self._tmux("send-keys", "-l", text)

    def onduty(self, words: str = "") -> None:
        """Type ``onduty …``."""
        self.run(f"{shlex.quote(sys.executable)} -m tui.cli {words}".rstrip())

    def press(self, *keys: str) -> None:
        """Keys as tmux names them, one after the other."""
        self._tmux("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def close(self) -> None:
        """The window is closed: everything in it is hung up."""
        self._tmux("kill-server", command=False)

    # ----- eyes

    @property
    def text(self) -> str:
        return self._tmux("capture-pane", "-p", command=False)

    @property
    def coloured(self) -> str:
        """With the SGR sequences."""
        return self._tmux("capture-pane", "-p", "-e", command=False)

    def flag(self, name: str) -> str:
        """A format of tmux, such as ``alternate_on``."""
        return self._tmux("display-message", "-p", f"#{{{name}}}").strip()

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Poll until something is true."""
        end = time.monotonic() + DEADLINE_S
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > end:
                raise AssertionError(f"never: {what}\n{self.text}")
            time.sleep(_LOOK_EVERY_S)

    def sees(self, *texts: str) -> None:
        """All of these at once."""
        self.until(lambda: (seen := self.text) and all(text in seen for text in texts), f"{texts} on the screen")

    def sees_no(self, *texts: str) -> None:
        self.until(lambda: not any(text in self.text for text in texts), f"{texts} off the screen")

    def is_restored(self, *lost: str) -> None:
        """The shell is back, and the terminal is in the state that a shell expects, but for modes ``lost`` before."""
        self.until(lambda: self.flag("alternate_on") == "0", "the main screen")
        self.until(lambda: self.text.rstrip().endswith(PROMPT.strip()), "the prompt")
        assert self.flag("cursor_flag") == "1", "the cursor is hidden"
        for mode in ("mouse_any_flag", "mouse_button_flag", "mouse_standard_flag", "mouse_all_flag", "keypad_flag"):
            assert self.flag(mode) in ("0", ""), mode
        assert self.flag("wrap_flag") == "1", "lines do not wrap"
        self.run("stty -a; echo 'stty'-done")
        self.sees("stty-done")
        words = set(self.text.replace(";", " ").split())
        assert {"icanon", "echo", "isig", "icrnl", "opost", "ixon"} - set(lost) <= words, self.text

    def pid_of(self, name: str) -> int:
        """The process of ``onduty`` in this terminal, or one below it by a word of its command line."""
        import psutil

        def found() -> int | None:
            shell = psutil.Process(int(self.flag("pane_pid")))
            for process in shell.children(recursive=True):
                try:
                    if name in process.cmdline():
                        return process.pid
                except psutil.Error:
                    continue
            return None

        return int(self.until(found, f"a process {name}"))


def missing() -> str:
    """Why there is no terminal; empty when there is one."""
    return "" if shutil.which("tmux") else "tmux is not installed"
