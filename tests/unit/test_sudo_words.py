"""What is said to become another user, how a refusal is told, and the page that it leads to."""

from __future__ import annotations

import subprocess

import pytest

from runbooks.advisor import RunbookAdvisor
from runbooks.library import load_library
from runners.adapters.sudo_shell import Become, sentence
from runners.engine.verdict import kind_of
from runners.model.errors import HostRefused, SudoRefused
from runners.model.phases import FailureKind
from runners.ports.failure_advisor import FailureFacts
from runners.remote import request
from runners.remote.becoming import ask_sudo, leave_sudos_session, words_of
from runners.remote.request import RequestRefused
from tests.unit.remote_shells import SHELLS

WHO = Become(user="root", host="web3", login="deploy")
ADVISOR = RunbookAdvisor(load_library())
ASKED, REFUSED, THERE = "a" * 32, "b" * 32, "c" * 32


def test_only_a_shell_without_arguments_is_asked_of_sudo_and_nobody_is_prompted() -> None:
    line = ask_sudo("postgres", ASKED, REFUSED)
    assert b"sudo -n -H -u 'postgres' sh;" in line
    assert line.count(b"\n") == 1
    assert ASKED.encode() not in line
    assert REFUSED.encode() not in line
    assert b"setsid sh; exit\n" in leave_sudos_session(THERE)


@pytest.mark.parametrize("user", ["", "-s", "a b", "root;id", "a'b", "#0", "%wheel", "a\nb", "x" * 300])
def test_what_is_no_name_of_a_user_is_never_sent(user: str) -> None:
    with pytest.raises(RequestRefused):
        ask_sudo(user, ASKED, REFUSED)
    with pytest.raises(RequestRefused):
        request.work(1, "u.1.1", [user])


@pytest.mark.parametrize(
    "path",
    ["/", "/etc", "/home/a/.local/state/onduty/1/work", "/var/tmp/onduty-work-0/../../etc", "/x/onduty/1/work/a/b",
     "/x/../onduty/1/work/a", "/var/tmp/onduty-work-0/a\n", "/var/tmp/other/u.1.1", "relative/u.1.1"],
)  # fmt: skip
def test_nothing_but_a_work_folder_is_deleted_as_somebody_else(path: str) -> None:
    with pytest.raises(RequestRefused):
        request.remove_workdirs(1, [path])


@pytest.mark.parametrize(
    "path",
    ["/home/a b/.local/state/onduty/1/work/u.1.1", "/var/tmp/onduty-1000/1/work/u.1.1", "/dev/shm/onduty-work-0/u.1.1"],
)
def test_a_work_folder_is_known_by_its_path(path: str) -> None:
    assert request.remove_workdirs(1, [path]).endswith(f" '{path}' .\n".encode())


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_without_sudo_says_its_marks_and_the_status(shell: tuple[str, ...]) -> None:
    done = subprocess.run(
        shell, input=ask_sudo("root", ASKED, REFUSED), capture_output=True, check=False, env={"PATH": "/nowhere"},
        executable=None if "/" in shell[0] else _found(shell[0]),
    )  # fmt: skip
    assert done.stdout == f"\n{ASKED}\n\n{REFUSED} 127\n".encode()
    assert b"sudo" in done.stderr.partition(f"\n{ASKED}\n".encode())[2]


def _found(program: str) -> str:
    return subprocess.run(["which", program], capture_output=True, text=True, check=True).stdout.strip()


def test_what_sudo_says_is_one_short_line() -> None:
    assert words_of(b"\nsudo: a password\tis required\n\n\x1b[1mbye\n") == "sudo: a password is required; \x1b[1mbye"
    assert len(words_of(b"x\n" * 1000)) == 300


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (1, "sudo: a password is required"),
        (1, "deploy is not in the sudoers file."),
        (1, "sudo: sorry, you must have a tty to run sudo"),
        (1, "Sorry, user deploy is not allowed to execute '/usr/bin/sh' as root on web3."),
        (1, "sudo: ein Passwort ist notwendig"),
        (127, "sh: 1: sudo: not found"),
        (1, ""),
    ],
)
def test_every_refusal_is_told_with_sudos_words_and_leads_to_its_page(status: int, said: str) -> None:
    reason = sentence(WHO, status, said)
    assert (said or "exit 1") in reason
    assert reason.endswith("; nothing was started there")
    kind = kind_of(SudoRefused(reason))
    assert kind is FailureKind.AUTH
    facts = FailureFacts(
        pipeline="p", stage="s", job="j", host="web3", task="t", kind=kind.value, exit_code=None, log_tail=(reason,)
    )
    assert ADVISOR.advise(facts).page == "sudo-needs-password"


def test_a_sudo_that_hangs_leads_to_the_same_page() -> None:
    reason = "sudo on web3 did not answer within 20 s; nothing was started there"
    facts = FailureFacts(
        pipeline="p", stage="s", job="j", host="web3", task="t", kind="auth", exit_code=None, log_tail=(reason,)
    )
    assert ADVISOR.advise(facts).page == "sudo-needs-password"


def test_a_refused_login_keeps_its_own_page() -> None:
    facts = FailureFacts(
        pipeline="p", stage="s", job="j", host="web3", task="", kind="auth", exit_code=None, log_tail=()
    )
    assert ADVISOR.advise(facts).page == "auth-refused"
    assert kind_of(HostRefused("no space left")) is FailureKind.DISK_FULL
