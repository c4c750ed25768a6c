"""Between a run and its hosts: what needs the run's secrets waits here until all of them are known.

What cannot be read becomes an event, so that everybody sees what the run waits for; once a person has given it, what
waited goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from runners.core.index import job_run_of
from runners.core.secrets import wants_secrets, why_not_give
from runners.core.tasks import in_flight, waits_for_host
from runners.engine.tell import TellNews
from runners.engine.vault import OTHER, Phase, Vault
from runners.engine.verdict import cancelled_before_start, ended_with_controller, never_ran
from runners.model.effects import AskExecution, CancelExecution, Effect, PrepareHost, StartExecution
from runners.model.errors import ActionRefused, InputRefused
from runners.model.events import Payload, SecretGiven, SecretNeeded
from runners.model.secrets import BY_CLIENT, SecretSource
from runners.model.state import RunState
from runners.ports.secrets import SecretUnfit
from runners.spec.secret_values import why_not_secret


class Hands(Protocol):
    """Does what waited."""

    def perform(self, state: RunState, effects: Sequence[Effect]) -> None: ...

    def secrets_known(self, state: RunState) -> None: ...


class SecretGate:
    """Lets effects through, or keeps them."""

    def __init__(
        self,
        vault: Vault,
        *,
        state_of: Callable[[str], RunState | None],
        note: Callable[..., None],
        tell: TellNews,
        hands: Callable[[], Hands],
    ) -> None:
        self._vault = vault
        self._state_of = state_of
        self._note = note
        self._tell = tell
        self._hands = hands
        self._kept: dict[str, list[PrepareHost | StartExecution | AskExecution]] = {}
        self._told: dict[str, dict[str, str]] = {}
        """What was written down as missing, perhaps not yet folded into the state."""

    def is_open(self, state: RunState) -> bool:
        """Whether every secret of the run is known."""
        return self._vault.expect(state)

    def values(self, state: RunState) -> Mapping[str, str]:
        """By name. ``LookupError`` while the gate is closed."""
        return self._vault.values(state.uid)

    def wants(self, state: RunState) -> None:
        """Something waits: read what can be read, and say what cannot."""
        self._vault.expect(state)
        if self._vault.phase(state.uid) is Phase.MISSING:
            self.say(state.uid)
        else:
            self._vault.read(state.uid, lambda: self.say(state.uid))

    def keep(self, state: RunState, effect: PrepareHost | StartExecution | AskExecution) -> None:
        """Do it when the gate opens."""
        if isinstance(effect, StartExecution) and self._vault.phase(state.uid) is Phase.MISSING:
            # Only what follows a stop is dispatched while a secret is missing.
            names = ", ".join(self._vault.why(state.uid))
            reason = f"not started: {names} is not known"
            self._tell(state.uid, never_ran(effect.job_run, effect.key, reason))
            return
        self._kept.setdefault(state.uid, []).append(effect)
        self.wants(state)

    def cancel(self, state: RunState, effect: CancelExecution) -> bool:
        """Whether it was kept here: then it never comes to its host."""
        for kept in self._kept.get(state.uid, ()):
            if not isinstance(kept, PrepareHost) and kept.key == effect.key:
                self._kept[state.uid].remove(kept)
                # What is asked about was done by an earlier controller, and ended with it.
                asked = isinstance(kept, AskExecution)
                news = ended_with_controller if asked else cancelled_before_start
                self._tell(state.uid, news(effect.job_run, effect.key))
                return True
        return False

    def say(self, uid: str) -> None:
        """Write down what is missing now, and what no longer is; let through what waited for the last one."""
        state = self._state_of(uid)
        if state is None:
            return
        self._vault.expect(state)
        phase, why = self._vault.phase(uid), dict(self._vault.why(uid))
        if phase is Phase.READING:
            return
        facts: list[Payload] = []
        told = {**state.secrets_needed, **self._told.get(uid, {})}
        news = {name: text for name, text in why.items() if told.get(name) != text}
        self._told[uid] = why
        if news:
            facts.append(SecretNeeded(secrets=news))
        known = tuple(name for name in state.secrets_needed if name not in why)
        if known or self._vault.unwritten(uid):
            facts.append(SecretGiven(names=known, marks=self._vault.unwritten(uid)))
        if facts:
            self._note(uid, *facts)
        if phase is Phase.KNOWN:
            self._open(state)

    def begin(self, state: RunState, go_on: Callable[[], None]) -> None:
        """After a restart: ``go_on`` once it is known which secrets there are."""
        if self._vault.expect(state):
            go_on()
            return

        def read() -> None:
            if self._vault.phase(state.uid) is Phase.KNOWN or wants_secrets(state):
                self.say(state.uid)
            go_on()

        self._vault.read(state.uid, read)

    def marks(self, uid: str) -> Mapping[str, tuple[str, ...]]:
        """Of values that were taken and stand in no event yet, by name."""
        return self._vault.unwritten(uid)

    async def admit(self, uid: str, sources: Mapping[str, SecretSource], values: Mapping[str, str]) -> dict[str, str]:
        """The run is about to be created: the marks of what is known, by name.

        Raises ``InputRefused`` for values that are missing, too many or unfit.
        """
        wanted = {name for name, source in sources.items() if source.kind in BY_CLIENT}
        missing, strange = sorted(wanted - values.keys()), sorted(values.keys() - sources.keys())
        if missing:
            raise InputRefused(f"secret {missing[0]}: its value must come with the request; nothing was started")
        if strange:
            raise InputRefused(f"secret {strange[0]}: the pipeline has none of that name; nothing was started")
        refuse_values(values)
        marks = await self._vault.marks(uid, values)
        self._vault.give(uid, sources, values, marks)
        try:
            return {**marks, **await self._vault.check(uid, sources)}
        except SecretUnfit as error:
            self._vault.forget(uid)
            raise InputRefused(f"{error}; nothing was started") from None

    async def give(self, state: RunState, names: Iterable[str], values: Mapping[str, str]) -> tuple[str, ...]:
        """Take values of a person, and read again what the controller reads; the names of all of them.

        Raises ``InputRefused`` or ``ActionRefused``; then nothing was changed.
        """
        self._vault.expect(state)
        wanted = tuple(dict.fromkeys((*names, *values))) or tuple(state.secrets_needed)
        if why_not_give(state, wanted):
            return wanted
        refuse_values(values)
        marks = await self._vault.marks(state.uid, values)
        if strange := self._vault.strangers(state.uid, marks):
            raise ActionRefused(
                f"{', '.join(strange)}: this {OTHER}; nothing was changed",
                hint=f"onduty secret give {state.name} {strange[0]} --type",
            )
        here = [name for name in wanted if name not in values]
        for name in here:
            if state.plan.secrets[name].kind in BY_CLIENT:
                raise InputRefused(f"{name}: its value must come with the request; nothing was changed")
        # What was lost in a restart and the controller can read itself needs no person.
        lost = [
            name
            for name, source in state.plan.secrets.items()
            if name not in wanted and source.kind not in BY_CLIENT and not self._vault.has(state.uid, name)
        ]
        failed = await self._vault.read_again(state.uid, [*here, *lost])
        if failed:
            whys = "; ".join(f"{name}: {why}" for name, why in failed.items())
            raise ActionRefused(f"{whys}; nothing was changed", hint=f"onduty show {state.name}")
        self._vault.give(state.uid, state.plan.secrets, values, marks)
        return wanted

    def _open(self, state: RunState) -> None:
        kept = [effect for effect in self._kept.pop(state.uid, ()) if _still_wanted(state, effect)]
        self._hands().secrets_known(state)
        self._hands().perform(state, kept)


def refuse_values(values: Mapping[str, str]) -> None:
    """Raise ``InputRefused`` with every reason why these cannot be secrets."""
    reasons = [f"{name}: {reason}" for name, value in values.items() if (reason := why_not_secret(name, value))]
    if reasons:
        raise InputRefused(f"{'; '.join(reasons)}; nothing was done")


def _still_wanted(state: RunState, effect: PrepareHost | StartExecution | AskExecution) -> bool:
    run = job_run_of(state, effect.job_run)
    if isinstance(effect, PrepareHost):
        return waits_for_host(run) and run.next_attempt == effect.attempt
    n = in_flight(run)
    return bool(n) and run.attempts[-1].tasks[n - 1].key == effect.key
