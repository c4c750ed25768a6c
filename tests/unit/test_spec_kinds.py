"""``http``, ``upload``, ``download`` and ``wait`` in a pipeline: what is read, and the exact line for what is not."""

from __future__ import annotations

import pytest

from runners.model.kinds import HttpCheck, TaskKind, Transfer
from runners.spec.schema import pipeline_schema
from tests.unit.spec_texts import HEAD, STAGE, accepted, refused

AT = "stages[0].jobs.build.tasks[0]"


def one_task(*lines: str, params: str = "") -> str:
    """A pipeline whose only task begins in line 9 (10 with params), column 13."""
    body = "".join(f"{'          - ' if n == 0 else '            '}{line}\n" for n, line in enumerate(lines))
    top = f"params: {params}\n" if params else ""
    return HEAD + top + STAGE + "      build:\n        hosts: local\n        tasks:\n" + body


def test_a_request_has_the_defaults_of_the_language() -> None:
    (task,) = accepted(one_task("http: {url: 'http://x/health'}")).stages[0].jobs[0].tasks
    assert task.kind is TaskKind.HTTP
    assert task.http == HttpCheck(url="http://x/health")
    assert (task.name, task.repeatable, task.kind_line, task.kind_column) == ("get-health", True, 9, 13)


def test_every_key_of_a_request_is_read() -> None:
    text = one_task(
        "name: hook",
        "timeout: 5s",
        "http:",
        "  url: 'https://{{ host.address }}/{{ params.release }}/{{ host.labels.zone }}'",
        "  method: POST",
        "  headers: {X-Zone: '{{ host.labels.zone }}', X-Count: 1}",
        '  body: \'{"host": "{{ host.name }}"}\'',
        "  status: [200, 409]",
        "  from: host",
        params="{release: {}}",
    )
    (task,) = accepted(text).stages[0].jobs[0].tasks
    assert task.http == HttpCheck(
        url="https://{{ host.address }}/{{ params.release }}/{{ host.labels.zone }}",
        method="POST",
        headers={"X-Zone": "{{ host.labels.zone }}", "X-Count": "1"},
        body='{"host": "{{ host.name }}"}',
        status=(200, 409),
        from_host=True,
    )
    assert (task.name, task.timeout_s, task.repeatable) == ("hook", 5.0, False)


def test_get_may_be_tried_for_a_while() -> None:
    (task,) = (
        accepted(one_task("http: {url: http://x, status: 200, within: 60s, every: 500ms}")).stages[0].jobs[0].tasks
    )
    assert task.http is not None
    assert (task.http.status, task.http.within_s, task.http.every_s) == ((200,), 60.0, 0.5)


def test_a_get_that_must_not_be_repeated_is_sent_once() -> None:
    (task,) = accepted(one_task("repeatable: false", "http: {url: http://x}")).stages[0].jobs[0].tasks
    assert not task.repeatable


def test_a_wait_is_a_duration_or_a_param_that_is_one() -> None:
    (task,) = accepted(one_task("wait: 30s")).stages[0].jobs[0].tasks
    assert (task.kind, task.wait, task.name) == (TaskKind.WAIT, "30s", "wait-30s")
    text = one_task("wait: '{{ params.drain }}'", params="{drain: {type: duration, default: 10s}}")
    (task,) = accepted(text).stages[0].jobs[0].tasks
    assert (task.wait, task.name) == ("{{ params.drain }}", "wait")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["name: a"], f"p.yaml:9:13  {AT}: does nothing; write one of run, http, upload, download, wait"),
        (["wiat: 5s"], f'p.yaml:9:13  {AT}.wiat: unknown key, did you mean "wait"?'),
        (
            ["run: x", "wait: 5s"],
            f"p.yaml:10:13  {AT}.wait: a task is of one kind, and run stands in line 9; write two tasks",
        ),
        (["http: http://x"], f'p.yaml:9:19  {AT}.http: must be a mapping (key: value), not "http://x"; '
                             'write http: {url: "http://x"}'),
        (["http: {}"], f'p.yaml:9:13  {AT}.http: "url" is missing'),
        (["http: {url: ftp://x}"], f'p.yaml:9:25  {AT}.http.url: must begin with http:// or https://, not "ftp://x"'),
        (["http: {url: 'http://x/a b'}"],
         f"p.yaml:9:25  {AT}.http.url: holds a space or a control character; write %20 for a space"),
        (["http: {url: 'http://u:p@x/'}"],
         f"p.yaml:9:25  {AT}.http.url: names a user or a password; write an Authorization header"),
        (["http: {url: 'http://:80/'}"], f'p.yaml:9:25  {AT}.http.url: "http://:80/" names no host'),
        (["http: {url: 'http://x:99999/'}"], f'p.yaml:9:25  {AT}.http.url: "http://x:99999/" is no URL'),
        (["http: {url: 'http://x/#a'}"], f"p.yaml:9:25  {AT}.http.url: has a fragment, which is never sent"),
        (["http: {url: http://x, method: get}"],
         f"p.yaml:9:43  {AT}.http.method: must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, not "
         '"get", did you mean "GET"?'),
        (["http: {url: http://x, headers: {'a b': c}}"],
         f'p.yaml:9:45  {AT}.http.headers["a b"]: "a b" is no name of a header'),
        (["http: {url: http://x, headers: {Content-Length: 1}}"],
         f"p.yaml:9:45  {AT}.http.headers.Content-Length: is set by onduty itself"),
        (["http: {url: http://x, headers: {A: é}}"],
         f"p.yaml:9:48  {AT}.http.headers.A: holds characters outside of ASCII"),
        (["http: {url: http://x, status: 99}"], f"p.yaml:9:43  {AT}.http.status: must be from 100 to 599, not 99"),
        (["http: {url: http://x, status: [200, 999]}"],
         f"p.yaml:9:49  {AT}.http.status[1]: must be from 100 to 599, not 999"),
        (["http: {url: http://x, status: []}"],
         f"p.yaml:9:35  {AT}.http.status: is empty; leave it out for 200 to 299"),
        (["http: {url: http://x, from: there}"],
         f'p.yaml:9:41  {AT}.http.from: must be one of controller, host, not "there"'),
        (["http: {url: http://x, body: a}"], f"p.yaml:9:35  {AT}.http.body: GET has no body; write method: POST"),
        (["http: {url: http://x, every: 5s}"],
         f"p.yaml:9:35  {AT}.http.every: means nothing without within, which says for how long"),
        (["http: {url: http://x, method: PUT, within: 5s}"],
         f"p.yaml:9:48  {AT}.http.within: means nothing here: PUT is sent once, GET and HEAD are repeated"),
        (["repeatable: false", "http: {url: http://x, within: 5s}"],
         f"p.yaml:10:35  {AT}.http.within: means nothing here: with repeatable: false it is sent once"),
        (["repeatable: true", "http: {url: http://x, method: PUT}"],
         f"p.yaml:9:13  {AT}.repeatable: PUT is never repeated by itself; only GET and HEAD are repeatable"),
        (["http: {url: http://x, redirects: 3}"], f"p.yaml:9:35  {AT}.http.redirects: comes with a later version"),
        (["http: {url: 'http://{{ host.adress }}/'}"],
         f'p.yaml:9:25  {AT}.http.url: "{{{{ host.adress }}}}": of a host there are host.name, host.address, '
         'host.labels.NAME and host.vars.NAME, did you mean "address"?'),
        (["http: {url: 'http://{{ hots.address }}/'}"],
         f'p.yaml:9:25  {AT}.http.url: "{{{{ hots.address }}}}": known are host, params and secrets, '
         'did you mean "host"?'),
        (["http: {url: 'http://{{ params.relase }}/'}"], f'p.yaml:9:25  {AT}.http.url: no param "relase"'),
        (["http: {url: 'http://{{ host.name /'}"], f'p.yaml:9:25  {AT}.http.url: "{{{{" is not closed by "}}}}"'),
        (["http: {url: 'http://x/?t={{ secrets.T }}'}"],
         f"p.yaml:9:25  {AT}.http.url: a secret never stands in a URL, which servers write into their logs; "
         "write it in headers or body"),
        (["http: {url: http://x, headers: {A: '{{ secrets.T }}'}}"],
         f'p.yaml:9:48  {AT}.http.headers.A: no secret "T"'),
        (["dir: /x", "http: {url: http://x}"],
         f"p.yaml:9:13  {AT}.dir: does not go with http: a request starts no command"),
        (["wait: 5"], f"p.yaml:9:19  {AT}.wait: 5 has no unit; write 5s, or another of ms s m h d"),
        (["wait: 0s"], f"p.yaml:9:19  {AT}.wait: must be longer than 0s"),
        (["wait: 5s", "timeout: 3s"], f"p.yaml:10:13  {AT}.timeout: does not go with wait: a wait ends by itself"),
        (["wait: 5s", "env: {A: b}"], f"p.yaml:10:13  {AT}.env: does not go with wait: a wait starts no command"),
        (["wait: 5s", "shell: bash"], f"p.yaml:10:13  {AT}.shell: does not go with wait: a wait starts no command"),
        (["wait: 5s", "repeatable: false"],
         f"p.yaml:10:13  {AT}.repeatable: does not go with wait: a wait may always be done again"),
        (["wait: '{{ params.a }}{{ params.b }}'"],
         f"p.yaml:9:19  {AT}.wait: must be a duration, or one param such as {{{{ params.drain }}}}"),
        (["wait: '{{ host.name }}'"],
         f"p.yaml:9:19  {AT}.wait: must be a duration, or one param such as {{{{ params.drain }}}}"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line_with_its_place(lines: list[str], said: str) -> None:
    assert refused(one_task(*lines)) == [said]


def test_transfers_are_read_with_their_modes_and_named_after_what_they_move() -> None:
    (up,) = accepted(one_task("upload: {src: conf/app.conf, dest: /etc/app/, mode: 0640}")).stages[0].jobs[0].tasks
    assert (up.kind, up.transfer, up.name) == (
        TaskKind.UPLOAD,
        Transfer(src="conf/app.conf", dest="/etc/app/", mode=0o640),
        "upload-app.conf",
    )
    (down,) = accepted(one_task("dir: /var/log", "download: {src: app/}")).stages[0].jobs[0].tasks
    assert (down.transfer, down.dir, down.name) == (Transfer(src="app/", dest="./"), "/var/log", "download-app")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("upload: {src: a}", f'p.yaml:9:13  {AT}.upload: "dest" is missing'),
        ("upload: {src: '', dest: b}", f"p.yaml:9:27  {AT}.upload.src: is empty"),
        ("upload: {src: ~bob/x, dest: b}",
         f"p.yaml:9:27  {AT}.upload.src: other people's homes are not looked up; write the whole path"),
        ("upload: {src: a, dest: ~/b}",
         f'p.yaml:9:36  {AT}.upload.dest: "~" is not looked up on a host; write the whole path'),
        ("upload: {src: a, dest: b, mode: rw}",
         f'p.yaml:9:45  {AT}.upload.mode: must be an octal mode such as \'0644\', not "rw"'),
        ("upload: {src: a, dest: b, mode: 4755}",
         f'p.yaml:9:45  {AT}.upload.mode: must be an octal mode such as \'0644\', not "4755"'),
        ("upload: {src: '{{ secrets.A }}', dest: b}",
         f"p.yaml:9:27  {AT}.upload.src: secrets stand in headers and body of http, nowhere else"),
        ("download: {src: a, dest: /etc}",
         f"p.yaml:9:38  {AT}.download.dest: downloads land in the run's own folder; write a path below it, "
         "such as logs/"),
        ("download: {src: a, dest: a/../../b}",
         f"p.yaml:9:38  {AT}.download.dest: downloads land in the run's own folder; write a path below it, "
         "such as logs/"),
        ("download: {src: a, mode: '0600'}", f"p.yaml:9:32  {AT}.download.mode: unknown key"),
    ],
)  # fmt: skip
def test_what_cannot_be_moved_is_one_line_with_its_place(line: str, said: str) -> None:
    (problem,) = refused(one_task(line))
    assert problem.startswith(said)


def test_a_transfer_starts_no_command_and_may_always_be_done_again() -> None:
    assert refused(one_task("env: {A: b}", "repeatable: false", "upload: {src: a, dest: b}")) == [
        f"p.yaml:9:13  {AT}.env: does not go with upload: an upload starts no command",
        f"p.yaml:10:13  {AT}.repeatable: does not go with upload: an upload may always be done again",
    ]


def test_a_wait_for_a_param_of_another_type_is_refused() -> None:
    assert refused(one_task("wait: '{{ params.n }}'", params="{n: {type: integer, default: 1}}")) == [
        f'p.yaml:10:19  {AT}.wait: the param "n" is of type integer; a wait needs one of type duration'
    ]


def test_a_param_that_only_a_template_names_is_used() -> None:
    from runners.spec.pipeline import read_pipeline

    _, problems = read_pipeline(one_task("http: {url: 'http://x/{{ params.a }}'}", params="{a: {}}"), "p.yaml")
    assert problems == ()


def test_the_schema_wants_exactly_one_kind() -> None:
    task = pipeline_schema()["$defs"]["TaskModel"]
    assert task["oneOf"] == [{"required": [kind]} for kind in ("run", "http", "upload", "download", "wait")]
    assert "required" not in task
    assert pipeline_schema()["$defs"]["HttpModel"]["required"] == ["url"]
    assert list(pipeline_schema()["$defs"]["HttpModel"]["properties"])[-1] == "from"


def test_a_declared_secret_may_stand_in_headers_and_body() -> None:
    text = one_task("http: {url: http://x, method: POST, headers: {A: 'Bearer {{ secrets.TOKEN }}'}}")
    declared = text.replace("stages:", "secrets: {TOKEN: {env: TOKEN}}\nstages:")
    (task,) = accepted(declared).stages[0].jobs[0].tasks
    assert task.http is not None
    assert task.http.headers == {"A": "Bearer {{ secrets.TOKEN }}"}
    assert refused(declared.replace("secrets.TOKEN", "secrets.TOKN")) == [
        f'p.yaml:10:62  {AT}.http.headers.A: no secret "TOKN", did you mean "TOKEN"?'
    ]


def test_a_transfer_in_a_job_under_sudo_is_refused_until_it_says_that_it_needs_none() -> None:
    text = one_task("upload: {src: a, dest: b}").replace("        tasks:", "        sudo: true\n        tasks:")
    assert refused(text) == [
        f"p.yaml:10:13  {AT}.upload: sudo for upload: comes with a later version; this job is under sudo, "
        "write sudo: false here"
    ]
    accepted(text + "            sudo: false\n")
    assert refused(one_task("sudo: root", "download: {src: a}")) == [
        f"p.yaml:9:13  {AT}.sudo: for download: comes with a later version"
    ]
