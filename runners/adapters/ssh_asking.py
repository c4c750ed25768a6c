"""What a host asks besides keys, on one connection: keyboard-interactive (RFC 4256) and passwords (RFC 4252, 8).

With an asker a person answers. Without one nothing is sent: what the host would ask is kept, for whoever looked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext

import asyncssh

from runners.adapters.ssh_config import SshOptions, printable
from runners.adapters.ssh_questions import AskAnew, Asker
from runners.model.api.login import LoginPrompt, LoginQuestion

ANSWER_PATIENCE_S = 120.0
"""sshd's stock ``LoginGraceTime``: a host that lets a phone approve a login says nothing for that long."""
MOST_PROMPT_CHARACTERS = 160
MOST_LINES = 6
MOST_PROMPTS = 8
"""A host that asks more at once is not answered."""


class Patience:
    """How long one handshake may take. A person's time is not the host's."""

    def __init__(self, limit: asyncio.Timeout, total_s: float) -> None:
        self._limit = limit
        self._total_s = total_s

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While this is open nothing runs out; then the host has its whole time again."""
        self._limit.reschedule(None)
        try:
            yield
        finally:
            self.restart(self._total_s)

    def restart(self, seconds: float) -> None:
        """The host has this long from now on."""
        if not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time() + seconds)


class Asking:
    """The questions of one connection."""

    def __init__(self, options: SshOptions, asker: Asker | None) -> None:
        self.options = options
        self.asker = asker
        self.patience: Patience | None = None
        self.locked_key = ""
        """A key file that the host takes and that needs its passphrase: the login ended there."""
        self.would_ask: LoginQuestion | None = None
        """What it would ask, when nobody was to be asked."""
        self._challenged = True
        """The last keyboard-interactive attempt came to a prompt."""
        self._answers = 0
        self._silence = ExitStack()
        """While the host says nothing: perhaps it waits for somebody's phone."""

    def end(self) -> None:
        """The login is over."""
        self._silence.close()

    def begin_interactive(self) -> bool:
        """Whether another keyboard-interactive attempt makes sense: the one before came to a prompt."""
        self._silence.close()
        if not self._challenged:
            return False
        self._challenged = False
        self._answered_in_vain()
        self._wait_long()
        return True

    async def challenge(self, name: str, said: str, prompts: Sequence[tuple[str, bool]]) -> Sequence[str]:
        """One round of prompts; a round without any is only something that the host says."""
        self._silence.close()
        if not prompts:
            self._wait_long()
            return ()
        self._challenged = True
        if len(prompts) > MOST_PROMPTS:
            raise asyncssh.PermissionDenied("the host asks for too much at once")
        words = tuple(filter(None, (printable(line, MOST_PROMPT_CHARACTERS) for line in (name, *said.splitlines()))))
        asked = [LoginPrompt(text=printable(text, MOST_PROMPT_CHARACTERS), echo=echo) for text, echo in prompts]
        quoted = " ".join(f"“{one.text}”" for one in asked)
        text = f"{self.options.host} asks {self.options.user}: {printable(quoted, MOST_PROMPT_CHARACTERS)}"
        return await self._ask("host", text, words[:MOST_LINES], asked)

    async def password(self) -> str:
        """A password, for a host that has no words of its own."""
        self._silence.close()
        self._answered_in_vain()
        text = f"{self.options.host} takes the password of {self.options.user}"
        prompt = LoginPrompt(text=f"password of {self.options.user} on {self.options.host}")
        (answer,) = await self._ask("password", text, (), [prompt])
        return answer

    @contextmanager
    def signing(self) -> Iterator[None]:
        """While the agent signs: a finger, a PIN or a click may be wanted, and takes its time."""
        text = f"the SSH agent waits before it signs for {self.options.host}: touch the key, or confirm it"
        slow = self.asker.slow(text) if self.asker is not None else nullcontext()
        with self.patience.paused() if self.patience is not None and self.asker is not None else nullcontext(), slow:
            yield

    def stop_at_locked_key(self, path: str) -> asyncssh.PermissionDenied:
        """The host takes the key at ``path``; what to raise so that the login ends here."""
        self.locked_key = path
        return asyncssh.PermissionDenied("the key is locked")

    async def _ask(self, kind: str, text: str, words: Sequence[str], prompts: Sequence[LoginPrompt]) -> tuple[str, ...]:
        if self.asker is None:
            self.would_ask = LoginQuestion(
                asker=self.options.host, kind=kind, text=text, words=tuple(words), prompts=tuple(prompts)
            )
            raise asyncssh.PermissionDenied("nobody is asked")
        try:
            with self.patience.paused() if self.patience is not None else nullcontext():
                answers = await self.asker.ask(kind, text, words, prompts)
        except AskAnew:
            raise asyncssh.PermissionDenied("something else may let us in now") from None
        self._answers += 1
        self._wait_long()
        return answers

    def _answered_in_vain(self) -> None:
        if self._answers and self.asker is not None:
            self.asker.not_taken()

    def _wait_long(self) -> None:
        if self.patience is not None and self.asker is not None:
            self.patience.restart(ANSWER_PATIENCE_S)
            text = f"{self.options.host} says nothing yet: it may wait for somebody to approve the login elsewhere"
            self._silence.enter_context(self.asker.slow(text))
