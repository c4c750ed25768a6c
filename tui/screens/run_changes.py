"""The keys that change a run, and the shell: each opens a preview first, but the shell."""

from __future__ import annotations

from ulid import ULID

from runners.core.preview import preview
from runners.model.api import IntentRequest
from runners.model.errors import ActionRefused, OndutyError
from runners.model.intents import Cancel, Intent, Retry, Skip, name_of
from runners.model.inventory import Host
from runners.model.preview import Preview
from runners.model.state import RunState
from tui.bridge import RunFeed
from tui.screens.painted import PaintedScreen
from tui.screens.run_choice import Choice
from tui.screens.run_guards import cancel_targets, retry_targets, skip_targets, takes_all_failed
from tui.terminal import NOT_FOUND
from tui.view.dialog import asks_for_name
from tui.view.scene import RunScene

SSH_FAILED = 255
"""ssh(1): its own exit status when no session was opened or it was cut."""


class RunChanges(PaintedScreen, inherit_bindings=False):
    """What ``RunScreen`` can do to a run."""

    choice: Choice
    feed: RunFeed

    def scene(self, state: RunState) -> RunScene:
        """The moment that is on the screen."""
        raise NotImplementedError

    def show_newest(self) -> None:
        """Something was accepted: look at what comes of it."""
        raise NotImplementedError

    def do_retry(self) -> None:
        """Preview of a retry of what failed under the selection; of everything that failed on a stage's row."""
        state = self.feed.state
        assert state is not None
        targets = retry_targets(state, self.choice)
        everything = self.choice.is_stage and takes_all_failed(state, targets)
        self._ask(state, Retry(id=str(ULID()), targets=() if everything else targets))

    def do_skip(self) -> None:
        """Preview of a skip."""
        state = self.feed.state
        assert state is not None
        self._ask(state, Skip(id=str(ULID()), targets=skip_targets(state, self.choice)))

    def do_cancel(self) -> None:
        """Preview of a cancel: of what is selected, on a stage's row of the whole run."""
        state = self.feed.state
        assert state is not None
        self._ask(state, Cancel(id=str(ULID()), targets=cancel_targets(state, self.choice)))

    def _ask(self, state: RunState, intent: Intent) -> None:
        from tui.screens.confirm import ConfirmScreen

        scene = self.scene(state)
        shown = preview(state, intent, scene.here.now_utc)
        host = state.plan.hosts.get(shown.hosts[0].host) if len(shown.hosts) == 1 else None

        def answered(reason: str | None) -> None:
            if reason is not None:
                self.run_worker(self._act(intent, shown, reason))

        self.app.push_screen(
            ConfirmScreen(
                shown,
                environment=state.plan.environment,
                name_wanted=asks_for_name(shown, scene),
                address=_address(host) if host else "",
            ),
            answered,
        )

    async def _act(self, intent: Intent, shown: Preview, reason: str) -> None:
        whole = isinstance(intent, Cancel) and not intent.targets
        request = IntentRequest(
            id=intent.id,
            intent=name_of(intent),
            targets=() if whole else shown.targets,
            seen_attempts=dict(shown.seen_attempts),
            reason=reason,
        )
        try:
            answer = await self.onduty.feed.ask(lambda client: client.act(self.feed.uid, request))
        except ActionRefused as refused:
            self.say("warn", refused.message)
        except OndutyError as error:
            # Whether it was taken before the line went is not known: the same id would take effect once.
            self.say("fail", f"{error.message}\n{error.hint}")
        else:
            self.show_newest()
            self.say("run", answer.text)

    def do_shell(self) -> None:
        """A shell on the selected host, in this terminal."""
        state = self.feed.state
        assert state is not None
        place = self.choice.target(state)
        assert place is not None
        host = state.plan.hosts.get(place.run.host) or Host(name=place.run.host)
        code = self.onduty.run_shell(host)
        if code == NOT_FOUND:
            self.say("warn", f"no shell on {host.name}; a program was not found (exit {code})")
        elif code == SSH_FAILED:
            self.say("warn", f"the shell on {host.name} was not opened, or was cut off; the run is not touched by that")
        elif code < 0:
            self.say("warn", f"the shell on {host.name} was killed (signal {-code}); the run is not touched by that")


def _address(host: Host) -> str:
    user = f"{host.user}@" if host.user else ""
    port = f":{host.port}" if host.port else ""
    return f"{user}{host.target}{port}"
