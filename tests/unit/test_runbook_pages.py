"""The pages that ship with onduty, held against what programs really print."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from runbooks.advisor import RunbookAdvisor
from runbooks.library import load_library
from runbooks.page import SECTIONS, Step
from runners.ports.failure_advisor import FailureFacts

LIBRARY = load_library()
ADVISOR = RunbookAdvisor(LIBRARY)

PORT_IN_USE = [
    "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
    "(98)Address already in use: AH00072: make_sock: could not bind to address [::]:80",
    "OSError: [Errno 98] Address already in use",
    "[Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
    "[2026-11-22 00:01:02 +0000] [7] [ERROR] Connection in use: ('0.0.0.0', 8000)",
    "Error: listen EADDRINUSE: address already in use :::8080",
    "Error: listen EADDRINUSE :::8080",
    'Exception in thread "main" java.net.BindException: Address already in use',
    "java.net.BindException: Address already in use (Bind failed)",
    "Web server failed to start. Port 8080 was already in use.",
    "listen tcp 0.0.0.0:8080: bind: address already in use",
    '{"level":"fatal","msg":"listen tcp :8080: bind: address already in use"}',
    'Error: Os { code: 98, kind: AddrInUse, message: "Address already in use" }',
    'Address already in use - bind(2) for "0.0.0.0" port 3000 (Errno::EADDRINUSE)',
    "Error: Port 5173 is already in use",
    "error: Bind to port 22 on 0.0.0.0 failed: Address already in use.",
    "Could not create server TCP listening socket *:6379: bind: Address already in use",
    'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use',
    "[ALERT] (7) : Starting frontend http: cannot bind socket (Address already in use) [0.0.0.0:80]",
    "Error response from daemon: driver failed programming external connectivity on endpoint api: "
    "Bind for 0.0.0.0:8080 failed: port is already allocated",
    "httpd: bind: Address already in use",
    "bind [127.0.0.1]:9000: Address already in use",
]

DISK_FULL = [
    "cp: error writing 'fs/big': No space left on device",
    "dd: error writing 'fs/b': No space left on device",
    "tar: t.tar: Cannot write: No space left on device",
    "bash: echo: write error: No space left on device",
    'ERROR:  could not extend file "base/16384/16397": No space left on device',
    'PANIC:  could not write to file "pg_wal/xlogtemp.7": No space left on device',
    "E: You don't have enough free space in /var/cache/apt/archives/.",
    "dpkg: error processing archive x.deb (--unpack): cannot copy extracted data for './usr/x' to '/usr/x.dpkg-new': "
    "failed to write (No space left on device)",
    "   * At least 50MB more space needed on the / filesystem.",
    "OSError: [Errno 28] No space left on device",
    "Error: ENOSPC: no space left on device, write",
    "java.io.IOException: No space left on device",
    "fatal: write error: No space left on device",
    "failed to register layer: Error processing tar file(exit status 1): write /x: no space left on device",
    'rsync: [receiver] write failed on "/srv/x": No space left on device (28)',
    "mkdir: cannot create directory 'x': Disk quota exceeded",
    "Disk is full writing './api/users.MYD' (Errcode: 28). Waiting for someone to free space...",
    "[ERROR] Disk full (/tmp/#sql_7.MAI); waiting for someone to free some space...",
]

PERMISSION_DENIED = [
    "cat: /etc/shadow: Permission denied",
    "cat: can't open '/tmp/secret': Permission denied",
    "bash: line 1: /tmp/secret: Permission denied",
    "bash: ./deploy.sh: Permission denied",
    "dash: 1: cannot create /tmp/secret: Permission denied",
    "sh: can't create /tmp/secret: Permission denied",
    "mkdir: cannot create directory ‘/opt/x’: Permission denied",
    "PermissionError: [Errno 13] Permission denied: '/tmp/secret'",
    "Error: EACCES: permission denied, mkdir '/opt/y'",
    "Error: spawn /srv/run.sh EACCES",
    "npm ERR! code EACCES",
    "open /etc/api/key.pem: permission denied",
    'level=fatal msg="open /etc/api/key.pem: permission denied" pid=7',
    '{"error":"open /etc/api/key.pem: permission denied","level":"error"}',
    'Error: Os { code: 13, kind: PermissionDenied, message: "Permission denied" }',
    "Error: Permission denied (os error 13)",
    "java.io.FileNotFoundException: /var/log/api.log (Permission denied)",
    "java.nio.file.AccessDeniedException: /var/lib/api",
    "System.UnauthorizedAccessException: Access to the path '/srv/x' is denied.",
    'nginx: [emerg] open() "/etc/nginx/key.pem" failed (13: Permission denied)',
    "nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)",
    "(13)Permission denied: AH00072: make_sock: could not bind to address [::]:80",
    "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)",
    'rsync: [generator] mkdir "/srv/x" failed: Permission denied (13)',
    "scp: /srv/x: Permission denied",
    "PHP Warning:  fopen(/srv/x): failed to open stream: Permission denied in /srv/a.php on line 3",
    "useradd: Permission denied.",
    'exec: "/entrypoint.sh": permission denied: unknown',
    "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
    "api.service: Failed to execute /srv/api/run: Permission denied",
]

COMMAND_NOT_FOUND = [
    "bash: line 1: jq: command not found",
    "bash: jq: command not found",
    "-bash: jq: command not found",
    "/opt/x/deploy.sh: line 12: jq: command not found",
    "sudo: jq: command not found",
    "zsh:1: command not found: jq",
    "sh: 1: jq: not found",
    "dash: 1: jq: not found",
    "/bin/sh: 1: jq: not found",
    "/opt/x/deploy.sh: 12: jq: not found",
    "deploy.sh: 2: jq: not found",
    "sh: jq: not found",
    "/bin/sh: jq: not found",
    "-sh: jq: not found",
    "./deploy.sh: line 2: jq: not found",
    "sh: 1: ./deploy.sh: not found",
    "bash: line 1: ./deploy.sh: cannot execute: required file not found",
    "bash: ./deploy.sh: /bin/bash^M: bad interpreter: No such file or directory",
    "env: ‘node’: No such file or directory",
    "/usr/bin/env: ‘python’: No such file or directory",
    "env: can't execute 'node': No such file or directory",
    "nohup: failed to run command 'api': No such file or directory",
    "timeout: failed to run command ‘api’: No such file or directory",
    "Error: spawn jq ENOENT",
    'exec: "jq": executable file not found in $PATH',
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "bash": '
    "executable file not found in $PATH: unknown",
    "api.service: Failed to locate executable /srv/api/run: No such file or directory",
    "make: *** [Makefile:2: build] Error 127",
]

NEAR_MISSES = [
    # Close to a port that is taken.
    "listen tcp 10.0.0.9:80: bind: cannot assign requested address",
    "Port 3000 is in use, trying 3001 instead.",
    "Port 5173 is in use, trying another one...",
    'docker: Error response from daemon: Conflict. The container name "/api" is already in use by container "4e1a".',
    "connect: connection refused (10.0.0.9:8080)",
    "umount: /srv: target is busy.",
    "RTNETLINK answers: File exists",
    # Close to a full disk.
    "Error: ENOSPC: System limit for number of file watchers reached, watch '/srv/app'",
    "java.lang.OutOfMemoryError: Java heap space",
    "fork: Cannot allocate memory",
    "touch: cannot touch 'x': Read-only file system",
    "OSError: [Errno 24] Too many open files",
    "disk usage at 71%, enough space left",
    # Close to a refused file.
    "git@github.com: Permission denied (publickey).",
    "deploy@10.0.0.9: Permission denied (publickey,gssapi-keyex,gssapi-with-mic).",
    "Permission denied, please try again.",
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
    "Unit api.service could not be found.",
    "hint: is the command not found? install it first",
    "kubectl: error: unknown command \"gte\" for \"kubectl\"",
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


CASES = [
    *(("port-in-use", line) for line in PORT_IN_USE),
    *(("disk-full", line) for line in DISK_FULL),
    *(("permission-denied", line) for line in PERMISSION_DENIED),
    *(("command-not-found", line) for line in COMMAND_NOT_FOUND),
]


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


STEPS = [pytest.param(step, id=f"{page.id}.{step.name}") for page in LIBRARY.pages.values() for step in page.steps]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "busybox"])
def test_every_command_is_understood_by_every_shell(step: Step, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} here")
    words = [program, "sh"] if shell == "busybox" else [program]
    done = subprocess.run([*words, "-nc", step.command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("step", [case for case in STEPS if "${" in case.values[0].command])
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
