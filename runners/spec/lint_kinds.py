"""Rules of a task's kind: exactly one, the keys that go with it, and the names that its templates ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from runners.model.definition import ParamType
from runners.model.kinds import REPEATING_METHODS, TaskKind
from runners.model.templates import Name, TemplateRefused, names
from runners.spec.fields import LATER, is_null
from runners.spec.models import TaskModel
from runners.spec.nodes import Map, Node, Scalar
from runners.spec.report import Part, Report, did_you_mean, quoted
from runners.spec.translate import guess_key

Path = tuple[Part, ...]

_COMMAND_KEYS = frozenset({"env", "dir", "shell", "login", "sudo", "limits", "log_limit"})
"""Keys about how a command runs."""
_GO_WITH: Mapping[TaskKind, frozenset[str]] = {
    TaskKind.RUN: _COMMAND_KEYS | {"timeout"},
    TaskKind.HTTP: frozenset({"timeout"}),
    TaskKind.UPLOAD: frozenset({"timeout", "dir"}),
    TaskKind.DOWNLOAD: frozenset({"timeout", "dir"}),
    TaskKind.WAIT: frozenset(),
}
_ALWAYS_REPEATABLE = (TaskKind.UPLOAD, TaskKind.DOWNLOAD, TaskKind.WAIT)
_TRANSFERS = (TaskKind.UPLOAD, TaskKind.DOWNLOAD)
_ROOTS = ("host", "params", "secrets")
_OF_HOST = ("address", "name", "labels", "vars")


class Known(NamedTuple):
    """What the templates of a pipeline may name besides the host."""

    params: Map
    secrets: Map
    sudo: bool = False
    """Whether the job's commands run under sudo where they say nothing themselves."""


def lint_kind(task: Map, path: Path, known: Known, report: Report) -> None:
    """Report what is wrong with the kind of one task."""
    kinds = [kind for kind in TaskKind if kind.value in task]
    if not kinds:
        if not any(guess_key(str(key), TaskModel) in tuple(TaskKind) for key in task):
            report.add(task.line, task.column, path, f"does nothing; write one of {', '.join(TaskKind)}")
        return
    first, *others = sorted(kinds, key=lambda kind: task.key_places[kind.value])
    for other in others:
        text = f"a task is of one kind, and {first} stands in line {task.key_places[first.value][0]}; write two tasks"
        report.add(*task.key_places[other.value], (*path, other.value), text)
    if others:
        return
    _keys(task, first, path, report)
    match first:
        case TaskKind.HTTP:
            _http(task, path, known, report)
        case TaskKind.UPLOAD | TaskKind.DOWNLOAD:
            if known.sudo and "sudo" not in task:
                text = f"sudo for {first}: {LATER}; this job is under sudo, write sudo: false here"
                report.add(*task.key_places[first.value], (*path, first.value), text)
            for key in ("src", "dest"):
                _templates(_inner(task, first, key), (*path, first.value, key), known, report)
        case TaskKind.WAIT:
            _wait(task["wait"], (*path, "wait"), known, report)


def params_of_templates(task: Map) -> Iterator[str]:
    """Params that the templates of a task name."""
    for text in _texts(task):
        try:
            found = names(text)
        except TemplateRefused:
            continue
        yield from (name.parts[1] for name in found if name.parts[0] == "params" and len(name.parts) == 2)


def _texts(task: Map) -> Iterator[str]:
    wait = task.get("wait")
    if isinstance(wait, Scalar):
        yield str(wait)
    for kind in (TaskKind.HTTP, TaskKind.UPLOAD, TaskKind.DOWNLOAD):
        inner = task.get(kind.value)
        values = list(inner.values()) if isinstance(inner, Map) else []
        for value in [*values, *(v for one in values if isinstance(one, Map) for v in one.values())]:
            if isinstance(value, Scalar) and not value.broken:
                yield str(value)


def _keys(task: Map, kind: TaskKind, path: Path, report: Report) -> None:
    """Keys that mean nothing beside this kind."""
    for key in task:
        is_known = key in TaskModel.known_keys() and key not in TaskModel.later
        if not is_known or key in _GO_WITH[kind] or key in (kind.value, "name", "runbook", "repeatable"):
            continue
        if key == "sudo" and kind in _TRANSFERS:
            if _word(task.get(key)) != "false":
                report.add(*task.key_places[key], (*path, key), f"for {kind}: {LATER}")
            continue
        why = f"{_a(kind)} ends by itself" if key == "timeout" else f"{_a(kind)} starts no command"
        report.add(*task.key_places[key], (*path, key), f"does not go with {kind}: {why}")
    if kind in _ALWAYS_REPEATABLE and _word(task.get("repeatable")) == "false":
        text = f"does not go with {kind}: {_a(kind)} may always be done again"
        report.add(*task.key_places["repeatable"], (*path, "repeatable"), text)


def _http(task: Map, path: Path, known: Known, report: Report) -> None:
    http = task["http"]
    if not isinstance(http, Map):
        return
    at: Path = (*path, "http")
    method = _word(http.get("method")) or "GET"
    once = ""
    if method not in REPEATING_METHODS:
        once = f"{method} is sent once, GET and HEAD are repeated"
        if _word(task.get("repeatable")) == "true":
            text = f"{method} is never repeated by itself; only GET and HEAD are repeatable"
            report.add(*task.key_places["repeatable"], (*path, "repeatable"), text)
    elif "body" in http:
        report.add(*http.key_places["body"], (*at, "body"), f"{method} has no body; write method: POST")
    elif _word(task.get("repeatable")) == "false":
        once = "with repeatable: false it is sent once"
    if once and "within" in http:
        report.add(*http.key_places["within"], (*at, "within"), f"means nothing here: {once}")
    elif "every" in http and "within" not in http:
        report.add(*http.key_places["every"], (*at, "every"), "means nothing without within, which says for how long")
    _templates(http.get("url"), (*at, "url"), known, report, in_url=True)
    headers = http.get("headers")
    if isinstance(headers, Map):
        for key, value in headers.items():
            _templates(value, (*at, "headers", key), known, report, secrets=True)
    _templates(http.get("body"), (*at, "body"), known, report, secrets=True)


def _wait(node: Node, path: Path, known: Known, report: Report) -> None:
    if not isinstance(node, Scalar) or "{{" not in node:
        return
    try:
        found = names(str(node))
    except TemplateRefused as error:
        report.add(node.line, node.column, path, str(error))
        return
    whole = node.strip().startswith("{{") and node.strip().endswith("}}") and len(found) == 1
    if not whole or found[0].parts[0] != "params":
        report.add(node.line, node.column, path, "must be a duration, or one param such as {{ params.drain }}")
        return
    if reason := _why_not_name(found[0], known, secrets=False, in_url=False):
        report.add(node.line, node.column, path, reason)
        return
    name = found[0].parts[1]
    param = known.params.get(name)
    kind = (_word(param.get("type")) if isinstance(param, Map) else None) or "string"
    if kind in tuple(ParamType) and kind != "duration":
        text = f"the param {quoted(name)} is of type {kind}; a wait needs one of type duration"
        report.add(node.line, node.column, path, text)


def _templates(
    node: Node | None, path: Path, known: Known, report: Report, *, secrets: bool = False, in_url: bool = False
) -> None:
    """Every name that a text asks for must be there; ``secrets`` says that a secret may stand here."""
    if not isinstance(node, Scalar) or node.broken or "{{" not in node:
        return
    try:
        found = names(str(node))
    except TemplateRefused as error:
        report.add(node.line, node.column, path, str(error))
        return
    for name in dict.fromkeys(found):
        if reason := _why_not_name(name, known, secrets=secrets, in_url=in_url):
            report.add(node.line, node.column, path, reason)


def _why_not_name(name: Name, known: Known, *, secrets: bool, in_url: bool) -> str:
    root, *rest = name.parts
    if root not in _ROOTS:
        return f'"{{{{ {name} }}}}": known are host, params and secrets{did_you_mean(root, _ROOTS)}'
    if root == "secrets":
        if in_url:
            return "a secret never stands in a URL, which servers write into their logs; write it in headers or body"
        if not secrets:
            return "secrets stand in headers and body of http, nowhere else"
        return _why_unknown("secret", rest, known.secrets)
    if root == "params":
        return _why_unknown("param", rest, known.params)
    if len(rest) == 1 and rest[0] in ("name", "address"):
        return ""
    if len(rest) >= 2 and rest[0] in ("labels", "vars"):
        return ""
    words = "host.name, host.address, host.labels.NAME and host.vars.NAME"
    return f'"{{{{ {name} }}}}": of a host there are {words}{did_you_mean(rest[0] if rest else "", _OF_HOST)}'


def _why_unknown(what: str, rest: Sequence[str], there: Map) -> str:
    if len(rest) == 1 and rest[0] in there:
        return ""
    word = ".".join(rest)
    return f"no {what} {quoted(word)}{did_you_mean(word, there)}"


def _inner(task: Map, kind: TaskKind, key: str) -> Node | None:
    inner = task.get(kind.value)
    return inner.get(key) if isinstance(inner, Map) else None


def _word(node: Node | None) -> str | None:
    return str(node) if isinstance(node, Scalar) and not node.broken and not is_null(node) else None


def _a(kind: TaskKind) -> str:
    return f"an {kind}" if kind is TaskKind.UPLOAD else f"a {'request' if kind is TaskKind.HTTP else kind}"
