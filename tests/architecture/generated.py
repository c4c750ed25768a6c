"""The generated parts of the documentation: ``python -m tests.architecture.generated`` writes them.

The key table of README.md comes from the one table of actions, docs/states.md from the table of legal moves.
"""

from __future__ import annotations

from pathlib import Path

from runners.core.moves import states_markdown
from tui.keys.actions import ACTIONS, EVERYWHERE, Action, Kind

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
STATES = ROOT / "docs" / "states.md"
BEGIN, END = "<!-- keys -->", "<!-- /keys -->"
_TITLES = {
    Kind.CHANGE: "change",
    Kind.LOOK: "look",
    Kind.MOVE: "move",
    Kind.APP: "onduty",
}
_SHOWN = {"ctrl+u": "ctrl-u", "ctrl+d": "ctrl-d", "pageup": "page up", "pagedown": "page down", "escape": "esc"}
_WHERE = {
    "board": "list",
    "run": "run",
    "runbook": "page",
    "timeline": "timeline",
    "record": "record",
    "host": "host",
    "pipeline": "pipeline",
}


def key_table() -> str:
    """The table of all keys as Markdown, changing ones first."""
    rows = ["| | key | does | where |", "|---|---|---|---|"]
    for kind in Kind:
        for number, one in enumerate(one for one in ACTIONS if one.kind is kind):
            rows.append(f"| {_TITLES[kind] if not number else ''} | {_keys(one)} | {one.help} | {_where(one)} |")
    return "\n".join(rows)


def _keys(one: Action) -> str:
    """The shown key and the others, each as code; a bar would end the cell."""
    names = [one.key, *(_SHOWN.get(key, key) for key in one.keys[1:] if one.name != "pane")]
    return " ".join(f"`{name}`" for name in dict.fromkeys(names)).replace("|", "\\|")


def _where(one: Action) -> str:
    return "" if one.screens == EVERYWHERE else ", ".join(_WHERE[name] for name in _WHERE if name in one.screens)


def with_key_table(text: str) -> str:
    """``text`` with the table between its marks; raises ``ValueError`` when they are missing."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{BEGIN} and {END} are not in the text")
    return f"{head}{BEGIN}\n{key_table()}\n{END}{tail}"


def main() -> None:
    """Write what is generated."""
    README.write_text(with_key_table(README.read_text(encoding="utf-8")), encoding="utf-8")
    STATES.write_text(states_markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
