"""A run that somebody is about to start: from a pipeline file, or as an earlier run pinned it.

Everything here may block for as long as files do: a screen calls it in a thread. ``plan`` executes nothing; ``ready``
does what ``onduty run`` does before it sends anything, and what it returns is exactly what is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from runners.model.errors import InputRefused
from runners.model.problems import Problem
from runners.plan.build import build_plan, repeat_plan
from runners.plan.digest import text_digest
from runners.spec.pipeline import read_pipeline
from tui.cli.inventories import INVENTORY_NAME, Choice, choices_of, choose, read_choice
from tui.cli.texts import Text, checked, plan_texts, problems_found, read_text
from tui.launch.requests import again_request, start_request

if TYPE_CHECKING:
    from runners.model.api import StartRun
    from runners.model.definition import Pipeline
    from runners.model.inventory import Inventory
    from runners.model.plan import Plan
    from runners.model.snapshot import PlanAnswer
    from tui.launch.found import FoundPipeline
    from tui.launch.values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What would be sent, but for the secrets, and what would happen then."""

    plan: Plan
    request: StartRun


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDraft:
    """A run of a pipeline file."""

    found: FoundPipeline
    text: Text
    pipeline: Pipeline | None
    """None: the file has problems."""
    problems: tuple[str, ...]
    """Of the file, and of the site: ``file:line:column  path: text``."""
    choices: tuple[Choice, ...] = ()
    """Inventories that were found, and that of an earlier run."""
    earlier: Choice | None = None
    """The inventory of the run that it follows; None: it follows none, or one whose inventory is not known."""
    _hosts: dict[str, Inventory | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Of the pipeline; of a file with problems what it is called."""
        return self.pipeline.name if self.pipeline is not None else self.text.path.stem

    @property
    def run(self) -> str:
        """The run that it repeats: none."""
        return ""

    @property
    def shown(self) -> str:
        """The file, from the current folder."""
        return self.text.shown

    @property
    def folder(self) -> str:
        """Of the file, absolute."""
        return str(self.text.path.parent)

    @property
    def definition(self) -> str:
        """The text."""
        return self.text.content

    @property
    def environment(self) -> str | None:
        """As far as the file says it; the inventory may say more."""
        return self.pipeline.environment if self.pipeline is not None else None

    @property
    def inventories(self) -> tuple[str, ...]:
        """Those that can be chosen from."""
        return tuple(choice.shown for choice in self.choices) if self.pipeline is not None else ()

    @property
    def given(self) -> Mapping[str, str]:
        """Values that count in the place of defaults: none."""
        return {}

    @property
    def can_limit(self) -> bool:
        """Hosts may be left out."""
        return self.pipeline is not None

    def is_as_before(self) -> bool:
        """The file still has this text. Raises ``InputRefused`` when it cannot be read."""
        return read_text(str(self.text.path)).content == self.text.content

    def newest(self) -> FileDraft:
        """Of the file as it is now. Raises ``InputRefused`` when it cannot be read."""
        now = file_draft(self.found)
        return now if self.earlier is None else now.after(self.earlier)

    def after(self, earlier: Choice) -> FileDraft:
        """As a run that follows one with the inventory ``earlier``: it counts unless another is chosen."""
        known = next((one for one in self.choices if one.path == earlier.path), None)
        if known is not None:
            return replace(self, earlier=known)
        return replace(self, earlier=earlier, choices=(earlier, *self.choices))

    @property
    def named(self) -> str:
        """The inventory that a command has to name, when the usual one counts; empty: it finds it by itself."""
        return self.earlier.shown if self.earlier is not None else ""

    @property
    def usual(self) -> str:
        """The inventory that counts unless another is chosen; empty: one has to be chosen, or there is none."""
        if self.earlier is not None:
            return self.earlier.shown
        first = self.choices[0] if self.choices else None
        return first.shown if first is not None and first.path == self.text.path.with_name(INVENTORY_NAME) else ""

    def plan(self, values: Values) -> Plan:
        """What would run. Raises ``FileRefused`` with every problem, ``InputRefused`` when it cannot be told."""
        if self.pipeline is None:
            raise problems_found(self.problems)
        choice = self._choice(values.inventory)
        plan, problems = build_plan(
            self.pipeline,
            values.params,
            self._hosts_of(choice) if choice is not None else None,
            definition_digest=text_digest(self.text.content),
            folder=self.folder,
            inventory_path=str(choice.path) if choice is not None else "",
            limit=values.limit or None,
            home=str(Path.home()),
        )
        if plan is None:
            raise problems_found(_errors(problems))
        return plan

    def ready(self, values: Values) -> Ready:
        """As ``onduty run FILE`` would send it, files read anew; raises as ``plan``."""
        text = _read(str(self.text.path), self.text.shown)
        choice = self._choice(values.inventory)
        inventory = read_choice(choice, execute=True) if choice is not None else None
        params = dict(values.params)
        plan = plan_texts(text, inventory, params, values.limit or None)
        return Ready(plan=plan, request=start_request(text, inventory, params, values.limit or None, {}))

    def _choice(self, shown: str) -> Choice | None:
        """One of those there are, else the one that somebody named."""
        shown = shown or self.usual
        known = next((one for one in self.choices if one.shown == shown), None)
        if known is not None:
            return known
        if shown:
            return choose(self.text, shown)
        if len(self.choices) > 1:
            raise InputRefused("which inventory? choose one; nothing was started")
        return self.choices[0] if self.choices else None

    def _hosts_of(self, choice: Choice) -> Inventory | None:
        if choice.shown not in self._hosts:
            self._hosts[choice.shown] = checked(read_choice(choice, execute=False))
        return self._hosts[choice.shown]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainDraft:
    """An earlier run once more: its text and its hosts; params can be others."""

    uid: str
    run: str
    """``deploy-api/41``."""
    pinned: PlanAnswer
    pipeline: Pipeline | None
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the pipeline."""
        return self.pinned.plan.pipeline

    @property
    def shown(self) -> str:
        """What it repeats."""
        return f"again {self.run}"

    @property
    def definition(self) -> str:
        """The text that the run pinned."""
        return self.pinned.definition

    @property
    def environment(self) -> str | None:
        """That of the run."""
        return self.pinned.plan.environment

    @property
    def inventories(self) -> tuple[str, ...]:
        """None to choose from: the hosts are pinned."""
        return ()

    @property
    def usual(self) -> str:
        """No inventory counts."""
        return ""

    @property
    def named(self) -> str:
        """No command has to name one."""
        return ""

    @property
    def given(self) -> Mapping[str, str]:
        """Values of that run, which count in the place of defaults."""
        return self.pinned.plan.params

    @property
    def can_limit(self) -> bool:
        """It is limited as that run was."""
        return False

    def is_as_before(self) -> bool:
        """What a run pinned never changes."""
        return True

    def newest(self) -> AgainDraft:
        """Itself."""
        return self

    def plan(self, values: Values) -> Plan:
        """What would run. Raises ``FileRefused`` with every problem."""
        if self.pipeline is None:
            raise problems_found(self.problems)
        plan, problems = repeat_plan(self.pipeline, values.params, self.pinned.plan)
        if plan is None:
            raise problems_found(_errors(problems))
        return plan

    def ready(self, values: Values) -> Ready:
        """As ``onduty run --again RUN`` would send it."""
        from runners.plan.sources import pin_sources
        from tui.wiring import pin_source

        plan = self.plan(values)
        assert self.pipeline is not None
        pinned, problems = pin_sources(self.pipeline, plan, pin_source)
        if pinned is None:
            raise problems_found(_errors(problems))
        return Ready(plan=pinned, request=again_request(self.uid, self.run, self.pinned, dict(values.params), {}))


Draft = FileDraft | AgainDraft


def file_draft(found: FoundPipeline) -> FileDraft:
    """Read a pipeline file and look for its inventories. Raises ``InputRefused`` when it cannot be read."""
    from tui.wiring import refuse_writable

    if found.of_site:
        refuse_writable(Path(found.path))
    text = _read(found.path, found.shown)
    pipeline, problems = read_pipeline(text.content, text.shown)
    errors = _errors(problems)
    return FileDraft(
        found=found, text=text, pipeline=None if errors else pipeline, problems=errors, choices=choices_of(text)
    )


def again_draft(uid: str, run: str, pinned: PlanAnswer) -> AgainDraft:
    """Repeat a run that was pinned so."""
    pipeline, problems = read_pipeline(pinned.definition, run)
    errors = _errors(problems)
    return AgainDraft(uid=uid, run=run, pinned=pinned, pipeline=None if errors else pipeline, problems=errors)


def _read(path: str, shown: str) -> Text:
    """Messages name the file as people see it, wherever it was found."""
    return replace(read_text(path), shown=shown)


def _errors(problems: tuple[Problem, ...]) -> tuple[str, ...]:
    return tuple(str(problem) for problem in problems if not problem.warning)
