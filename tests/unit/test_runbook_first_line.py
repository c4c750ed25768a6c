"""The line to look at first, how a remote line is cleaned for matching, and when two failures are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.fingerprint import fingerprint, first_bad_line, normalise
from runbooks.patterns import compile_pattern
from runbooks.tail import MAX_LINE_CHARS, MAX_LINES, Tail, clean_line

SYSTEMD = """\
+ sudo systemctl restart api
stopping api.service
stopped api.service (pid 20114 exited 0)
starting api.service, release 2.4.1
config /etc/api/api.toml loaded, 14 keys
bind: address already in use (0.0.0.0:8080)
api: cannot start listener http-public
Main process exited, code=exited, status=1/FAILURE
api.service: failed with result 'exit-code'"""

NODE = """\
node:internal/modules/cjs/loader:1080
  throw err;
  ^

Error: Cannot find module 'left-pad'
Require stack:
- /srv/app/index.js
    at Module._resolveFilename (node:internal/modules/cjs/loader:1077:15)
    at node:internal/main/run_main_module:23:47 {
  code: 'MODULE_NOT_FOUND',
}

Node.js v18.12.1"""

PYTHON = """\
loading settings
Traceback (most recent call last):
  File "/srv/app/run.py", line 2, in <module>
    raise ConfigError("error in settings")
app.ConfigError: no database url

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/app/run.py", line 9, in <module>
    sys.exit(main())
RuntimeError: startup failed"""

GIT = """\
Cloning into 'api'...
git@git.internal: Permission denied (publickey).
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists."""

MAKE = """\
gcc -c main.c
main.c:4:10: fatal error: curl/curl.h: No such file or directory
    4 | #include <curl/curl.h>
compilation terminated.
make: *** [Makefile:7: main.o] Error 1"""

ANSIBLE = """\
PLAY RECAP
web1 : ok=3 changed=0 unreachable=0 failed=0
web2 : ok=1 changed=0 unreachable=1 failed=0
done, 0 errors"""

RETRIED = """\
WARN connection refused, retrying in 1s
WARN connection refused, retrying in 2s
ERROR giving up after 3 tries: upstream did not answer
exit status 1"""

NPM = """\
> api@1.0.0 build
> webpack

sh: 1: webpack: not found
npm ERR! code ELIFECYCLE
npm ERR! errno 127"""

XTRACE = """\
+ grep -q error /var/log/app.log
+ test -f /etc/app/error.log
cp: cannot stat '/srv/new': No such file or directory"""

GO = """\
2026/11/22 00:01:02 loaded error handler
panic: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.main()
	/srv/app/main.go:7 +0x1d
exit status 2"""

K8S = """\
Release "api" does not exist. Installing it now.
    no space left on device
Error: context deadline exceeded"""


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (SYSTEMD, "bind: address already in use (0.0.0.0:8080)"),
        (SYSTEMD.replace("bind: address already in use", "bind says no"), "api: cannot start listener http-public"),
        (NODE, "Error: Cannot find module 'left-pad'"),
        (PYTHON, "app.ConfigError: no database url"),
        (GIT, "git@git.internal: Permission denied (publickey)."),
        (MAKE, "main.c:4:10: fatal error: curl/curl.h: No such file or directory"),
        (ANSIBLE, "web2 : ok=1 changed=0 unreachable=1 failed=0"),
        (RETRIED, "ERROR giving up after 3 tries: upstream did not answer"),
        (NPM, "sh: 1: webpack: not found"),
        (XTRACE, "cp: cannot stat '/srv/new': No such file or directory"),
        (GO, "panic: runtime error: index out of range [3] with length 3"),
        (K8S, "    no space left on device"),
        ("all good\nwill now stop\n\n  \n", "will now stop"),
        ("job done\nexit status 3\n", "exit status 3"),
        ("WARNING: permission denied, ignored\nstep two\nstep three", "WARNING: permission denied, ignored"),
    ],
)  # fmt: skip
def test_the_first_bad_line_is_the_cause_and_not_what_followed_from_it(log: str, line: str) -> None:
    tail = Tail(log.split("\n"))
    index = first_bad_line(tail)
    assert index is not None
    assert tail.line(index) == line.rstrip()


@pytest.mark.parametrize("lines", [[], [""], ["", "  ", "\x1b[0m"]])
def test_a_log_of_nothing_has_no_bad_line(lines: list[str]) -> None:
    assert first_bad_line(Tail(lines)) is None


def test_indexes_count_in_the_lines_that_were_given_even_when_old_ones_are_left_out() -> None:
    lines = ["error: too old to be seen"] + ["fine"] * MAX_LINES
    lines[150] = "error: this one"
    assert first_bad_line(Tail(lines)) == 150
    hit = Tail(lines).first(compile_pattern("too old"))
    assert hit is None


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("\x1b[1;31merror\x1b[0m: x", "error: x"),
        ("\x1b]0;title\x07error", "error"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31merror", "error"),
        ("\x1b(Berror\x1b=", "error"),
        ("10%\r20%\rcurl: (7) Failed to connect", "curl: (7) Failed to connect"),
        ("error\r", "error"),
        ("100%\r   \r", "100%"),
        ("a\x00b\x08c\x7f", "abc"),
        ("tab\tstays", "tab\tstays"),
        ("caf\u00e9 \u202e", "caf\u00e9 \u202e"),
        ("\udcff bad", "? bad"),
    ],
)
def test_a_line_is_reduced_to_what_a_person_would_see(raw: str, clean: str) -> None:
    assert clean_line(raw) == clean


def test_of_a_huge_line_both_ends_are_kept() -> None:
    got = clean_line("begin" + "x" * 20_000_000 + "end: error")
    assert len(got) <= MAX_LINE_CHARS
    assert got.startswith("begin")
    assert got.endswith("end: error")


@given(st.lists(st.text(max_size=80), max_size=20))
def test_no_text_crashes_the_search_and_the_line_it_names_is_not_blank(lines: list[str]) -> None:
    tail = Tail(lines)
    index = first_bad_line(tail)
    if index is None:
        assert all(not line.strip() for line in tail.lines)
    else:
        assert tail.line(index).strip()
        fingerprint(tail.line(index))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bind: address already in use (0.0.0.0:8080)", "bind: address already in use (10.2.3.4:9090)"),
        ("2026-11-22T00:01:02.123Z ERROR job 17 failed", "2025-01-02T10:11:12Z ERROR job 4 failed"),
        ("Nov 22 00:01:02 web3 api[991]: refused", "Nov  2 10:11:12 web3 api[12]: refused"),
        ("open /tmp/tmp.Xa1/config: permission denied", "open /srv/b/c.d: permission denied"),
        ("id 6e2b8a60-1f4a-4d52-9d7c-0f5a1b2c3d4e timed out", "id 00000000-1111-2222-3333-444444444444 timed out"),
        ("segfault at 0x7f3d4df37920 ip 00007f3d", "segfault at 0x10 ip 00ab12cd"),
        ("image sha256:9b1c04f2aa not found", "image sha256:77aa91be01 not found"),
        ("connect to [2001:db8::1]:443 refused", "connect to [::1]:80 refused"),
        ("wrote 1.5 of 20 MB", "wrote 3 of 9 MB"),
        ("Error:   spaced", "error: spaced"),
    ],
)  # fmt: skip
def test_what_changes_from_run_to_run_does_not_change_the_fingerprint(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)
    assert fingerprint(one) == fingerprint(other)
    assert len(fingerprint(one)) == 16


def test_different_failures_have_different_fingerprints_and_nothing_has_none() -> None:
    assert fingerprint("bind: address already in use") != fingerprint("bind: permission denied")
    assert fingerprint("") == fingerprint("   ") == ""


def test_words_stay_readable_in_what_is_compared() -> None:
    assert normalise("bind: address already in use (0.0.0.0:8080)") == "bind: address already in use (<ip>:<n>)"
    assert normalise("Decade /etc/api: deadbeef and facade") == "decade <path>: deadbeef and facade"
