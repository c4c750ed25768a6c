"""Secrets as people meet them: never in a file, an output or a process list, and given again after a restart."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import pty
import stat
import sys
import uuid
from pathlib import Path

import psutil
import pytest

from runners.streams.secret_forms import forms_of
from tests.flows.terminal import Terminal
from tests.person import Person, until

TOKEN = "T0k/+en'of \"the€ registry?"
PASSWORD = "correct horse battery staple"

EVERY_WAY = """\
import base64, json, os, sys, time, urllib.parse

def say(text, stream=sys.stdout):
    for c in text:
        stream.buffer.write(c.encode())
        stream.flush()

for name in ("TOKEN", "PASSWORD"):
    value = os.environ[name]
    raw = value.encode()
    say(f"{name} is {value}\\n")
    for before in ("", "a", "ab"):
        say(base64.b64encode(before.encode() + raw).decode() + "\\n")
        say(base64.urlsafe_b64encode(before.encode() + raw + b"\\n").decode() + "\\n")
        say(base64.encodebytes(before.encode() * 20 + raw * 3).decode())
    say(raw.hex() + " " + raw.hex().upper() + "\\n")
    say(urllib.parse.quote(value) + " " + urllib.parse.quote_plus(value) + "\\n")
    say(json.dumps({name: value}) + json.dumps([value], ensure_ascii=False) + "\\n")
    say(f"{name} again: {value}\\n", sys.stderr)
value = os.environ["PASSWORD"]
say("half a line: " + value[:9])
open("begun", "w").close()
while not os.path.exists("gate"):
    time.sleep(0.02)
say(value[9:] + " and the rest of it\\n")
sys.exit(3)
"""

PIPELINE = """\
version: 1
name: talk
secrets:
  TOKEN: {file: registry.token}
  PASSWORD: {env: THE_PASSWORD}
stages:
  - name: one
    jobs:
      talk:
        hosts: local
        tasks:
          - {name: say, run: 'exec python3 every_way.py', dir: WORK}
"""


@functools.cache
def forms() -> list[bytes]:
    """Everything that must be nowhere."""
    return [form.text for value in (TOKEN, PASSWORD) for form in forms_of(value)]


def hold_none(data: bytes) -> bool:
    """No form of a secret stands in it, line breaks or not."""
    even = data.translate(None, b"\r\n")
    return not any(form in data or form in even for form in forms())


def state_files(person: Person) -> list[Path]:
    """Every file of the controller."""
    return [path for path in person.home.rglob("*") if path.is_file()]


def assert_private(person: Person) -> None:
    """Others can read nothing, and no file holds a secret."""
    for path in [person.home, *person.home.rglob("*")]:
        with contextlib.suppress(FileNotFoundError):
            assert not stat.S_IMODE(path.lstat().st_mode) & 0o077, path
    for path in state_files(person):
        with contextlib.suppress(FileNotFoundError):
            assert hold_none(path.read_bytes()), path


def assert_no_arguments() -> None:
    """No process of the machine has one among its words."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            assert hold_none(" ".join(process.cmdline()).encode()), process


def prepared(person: Person) -> str:
    token = person.work / "registry.token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    person.write("every_way.py", EVERY_WAY)
    return person.write("talk.yaml", PIPELINE.replace("WORK", str(person.work)))


# Many commands and searches through every file and process: slow where a machine is busy.
@pytest.mark.timeout(300)
def test_a_secret_is_nowhere_also_when_the_controller_is_killed_in_the_middle_of_a_line(person: Person) -> None:
    pipeline = prepared(person)
    done = person("run", pipeline, "--detach", "--json", env={"THE_PASSWORD": PASSWORD})
    uid = done.json()["uid"]
    until(lambda: (person.work / "begun").exists())
    key = person.document(uid)["jobs"][0]["tasks"][0]["key"]
    log = person.home / "runs" / uid / "logs" / f"{key}.log"
    until(lambda: b"half a line" in log.read_bytes() if log.exists() else False)
    assert_private(person)
    assert_no_arguments()
    assert person.pid is not None
    assert PASSWORD.encode() not in Path(f"/proc/{person.pid}/environ").read_bytes()

    person.kill_controller()
    size = log.stat().st_size
    # The next controller knows the file's value again, and not the one that came with the command.
    assert person.show(uid)["phase"] == "running"
    held = until(lambda: [hold for hold in person.document(uid)["holds"] if hold["kind"] == "secret"])
    assert held[0]["text"] == (
        "PASSWORD: came from the environment of whoever started the run, and was kept in memory only; "
        "onduty secret give talk/1 PASSWORD"
    )
    (person.work / "gate").touch()
    # The verdict does not wait for what only the log needs.
    failed = person.until_phase(uid, "held")
    assert failed["jobs"][0]["reason"] == "exit 3 in say"
    assert failed["next"][0] == "onduty secret give talk/1 PASSWORD"
    assert log.stat().st_size == size
    assert_private(person)

    refused = person.quick("secret", "give", uid, code=2)
    assert "THE_PASSWORD is not set in your environment" in refused.err
    person.more_env = {"THE_PASSWORD": "mistyped-1"}
    other = person.quick("secret", "give", uid, code=5)
    assert "PASSWORD: this is not the value that this run was given before" in other.err
    person.more_env = {"THE_PASSWORD": PASSWORD}
    given = person.quick("secret", "give", "last", "--json").json()
    person.more_env = {}
    assert given["text"] == "talk/1 has PASSWORD and goes on"
    until(lambda: b"and the rest of it" in log.read_bytes())
    text = log.read_text()
    assert "half a line: [secret PASSWORD] and the rest of it\n" in text
    assert text.count("TOKEN is [secret TOKEN]\n") == 1
    assert "PASSWORD again: [secret PASSWORD]\n" in text
    until(lambda: all(hold["kind"] != "secret" for hold in person.document(uid)["holds"]))
    for words in (
        ("show", uid), ("show", uid, "--json"), ("logs", uid), ("logs", uid, "--raw"), ("events", uid, "--json"),
        ("record", uid, "--only", "all"), ("record", uid, "--markdown"), ("record", uid, "--json", "--only", "all"),
        ("events", uid), ("runs",), ("runs", "--json"), ("events", uid, "--verify"), ("wait", uid),
    ):  # fmt: skip
        done = person.quick(*words, code=None)
        assert hold_none(done.raw), words
        assert hold_none(done.err.encode()), words
    assert_private(person)
    events = [event["type"] for event in map(json.loads, person.quick("events", uid, "--json").out.splitlines())]
    assert events.count("secret_needed") == events.count("secret_given") == events.count("log_fetched") == 1


SHORT = """\
version: 1
name: short
secrets: {PASS: SOURCE}
stages:
  - name: one
    jobs:
      job:
        hosts: local
        tasks: [{run: 'echo "it is <$PASS>"'}]
"""


@pytest.fixture
def home(resident: Person) -> Person:
    """One person for all tests that need no controller of their own; it runs."""
    if resident.pid is None:
        resident("controller", "restart")
    return resident


def test_a_source_that_cannot_be_read_holds_the_run_and_fails_nothing(home: Person) -> None:
    pipeline = home.write("held.yaml", SHORT.replace("short", "held").replace("SOURCE", "{file: held.txt}"))
    uid = home.begin(pipeline)
    held = home.until_phase(uid, "held")
    file = home.work / "held.txt"
    assert held["jobs"][0]["phase"] == "queued"
    assert held["jobs"][0]["hold"] == "waits for the secret PASS"
    assert held["holds"][0]["text"] == (f"PASS: {file}: No such file or directory; onduty secret give held/1 PASS")
    assert "next: onduty secret give held/1 PASS" in home.quick("wait", uid, code=4).err
    file.write_text("hunter22\n")
    file.chmod(0o644)
    refused = home.quick("secret", "give", uid, code=5)
    assert f"{file}: others can read it; chmod 600 {file}" in refused.err
    file.chmod(0o600)
    assert home.quick("secret", "give", uid).out == "held/1 has PASS and goes on\n"
    home.quick("wait", uid)
    assert home.quick("logs", uid).out == "it is <[secret PASS]>\n"


def test_a_secret_out_of_a_command_is_its_output_without_the_last_line_break(home: Person) -> None:
    home.write("print.sh", "#!/bin/sh\necho 'not for you' >&2\nprintf 'two words\\n\\n'\n")
    (home.work / "print.sh").chmod(0o700)
    pipeline = home.write("command.yaml", SHORT.replace("SOURCE", "{command: ./print.sh}"))
    assert home.quick("run", pipeline).out == "local job| it is <[secret PASS]>\n"
    home.write("print.sh", "#!/bin/sh\necho 'sensitive-part' >&2\nexit 7\n")
    uid = home.begin(pipeline)
    held = home.until_phase(uid, "held")
    assert "print.sh ended with 7; what it said is not shown, run it to see; onduty secret" in held["holds"][0]["text"]
    assert not any(b"sensitive-part" in path.read_bytes() for path in state_files(home))
    home.quick("cancel", uid)
    home.quick("wait", uid, code=3)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("short", "is 5 bytes long; a secret has at least 6"),
        ("", "is empty; a secret has at least 6"),
        ("x" * 131_072, "is 131,072 bytes long; with its name at most 128 KiB can be passed to a command"),
    ],
)
def test_a_value_that_is_no_secret_is_refused_by_name_before_anything_starts(
    home: Person, value: str, reason: str
) -> None:
    pipeline = home.write("short.yaml", SHORT.replace("SOURCE", "{file: pass.txt}"))
    file = home.work / "pass.txt"
    file.write_text(value)
    file.chmod(0o600)
    before = home.quick("runs", "--json").json()
    done = home.quick("run", pipeline, code=2)
    assert f"secret PASS: what {file} gives {reason}; nothing was started" in done.err
    assert home.quick("runs", "--json").json() == before


def test_a_secret_that_is_no_utf8_is_refused_by_name(home: Person) -> None:
    pipeline = home.write("typed.yaml", SHORT.replace("SOURCE", "{env: RAW_PASS}"))
    done = home("run", pipeline, code=2, env={"RAW_PASS": "caf\udce9 ole"})
    assert "secret PASS: RAW_PASS is not valid UTF-8; nothing was started" in done.err


def test_a_typed_secret_needs_a_terminal_and_is_not_echoed(home: Person) -> None:
    pipeline = home.write("typed.yaml", SHORT.replace("SOURCE", "{prompt: Password of the database}"))
    refused = home("run", pipeline, code=2, start_new_session=True)
    assert "secret PASS: is typed at a terminal, and there is none; nothing was started" in refused.err
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(home.work)
        os.execve("/bin/sh", ["sh", "-c", f"exec {sys.executable} -m tui.cli run {pipeline}"], home.env)
    said = b""
    while b"Password of the database: " not in said:
        said += os.read(terminal, 4096)
    os.write(terminal, b"hunter22\n")
    with contextlib.suppress(OSError):
        while more := os.read(terminal, 4096):
            said += more
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"hunter22" not in said
    assert b"it is <[secret PASS]>" in said


def test_words_of_people_are_masked_before_they_are_written_down(home: Person) -> None:
    pipeline = home.write("words.yaml", SHORT.replace("SOURCE", "{env: THE_PASSWORD}"))
    home("run", pipeline, env={"THE_PASSWORD": PASSWORD})
    home.quick("note", "last", f"it was {PASSWORD}, I think")
    assert home.quick("show", "last", "--json").json()["notes"][0]["text"] == "it was [secret PASS], I think"
    assert_private(home)


HANGS = """\
version: 1
name: hangs
secrets: {PASS: {env: THE_PASSWORD}}
stages:
  - name: one
    jobs:
      job:
        hosts: local
        tasks: [{run: 'touch BEGUN; until [ -e GATE ]; do sleep 0.05; done'}]
"""


def holders(value: str) -> list[dict[str, str]]:
    """The environment of every process of the machine that holds a value, as anybody of the same user reads it."""
    found: list[dict[str, str]] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if value in Path(f"/proc/{process.pid}/environ").read_text(errors="replace"):
                found.append(process.environ())
    return found


def test_a_variable_that_is_a_secret_is_in_the_jobs_environment_alone_also_of_a_controller_that_began_with_it(
    person: Person,
) -> None:
    # No other test's, which may run at this moment: every process of the machine is looked at.
    password = f"correct horse {uuid.uuid4()}"
    begun, gate = person.work / "begun", person.work / "gate"
    person.write("hangs.yaml", HANGS.replace("BEGUN", str(begun)).replace("GATE", str(gate)))
    person.more_env = {"THE_PASSWORD": password}
    person("controller", "restart")
    assert password in Path(f"/proc/{person.pid}/environ").read_text()
    followed = person.start("run", "hangs.yaml")
    until(begun.exists)
    assert {one.get("ONDUTY_JOB", "") for one in holders(password)} == {"job"}
    assert password not in Path(f"/proc/{person.pid}/environ").read_text()
    gate.touch()
    assert person.end(followed).code == 0
    until(lambda: not holders(password))


def test_a_repeated_run_reads_the_secrets_of_a_client_again_and_asks_again(home: Person) -> None:
    sources = "{PASS: {env: THE_PASSWORD}, FILED: {file: filed.txt}, TOLD: {command: ./told.sh}}"
    text = SHORT.replace("{PASS: SOURCE}", sources).replace("<$PASS>", "<$PASS> <$FILED> <$TOLD>")
    file = home.work / "filed.txt"
    file.write_text("filed-1\n")
    file.chmod(0o600)
    home.write("told.sh", "#!/bin/sh\ntouch was-told; cat told\n")
    home.write("told", "told-1")
    (home.work / "told.sh").chmod(0o700)
    home.write("witness.yaml", text.replace("echo", 'printf "%s\\n" "$PASS $FILED $TOLD" | rev >>SEEN; echo'))
    pipeline = (home.work / "witness.yaml").read_text().replace("SEEN", str(home.work / "witnessed"))
    home.write("witness.yaml", pipeline)
    home("run", "witness.yaml", env={"THE_PASSWORD": "typed-1"})
    os.unlink(home.work / "witness.yaml")
    unset = home.quick("run", "--again", "last", code=2)
    assert "secret PASS: THE_PASSWORD is not set in your environment; nothing was started" in unset.err
    file.write_text("filed-2\n")
    home.write("told", "told-2")
    again = home("run", "--again", "last", env={"THE_PASSWORD": "typed-2"})
    assert again.out == "local job| it is <[secret PASS]> <[secret FILED]> <[secret TOLD]>\n"
    seen = [line[::-1] for line in (home.work / "witnessed").read_text().splitlines()]
    assert seen == ["typed-1 filed-1 told-1", "typed-2 filed-2 told-2"]


def test_a_repeated_run_asks_again_for_what_was_typed(home: Person) -> None:
    seen = home.work / "seen"
    text = SHORT.replace("SOURCE", "{prompt: Password of the database}").replace(
        "echo", f'echo "$PASS" | rev >>{seen}; echo'
    )
    home.write("typed.yaml", text)
    for number, words in enumerate((("run", "typed.yaml"), ("run", "--again", "last")), start=1):
        asked = Terminal(home, *words)
        asked.read_until("Password of the database: ")
        asked.type(f"typed-{number}\n")
        assert "it is <[secret PASS]>" in asked.read_to_end()
        assert asked.end() == 0
        assert f"typed-{number}" not in asked.text
    assert [line[::-1] for line in seen.read_text().splitlines()] == ["typed-1", "typed-2"]
    nobody = home("run", "--again", "last", code=2, start_new_session=True)
    assert "secret PASS: is typed at a terminal, and there is none; nothing was started" in nobody.err


def test_an_output_that_holds_a_secret_is_dropped_with_a_warning(home: Person) -> None:
    pipeline = SHORT.replace("SOURCE", "{env: THE_PASSWORD}").replace(
        "tasks: [{run: 'echo \"it is <$PASS>\"'}]",
        'tasks: [{run: \'printf "raw=a%sb\\ncoded=%s\\nkept=fine\\n" "$PASS" "$(printf %s "$PASS" | base64)" '
        '>>"$ONDUTY_OUTPUT"\'}]\n'
        "      later: {hosts: local, needs: [job], tasks: [{run: 'env | grep ^ONDUTY_OUT_; cat \"$ONDUTY_OUTPUTS\"'}]}",
    )
    home.write("outputs.yaml", pipeline)
    done = home("run", "outputs.yaml", env={"THE_PASSWORD": PASSWORD})
    assert done.out.splitlines()[0] == "local later| ONDUTY_OUT_job_kept=fine"
    assert "raw" not in done.out
    assert home.quick("show", "last", "--json").json()["warnings"] == [
        f"task-1 of job@local: its output {key} holds a secret; it was left out" for key in ("raw", "coded")
    ]
    assert_private(home)


def test_the_word_secrets_in_a_comment_asks_for_nothing_and_an_escaped_key_is_one() -> None:
    from tui.cli.secret_values import declares_secrets

    assert not declares_secrets("# no secrets here\nname: secrets\nstages: [{jobs: {secrets: x}}]\n")
    assert not declares_secrets("pattern: '\\d+'\n")
    assert declares_secrets("secrets: {A: {prompt: a}}\n")
    assert declares_secrets('"secr\\x65ts": {A: {prompt: a}}\n')
    assert declares_secrets("secrets: [")


def test_lint_and_plan_read_no_secret_and_ask_for_none(home: Person) -> None:
    pipeline = home.write("short.yaml", SHORT.replace("SOURCE", "{command: [touch, was-run]}"))
    assert home("lint", pipeline).code == 0
    shown = home("plan", pipeline)
    assert "PASS" in shown.out
    assert not (home.work / "was-run").exists()
