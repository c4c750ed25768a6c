"""What a client sends to start a run."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import field


class StartRun(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /v1/runs``: texts and places; the controller plans."""

    id: str
    """ULID made by the client: the same id twice starts one run."""
    definition: str
    definition_path: str
    """Absolute; its folder is the pipeline's folder."""
    inventory: str | None = None
    inventory_path: str | None = None
    inventory_files: Mapping[str, str] = field(default_factory=dict)
    """Texts under ``group_vars/`` and ``host_vars/`` beside an Ansible inventory, by their path from its folder."""
    home: str = ""
    """The client's home folder, for ``~`` in the inventory."""
    params: Mapping[str, str] = field(default_factory=dict)
    limit: str | None = None
    """A pattern; hosts outside are left out."""
    runbooks: tuple[str, ...] = ()
    """Absolute files and folders with the pages of the client's site: the controller knows no current folder."""
    auth_sock: str | None = None
    """The client's SSH_AUTH_SOCK."""
    again: str = ""
    """Uid of the run that this one repeats: what that one pinned counts, not the texts here. Empty: none."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Values that the client read, of sources ``env`` and ``prompt``. Kept in memory only."""

    def __repr__(self) -> str:
        return f"StartRun({self.id}, {self.definition_path})"


class RunStarted(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to ``POST /v1/runs``; also what ``run --detach --json`` prints."""

    id: str
    """``deploy-api/42``."""
    uid: str
