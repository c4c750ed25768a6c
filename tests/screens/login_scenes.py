"""Moments of a run that waits for somebody to log in: a jump host asks, and everything behind it waits."""

from __future__ import annotations

from typing import Any

from runners.model.api import HostStatus, LoginPrompt, LoginQuestion, rfc3339
from runners.model.holds import Hold, HoldKind
from runners.testing.simulator import Simulator
from tests.screens.fake_controller import FakeController, FakeRun
from tests.screens.repair_scenes import repair_plan
from tests.screens.scenes import START_UTC, holds_of, host_status, passes, rollout

WEB = tuple(f"web{number}" for number in range(1, 6))
WORDS = ("ACME bastion, production network", "Use of this system is monitored.")
TEXT = "bastion asks deploy: “Verification code:”"


def question(
    *prompts: tuple[str, bool], id: str = "q1", note: str = "", lapsed: bool = False, kind: str = "host"
) -> LoginQuestion:
    """What the jump host asks."""
    return LoginQuestion(
        id=id,
        asker="bastion",
        kind=kind,
        text=TEXT,
        words=WORDS,
        prompts=tuple(LoginPrompt(text=text, echo=echo) for text, echo in prompts),
        note=note,
        lapsed=lapsed,
        since=rfc3339(START_UTC + 4),
    )


CODE = question(("Verification code:", False))


def login_run() -> Simulator:
    """The drain is done; the web hosts are behind a jump host that wants a code."""
    sim = Simulator(repair_plan(), now_utc=START_UTC)
    passes(sim, "drain@lb1", 2.0)
    passes(sim, "announce@lb1", 1.0)
    sim.now_utc += 38
    return sim


def statuses(asked: LoginQuestion | None) -> tuple[HostStatus, ...]:
    """The hosts as they are while that is asked."""
    waiting: dict[str, Any] = {
        "phase": "login",
        "text": f"{TEXT}; onduty login bastion",
        "last_heard_s": None,
        "connect_s": None,
    }
    return (
        host_status("lb1"),
        *(host_status(name, **waiting, login=asked) if asked is not None else host_status(name) for name in WEB),
    )  # fmt: skip


def ask(controller: FakeController, asked: LoginQuestion | None) -> None:
    """From now on this is asked; None: somebody answered. Call ``changed`` then."""
    controller.hosts = statuses(asked)
    sim = controller.runs[0].sim
    text = f"{TEXT}; onduty login bastion"
    waiting = {
        sim.id_of(rollout(name)): Hold(kind=HoldKind.LOGIN, what="", text=text, since=START_UTC + 4, login="bastion")
        for name in WEB
    }
    controller.holds["u1"] = holds_of(sim, waiting if asked is not None else {})


def login_controller(asked: LoginQuestion = CODE) -> FakeController:
    """A controller with that run."""
    line = {"phase": "held", "what": f"rollout/release: {TEXT}; onduty login bastion"}
    controller = FakeController(FakeRun(login_run(), "u1", "deploy-api/42", line))
    controller.watchers = ("alice", "bob")
    ask(controller, asked)
    return controller
