"""A real ssh-agent for one test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest


class Agent:
    """It lives until ``end``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = str(folder / "agent")
        said = subprocess.run(["ssh-agent", "-a", self.socket], check=True, capture_output=True, text=True).stdout
        self.pid: int | None = int(said.split("SSH_AGENT_PID=")[1].split(";")[0])

    def add(self, key: Path) -> None:
        """Give it a key that has no passphrase, with the certificate beside it."""
        subprocess.run(["ssh-add", str(key)], check=True, capture_output=True, env={"SSH_AUTH_SOCK": self.socket})

    def add_strangers(self, count: int) -> None:
        """Keys that no host knows: more than a host listens to."""
        for number in range(count):
            path = self.folder / f"stranger{number}"
            path.touch(mode=0o600)
            path.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
            self.add(path)

    def end(self) -> None:
        """As when its terminal was closed."""
        pid, self.pid = self.pid, None
        if pid is not None:
            os.kill(pid, signal.SIGTERM)


@contextmanager
def running_agent(folder: Path) -> Iterator[Agent]:
    """An agent that ends with the block; a skip where there is none."""
    if shutil.which("ssh-agent") is None:
        pytest.skip("there is no ssh-agent")
    folder.mkdir()
    agent = Agent(folder)
    try:
        yield agent
    finally:
        agent.end()
