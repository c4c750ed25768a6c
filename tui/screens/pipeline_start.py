"""The way from a form to a run: what is sent is put together and shown, agreed to, given its secrets, sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from runners.model.errors import ControllerUnreachable, OndutyError
from runners.model.secrets import BY_CLIENT, SourceKind
from tui.screens.painted import PaintedScreen
from tui.screens.pipeline_form import PipelineForm, problems_of
from tui.view.form import left_all

if TYPE_CHECKING:
    from runners.model.api import GiveSecrets, RunStarted, StartRun
    from tui.launch.drafts import Draft, Ready

PAUSE_S = 0.1
TRIES = 3
"""Of a start whose controller went away: the same id starts one run."""
_NEEDED = {
    SourceKind.PROMPT: "is asked for once, before the run starts",
    SourceKind.ENV: "is not set in the environment of this terminal",
}


class PipelineStart(PipelineForm, inherit_bindings=False):
    """What ``PipelineScreen`` does to start a run."""

    def why_not_start(self) -> str:
        """Say why nothing can be started now; empty when it can be asked."""
        if self.trouble:
            return f"{self.trouble}; nothing can be started"
        if self.draft is None:
            return "it is being read"
        if self.is_sending:
            return "it is being started"
        return ""

    def start(self) -> None:
        """Put together what would be sent, show it, ask."""
        if reason := self.why_not_start():
            self.say("warn", reason)
            return
        if self.asking is None:
            self.asking = self.run_worker(self._ask(), group="ask", exclusive=True)

    async def _ask(self) -> None:
        try:
            ready = await self._ready()
        except (OndutyError, OSError) as error:
            self.refused(error)
        else:
            if ready is not None and self.is_attached and self.is_top:
                self.problems = ()
                self._show(ready)
        finally:
            if self.asking is get_current_worker():
                self.asking = None
            if self.is_attached:
                self.repaint()

    def refused(self, error: OndutyError | OSError) -> None:
        """Say it in the form, where all of it has room, and that it was said."""
        self.plan, self.problems = None, problems_of(error)
        first = self.problems[0].partition("  ")
        self._tell("warn", f"nothing was started\n{first[2] or first[0]}")

    async def _ready(self) -> Ready | None:
        """None: the form has to be looked at first."""
        assert self.draft is not None
        if not await asyncio.to_thread(self.draft.is_as_before):
            now = await asyncio.to_thread(_newest, self.draft)
            # The form is another, and whoever asks stays the one who asks.
            asking, self.asking = self.asking, None
            self.adopt(now)
            self.asking = asking
            self.say("warn", f"{now.shown} was changed meanwhile\nlook at the form again, then start")
            return None
        if not self.form.is_usable:
            self.form = left_all(self.form)
            names = [one.label for one in (*self.form.wrong, *self.form.missing)]
            self.say("warn", f"{names[0]} {'cannot be used as it is' if self.form.wrong else 'needs a value'}")
            self.show_field()
            return None
        return await asyncio.to_thread(self.draft.ready, self.values)

    def _show(self, ready: Ready) -> None:
        from tui.screens.start import StartScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self._give_secrets(ready)

        pinned = self.draft.run if self.draft is not None else ""
        self.app.push_screen(StartScreen(ready.plan, pinned=pinned), answered)

    def _give_secrets(self, ready: Ready) -> None:
        """Those that nobody but the person and this terminal has; then it is sent."""
        from msgspec.structs import replace as replaced

        from tui.screens.secrets import SecretScreen

        sources = [source for source in ready.plan.secrets.values() if source.kind in BY_CLIENT]
        known = self.onduty.variables.values(sources)
        asked = [source for source in sources if source.name not in known]
        needed = {source.name: _NEEDED[source.kind] for source in asked}

        def given(answer: GiveSecrets | None) -> None:
            if answer is None:
                self.say("warn", "nothing was started; its secrets were not given")
            else:
                self._send(replaced(ready.request, secrets={**known, **answer.values}))

        if not asked:
            self._send(replaced(ready.request, secrets=known))
            return
        self.app.push_screen(
            SecretScreen(
                ready.plan.pipeline,
                asked,
                lambda name: needed[name],
                id=ready.request.id,
                environment=ready.plan.environment,
                title=f"start {ready.plan.pipeline} with its secrets",
            ),
            given,
        )

    def _send(self, request: StartRun) -> None:
        from msgspec.structs import replace as replaced

        if self.unanswered is not None and replaced(request, id=self.unanswered.id) == self.unanswered:
            # It may have been taken: with the id that it had, it is started once.
            request = self.unanswered
        self.is_sending = True
        self.paint()
        # Of the app: it goes on when this screen is left.
        self.app.run_worker(self._sent(request))

    async def _sent(self, request: StartRun) -> None:
        try:
            started = await self._persist(request)
        except ControllerUnreachable as error:
            self.unanswered = request
            said = (
                "Whether it was started is not known; the list of runs shows it. Started again as it is, it runs once"
            )
            self.problems = (f"{error.message}. {said}",)
            self._tell("fail", f"{error.message}\nwhether it was started is not known; the list of runs shows it")
        except OndutyError as error:
            self.refused(error)
        else:
            if self.is_attached and self.is_top:
                self.app.pop_screen()
                self.onduty.open_run(started.uid)
            else:
                self._tell("run", f"{started.id} started")
        finally:
            self.is_sending = False
            if self.is_attached:
                self.repaint()

    async def _persist(self, request: StartRun) -> RunStarted:
        for _ in range(TRIES - 1):
            try:
                return await self.onduty.feed.ask(lambda client: client.start_run(request))
            except ControllerUnreachable:
                await asyncio.sleep(PAUSE_S)
        return await self.onduty.feed.ask(lambda client: client.start_run(request))

    def _tell(self, kind: str, text: str) -> None:
        """On this screen, or on the one that is looked at by now."""
        screens = [one for one in self.app.screen_stack if isinstance(one, PaintedScreen)]
        (self if self.is_attached else screens[-1]).say(kind, text)


def _newest(draft: Draft) -> Draft:
    return draft.newest()
