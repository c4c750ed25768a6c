"""The command that would start the same."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.launch.drafts import Draft
    from tui.launch.values import Values


def command_of(draft: Draft, values: Values) -> str:
    """``onduty run deploy.yaml -p release=2.4.1 --limit web``, quoted for a shell."""
    words = ["onduty", "run"]
    words += ["--again", draft.run] if draft.run else [draft.shown]
    for name, value in values.params.items():
        words += ["-p", f"{name}={value}"]
    if inventory := values.inventory or draft.named:
        words += ["-i", inventory]
    if values.limit:
        words += ["--limit", values.limit]
    return shlex.join(words)
