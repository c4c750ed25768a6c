"""The form of the pipeline screen: what is filled in, and the plan that follows from it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events
from textual.worker import Worker

from runners.model.errors import InputRefused, OndutyError
from runners.model.plan import Plan
from tui.cli.inventories import ProgramNotExecuted
from tui.launch.found import FoundPipeline, file_of
from tui.launch.values import Values
from tui.screens.painted import PaintedScreen
from tui.view.chooser import Candidate
from tui.view.form import START, StartForm, at_field, chosen, edited, form_of, moved, typed
from tui.view.form_rows import FormScene
from tui.view.layout import SizeClass

if TYPE_CHECKING:
    from runners.model.api import StartRun
    from runners.model.snapshot import PlanAnswer
    from tui.launch.drafts import Draft, FileDraft

PLAN_AFTER_S = 0.1
"""After the last key: a plan of half a word interests nobody."""


class PipelineForm(PaintedScreen, inherit_bindings=False):
    """What ``PipelineScreen`` knows of what could be started."""

    origin: Candidate
    showing: str
    """The part that is shown, one of ``PARTS``."""
    inside: bool
    """The keys are those of the part, not of the list of parts."""
    draft: Draft | None
    form: StartForm
    plan: Plan | None
    planned_for: tuple[str, str | None] | None
    """The inventory and the environment of the last plan; None: there was none."""
    problems: tuple[str, ...]
    """Why there is no plan."""
    remark: str
    """Why there is no plan yet, when that is nobody's mistake."""
    trouble: str
    """Why there is no draft."""
    asking: Worker[None] | None
    """What would be sent is being put together."""
    is_sending: bool
    unanswered: StartRun | None
    """What was sent last, when no controller answered."""
    early: list[events.Key]
    """Keys that were typed into the form before it was read."""

    def init_form(self) -> None:
        """Nothing is known yet."""
        self.draft, self.form, self.plan = None, StartForm(), None
        self.planned_for = None
        self.problems, self.remark, self.trouble = (), "", ""
        self.asking, self.is_sending, self.unanswered, self.early = None, False, None, []

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
            pinned=draft.run if draft is not None else "",
            is_typed_in=self.is_typed_in,
            is_tight=self.current_layout().size_class in (SizeClass.NARROW, SizeClass.TINY),
            is_plain=not self.onduty.look.theme.exact,
        )

    # ----- reading

    def read(self) -> None:
        """Read the file, or what the run pinned."""
        self.run_worker(self._read(), group="read", exclusive=True)

    async def _read(self) -> None:
        try:
            draft = await self._draft()
        except (OndutyError, OSError) as error:
            self.trouble = problems_of(error)[0]
        else:
            self.trouble = ""
            self.adopt(draft)
        early, self.early = self.early, []
        if self.is_attached:
            for event in early:
                self.takes_key(event)
            self.repaint()

    async def _draft(self) -> Draft:
        origin, run = self.origin, self.origin.run
        if origin.path and not origin.again:
            found = FoundPipeline(name=origin.name, path=origin.path, shown=origin.shown, of_site=origin.of_site)
            draft = await asyncio.to_thread(_of_file, found)
            if draft.inventories or run is None:
                return draft
            return await asyncio.to_thread(_after, draft, await self._pinned_by(run.uid))
        assert run is not None
        pinned = await self.onduty.feed.definition(run.uid)
        if not origin.again:
            beside = await asyncio.to_thread(file_of, origin.name, pinned.plan.folder)
            if beside is not None:
                draft = await asyncio.to_thread(_of_file, beside)
                return await asyncio.to_thread(_after, draft, pinned)
        return await asyncio.to_thread(_of_run, run.uid, run.id, pinned)

    async def _pinned_by(self, uid: str) -> PlanAnswer | None:
        """None when it cannot be told now: a form is there without it, too."""
        try:
            return await self.onduty.feed.definition(uid)
        except OndutyError:
            return None

    def adopt(self, draft: Draft) -> None:
        """A form for ``draft``; what was typed already stays where there still is such a field."""
        before = {one.name: one for one in self.form.fields if one.is_given}
        focus = self.form.focus if self.form.fields else ""
        self.draft = draft
        params = draft.pipeline.params.values() if draft.pipeline is not None else ()
        form = form_of(
            params,
            inventories=draft.inventories,
            inventory=draft.usual,
            limited=draft.can_limit,
            given=draft.given,
        )
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
        except ProgramNotExecuted:
            remark = "The inventory is a program. It is asked once you start, before anything runs."
        except (InputRefused, OSError) as error:
            problems = problems_of(error)
        self.plan, self.problems, self.remark = plan, problems, remark
        if plan is not None:
            self.planned_for = (values.inventory, plan.environment)
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

    def start(self) -> None:
        """Put together what would be sent, show it, ask."""
        raise NotImplementedError

    def stop_asking(self) -> None:
        """It would no longer be what is filled in."""
        if self.asking is not None:
            self.asking.cancel()
            self.asking = None

    def leave_form(self) -> None:
        """Keys are those of the screen again; what is filled in stays."""
        raise NotImplementedError

    def show_field(self) -> None:
        """Scroll to the field with the focus."""
        raise NotImplementedError

    def scroll_main(self, pages: float) -> None:
        """Down when positive."""
        raise NotImplementedError


def _of_file(found: FoundPipeline) -> FileDraft:
    """In a thread: what reads pipelines takes longer to be loaded than a screen to be drawn."""
    from tui.launch.drafts import file_draft

    return file_draft(found)


def _after(draft: FileDraft, pinned: PlanAnswer | None) -> Draft:
    """With the inventory of that run, when it was one of the same folder."""
    from tui.launch.earlier import inventory_of

    earlier = inventory_of(pinned) if pinned is not None and pinned.plan.folder == draft.folder else None
    return draft if earlier is None else draft.after(earlier)


def _of_run(uid: str, run: str, pinned: PlanAnswer) -> Draft:
    """As ``_of_file``."""
    from tui.launch.drafts import again_draft

    return again_draft(uid, run, pinned)


def problems_of(error: OndutyError | OSError) -> tuple[str, ...]:
    """All that it says, each as a problem of its own."""
    if isinstance(error, OSError):
        return (f"{error.filename or 'the file'}: {error.strerror or error}",)
    found: tuple[str, ...] = getattr(error, "problems", ())
    return found or (f"{error.message}{f'; {error.hint}' if error.hint else ''}",)
