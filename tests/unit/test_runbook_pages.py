"""The pages that ship with onduty, held against what programs really print."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import pytest

from runbooks.advisor import RunbookAdvisor
from runbooks.library import load_library
from runbooks.page import KINDS, SECTIONS, Step
from runners.engine.host_failure import failure_of
from runners.engine.verdict import finished
from runners.model.errors import AuthFailed, HostKeyChanged, HostRefused, HostUnreachable, OndutyError, SessionLost
from runners.ports.failure_advisor import FailureFacts
from runners.ports.transport import ExecutionResult
from tests.unit import page_outputs as local
from tests.unit import page_outputs_network as network

LIBRARY = load_library()
ADVISOR = RunbookAdvisor(LIBRARY)

CORPUS = {
    "auth-refused": network.AUTH_REFUSED,
    "certificate-expired": network.CERTIFICATE_EXPIRED,
    "command-not-found": local.COMMAND_NOT_FOUND,
    "connection-refused": network.CONNECTION_REFUSED,
    "disk-full": local.DISK_FULL,
    "dns-failure": network.DNS_FAILURE,
    "host-key-changed": network.HOST_KEY_CHANGED,
    "host-unreachable": network.HOST_UNREACHABLE,
    "out-of-memory": local.OUT_OF_MEMORY,
    "permission-denied": local.PERMISSION_DENIED,
    "port-in-use": local.PORT_IN_USE,
    "read-only-file-system": local.READ_ONLY_FILE_SYSTEM,
    "sudo-needs-password": local.SUDO_NEEDS_PASSWORD,
    "timed-out": network.TIMED_OUT,
    "too-many-open-files": local.TOO_MANY_OPEN_FILES,
    "unit-failed": local.UNIT_FAILED,
}

NEAR_MISSES = [
    # Close to a port that is taken.
    "listen tcp 10.0.0.9:80: bind: cannot assign requested address",
    "Port 3000 is in use, trying 3001 instead.",
    "Port 5173 is in use, trying another one...",
    'docker: Error response from daemon: Conflict. The container name "/api" is already in use by container "4e1a".',
    "umount: /srv: target is busy.",
    "RTNETLINK answers: File exists",
    # Close to a full disk.
    "Error: ENOSPC: System limit for number of file watchers reached, watch '/srv/app'",
    "disk usage at 71%, enough space left",
    # Close to a refused file.
    "ERROR:  permission denied for table users",
    "ERROR 1045 (28000): Access denied for user 'api'@'10.0.0.9' (using password: YES)",
    "An error occurred (AccessDeniedException) when calling the GetObject operation: Access Denied",
    "remote: Permission to team/api.git denied to deploy-bot.",
    "Permission denied: user=api, access=WRITE, inode='/':hdfs:supergroup:drwxr-xr-x",
    "HTTP/1.1 403 Forbidden",
    "kill: (123) - Operation not permitted",
    # Close to a missing command.
    "cp: cannot stat '/srv/new': No such file or directory",
    "bash: line 1: /etc/api.env: No such file or directory",
    "make: Makefile: No such file or directory",
    "make: *** [Makefile:2: build] Error 1",
    "GET /api/v1/users: 404: not found",
    "api/v1/users: 404: not found",
    "Error: package left-pad: not found",
    "E: Package 'jq' has no installation candidate",
    "ModuleNotFoundError: No module named 'jq'",
    "Error: Cannot find module 'jq'",
    "hint: is the command not found? install it first",
    "kubectl: error: unknown command \"gte\" for \"kubectl\"",
    # Close to no memory left.
    "bash: fork: retry: Resource temporarily unavailable",
    "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB",
    "RuntimeError: CUDA error: out of memory",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "memory usage at 91%, close to out of memory",
    "Killed 3 stale workers",
    "Process was killed by TERM",
    "make: *** [Makefile:2: build] Error 13",
    # Close to a failed unit.
    "Unit api.service could not be found.",
    "     Active: inactive (dead) since Sun 2026-11-22 00:01:02 UTC; 3s ago",
    "    Process: 991 ExecStart=/srv/api/run (code=exited, status=0/SUCCESS)",
    "Nov 22 00:01:02 web3 systemd[1]: Finished api.service - The API.",
    "Failed to start server",
    "job for today failed",
    "query finished with result 'empty'",
    "status=500/Internal Server Error",
    "[FAILED] test_login",
    # Close to a host that does not answer.
    "WARN connection timed out, retrying in 5s",
    "destination unreachable: queue orders is full",
    "Failed to connect to bus: Host is down",
    "Connection reset by peer",
    "client_loop: send disconnect: Broken pipe",
    "No route matches [GET] /healthz",
    # Close to a key that changed.
    "Warning: Permanently added 'web3' (ED25519) to the list of known hosts.",
    "Unable to negotiate with 10.0.0.9 port 22: no matching host key type found. Their offer: ssh-rsa",
    "gpg: Can't check signature: No public key",
    "API key verification failed.",
    # Close to a name without an address.
    "sudo: unable to resolve host web3: Name or service not known",
    "sudo: unable to resolve host web3: Temporary failure in name resolution",
    "Could not resolve dependencies for project com.example:api:jar:1.0",
    "error: could not resolve reference refs/heads/main",
    "npm ERR! ERESOLVE could not resolve",
    # Close to a refused connection.
    "WARN connection refused, retrying in 1s",
    "Refused to connect to 'https://x' because it violates the Content Security Policy directive",
    "554 5.7.1 <x@example.org>: Relay access denied",
    "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
    "docker: Error response from daemon: No such container: api",
    # Close to an expired certificate.
    "curl: (60) SSL certificate problem: self-signed certificate",
    "curl: (60) SSL certificate problem: unable to get local issuer certificate",
    "x509: certificate signed by unknown authority",
    "x509: certificate is valid for a.internal, not b.internal",
    "certificate expires in 20 days",
    "found 0 expired certificates",
    "The following signatures were invalid: EXPKEYSIG 1A2B3C4D",
    "Release file for http://deb.debian.org is not valid yet (invalid for another 3h 2min).",
    "JWT has expired",
    # Close to a limit of time.
    "request timed out, retrying (1/5)",
    "timeout set to 30s",
    "tests passed in 30s, no timeouts",
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 991 (unattended-upgr)",
    "session timeout is 30 minutes",
    # Close to too many files.
    "ulimit: open files: cannot modify limit: Operation not permitted",
    'FATAL:  sorry, too many clients already',
    "Too many levels of symbolic links",
    "bash: /usr/bin/rm: Argument list too long",
    "closed 3 open files",
    # Close to a file system that can only be read.
    "mount: /mnt: WARNING: source write-protected, mounted read-only.",
    "ERROR:  cannot execute UPDATE in a read-only transaction",
    "READONLY You can't write against a read only replica.",
    "bash: HOME: readonly variable",
    "rm: cannot remove '/srv/x': Operation not permitted",
    # Close to sudo.
    "sudo: effective uid is not 0, is /usr/bin/sudo on a file system with the 'nosuid' option set?",
    "deploy : TTY=unknown ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/systemctl restart api",
    "Enter password: ",
    "dpkg: error: requested operation requires superuser privilege",
    # Close to a refused login.
    "FATAL:  password authentication failed for user \"api\"",
    "fatal: Authentication failed for 'https://git.internal/api.git/'",
    "remote: HTTP Basic: Access denied",
    "Connection closed by 10.0.0.9 port 22",
    "error: unauthorized: authentication required",
]  # fmt: skip

STORIES = [
    # What systemd says stands around the cause, before it or after it.
    (
        "port-in-use",
        """\
Job for api.service failed because the control process exited with error code.
See "systemctl status api.service" and "journalctl -xeu api.service" for details.
Nov 22 00:01:02 web3 api[991]: bind: address already in use
Nov 22 00:01:02 web3 systemd[1]: api.service: Main process exited, code=exited, status=1/FAILURE
Nov 22 00:01:02 web3 systemd[1]: api.service: Failed with result 'exit-code'.
Nov 22 00:01:02 web3 systemd[1]: Failed to start api.service - The API.""",
    ),
    (
        "permission-denied",
        """\
api.service: Failed to execute /srv/api/run: Permission denied
api.service: Failed at step EXEC spawning /srv/api/run: Permission denied
api.service: Main process exited, code=exited, status=203/EXEC
api.service: Start request repeated too quickly.""",
    ),
    (
        "out-of-memory",
        """\
kernel: Out of memory: Killed process 4242 (java) total-vm:8123456kB, anon-rss:7654321kB
systemd[1]: api.service: A process of this unit has been killed by the OOM killer.
systemd[1]: api.service: Main process exited, code=killed, status=9/KILL
systemd[1]: api.service: Failed with result 'oom-kill'.""",
    ),
    (
        "connection-refused",
        """\
api[991]: dial tcp 10.0.0.9:5432: connect: connection refused
systemd[1]: api.service: Main process exited, code=exited, status=1/FAILURE
systemd[1]: api.service: Failed with result 'exit-code'.
See "systemctl status api.service" and "journalctl -xeu api.service" for details.""",
    ),
    (
        "read-only-file-system",
        """\
api[991]: open /var/lib/api/lock: read-only file system
systemd[1]: api.service: Main process exited, code=exited, status=1/FAILURE
systemd[1]: Failed to start api.service - The API.""",
    ),
    # A health check only hears the echo.
    (
        "port-in-use",
        """\
nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)
curl: (7) Failed to connect to 127.0.0.1 port 80 after 0 ms: Couldn't connect to server""",
    ),
    (
        "disk-full",
        """\
cp: error writing '/srv/api/release.tar': No space left on device
curl: (7) Failed to connect to 127.0.0.1 port 8080 after 0 ms: Connection refused
api.service: Failed with result 'exit-code'.""",
    ),
    (
        "out-of-memory",
        """\
java.lang.OutOfMemoryError: Java heap space
curl: (7) Failed to connect to 127.0.0.1 port 8080: Connection refused""",
    ),
    # Programs that wrap each other's messages.
    (
        "host-key-changed",
        """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Offending ED25519 key in /home/deploy/.ssh/known_hosts:12
Password authentication is disabled to avoid man-in-the-middle attacks.
deploy@web3: Permission denied (publickey).""",
    ),
    (
        "auth-refused",
        """\
Cloning into 'api'...
git@git.internal: Permission denied (publickey).
fatal: Could not read from remote repository.""",
    ),
    (
        "dns-failure",
        """\
ssh: Could not resolve hostname db1: Name or service not known
rsync: connection unexpectedly closed (0 bytes received so far) [sender]""",
    ),
    (
        "sudo-needs-password",
        """\
sudo: unable to resolve host web3: Name or service not known
sudo: a terminal is required to read the password; either use the -S option to read from standard input
sudo: a password is required""",
    ),
    (
        "certificate-expired",
        """\
fatal: unable to access 'https://git.internal/api.git/': SSL certificate problem: certificate has expired
make: *** [Makefile:2: fetch] Error 128""",
    ),
]  # fmt: skip


def facts(line: str) -> FailureFacts:
    return FailureFacts(
        pipeline="p",
        stage="s",
        job="j",
        host="h",
        task="t",
        kind="exit",
        exit_code=1,
        log_tail=("starting api 2.4.1", line, "bye"),
    )


CASES = [(page, line) for page, lines in CORPUS.items() for line in lines]


@pytest.mark.parametrize(("page", "line"), CASES)
def test_a_page_is_found_by_what_programs_really_print(page: str, line: str) -> None:
    got = ADVISOR.advise(facts(line))
    assert got.page == page
    assert got.first_line == line.strip()
    assert got.first_line_index == 1


@pytest.mark.parametrize(("page", "line"), CASES)
def test_no_other_page_claims_that_line(page: str, line: str) -> None:
    assert [match.page.id for match in ADVISOR.rank(facts(line))] == [page]


@pytest.mark.parametrize("line", NEAR_MISSES)
def test_what_only_looks_alike_finds_no_page(line: str) -> None:
    assert ADVISOR.advise(facts(line)).page is None


@pytest.mark.parametrize(("page", "log"), STORIES)
def test_of_several_pages_the_one_of_the_cause_comes_first(page: str, log: str) -> None:
    got = ADVISOR.advise(replace(facts(""), log_tail=tuple(log.split("\n"))))
    assert got.page == page


def test_every_page_is_held_against_outputs_of_its_own() -> None:
    assert sorted(CORPUS) == list(LIBRARY.pages)
    assert all(len(set(lines)) == len(lines) >= 8 for lines in CORPUS.values())


PAGE_OF_KIND = {
    "timeout": "timed-out",
    "unreachable": "host-unreachable",
    "disk_full": "disk-full",
    "host_key": "host-key-changed",
    "auth": "auth-refused",
    # These say that it ended, not why: the log has to. An unknown job run has not failed.
    "exit": None,
    "signal": None,
    "unknown": None,
}


def test_a_kind_that_names_a_cause_finds_its_page_without_a_log() -> None:
    assert sorted(PAGE_OF_KIND) == sorted(KINDS)
    for kind, page in PAGE_OF_KIND.items():
        got = ADVISOR.advise(replace(facts(""), kind=kind, exit_code=None, task="", log_tail=()))
        assert got.page == page, kind
        assert got.why == (f"kind is {kind}" if page else "")


@pytest.mark.parametrize(
    ("error", "page"),
    [
        (HostUnreachable("web3:22 did not answer within 15 s (connecting)"), "host-unreachable"),
        (SessionLost("the connection ended"), "host-unreachable"),
        (HostKeyChanged("web3:22 shows another host key", known=("SHA256:a",), shown="SHA256:b"), "host-key-changed"),
        (AuthFailed("web3:22 refused the login as deploy"), "auth-refused"),
        (HostRefused("web3: the disk is full; nothing was started there"), "disk-full"),
    ],
)
def test_what_keeps_the_engine_from_a_host_finds_its_page(error: OndutyError, page: str) -> None:
    kind = failure_of("web3", error).kind
    assert ADVISOR.advise(replace(facts(""), kind=kind.value, exit_code=None, task="", log_tail=())).page == page


@pytest.mark.parametrize(
    ("result", "page"),
    [
        (ExecutionResult(timed_out=True, signal="KILL"), "timed-out"),
        (ExecutionResult(signal="KILL"), "out-of-memory"),
        (ExecutionResult(signal="TERM"), None),
        (ExecutionResult(exit_code=137), "out-of-memory"),
        (ExecutionResult(exit_code=124), "timed-out"),
        (ExecutionResult(exit_code=143), None),
        (ExecutionResult(exit_code=1, log_cut=True), "disk-full"),
        (ExecutionResult(error="no space left for the result"), "disk-full"),
    ],
)
def test_the_verdict_of_a_host_finds_its_page_when_the_log_says_nothing(
    result: ExecutionResult, page: str | None
) -> None:
    verdict = finished("s/j@h", "k", result, timeout_s=30.0)
    assert verdict.kind is not None
    known = replace(facts("bye"), kind=verdict.kind.value, exit_code=verdict.exit_code, signal=verdict.signal)
    assert ADVISOR.advise(known).page == page


def test_what_the_log_says_beats_the_time_limit_that_ended_it() -> None:
    late = replace(facts("sudo: a password is required"), kind="timeout", exit_code=None)
    assert ADVISOR.advise(late).page == "sudo-needs-password"


def test_every_page_has_all_five_sections_in_order_an_owner_and_a_review() -> None:
    for page in LIBRARY.pages.values():
        assert tuple(section.name for section in page.sections) == SECTIONS, page.id
        assert page.owner
        assert page.review_due is not None
        assert page.rules


def test_diagnosis_and_verify_only_read_and_a_change_is_explained_first() -> None:
    for page in LIBRARY.pages.values():
        for step in page.steps:
            if step.section in ("Diagnosis", "Verify"):
                assert step.risk == "read", (page.id, step.name)
            if step.risk == "change":
                assert step.section == "Mitigation", (page.id, step.name)
                assert step.prose, (page.id, step.name)


STEPS = {f"{page.id}.{step.name}": step for page in LIBRARY.pages.values() for step in page.steps}
GUARDED = {name: step for name, step in STEPS.items() if "${" in step.command}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "busybox"])
def test_every_command_is_understood_by_every_shell(step: Step, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} here")
    words = [program, "sh"] if shell == "busybox" else [program]
    done = subprocess.run([*words, "-nc", step.command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("step", GUARDED.values(), ids=GUARDED)
def test_a_command_whose_value_was_not_set_says_which_and_runs_nothing(step: Step) -> None:
    """The guard stands in the words of the first command that needs it, so what changes the host never starts."""
    # Every program is out of reach: what the shell still prints is its own.
    done = subprocess.run(
        ["/bin/sh", "-c", step.command], env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    name = step.command.split("${", 1)[1].split(":", 1)[0]
    assert f"{name}: " in done.stderr
    if step.risk == "change":
        assert len(done.stderr.splitlines()) == 1
