"""Turn what pydantic found into problems with the place of the exact key or value."""

from __future__ import annotations

import types
import typing
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from runners.spec.fields import LATER, is_null, what
from runners.spec.models import HttpModel, Model, RetryModel, TaskModel
from runners.spec.nodes import Map, Node, Scalar, Seq
from runners.spec.report import Part, Report, nearest, quoted

_KEY = "[key]"
"""What pydantic appends to the place of a key that it refused."""
_OTHER_NAMES = {
    "script": "run", "command": "run", "cmd": "run", "steps": "tasks", "depends_on": "needs", "after": "needs",
    "cwd": "dir", "workdir": "dir", "working_directory": "dir", "chdir": "dir", "variables": "env",
    "environment": "env",
    "parameters": "params", "inputs": "params", "host": "hosts", "targets": "hosts", "max_attempts": "attempts",
    "factor": "backoff", "description": "help", "required": "default", "enum": "choices", "regex": "pattern",
    "hostname": "address", "ansible_host": "address", "ansible_port": "port", "ansible_user": "user",
    "ansible_ssh_private_key_file": "identity", "key": "identity", "identity_file": "identity", "members": "hosts",
}  # fmt: skip
"""What other tools call the same thing."""


def validate(model: type[BaseModel], tree: Map, report: Report) -> Any:
    """The checked model, or None when ``report`` got errors."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        details = error.errors(include_url=False)
        guessed = {guess for item in details if (guess := _guess(item, model)) is not None}
        for item in details:
            _translate(item, model, tree, report, guessed)
        return None


def _translate(
    item: ErrorDetails, model: type[BaseModel], tree: Map, report: Report, guessed: set[tuple[Part, ...]]
) -> None:
    path, is_key = _written(item["loc"])
    value = item["input"]
    kind = item["type"]
    if isinstance(value, Scalar | Map) and value.broken and kind != "extra_forbidden":
        return
    if kind == "missing":
        _missing(path, model, tree, report, guessed)
    elif kind == "extra_forbidden":
        line, column = place(tree, path, of_key=True)
        report.add(line, column, shown_path(tree, path), _unknown_key(str(path[-1]), model_at(model, path[:-1])))
    elif kind == "onduty":
        for at, text in item.get("ctx", {})["found"]:
            line, column = place(tree, (*path, *at), of_key=is_key)
            report.add(line, column, shown_path(tree, (*path, *at)), text)
    else:
        line, column = place(tree, path, of_key=is_key)
        report.add(
            line, column, shown_path(tree, path), _sentence(kind, value, item.get("ctx", {}), model_at(model, path))
        )


def _missing(
    path: tuple[Part, ...], model: type[BaseModel], tree: Map, report: Report, guessed: set[tuple[Part, ...]]
) -> None:
    owner, key = path[:-1], path[-1]
    if path in guessed:
        return
    line, column = place(tree, owner, of_key=True)
    hint = "; write version: 1" if key == "version" else ""
    report.add(line, column, shown_path(tree, owner), f'"{key}" is missing{hint}')


def _unknown_key(key: str, owner: type[Model] | None) -> str:
    if owner is None:
        return "unknown key"
    if key in owner.later:
        return LATER
    guess = guess_key(key, owner)
    if guess is not None:
        return f"unknown key, did you mean {quoted(guess)}?"
    return f"unknown key; known here are {', '.join(owner.known_keys())}"


@lru_cache(maxsize=1024)
def guess_key(key: str, owner: type[Model]) -> str | None:
    """The key that was probably meant, also when another tool calls it by this name."""
    other = _OTHER_NAMES.get(key.lower())
    if other in owner.known_keys():
        return other
    return nearest(key, owner.known_keys()) or nearest(key, sorted(owner.later), 0.75)


def _guess(item: ErrorDetails, model: type[BaseModel]) -> tuple[Part, ...] | None:
    if item["type"] != "extra_forbidden":
        return None
    path, _ = _written(item["loc"])
    owner = model_at(model, path[:-1])
    if owner is None or str(path[-1]) in owner.later:
        return None
    guess = guess_key(str(path[-1]), owner)
    return None if guess is None else (*path[:-1], guess)


def _sentence(kind: str, value: object, context: dict[str, Any], model: type[Model] | None) -> str:
    match kind:
        case "dict_type" | "model_type" | "model_attributes_type":
            if isinstance(value, Scalar) and is_null(value):
                return "has no value; give it one, or remove the key"
            hint = ""
            if isinstance(value, Scalar) and model is RetryModel and value.isdecimal():
                hint = f"; write retry: {{attempts: {value}}}"
            elif isinstance(value, Scalar) and model is TaskModel:
                hint = "; a command stands after run:"
            elif isinstance(value, Scalar) and model is HttpModel:
                hint = f"; write http: {{url: {quoted(value)}}}"
            return f"must be a mapping (key: value), not {what(value)}{hint}"
        case "list_type":
            if isinstance(value, Scalar) and is_null(value):
                return "has no value; give it one, or remove the key"
            if isinstance(value, Scalar) and value.isalnum():
                return f"must be a list; write [{value}]"
            return f"must be a list, not {what(value)}"
        case "too_short":
            return "is empty"
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}"
        case _:
            return "has a value that cannot be used"


def _written(loc: tuple[int | str, ...]) -> tuple[tuple[Part, ...], bool]:
    if loc and loc[-1] == _KEY:
        return loc[:-1], True
    return loc, False


def node_at(tree: Map, path: tuple[Part, ...]) -> Node | None:
    """What stands at the path; None when it leads nowhere."""
    node: Node = tree
    for part in path:
        found = _inside(node, part)
        if found is None:
            return None
        node = found
    return node


def _inside(node: Node, part: Part) -> Node | None:
    if isinstance(node, Map):
        return node.get(part) if isinstance(part, str) else None
    return node[part] if isinstance(node, Seq) and isinstance(part, int) and part < len(node) else None


def place(tree: Map, path: tuple[Part, ...], *, of_key: bool = False) -> tuple[int, int]:
    """Line and column of the value at the path, or of its key; of the nearest around it when nothing stands there."""
    parent: Node | None = tree
    while path:
        parent = node_at(tree, path[:-1])
        if parent is not None and node_at(tree, path) is not None:
            break
        path = path[:-1]
    if not path:
        return (tree.line, tree.column)
    node = node_at(tree, path)
    last = path[-1]
    if isinstance(parent, Map) and isinstance(last, str) and last in parent.key_places:
        has_no_text = isinstance(node, Scalar) and is_null(node)
        if of_key or has_no_text or isinstance(node, Map | Seq):
            return parent.key_places[last]
    assert node is not None
    return (node.line, node.column)


def shown_path(tree: Map, path: tuple[Part, ...]) -> tuple[Part, ...]:
    """The path as it was written: without the keys that a short form implies."""
    shown: list[Part] = []
    node: Node | None = tree
    for part in path:
        if not (isinstance(node, Map) and node.implied):
            shown.append(part)
        node = None if node is None else _inside(node, part)
    return tuple(shown)


def model_at(model: type[BaseModel], path: tuple[Part, ...]) -> type[Model] | None:
    """The model that stands at the path of a file of type ``model``."""
    kind: Any = model
    for part in path:
        kind = _strip(kind)
        origin = typing.get_origin(kind)
        if origin is dict:
            kind = typing.get_args(kind)[1]
        elif origin is list:
            kind = typing.get_args(kind)[0]
        elif isinstance(kind, type) and issubclass(kind, Model) and str(part) in kind.known_keys():
            kind = kind.known_keys()[str(part)].annotation
        else:
            return None
    kind = _strip(kind)
    return kind if isinstance(kind, type) and issubclass(kind, Model) else None


def _strip(kind: Any) -> Any:
    """Without Annotated and ``| None``."""
    while True:
        origin = typing.get_origin(kind)
        if origin is typing.Annotated:
            kind = typing.get_args(kind)[0]
        elif origin in (typing.Union, types.UnionType):
            kind = next(arg for arg in typing.get_args(kind) if arg is not type(None))
        else:
            return kind
