"""From the checked shape of a task to what it does, and to the name it gets when nobody gave it one."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from runners.model.ids import NAME
from runners.model.kinds import HttpCheck, TaskKind, Transfer
from runners.spec.kind_fields import mode_of
from runners.spec.models import HttpModel, TaskModel

MOST_NAME_CHARACTERS = 40
# Says nothing about what a task does.
_SHELL_WORDS = frozenset(
    {"set", "cd", "export", "if", "for", "while", "until", "case", "test", "true", "false", "exec", "eval", "umask"}
    | {"trap", "echo", "printf", "sudo", "env"}
)
_TEMPLATE = re.compile(r"\{\{.*?\}\}")


def kind_of(model: TaskModel) -> TaskKind:
    """The one kind that lint has found."""
    return next(kind for kind in TaskKind if getattr(model, kind.value) is not None)


def http_of(model: HttpModel) -> HttpCheck:
    """The request with the language's defaults."""
    return HttpCheck(
        url=model.url,
        method=model.method,
        headers=dict(model.headers),
        body=model.body,
        status=model.status,
        within_s=model.within,
        every_s=2.0 if model.every is None else model.every,
        from_host=model.from_ == "host",
    )


def transfer_of(model: TaskModel) -> Transfer | None:
    """What goes where; None for a task that moves no files."""
    if model.upload is not None:
        mode = None if model.upload.mode is None else mode_of(model.upload.mode)
        return Transfer(src=model.upload.src, dest=model.upload.dest, mode=mode)
    if model.download is not None:
        return Transfer(src=model.download.src, dest=model.download.dest)
    return None


def name_of(model: TaskModel) -> str | None:
    """A word or two for what the task does: ``fetch.sh``, ``get-health``, ``upload-app.conf``, ``wait-30s``."""
    if model.run is not None:
        word = re.split(r"[\s;|&()<>]", model.run.strip(), maxsplit=1)[0].rpartition("/")[2]
        return word if _is_name(word) and word not in _SHELL_WORDS and "=" not in word else None
    if model.http is not None:
        return _joined(model.http.method.lower(), _last_word(urlsplit(_TEMPLATE.sub("", model.http.url)).path))
    if model.upload is not None:
        return _joined("upload", _last_word(model.upload.src))
    if model.download is not None:
        return _joined("download", _last_word(model.download.src))
    if model.wait is not None:
        return _joined("wait", model.wait)
    return None


def _joined(verb: str, word: str) -> str:
    return f"{verb}-{word}" if _is_name(word) else verb


def _last_word(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _is_name(word: str) -> bool:
    return bool(NAME.match(word)) and len(word) <= MOST_NAME_CHARACTERS
