"""What ``shell: bash`` and ``login: true`` mean on a real host, whatever its ``sh`` is. See ``host_contract``."""

from __future__ import annotations

import dataclasses

import pytest

from runners.model.definition import Shell
from runners.testing.behaviour import Exit
from runners.testing.host_lab import HostLab
from runners.testing.recording_sink import RecordingSink
from runners.testing.transport_contract import KEY, WORKDIR, connect, request

EVERY_BYTE = bytes(range(1, 256)).decode("utf-8", "surrogateescape") + "'\n\"$(x)\\ \n\n"


async def printed(lab: HostLab, script: str, *, shell: Shell = Shell.SH, login: bool = False, **env: str) -> bytes:
    """What a script that succeeds prints."""
    sink = RecordingSink()
    session = await connect(lab, sink)
    await session.start(dataclasses.replace(request(script), shell=shell, login=login, env=env))
    result = await sink.until_finished(KEY)
    assert (result.exit_code, result.error) == (0, None), sink.output(KEY)
    await session.close()
    return sink.output(KEY)


class ShellContract:
    """How a command is run where the pipeline says how."""

    async def test_bash_is_bash_with_pipefail_and_stops_at_the_first_failure(self, lab: HostLab) -> None:
        # bash reads it when it believes that it is run by sshd; the account's own shell may.
        (lab.home / ".bashrc").write_text('[ -z "$ONDUTY_KEY" ] || { echo a start-up file was read; exit 9; }\n')
        script = 'a=(one two); echo "${a[1]} ${BASH_VERSION:+bash} $0"\nfalse | true\necho never\n'
        sink = RecordingSink()
        session = await connect(lab, sink)
        await session.start(dataclasses.replace(request(script), shell=Shell.BASH))
        result = await sink.until_finished(KEY)
        assert (sink.output(KEY), result.exit_code) == (b"two bash bash\n", 1)
        await session.close()

    async def test_a_script_of_a_megabyte_runs_in_bash_to_its_last_line(self, lab: HostLab) -> None:
        script = "n=0\n" + 'n=$((n+1)) # it\'s "one" more\n' * 36_000 + "echo $n"
        assert await printed(lab, script, shell=Shell.BASH) == b"36000\n"

    @pytest.mark.parametrize("login", [False, True])
    @pytest.mark.parametrize("shell", Shell)
    async def test_the_environment_is_the_same_to_the_byte_in_every_manner(
        self, lab: HostLab, shell: Shell, login: bool
    ) -> None:
        (lab.home / ".profile").write_text("EVERY=profile; export EVERY; EMPTY=profile; IFS=od_\n")
        script = (
            'printf "%s|%s|%s|" "$EVERY" "$EMPTY" "$*"; tr "\\0" "\\n" </proc/self/environ | grep "^od_" || :\n'
            'read -r nothing || echo "no input"; [ "$(pwd -P)" = "$(cd "$ONDUTY_WORKDIR" && pwd -P)" ]\n'
            '[ -z "${od_names-}${od_pwd-}${od_env_EVERY-}" ]'
        )
        out = await printed(lab, script, shell=shell, login=login, EVERY=EVERY_BYTE, EMPTY="")
        assert out == EVERY_BYTE.encode("utf-8", "surrogateescape") + b"|||no input\n"

    @pytest.mark.parametrize("shell", Shell)
    async def test_login_reads_the_profile_and_its_failures_end_nothing(self, lab: HostLab, shell: Shell) -> None:
        (lab.home / ".profile").write_text(
            "false; FROM_PROFILE=yes; export FROM_PROFILE; helper() { echo helped; }; cd /\n"
        )
        script = 'echo "${FROM_PROFILE-no}"; [ -z "${FROM_PROFILE-}" ] || helper; pwd'
        with_profile = (await printed(lab, script, shell=shell, login=True)).split()
        assert with_profile[:2] == [b"yes", b"helped"]
        assert with_profile[2].endswith(WORKDIR.encode())

    @pytest.mark.parametrize("shell", Shell)
    async def test_without_login_no_profile_is_read(self, lab: HostLab, shell: Shell) -> None:
        for name in (".profile", ".bash_profile", ".bashrc"):
            (lab.home / name).write_text("echo read; FROM_PROFILE=yes\n")
        assert await printed(lab, 'echo "${FROM_PROFILE-no}"', shell=shell) == b"no\n"

    async def test_bash_reads_the_profile_of_bash_where_there_is_one(self, lab: HostLab) -> None:
        (lab.home / ".profile").write_text("WHICH=profile\n")
        (lab.home / ".bash_profile").write_text("WHICH=bash_profile\n")
        assert await printed(lab, 'echo "$WHICH"', shell=Shell.BASH, login=True) == b"bash_profile\n"

    @pytest.mark.parametrize("shell", Shell)
    async def test_a_login_shell_stops_at_the_first_failure_too(self, lab: HostLab, shell: Shell) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        script = "echo one\n(exit 6)\necho never\n"
        await session.start(dataclasses.replace(request(script), shell=shell, login=True))
        assert (await sink.until_finished(KEY)).exit_code == 6
        assert sink.output(KEY) == b"one\n"
        await session.close()

    @pytest.mark.parametrize("login", [False, True])
    @pytest.mark.parametrize("shell", Shell)
    async def test_int_and_quit_end_a_job_in_every_manner(self, lab: HostLab, shell: Shell, login: bool) -> None:
        script = "grep SigIgn /proc/self/status"
        ignored = int((await printed(lab, script, shell=shell, login=login)).split()[1], 16)
        plain = int((await printed_again(lab)).split()[1], 16)
        assert ignored & 0b110 == plain & 0b110

    async def test_twenty_starts_in_bash_with_a_profile_run_it_once(self, lab: HostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        one = dataclasses.replace(request(lab.script(Exit(3))), shell=Shell.BASH, login=True)
        for _ in range(20):
            await session.start(one)
        assert (await sink.until_finished(KEY)).exit_code == 3
        assert lab.times_run(KEY) == 1
        await session.close()


async def printed_again(lab: HostLab) -> bytes:
    """The signals that a plain job ignores there."""
    sink = RecordingSink()
    session = await connect(lab, sink)
    key = f"{KEY}1"
    await session.start(request("grep SigIgn /proc/self/status", key))
    await sink.until_finished(key)
    await session.close()
    return sink.output(key)
