"""The request that starts a run, as the command line and the screen send it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runners.model.api import StartRun
    from runners.model.snapshot import PlanAnswer
    from tui.cli.texts import Text


def start_request(
    text: Text, inventory: Text | None, params: Mapping[str, str], limit: str | None, secrets: Mapping[str, str]
) -> StartRun:
    """Start the pipeline ``text``; ``params`` are those that were given. Raises ``InputRefused`` for a bad site."""
    from ulid import ULID

    from runners.model.api import StartRun
    from tui.wiring import site_runbooks

    return StartRun(
        id=str(ULID()),
        definition=text.content,
        definition_path=str(text.path),
        inventory=inventory.content if inventory else None,
        inventory_path=str(inventory.path) if inventory else None,
        inventory_files=inventory.files if inventory else {},
        home=str(Path.home()),
        params=params,
        limit=limit,
        runbooks=site_runbooks(),
        auth_sock=os.environ.get("SSH_AUTH_SOCK"),
        secrets=secrets,
    )


def again_request(
    uid: str, name: str, pinned: PlanAnswer, params: Mapping[str, str], secrets: Mapping[str, str]
) -> StartRun:
    """Repeat run ``name`` (``deploy-api/41``) as it was pinned; ``params`` are those that differ from its own."""
    from ulid import ULID

    from runners.model.api import StartRun
    from tui.wiring import site_runbooks

    return StartRun(
        id=str(ULID()),
        definition=pinned.definition,
        definition_path=os.path.join(pinned.plan.folder, name),
        params=params,
        runbooks=site_runbooks() or pinned.plan.runbooks,
        auth_sock=os.environ.get("SSH_AUTH_SOCK"),
        again=uid,
        secrets=secrets,
    )
