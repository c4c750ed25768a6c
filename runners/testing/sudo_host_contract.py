"""What sudo means on a real host: real users, real processes, real files. See ``sudo_contract``.

The lab's ``home`` is a folder that the account and the user can both write to.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
from typing import Protocol

import pytest

from runners.model.definition import Shell
from runners.ports.transport import CancelStep, ExecutionPhase, ExecutionRequest, ExecutionResult
from runners.testing.behaviour import Exit, Gate, Print
from runners.testing.host_lab import HostLab, alive, noise_of, until
from runners.testing.recording_sink import RecordingSink
from runners.testing.shell_contract import EVERY_BYTE
from runners.testing.sudo_contract import SudoLab, as_user
from runners.testing.transport_contract import KEY, WORKDIR, connect, request

CUTS_AT = (1, 300_001, 1_048_577)


class SudoHostLab(SudoLab, HostLab, Protocol):
    """A lab whose host has its users, disk and processes on this machine."""


def living_with(key: str) -> list[str]:
    """Everything on this machine that has the key in its environment, whoever runs it."""
    return look_at_all(f'grep -slzFx "ONDUTY_KEY={key}" /proc/[0-9]*/environ')


def look_at_all(command: str) -> list[str]:
    """The files that a command names which may read what is everybody's."""
    rights = [] if os.geteuid() == 0 else ["sudo", "-n"]
    done = subprocess.run([*rights, "sh", "-c", f"{command} || :"], capture_output=True, text=True, check=True)
    return done.stdout.split()


def is_there(path: str) -> bool:
    """Whether there is something of that name."""
    return os.path.lexists(path)


async def ran(lab: SudoHostLab, script: str, **more: object) -> tuple[ExecutionResult, bytes]:
    """How a script that sudo runs ended, and what it printed."""
    sink = RecordingSink()
    session = await connect(lab, sink)
    await (await session.under(lab.user)).start(dataclasses.replace(as_user(lab, script), **more))  # type: ignore[arg-type]
    result = await sink.until_finished(KEY)
    await session.close()
    return result, sink.output(KEY)


class SudoHostContract:
    """The promises that need a real host with a real sudo."""

    @pytest.mark.parametrize(("shell", "login"), [(Shell.SH, False), (Shell.BASH, False), (Shell.BASH, True)])
    async def test_hostile_values_reach_what_root_runs_byte_for_byte(
        self, lab: SudoHostLab, shell: Shell, login: bool
    ) -> None:
        env = {"EVERY": EVERY_BYTE, "EMPTY": "", "SUDO_ASKPASS": "/bin/false", "USER_GIVEN": "$(id)`id`;'\"\\"}
        script = 'id -un; printf "%s|%s|%s" "$EVERY" "$EMPTY" "$USER_GIVEN"; [ "$(id -un)" = "$USER" ]'
        result, out = await ran(lab, script, env=env, shell=shell, login=login)
        assert result.exit_code == 0
        assert out == f"{lab.user}\n{EVERY_BYTE}||{env['USER_GIVEN']}".encode("utf-8", "surrogateescape")

    @pytest.mark.parametrize(
        ("script", "code", "signal"),
        [
            ("exit 0", 0, None),
            ("exit 125", 125, None),
            ("kill -TERM $$", None, "TERM"),
            ("kill -KILL $$", None, "KILL"),
        ],
    )
    async def test_exit_statuses_and_signals_are_the_scripts_own(
        self, lab: SudoHostLab, script: str, code: int | None, signal: str | None
    ) -> None:
        result, _ = await ran(lab, script)
        assert (result.exit_code, result.signal, result.error) == (code, signal, None)

    async def test_nothing_secret_is_in_anybodys_arguments_or_in_anybody_elses_environment(
        self, lab: SudoHostLab
    ) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        secret, filler = f"s3cret-for-root-only-{KEY}", "# of the script itself\n"
        script = lab.script(Print(b"here\n"), Gate()) + filler * 2_000
        one = dataclasses.replace(as_user(lab, script), env={"TOKEN": secret})
        await (await session.under(lab.user)).start(one)
        await sink.until(lambda: sink.output(KEY) == b"here\n")
        marks = lab.home / "marks"
        marks.write_text(f"{secret}\n{filler}")
        # Processes of the job come and go between two looks.
        others = (
            f"for f in $(grep -slaF -f '{marks}' /proc/[0-9]*/cmdline /proc/[0-9]*/environ); do "
            f'grep -qszFx "ONDUTY_KEY={KEY}" "${{f%/*}}/environ" || [ ! -e "$f" ] || echo "$f"; done'
        )
        assert look_at_all(others) == []
        assert look_at_all(f"grep -slaF '{secret}' /proc/[0-9]*/environ")
        lab.release()
        await sink.until_finished(KEY)
        await session.close()

    async def test_output_arrives_exactly_through_cuts(self, lab: SudoHostLab) -> None:
        noise = noise_of(2 << 20)
        (lab.home / "noise").write_bytes(noise)
        piece = f'dd "if={lab.home}/noise" bs=262144 skip=$n count=1 2>/dev/null'
        script = lab.script(Gate()) + f"for n in 0 1 2 3 4 5 6 7; do {piece}; done"
        sink = RecordingSink()
        session = await connect(lab, sink)
        await (await session.under(lab.user)).start(as_user(lab, script))
        lab.release()
        for at in CUTS_AT:
            await sink.until(lambda at=at: sink.received(KEY) >= at)  # type: ignore[misc]
            if KEY in sink.results:
                break
            await lab.cut()
            await sink.until_lost()
            sink.new_session()
            session = await connect(lab, sink)
            await (await session.under(lab.user)).follow(KEY, sink.received(KEY))
        assert (await sink.until_finished(KEY)).exit_code == 0
        assert sink.output(KEY) == noise
        assert lab.times_run(KEY) == 1
        await session.close()

    async def test_the_time_limit_is_kept_under_sudo_while_nobody_is_connected(self, lab: SudoHostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        pid_file = lab.home / "pid"
        script = f"echo $$ >'{pid_file}'; while :; do sleep 0.05; done"
        await (await session.under(lab.user)).start(dataclasses.replace(as_user(lab, script), timeout_s=0.5))
        await session.close()
        await until(lambda: pid_file.exists() and bool(pid_file.read_text()))
        pid = int(pid_file.read_text())
        await until(lambda: not alive(pid))
        session = await connect(lab, sink)
        await (await session.under(lab.user)).follow(KEY, 0)
        result = await sink.until_finished(KEY)
        assert (result.timed_out, result.signal, result.cancelled) == (True, "TERM", False)
        await session.close()

    async def test_cancel_ends_roots_tree_that_hides_and_ignores_term(self, lab: SudoHostLab) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)
        pid_file = lab.home / "pids"
        stubborn = f"trap '' TERM; echo $$ >>'{pid_file}'; while :; do sleep 0.05; done"
        inner = stubborn.replace("$", "\\$")
        script = f"""
            (setsid sh -c "(setsid sh -c \\"{inner.replace(chr(92), chr(92) * 3)}\\" &)" >/dev/null 2>&1 &)
            sh -c "{inner}" &
            {stubborn}
        """
        await (await session.under(lab.user)).start(as_user(lab, script))
        await session.start(request(lab.script(Gate()), "u.9.1.1"))
        await until(lambda: pid_file.exists() and pid_file.read_text().count("\n") == 3)
        pids = [int(pid) for pid in pid_file.read_text().split()]
        assert living_with(KEY)
        await (await session.under(lab.user)).cancel(KEY, 0.2)
        await sink.until(lambda: CancelStep.GONE in sink.steps_of(KEY) and KEY in sink.results)
        assert sink.steps_of(KEY) == [CancelStep.TERM, CancelStep.KILL, CancelStep.GONE]
        assert [pid for pid in pids if alive(pid)] == []
        assert living_with(KEY) == []
        assert (sink.results[KEY].cancelled, sink.results[KEY].signal) == (True, "KILL")
        assert (await session.ask(["u.9.1.1"]))[0].phase is ExecutionPhase.RUNNING
        lab.release()
        await sink.until_finished("u.9.1.1")
        await session.close()

    async def test_the_work_folder_is_one_for_both_and_is_gone_at_the_end_with_all_that_root_made(
        self, lab: SudoHostLab
    ) -> None:
        sink = RecordingSink()
        session = await connect(lab, sink)

        async def run(script: str, key: str, *, sudo: bool) -> bytes:
            one: ExecutionRequest = dataclasses.replace(request(script, key), sharers=(lab.user,))
            if sudo:
                one = dataclasses.replace(one, sudo=lab.user)
            await (await session.under(one.sudo)).start(one)
            result = await sink.until_finished(key)
            assert result.exit_code == 0, (result, sink.output(key))
            return sink.output(key)

        where = await run(
            'pwd; [ "$PWD" = "$ONDUTY_WORKDIR" ]; mkdir -p deep/er; echo root >deep/er/file; chmod 700 deep; '
            'echo k=v >>"$ONDUTY_OUTPUT"',
            "u.1.1.1",
            sudo=True,
        )
        assert await run('pwd; echo mine >own; echo k=v >>"$ONDUTY_OUTPUT"', "u.1.1.2", sudo=False) == where
        assert await run("cat own deep/er/file; rm own", "u.1.1.3", sudo=True) == b"mine\nroot\n"
        folder = where.decode().strip()
        assert folder.endswith(f"/{WORKDIR}")
        assert is_there(folder)
        await session.remove_workdirs([WORKDIR, "u.7.7"], [lab.user])
        assert not is_there(folder)
        assert sink.lost == []
        await session.close()

    async def test_a_cut_right_after_a_start_hangs_up_on_nothing(self, lab: SudoHostLab) -> None:
        # sudo may have given its command a terminal, whose end hangs up on whatever has no session of its own yet.
        for number in range(8):
            key = f"{KEY}{number}"
            sink = RecordingSink()
            session = await connect(lab, sink)
            other = await session.under(lab.user)
            await other.start(as_user(lab, lab.script(Exit(7)), key))
            await lab.cut()
            await session.close()
            session = await connect(lab, sink)
            await (await session.under(lab.user)).follow(key, 0)
            result = await sink.until_finished(key)
            assert (result.exit_code, result.signal) == (7, None)
            assert lab.times_run(key) == 1
            await session.close()
