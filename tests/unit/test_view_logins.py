"""Logins that wait for a person, as lists, headlines and dialogs tell them."""

from __future__ import annotations

from msgspec.structs import replace

from runners.model.api import HostStatus
from runners.model.holds import Hold, HoldKind
from tests.screens.login_scenes import CODE, TEXT, login_controller, question
from tests.screens.scenes import host_status, rollout, scene_of, unknown_run
from tests.unit.view_text import text_of
from tui.view.glyphs import UNICODE
from tui.view.headline import run_headline
from tui.view.holds import in_keys
from tui.view.login_dialog import login_preview
from tui.view.logins import next_login, open_logins

AGENT = question(id="", kind="agent")


def waiting(name: str, asked: object, *runs: str) -> HostStatus:
    return host_status(name, "login", login=asked, runs=runs or ("deploy-api/42",))


def test_hosts_behind_one_jump_host_are_one_login_and_each_agent_is_its_own() -> None:
    hosts = [
        waiting("web1", CODE),
        waiting("web2", CODE, "deploy-api/43"),
        waiting("db1", replace(AGENT, asker="db1", since=None)),
        host_status("lb1"),
    ]
    found = open_logins(hosts)
    assert [(one.asker, one.hosts, one.behind) for one in found] == [
        ("db1", ("db1",), ()),
        ("bastion", ("web1", "web2"), ("web1", "web2")),
    ]
    assert found[1].runs == ("deploy-api/42", "deploy-api/43")
    assert [one.asker for one in open_logins(hosts, "web2")] == ["bastion"]
    assert [one.asker for one in open_logins(hosts, "bastion")] == ["bastion"]
    assert open_logins(hosts, "lb1") == ()


def test_what_is_selected_is_answered_first_and_other_runs_not_at_all() -> None:
    hosts = [waiting("web1", CODE), waiting("db1", replace(AGENT, asker="db1"), "copy/7")]
    first = next_login(hosts, run="copy/7", host="web1")
    assert first is not None
    assert first.asker == "db1"
    assert next_login(hosts, run="copy/8") is None
    assert next_login([]) is None


def test_the_command_becomes_the_key() -> None:
    assert in_keys(f"{TEXT}; onduty login bastion") == f"{TEXT}; L logs in"


def test_silence_that_somebody_can_end_says_how_in_the_headline() -> None:
    sim = unknown_run()
    hold = Hold(kind=HoldKind.LOGIN, what=rollout("web6"), text=f"{TEXT}; onduty login bastion", login="bastion")
    scene = scene_of(sim, rollout("web6"), host_holds={rollout("web6"): hold})
    assert f"{TEXT}; L logs in." in text_of(run_headline(scene, UNICODE), 160)


def test_the_dialog_says_who_waits_what_is_typed_and_what_to_do_where_nothing_is() -> None:
    (login,) = open_logins(login_controller().hosts)
    assert login_preview(login, sent=False).scope == (
        f"{TEXT}. web1, web2 and 3 more wait for it. What you type goes to that host and is kept nowhere."
    )
    assert "Sent; bastion has not said yet" in login_preview(login, sent=True).scope
    (agent,) = open_logins([waiting("bastion", AGENT)])
    assert login_preview(agent, sent=False).scope == (
        f"{TEXT}. Log in tries it now, with the SSH agent of this terminal."
    )
