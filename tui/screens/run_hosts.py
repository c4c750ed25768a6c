"""The keys of the run screen that go to its hosts: ask again what became of something, a shell."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from runners.model.api import IntentRequest
from runners.model.errors import ActionRefused, OndutyError
from runners.model.events import Event
from runners.model.inventory import Host
from runners.model.state import RunState
from tui.bridge import RunFeed
from tui.screens.login_key import LoginKey
from tui.screens.painted import Toast
from tui.screens.run_choice import Choice
from tui.screens.run_guards import reconcile_targets
from tui.screens.shell import open_shell
from tui.view.asked import PATIENCE_S, Asked, answer_words, asking_words
from tui.view.hops import hops_down, returned
from tui.view.question import spoken
from tui.view.scene import RunScene


class RunHosts(LoginKey, inherit_bindings=False):
    """What ``RunScreen`` does with the hosts of a run. None of it changes the run."""

    choice: Choice
    feed: RunFeed
    asked: Asked | None = None
    """Hosts that were asked and have not all answered."""
    _asking: Toast | None = None
    _behind: Mapping[str, frozenset[str]] = MappingProxyType({})
    """Hosts of this run that wait for a jump host, by the hop."""

    def scene(self, state: RunState) -> RunScene:
        """The moment that is on the screen."""
        raise NotImplementedError

    def show_log(self, job_run: str, attempt: int, key: str = "") -> None:
        """Show the log of one attempt of a job run, and of it the lines of the execution ``key``."""
        raise NotImplementedError

    def tell_returns(self) -> None:
        """One line for a jump host of this run that answers again, and not one for each host behind it."""
        state, hosts = self.feed.state, self.onduty.feed.hosts
        if state is None or self.onduty.feed.trouble:
            return
        before, mine = self._behind, (hosts[name] for name in state.plan.hosts if name in hosts)
        self._behind = {one.hop: before.get(one.hop, frozenset()).union(one.hosts) for one in hops_down(mine)}
        for line in returned(before, hosts):
            self.say("run", line)

    def why_not_ask(self) -> str:
        """Why no host is asked just now; empty when it can be."""
        return "the hosts are being asked; their answer is shown here" if self.asked is not None else ""

    def do_reconcile(self) -> None:
        """Ask the hosts of what is unknown under the selection; nothing there is stopped, nothing runs twice."""
        from ulid import ULID

        state = self.feed.state
        assert state is not None
        targets = reconcile_targets(state, self.choice)
        request = IntentRequest(id=str(ULID()), intent="reconcile", targets=targets)
        self.asked = Asked(targets=targets, until_utc=self.here.now_utc + PATIENCE_S)
        self.feed.on_event = self._hear
        self.say("run", asking_words(self.asked))
        self._asking = self.toasts[-1]
        self._asking.until = float("inf")
        self.run_worker(self._ask_hosts(request))

    async def _ask_hosts(self, request: IntentRequest) -> None:
        try:
            answer = await self.onduty.feed.ask(lambda client: client.act(self.feed.uid, request))
        except ActionRefused as refused:
            self._end_asking()
            self.say("warn", spoken(refused.message))
        except OndutyError as error:
            self._end_asking()
            self.say("fail", f"{error.message}\n{error.hint}")
        else:
            if self.asked is not None:
                self.asked = self.asked.taken(answer.targets or self.asked.targets, answer.seq)
                self.look_at_answers()

    def _hear(self, event: Event) -> None:
        if self.asked is not None:
            self.asked = self.asked.hear(event)
            self.look_at_answers()

    def look_at_answers(self) -> None:
        """Say what came out, once all answered or nobody waits any longer."""
        asked, state = self.asked, self.feed.state
        if asked is None or state is None or asked.waits(self.here.now_utc):
            return
        self._end_asking()
        kind, words = answer_words(asked, state)
        self.say(kind, words)

    def _end_asking(self) -> None:
        self.asked, self.feed.on_event = None, None
        self.toasts = [toast for toast in self.toasts if toast is not self._asking]
        self._asking = None
        self.repaint()

    def login_first(self) -> tuple[str, str]:
        """What this run waits for, and of that what the selected host does."""
        state = self.feed.state
        place = self.choice.target(state) if state is not None else None
        return state.name if state is not None else "", place.run.host if place is not None else ""

    def do_host(self) -> None:
        """The selected host, full screen."""
        from tui.host_feed import HostFeed
        from tui.screens.host import HostScreen
        from tui.view.host_pane import host_of

        state = self.feed.state
        assert state is not None
        name = host_of(self.scene(state))
        place = self.choice.target(state)
        if name is None and place is not None:
            name = place.run.host
        assert name is not None

        def scene() -> RunScene:
            assert self.feed.state is not None
            return self.scene(self.feed.state)

        feed = HostFeed(self.onduty.feed, self.feed.uid, name)
        self.app.push_screen(HostScreen(feed, scene, self.news, show=self.show_log))

    def do_shell(self) -> None:
        """A shell on the selected host, in this terminal."""
        state = self.feed.state
        assert state is not None
        place = self.choice.target(state)
        assert place is not None
        open_shell(self, self.feed.uid, state.plan.hosts.get(place.run.host) or Host(name=place.run.host))
