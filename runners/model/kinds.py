"""What a task does, by its kind: a command, an HTTP request, a transfer or a wait.

Texts may hold templates (``runners.model.templates``); they are filled for one host when they are used or shown.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from runners.model.templates import Scope


class TaskKind(enum.StrEnum):
    """The key that stands in the file. Every task has exactly one."""

    RUN = "run"
    HTTP = "http"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    WAIT = "wait"


REPEATING_METHODS = frozenset({"GET", "HEAD"})
"""Safe methods (RFC 9110, 9.2.1) that may be sent again and again; every other one is sent once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCheck:
    """One request, or the same one again until its answer is right. Redirects are answers: nothing follows them."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    """None: the request has none."""
    status: tuple[int, ...] = ()
    """What counts as right; empty: 200 to 299."""
    within_s: float | None = None
    """How long it is tried for; None: it is sent once."""
    every_s: float = 2.0
    """From the end of one try to the start of the next."""
    from_host: bool = False
    """Through the host's SSH connection, as if asked on the host; else from the controller's machine."""

    @property
    def repeats(self) -> bool:
        """Whether it may be sent more than once."""
        return self.method in REPEATING_METHODS

    def is_right(self, status: int) -> bool:
        """Whether an answer with that status passes."""
        return status in self.status if self.status else 200 <= status <= 299


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Files from here to the host (``upload``) or from the host to the run's own folder (``download``)."""

    src: str
    """Of an upload: relative to the pipeline file. Of a download: relative to the folder where commands run."""
    dest: str
    """Ends with ``/``: into that folder. Of an upload: relative to the folder where commands run. Of a download:
    below the run's own folder, always."""
    mode: int | None = None
    """Permission bits of every file sent; None: those it has here. A download keeps none."""


def filled_http(check: HttpCheck, scope: Scope, secrets: Mapping[str, str]) -> HttpCheck:
    """The request for one host; headers and body alone may hold ``secrets``, by name. Raises ``TemplateRefused``."""
    whole = scope.with_secrets(secrets)
    return replace(
        check,
        url=scope.in_url().fill(check.url),
        headers={name: whole.fill(value) for name, value in check.headers.items()},
        body=None if check.body is None else whole.fill(check.body),
    )


def filled_transfer(transfer: Transfer, scope: Scope) -> Transfer:
    """The transfer for one host. Raises ``TemplateRefused``."""
    return replace(transfer, src=scope.fill(transfer.src), dest=scope.fill(transfer.dest))


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedFile:
    """One file as it was when the run was created."""

    path: str
    """Below the source, with ``/``; empty: the source itself."""
    size_bytes: int
    sha256: str
    """Hexadecimal."""
    mode: int
    """Permission bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedSource:
    """Everything that an upload sends, by content."""

    folder: bool
    files: tuple[PinnedFile, ...]
    """In the order of their paths."""

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(file.size_bytes for file in self.files)
