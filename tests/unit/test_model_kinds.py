"""What each kind of task says of itself, before anything is done."""

from __future__ import annotations

from typing import Any

from runners.model.inventory import Host
from runners.model.kinds import HttpCheck, PinnedFile, PinnedSource, TaskKind, Transfer
from runners.model.plan import Plan, PlannedTask, words_of

PLAN = Plan(
    pipeline="p",
    definition_digest="sha256:0",
    params={"release": "2.4.1"},
    hosts={"web1": Host(name="web1", address="10.0.0.11", labels={"zone": "a"}, vars={"WEIGHT": "2"})},
)


def http(**values: Any) -> PlannedTask:
    check = HttpCheck(url="http://{{ host.address }}/{{ params.release }}", **values)
    return PlannedTask(name="healthy", kind=TaskKind.HTTP, http=check)


def test_a_command_is_shown_exactly_as_it_is_sent() -> None:
    task = PlannedTask(name="a", command="echo {{ host.address }}\n")
    assert PLAN.words_of(task, "web1") == "echo {{ host.address }}\n"


def test_a_request_says_what_is_asked_from_where_and_what_counts() -> None:
    assert PLAN.words_of(http(within_s=60, status=(200, 204), from_host=True), "web1").split("\n") == [
        "GET http://10.0.0.11/2.4.1",
        "expect 200 or 204, every 2s within 1m, through the host's connection",
    ]
    task = http(method="POST", headers={"Authorization": "Bearer {{ secrets.TOKEN }}"}, body="a\nb\n")
    assert PLAN.words_of(task, "web1").split("\n") == [
        "POST http://10.0.0.11/2.4.1",
        "expect 200 to 299, once, from the controller",
        "Authorization: Bearer {{ secrets.TOKEN }}",
        "a",
        "b",
    ]
    assert words_of(task).startswith("POST http://{{ host.address }}/{{ params.release }}\n")


def test_transfers_and_waits_say_what_goes_where_and_how_long() -> None:
    up = PlannedTask(
        name="u", kind=TaskKind.UPLOAD, transfer=Transfer(src="conf/{{ host.name }}", dest="/etc/app/", mode=0o640)
    )
    down = PlannedTask(name="d", kind=TaskKind.DOWNLOAD, transfer=Transfer(src="/var/log/app.log", dest="logs/"))
    wait = PlannedTask(name="w", kind=TaskKind.WAIT, wait_s=1.5)
    assert PLAN.words_of(up, "web1") == "send conf/web1 to /etc/app/, mode 0640"
    assert PLAN.words_of(down, "web1") == "fetch /var/log/app.log into the run's folder, as logs/"
    assert PLAN.words_of(wait, "web1") == "wait 1.5s"


def test_templates_may_name_labels_variables_and_the_controllers_own_machine() -> None:
    scope = PLAN.scope_of("web1")
    assert scope.fill("{{ host.labels.zone }} {{ host.vars.WEIGHT }} {{ host.name }}") == "a 2 web1"
    assert PLAN.scope_of("local").fill("{{ host.address }}") == "localhost"


def test_an_answer_is_right_by_its_status_alone() -> None:
    assert HttpCheck(url="u").is_right(204)
    assert not HttpCheck(url="u").is_right(302)
    assert HttpCheck(url="u", status=(503,)).is_right(503)
    assert HttpCheck(url="u", method="HEAD").repeats
    assert not HttpCheck(url="u", method="PUT").repeats


def test_the_size_of_a_source_is_that_of_its_files() -> None:
    files = tuple(PinnedFile(path=name, size_bytes=size, sha256="0", mode=0o644) for name, size in (("a", 1), ("b", 2)))
    assert PinnedSource(folder=True, files=files).size_bytes == 3
