"""The keys that change a run: each opens a preview first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from runners.core.secrets import wanted_secrets
from runners.model.api import GiveSecrets, IntentAnswer, IntentRequest
from runners.model.errors import ActionRefused, OndutyError
from runners.model.inventory import Host
from runners.model.preview import Preview
from runners.model.state import RunState
from tui.screens.run_hosts import RunHosts
from tui.screens.run_questions import (
    cancel_question,
    note_question,
    pause_question,
    retry_question,
    rollback_question,
    skip_question,
)
from tui.view.question import Question, spoken

if TYPE_CHECKING:
    from runners.client.client import ControllerClient


class RunChanges(RunHosts, inherit_bindings=False):
    """What ``RunScreen`` can do to a run."""

    def show_newest(self) -> None:
        """Something was accepted: look at what comes of it."""
        raise NotImplementedError

    def do_retry(self) -> None:
        """Of a job run: all of it, from a task, one task, its failed hosts, everything; else of what is selected."""
        self._ask(lambda state: retry_question(state, self.choice))

    def do_skip(self) -> None:
        """What is selected counts as satisfied."""
        self._ask(lambda state: skip_question(state, self.choice))

    def do_cancel(self) -> None:
        """What is selected, on a stage's row the whole run."""
        self._ask(lambda state: cancel_question(state, self.choice))

    def do_roll_back(self) -> None:
        """The whole run; of an incomplete rollback what is left."""
        self._ask(rollback_question)

    def do_pause(self) -> None:
        """Pause, or resume what is paused."""
        self._ask(pause_question)

    def do_note(self) -> None:
        """Write something down beside the run."""
        self._ask(note_question)

    def do_new_run(self) -> None:
        """Choose a pipeline, or this run again."""
        self.onduty.choose_pipeline(self.onduty.feed.summary(self.feed.uid))

    def do_give_secret(self) -> None:
        """All that the run waits for, in one dialog."""
        from ulid import ULID

        from tui.screens.secrets import SecretScreen

        state = self.feed.state
        assert state is not None
        needed = dict(state.secrets_needed)
        sources = [state.plan.secrets[name] for name in wanted_secrets(state)]

        def answered(request: GiveSecrets | None) -> None:
            if request is not None:
                self.run_worker(self._send(lambda client: client.give_secrets(self.feed.uid, request)))

        self.app.push_screen(
            SecretScreen(
                state.name,
                sources,
                lambda name: needed.get(name, ""),
                id=str(ULID()),
                environment=state.plan.environment,
            ),
            answered,
        )

    def _ask(self, question_of: Callable[[RunState], Question]) -> None:
        from ulid import ULID

        from tui.screens.confirm import ConfirmScreen

        state = self.feed.state
        assert state is not None

        def address_of(preview: Preview) -> str:
            host = state.plan.hosts.get(preview.hosts[0].host) if len(preview.hosts) == 1 else None
            return _address(host) if host else ""

        def answered(request: IntentRequest | None) -> None:
            if request is not None:
                self.run_worker(self._send(lambda client: client.act(self.feed.uid, request)))

        self.app.push_screen(
            ConfirmScreen(
                question_of(state),
                lambda request: self.onduty.feed.preview(self.feed.uid, request),
                id=str(ULID()),
                environment=state.plan.environment,
                address_of=address_of,
            ),
            answered,
        )

    async def _send(self, call: Callable[[ControllerClient], Awaitable[IntentAnswer]]) -> None:
        try:
            answer = await self.onduty.feed.ask(call)
        except ActionRefused as refused:
            self.say("warn", spoken(refused.message))
        except OndutyError as error:
            # Whether it was taken before the line went is not known: the same id would take effect once.
            self.say("fail", f"{error.message}\n{error.hint}")
        else:
            self.show_newest()
            self.say("run", answer.text)


def _address(host: Host) -> str:
    user = f"{host.user}@" if host.user else ""
    port = f":{host.port}" if host.port else ""
    return f"{user}{host.target}{port}"
