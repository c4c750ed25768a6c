"""The form of the pipeline screen: what is filled in, the plan that follows from it, and the way to a run."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events
from textual.worker import Worker

from runners.model.errors import ActionRefused, ControllerUnreachable, InputRefused, OndutyError
from runners.model.plan import Plan
from runners.model.secrets import BY_CLIENT, SourceKind
from tui.cli.inventories import ProgramNotExecuted
from tui.cli.texts import FileRefused
from tui.launch.drafts import AgainDraft, Draft, FileDraft, Ready, Values, again_draft, file_draft
from tui.launch.found import FoundPipeline, file_of
from tui.screens.painted import PaintedScreen
from tui.view.chooser import Candidate
from tui.view.form import START, StartForm, at_field, chosen, edited, form_of, left_all, moved, typed
from tui.view.form_rows import FormScene

if TYPE_CHECKING:
    from runners.model.api import GiveSecrets, RunStarted, StartRun

PLAN_AFTER_S = 0.1
"""After the last key: a plan of half a word interests nobody."""
TRIES = 3
"""Of a start whose controller went away: the same id starts one run."""
_NEEDED = {
    SourceKind.PROMPT: "is asked for once, before the run starts",
    SourceKind.ENV: "is not set in the environment of this terminal",
}


class PipelineStart(PaintedScreen, inherit_bindings=False):
    """What ``PipelineScreen`` does to start a run."""

    origin: Candidate
    showing: str
    """The part that is shown, one of ``PARTS``."""
    inside: bool
    """The keys are those of the part, not of the list of parts."""
    draft: Draft | None
    form: StartForm
    plan: Plan | None
    problems: tuple[str, ...]
    """Why there is no plan."""
    remark: str
    """Why there is no plan yet, when that is nobody's mistake."""
    trouble: str
    """Why there is no draft."""
    asking: Worker[None] | None
    """What would be sent is being put together."""
    is_sending: bool
    early: list[events.Key]
    """Keys that were typed into the form before it was read."""

    def init_form(self) -> None:
        """Nothing is known yet."""
        self.draft, self.form, self.plan = None, StartForm(), None
        self.problems, self.remark, self.trouble = (), "", ""
        self.asking, self.is_sending, self.early = None, False, []

    @property
    def is_typed_in(self) -> bool:
        """Keys go into the form."""
        return self.showing == "start" and self.inside and not self.trouble

    @property
    def values(self) -> Values:
        """What is filled in."""
        return Values(params=self.form.params, inventory=self.form.inventory, limit=self.form.limit)

    def form_scene(self) -> FormScene:
        """What the form is drawn from."""
        draft = self.draft
        secrets = draft.pipeline.secrets if draft is not None and draft.pipeline is not None else {}
        secrets = self.plan.secrets if self.plan is not None else secrets
        return FormScene(
            form=self.form,
            pipeline=draft.name if draft is not None else self.origin.name,
            secrets=secrets,
            known_secrets=self.onduty.variables.known(secrets.values()),
            plan=self.plan,
            problems=self.problems,
            remark=self.remark,
            is_asking=self.asking is not None,
            is_sending=self.is_sending,
            pinned=draft.run if isinstance(draft, AgainDraft) else "",
            is_typed_in=self.is_typed_in,
        )

    # ----- reading

    def read(self) -> None:
        """Read the file, or what the run pinned."""
        self.run_worker(self._read(), group="read", exclusive=True)

    async def _read(self) -> None:
        try:
            draft = await self._draft()
        except OndutyError as error:
            self.trouble = f"{error.message}{f'; {error.hint}' if error.hint else ''}"
        else:
            self.trouble = ""
            self._adopt(draft)
        early, self.early = self.early, []
        if self.is_attached:
            for event in early:
                self.takes_key(event)
            self.repaint()

    async def _draft(self) -> Draft:
        origin, run = self.origin, self.origin.run
        if origin.path and not origin.again:
            found = FoundPipeline(name=origin.name, path=origin.path, shown=origin.shown, of_site=origin.of_site)
            return await asyncio.to_thread(file_draft, found)
        assert run is not None
        pinned = await self.onduty.feed.definition(run.uid)
        if not origin.again:
            beside = await asyncio.to_thread(file_of, origin.name, pinned.plan.folder)
            if beside is not None:
                return await asyncio.to_thread(file_draft, beside)
        return await asyncio.to_thread(again_draft, run.uid, run.id, pinned)

    def _adopt(self, draft: Draft) -> None:
        """A form for ``draft``; what was typed already stays where there still is such a field."""
        before = {one.name: one for one in self.form.fields if one.is_given}
        focus = self.form.focus if self.form.fields else ""
        self.draft = draft
        params = draft.pipeline.params.values() if draft.pipeline is not None else ()
        if isinstance(draft, FileDraft):
            names = [choice.shown for choice in draft.choices] if draft.pipeline is not None else []
            form = form_of(params, inventories=names, inventory=draft.usual, limited=draft.pipeline is not None)
        else:
            form = form_of(params, limited=False, given=draft.pinned.plan.params)
        fields = tuple(
            replace(one, value=before[one.name].value, cursor=len(before[one.name].value))
            if one.name in before
            else one
            for one in form.fields
        )
        self.form = replace(form, fields=fields)
        self.form = at_field(self.form, focus) if focus else self.form
        self.changed()

    # ----- the plan of what is filled in

    def changed(self) -> None:
        """Something was filled in: what would be sent is another."""
        self.stop_asking()
        if self.draft is None:
            return
        if self.draft.problems:
            self.plan, self.problems = None, self.draft.problems
        elif not self.form.is_usable:
            self.plan, self.problems, self.remark = None, (), ""
            self.workers.cancel_group(self, "plan")
        else:
            self.run_worker(self._plan(self.draft, self.values), group="plan", exclusive=True)

    async def _plan(self, draft: Draft, values: Values) -> None:
        await asyncio.sleep(PLAN_AFTER_S)
        plan, remark = None, ""
        problems: tuple[str, ...] = ()
        try:
            plan = await asyncio.to_thread(draft.plan, values)
        except FileRefused as refused:
            problems = refused.problems
        except ProgramNotExecuted:
            remark = "The inventory is a program. It is asked once you start, before anything runs."
        except InputRefused as refused:
            problems = (refused.message,)
        self.plan, self.problems, self.remark = plan, problems, remark
        if self.is_attached:
            self.paint()

    # ----- keys

    def takes_key(self, event: events.Key) -> bool:
        """While the form is typed into, every key is its own."""
        if not self.is_typed_in or event.key in ("ctrl+z", "ctrl+c"):
            return False
        if self.draft is None and event.key != "escape":
            self.early.append(event)
            return True
        self.hush()
        self._press(event)
        if self.is_attached and self.is_top:
            self.paint()
            self.show_field()
        return True

    def takes_paste(self, text: str) -> bool:
        """The first line, into the field with the focus."""
        if not self.is_typed_in or self.draft is None:
            return False
        self._fill(typed(self.form, (text.splitlines() or [""])[0]))
        self.paint()
        return True

    def _press(self, event: events.Key) -> None:
        field = self.form.field
        if event.key == "escape":
            self.leave_form()
        elif event.key in ("tab", "down", "shift+tab", "up"):
            self.form = moved(self.form, 1 if event.key in ("tab", "down") else -1)
        elif event.key in ("pageup", "pagedown"):
            self.scroll_main(-1 if event.key == "pageup" else 1)
        elif event.key == "enter" and self.form.focus == START:
            self.start()
        elif event.key == "enter":
            self.form = moved(self.form, 1, around=False)
        elif field is not None and field.choices and event.key in ("left", "right", "space"):
            self._fill(chosen(self.form, -1 if event.key == "left" else 1))
        elif event.is_printable and event.character:
            self._fill(typed(self.form, event.character))
        else:
            self._fill(edited(self.form, event.key))

    def _fill(self, form: StartForm) -> None:
        if form != self.form:
            self.form = form
            self.changed()

    def leave_form(self) -> None:
        """Keys are those of the screen again; what is filled in stays."""
        raise NotImplementedError

    def show_field(self) -> None:
        """Scroll to the field with the focus."""
        raise NotImplementedError

    def scroll_main(self, direction: int) -> None:
        """By half a page."""
        raise NotImplementedError

    # ----- starting

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

    def stop_asking(self) -> None:
        """It would no longer be what is filled in."""
        if self.asking is not None:
            self.asking.cancel()
            self.asking = None

    async def _ask(self) -> None:
        try:
            ready = await self._ready()
        except FileRefused as refused:
            self.plan, self.problems = None, refused.problems
            self.say("warn", f"{refused.message}\n{refused.problems[0] if refused.problems else refused.hint}")
        except OndutyError as error:
            self.say("warn", f"{error.message}\n{error.hint}")
        else:
            if ready is not None and self.is_attached and self.is_top:
                self._show(ready)
        finally:
            self.asking = None
            if self.is_attached:
                self.repaint()

    async def _ready(self) -> Ready | None:
        """None: the form has to be looked at first."""
        draft = self.draft
        if isinstance(draft, FileDraft):
            now = await asyncio.to_thread(file_draft, draft.found)
            if now.text.content != draft.text.content:
                asking, self.asking = self.asking, None
                self._adopt(now)
                self.asking = asking
                self.say("warn", f"{now.text.shown} was changed meanwhile\nlook at the form again, then start")
                return None
        if not self.form.is_usable:
            self.form = left_all(self.form)
            names = [one.label for one in (*self.form.wrong, *self.form.missing)]
            self.say("warn", f"{names[0]} {'cannot be used as it is' if self.form.wrong else 'needs a value'}")
            self.show_field()
            return None
        assert self.draft is not None
        return await asyncio.to_thread(self.draft.ready, self.values)

    def _show(self, ready: Ready) -> None:
        from tui.screens.start import StartScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self._give_secrets(ready)

        pinned = self.draft.run if isinstance(self.draft, AgainDraft) else ""
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
            ),
            given,
        )

    def _send(self, request: StartRun) -> None:
        self.is_sending = True
        self.paint()
        # Of the app: it goes on when this screen is left.
        self.app.run_worker(self._sent(request), exit_on_error=False)

    async def _sent(self, request: StartRun) -> None:
        from runners.client.client import ProblemsFound

        try:
            started = await self._persist(request)
        except ProblemsFound as found:
            self.plan, self.problems = None, found.problems
            self._tell("fail", f"{found.message}\n{found.problems[0] if found.problems else ''}")
        except ActionRefused as refused:
            self._tell("warn", f"{refused.message}\n{refused.hint}")
        except OndutyError as error:
            self._tell("fail", f"{error.message}\n{error.hint}")
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
                await asyncio.sleep(PLAN_AFTER_S)
        return await self.onduty.feed.ask(lambda client: client.start_run(request))

    def _tell(self, kind: str, text: str) -> None:
        """On this screen, or on the one that is looked at by now."""
        screens = [one for one in self.app.screen_stack if isinstance(one, PaintedScreen)]
        (self if self.is_attached else screens[-1]).say(kind, text)
