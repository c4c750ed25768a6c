"""The shape of a pipeline: every key and value that cannot be used, with the exact line a person sees."""

from __future__ import annotations

import pytest

from runners.model.definition import Concurrency, OnFailure, ParamType, RetryPolicy, WhenBusy
from runners.spec.pipeline import read_pipeline
from tests.unit.spec_texts import HEAD, STAGE, accepted, one_job, refused, with_top

NAME_RULE = "use letters, digits, _ . - (at most 63, the first a letter, digit or _)"
JOB_KEYS = (
    "hosts, tasks, verify, finally, rollback, needs, timeout, retry, on_failure, shell, login, sudo, limits, "
    "log_limit, env, dir, runbook"
)


def test_all_problems_of_a_file_are_said_at_once_in_the_order_of_the_text() -> None:
    text = (
        "verson: 1\n"
        "name: deploy api\n"
        "stages:\n"
        "  - name: canary\n"
        "    jobs:\n"
        "      release:\n"
        "        hosts: web[0]\n"
        "        retrys: 3\n"
        "        timeout: 10\n"
        "        needs: [drian]\n"
        "        tasks:\n"
        "          - run: echo {{ params.x }}\n"
        "      drain: {hosts: web, tasks: []}\n"
    )
    assert refused(text) == [
        'p.yaml:1:1  verson: unknown key, did you mean "version"?',
        f'p.yaml:2:7  name: "deploy api" is no name; {NAME_RULE}',
        'p.yaml:8:9  stages[0].jobs.release.retrys: unknown key, did you mean "retry"?',
        "p.yaml:9:18  stages[0].jobs.release.timeout: 10 has no unit; write 10s, or another of ms s m h d",
        'p.yaml:10:17  stages[0].jobs.release.needs[0]: no job "drian" in this stage, did you mean "drain"?',
        'p.yaml:12:18  stages[0].jobs.release.tasks[0].run: "{{" is never replaced in a command; params arrive as '
        "variables, write \"$release\" (and '{''{' where a command needs two braces)",
        "p.yaml:13:27  stages[0].jobs.drain.tasks: is empty",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: a\n" + STAGE + "      b: {hosts: a, tasks: [{run: x}]}", '1:1  "version" is missing; write version: 1'),
        (HEAD, 'p.yaml:1:1  "stages" is missing'),
        (
            with_top().replace("version: 1", "version: 2"),
            "1:10  version: 2 is not known here; this onduty reads version 1",
        ),
        (
            with_top().replace("version: 1", "version: '1'"),
            'p.yaml:1:10  version: must be a whole number without quotes, not "1"',
        ),
        (with_top().replace("name: demo", "name: -demo"), f'2:7  name: "-demo" is no name; {NAME_RULE}'),
        (HEAD + "stages: []\n", "p.yaml:3:1  stages: is empty"),
        (HEAD + "stages: {}\n", "p.yaml:3:1  stages: must be a list, not a mapping"),
        (HEAD + "stages:\n  - name: one\n    jobs: {}\n", "p.yaml:5:5  stages[0].jobs: is empty"),
        (
            HEAD + "stages:\n  - name: one\n    jobs:\n",
            "5:5  stages[0].jobs: has no value; give it one, or remove the key",
        ),
        (HEAD + "stages:\n  - name: one\n", 'p.yaml:4:5  stages[0]: "jobs" is missing'),
        (one_job("tasks: [{run: x}]"), 'p.yaml:6:7  stages[0].jobs.build: "hosts" is missing'),
        (one_job("hosts: local"), 'p.yaml:6:7  stages[0].jobs.build: "tasks" is missing'),
        (
            one_job("hosts: local", "tasks: [{name: a}]"),
            "8:17  stages[0].jobs.build.tasks[0]: does nothing; write one of run, http, upload, download, wait",
        ),
        (one_job("hosts: local", "tasks: {run: x}"), "8:9  stages[0].jobs.build.tasks: must be a list, not a mapping"),
        (
            one_job("hosts: local", "tasks: [./x.sh]"),
            'stages[0].jobs.build.tasks[0]: must be a mapping (key: value), not "./x.sh"; a command stands after run:',
        ),
        (
            one_job("hosts: local", "tasks: [{run: [a, b]}]"),
            'build.tasks[0].run: must be text, not a list; write one task per command, or one block after "|"',
        ),
        (one_job("hosts: local", "tasks: [{run: ' '}]"), "8:23  stages[0].jobs.build.tasks[0].run: is empty"),
        (one_job("hosts: local", 'tasks: [{run: "a\\0"}]'), "8:23  stages[0].jobs.build.tasks[0].run: holds a NUL"),
        (
            one_job("hosts: local", "tasks: [{runn: x}]"),
            'p.yaml:8:18  stages[0].jobs.build.tasks[0].runn: unknown key, did you mean "run"?',
        ),
        (
            one_job("hosts: local", "tasks: [{script: x}]"),
            'p.yaml:8:18  stages[0].jobs.build.tasks[0].script: unknown key, did you mean "run"?',
        ),
        (
            one_job("hosts: local", "Tasks: [{run: x}]"),
            'p.yaml:8:9  stages[0].jobs.build.Tasks: unknown key, did you mean "tasks"?',
        ),
        (
            one_job("hosts: local", "tasks: [{run: x}]", "zzz: 1"),
            f"p.yaml:9:9  stages[0].jobs.build.zzz: unknown key; known here are {JOB_KEYS}",
        ),
        (
            one_job("hosts: local", "tasks: [{run: x}]", "retry: 3"),
            '9:16  stages[0].jobs.build.retry: must be a mapping (key: value), not "3"; write retry: {attempts: 3}',
        ),
        (
            one_job("hosts: local", "tasks: [{run: x}]", "needs: a"),
            "9:16  stages[0].jobs.build.needs: must be a list; write [a]",
        ),
        (
            one_job("hosts: local", "tasks: [{run: x}]", "on_failure: contine"),
            'build.on_failure: must be one of hold, continue, stop, rollback, not "contine", did you mean "continue"?',
        ),
        (
            one_job("hosts: local", "tasks: [{run: x}]", "dir: opt"),
            '9:14  stages[0].jobs.build.dir: must be an absolute path on the host, such as /opt/api, not "opt"',
        ),
        (
            one_job("hosts: local", "tasks: [{run: x}]", "dir: ~/api"),
            'build.dir: "~/api": a home folder in dir comes with a later version; write cd "$HOME/…" in the command',
        ),
        (
            one_job("hosts: local", "tasks: [{run: x}]", "dir: '/{{ a }}'"),
            'build.dir: "{{ }}" in dir comes with a later version',
        ),
        (one_job("hosts: local", "tasks: [{run: x}]", "timeout: 0s"), "build.timeout: must be longer than 0s"),
        (
            one_job("hosts: local", "tasks: [{run: x}]", "timeout: 1h30m"),
            '"1h30m" is no duration; write one number and one unit, such as 500ms 10s 5m 2h 1d',
        ),
        (one_job("hosts: local", "tasks: [{run: x}]", "timeout: 9999d"), 'build.timeout: "9999d" is longer than 366d'),
        (one_job("hosts: local", "tasks: [{run: x}]", "timeout: [1s]"), "must be a duration such as 10s, not a list"),
        (with_top("defaults: {retry: {attempts: 0}}"), "3:30  defaults.retry.attempts: must be at least 1"),
        (with_top("defaults: {retry: {attempts: 101}}"), "3:30  defaults.retry.attempts: must be at most 100"),
        (with_top("defaults: {retry: {attempts: 2.5}}"), 'retry.attempts: must be a whole number, not "2.5"'),
        (with_top("defaults: {retry: {attempts: 012}}"), 'retry.attempts: must be a whole number, not "012"'),
        (with_top("defaults: {retry: {attempts: 2, backoff: x}}"), 'retry.backoff: must be a number, not "x"'),
        (with_top("defaults: {retry: {attempts: 2, backoff: 0.5}}"), "retry.backoff: must be at least 1"),
        (
            with_top("defaults: {retry: {attempts: 2, jitter: ful}}"),
            'retry.jitter: must be one of full, none, not "ful", did you mean "full"?',
        ),
        (
            with_top("defaults: {retry: {attempts: 2, delay: 5m, max_delay: 1m}}"),
            "p.yaml:3:44  defaults.retry.max_delay: is shorter than the delay of 5m",
        ),
        (
            with_top("defaults: {retry: {delay: 5s}}"),
            "retry.delay: means nothing while attempts is 1, which counts the first try; write attempts: 2 or more",
        ),
        (with_top("env: [A]"), "p.yaml:3:1  env: must be a mapping (key: value), not a list"),
        (with_top("env: {A: [1]}"), "p.yaml:3:7  env.A: must be text, not a list"),
        (
            with_top("env: {1A: x}"),
            "3:7  env.1A: is no name for a variable; letters, digits and _ only, and no digit first",
        ),
        (with_top("env: {A-B: x}"), "3:7  env.A-B: is no name for a variable; letters, digits and _ only"),
        (with_top("env: {ONDUTY_X: x}"), "3:7  env.ONDUTY_X: is set by onduty itself; choose another name"),
        (with_top("env: {TRACEPARENT: x}"), "3:7  env.TRACEPARENT: is set by onduty itself; choose another name"),
        *(
            (
                with_top(f"env: {{{name}: x}}"),
                f"3:7  env.{name}: changes the shell itself and cannot be set here; set it inside the command",
            )
            for name in ("PATH", "LD_PRELOAD", "BASH_ENV", "ENV", "IFS", "HOME", "SHELLOPTS")
        ),
        (with_top("params: {PATH: {}}"), "3:10  params.PATH: changes the shell itself and cannot be set here"),
        (with_top('env: {A: "a\\0b"}'), "p.yaml:3:10  env.A: holds a NUL"),
        (
            with_top(f"env: {{A: {'x' * 131072}}}"),
            "p.yaml:3:10  env.A: is 131,072 bytes long; with its name at most 128 KiB can be passed to a command",
        ),
        (with_top('owner: "a\\nb"'), "p.yaml:3:8  owner: must be one line without control characters"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_its_place(text: str, line: str) -> None:
    problems = refused(text)
    assert len(problems) == 1
    assert line in problems[0]


def test_name_in_a_key_path_that_is_no_plain_word_is_quoted() -> None:
    text = HEAD + STAGE + '      "a\\e[2Jb": {hosts: local, tasks: [{run: x}]}\n'
    assert refused(text) == [f'p.yaml:6:7  stages[0].jobs["a\\x1b[2Jb"]: "a\\x1b[2Jb" is no name; {NAME_RULE}']


@pytest.mark.parametrize(
    ("where", "keys"),
    [
        (
            "top",
            ["matrix", "notify", "schedule", "windows", "artifacts", "requires"],
        ),
        ("stage", ["approval", "gate", "when", "exclusive"]),
        ("job", ["rolling", "matrix", "approval", "when"]),
        ("task", ["outputs"]),
        ("defaults", ["rolling"]),
    ],
)
def test_key_of_a_later_version_is_refused_by_name(where: str, keys: list[str]) -> None:
    for key in keys:
        text = {
            "top": with_top(f"{key}: {{a: b}}"),
            "stage": one_job("hosts: local", "tasks: [{run: x}]") + f"    {key}: 1\n",
            "job": one_job("hosts: local", "tasks: [{run: x}]", f"{key}: 1"),
            "task": one_job("hosts: local", "tasks:", "  - run: x", f"    {key}: 1"),
            "defaults": with_top(f"defaults: {{{key}: 1}}"),
        }[where]
        problems = refused(text)
        assert len(problems) == 1
        assert problems[0].endswith(f"{key}: comes with a later version")


def test_on_failure_rollback_needs_a_rollback_somewhere() -> None:
    assert refused(with_top("defaults: {on_failure: rollback}")) == [
        "p.yaml:3:24  defaults.on_failure: no job of this pipeline has a rollback:"
    ]
    accepted(one_job("hosts: local", "tasks: [{run: x}]", "rollback: [{run: y}]", "on_failure: rollback"))


def test_verify_finally_and_rollback_are_steps_with_a_part_and_names_of_their_own() -> None:
    job = (
        accepted(
            one_job(
                "hosts: local",
                "tasks: [{run: ./a.sh, repeatable: false}]",
                "verify: [{run: ./smoke.sh}]",
                "finally: [{run: ./a.sh}]",
                "rollback: [{name: back, run: ./back.sh}]",
            )
        )
        .stages[0]
        .jobs[0]
    )
    assert [(task.part.value, task.name, task.repeatable) for task in job.tasks] == [
        ("tasks", "a.sh", False),
        ("verify", "smoke.sh", True),
        ("finally", "a.sh-3", True),
    ]
    assert [(task.part.value, task.name) for task in job.rollback] == [("rollback", "back"), ("verify", "smoke.sh")]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            ("tasks: [{run: x, name: a}]", "finally: [{run: y, name: a}]"),
            'finally[0].name: "a" is the name in line 8 already',
        ),
        (
            ("tasks: [{run: x}]", "verify: [{run: y, name: b}]", "rollback: [{run: y, name: b}]"),
            'rollback[0].name: "b" is the name in line 9 already',
        ),
        (("tasks: [{run: x}]", "finaly: [{run: y}]"), 'finaly: unknown key, did you mean "finally"?'),
        (("tasks: [{run: x}]", "finally: []"), "finally: is empty"),
        (("tasks: [{run: x}]", "finally: [{runn: y}]"), 'finally[0].runn: unknown key, did you mean "run"?'),
        (("tasks: [{run: x, repeatable: no}]",), 'tasks[0].repeatable: must be true or false, not "no"'),
        (
            ("tasks: [{run: x}]", "rollback: [{run: './b $ONDUTY_PREVIOUS_relase'}]"),
            'rollback[0].run: ONDUTY_PREVIOUS_relase: no param "relase"',
        ),
        (("tasks: [{run: x}]", "rollback: [{run: 'b {{ x }}'}]"), 'rollback[0].run: "{{" is never replaced'),
    ],
)
def test_what_is_wrong_in_verify_finally_or_rollback_is_said_at_its_place(lines: tuple[str, ...], problem: str) -> None:
    (found,) = refused(one_job("hosts: local", *lines))
    assert problem in found


def test_every_wrong_part_of_a_hosts_list_is_named() -> None:
    assert refused(
        one_job("hosts: ['web[0-2]', '~x(', 'a:!', 'web[3:1]', '', 'a b', 'web[1:2:3]']", "tasks: [{run: x}]")
    ) == [
        'p.yaml:7:17  stages[0].jobs.build.hosts[0]: "web[0-2]" is no slice; write web[0:2]',
        'p.yaml:7:29  stages[0].jobs.build.hosts[1]: "~x(" is no RE2 pattern: missing ): x(',
        'p.yaml:7:36  stages[0].jobs.build.hosts[2]: a name is missing after "!"',
        'p.yaml:7:43  stages[0].jobs.build.hosts[3]: "web[3:1]" ends before it begins',
        'p.yaml:7:55  stages[0].jobs.build.hosts[4]: a name is missing beside a ":" or ","',
        'p.yaml:7:59  stages[0].jobs.build.hosts[5]: "a b" is no name of a host or group',
        'p.yaml:7:66  stages[0].jobs.build.hosts[6]: "web[1:2:3]" is no slice; write web[0], web[1:3] or web[-1]',
    ]


def test_good_pipeline_is_read_with_every_default_filled_in() -> None:
    pipeline = accepted(
        with_top("params: {count: {type: integer, default: 3, help: How many.}}", "env: {A: 1}", "dir: /opt")
    )
    assert (pipeline.name, pipeline.dir, pipeline.env, pipeline.source) == ("demo", "/opt", {"A": "1"}, "p.yaml")
    count = pipeline.params["count"]
    assert (count.type, count.default, count.help, count.line, count.column) == (
        ParamType.INTEGER,
        "3",
        "How many.",
        3,
        10,
    )
    assert pipeline.defaults.retry == RetryPolicy()
    assert pipeline.defaults.on_failure is OnFailure.HOLD
    job = pipeline.stages[0].jobs[0]
    assert (job.name, job.hosts, job.line, job.hosts_line, job.hosts_column) == ("build", "local", 9, 9, 22)
    assert (job.retry, job.on_failure, job.timeout_s, job.needs) == (None, None, None, ())


def test_retry_of_a_job_replaces_the_default_and_a_long_delay_lifts_the_cap() -> None:
    text = one_job("hosts: local", "tasks: [{run: x}]", "retry: {attempts: 2, delay: 5m, backoff: 1.5, jitter: none}")
    job = accepted(text).stages[0].jobs[0]
    assert job.retry == RetryPolicy(attempts=2, delay_s=300.0, backoff=1.5, max_delay_s=300.0, full_jitter=False)


def test_list_of_hosts_is_a_union() -> None:
    assert accepted(one_job("hosts: [web, 'db[0]']", "tasks: [{run: x}]")).stages[0].jobs[0].hosts == "web,db[0]"


def test_task_without_a_name_is_named_after_its_command_and_never_like_another() -> None:
    text = one_job(
        "hosts: local",
        "tasks:",
        "  - run: ./deploy.sh --now",
        "  - {name: check, run: x}",
        "  - run: /usr/bin/check",
        "  - run: set -x; y",
        "  - run: $tool",
        "  - run: deploy.sh",
    )
    names = [task.name for task in accepted(text).stages[0].jobs[0].tasks]
    assert names == ["deploy.sh", "check", "check-3", "task-4", "task-5", "deploy.sh-6"]


def test_command_arrives_exactly_as_it_was_written() -> None:
    text = one_job(
        "hosts: local", "tasks:", "  - run: |", "      set -u", '      echo "$x" # kept', "", "  - run: 8080"
    )
    tasks = accepted(text).stages[0].jobs[0].tasks
    assert [task.run for task in tasks] == ['set -u\necho "$x" # kept\n', "8080"]
    assert [task.line for task in tasks] == [9, 13]


def test_warning_refuses_nothing() -> None:
    pipeline, problems = read_pipeline(with_top("params: {release: {}}"), "p.yaml")
    assert pipeline is not None
    assert [str(problem) for problem in problems] == [
        'p.yaml:3:10  params.release: no command uses "$release"; a script that a command starts may still read it'
    ]
    assert problems[0].warning


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ("''", ['p.yaml:3:14  concurrency.group: "" is no name; ' + NAME_RULE]),
        ("[web]", ["p.yaml:3:1  concurrency: must be a mapping (key: value), not a list"]),
        ("{limit: 2}", ['p.yaml:3:1  concurrency: "group" is missing']),
        ("{group: web, limit: 0}", ["p.yaml:3:34  concurrency.limit: must be at least 1"]),
        ("{group: web, limit: 1001}", ["p.yaml:3:34  concurrency.limit: must be at most 1000"]),
        (
            "{group: web, when_busy: wait}",
            ['p.yaml:3:38  concurrency.when_busy: must be one of queue, refuse, not "wait"'],
        ),
        (
            "{group: web, when_bussy: queue}",
            ['p.yaml:3:27  concurrency.when_bussy: unknown key, did you mean "when_busy"?'],
        ),
    ],
)
def test_concurrency_that_cannot_be_used_is_named_with_its_place(value: str, problems: list[str]) -> None:
    assert refused(with_top(f"concurrency: {value}")) == problems


def test_concurrency_is_a_group_alone_or_with_its_limit() -> None:
    assert accepted(with_top("env: {A: b}")).concurrency is None
    assert accepted(with_top("concurrency: web")).concurrency == Concurrency(group="web")
    whole = accepted(with_top("concurrency: {group: web, limit: 3, when_busy: refuse}")).concurrency
    assert whole == Concurrency(group="web", limit=3, when_busy=WhenBusy.REFUSE)


READERS = """\
version: 1
name: demo
stages:
  - name: one
    jobs:
      build-image: {hosts: local, tasks: [{run: x}]}
      probe: {hosts: local, tasks: [{run: x}]}
      use:
        hosts: local
        needs: [build-image]
        tasks: [{run: 'TASK'}]
        rollback: [{run: 'echo "$ONDUTY_OUT_use_backup"'}]
  - name: two
    jobs:
      last: {hosts: local, tasks: [{run: 'echo "${ONDUTY_OUT_probe_cpus}" $ONDUTY_OUT_use_x'}]}
"""


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("echo $ONDUTY_OUT_probe_cpus", 'ONDUTY_OUT_probe_cpus: "probe" may still run then; write needs: [probe]'),
        ("echo ${ONDUTY_OUT_use_x}", "ONDUTY_OUT_use_x: a job reads its own outputs in its rollback alone"),
        (
            "echo $ONDUTY_OUT_image_tag",
            "ONDUTY_OUT_image_tag: no job of that name comes before this one; before it come build-image",
        ),
        (
            "echo $ONDUTY_OUT_last_x",
            "ONDUTY_OUT_last_x: no job of that name comes before this one; before it come build-image",
        ),
    ],
)
def test_output_of_a_job_that_has_not_passed_by_then_is_refused(task: str, reason: str) -> None:
    text = READERS.replace("TASK", task)
    assert refused(text) == [f"p.yaml:11:23  stages[0].jobs.use.tasks[0].run: {reason}"]


def test_outputs_of_earlier_jobs_and_in_a_rollback_of_its_own_are_fine() -> None:
    accepted(READERS.replace("TASK", "echo $ONDUTY_OUT_build_image_tag $ONDUTY_OUTPUT ${ONDUTY_OUTPUTS}"))
