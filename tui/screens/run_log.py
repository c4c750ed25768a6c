"""The log pane under the one table of actions."""

from __future__ import annotations

from tui.widgets.log_pane import LogPane


class RunLog(LogPane, inherit_bindings=False):
    """The log pane without keys of its own, but those of its find bar."""
