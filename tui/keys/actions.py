"""The one table of actions: bindings, footer, help, palette and the README's key table are made from it.

A key is a named command. A key never means a safe thing in one pane and a harmful one in another; what changes
something is upper case or a letter of its own, never on ctrl, and always opens a preview first.
"""

from __future__ import annotations

import enum

from msgspec import Struct


class Kind(enum.Enum):
    """What an action is for; the order of the groups in the help."""

    CHANGE = "change"
    LOOK = "look"
    MOVE = "move"
    APP = "app"


EVERYWHERE = frozenset({"board", "run", "runbook", "timeline", "record", "host", "pipeline"})


class Action(Struct, frozen=True, kw_only=True):
    """One thing a person can do."""

    name: str
    """Stable word, for the palette and for remapping: ``retry``."""
    key: str
    """As it is shown: ``r``, ``ctrl-d``, ``enter``."""
    keys: tuple[str, ...]
    """As Textual names them; the first is the shown one."""
    label: str
    """One or two words for the key bar."""
    help: str
    """One line for the help and the key table."""
    kind: Kind
    screens: frozenset[str] = EVERYWHERE
    """Where it can be pressed: board, run, runbook, timeline, record, host, pipeline."""
    panes: frozenset[str] = frozenset()
    """Panes that must have the focus; empty: any."""
    footer: int = 0
    """Order in the key bar from 1; 0: not there."""
    taken_for: tuple[str, ...] = ()
    """The standard key that each of ``keys`` stands for, where keys of one action differ (enter folds too); empty:
    itself."""


def _action(
    name: str,
    key: str,
    label: str,
    help: str,
    kind: Kind,
    *more: str,
    keys: tuple[str, ...] | None = None,
    screens: frozenset[str] = EVERYWHERE,
    panes: frozenset[str] = frozenset(),
    footer: int = 0,
) -> Action:
    return Action(
        name=name,
        key=key,
        keys=keys or (key.replace("ctrl-", "ctrl+"), *more),
        label=label,
        help=help,
        kind=kind,
        screens=screens,
        panes=panes,
        footer=footer,
    )


_RUN = frozenset({"run"})
_RUN_AND_BOARD = frozenset({"run", "board"})
_TIMELINE = frozenset({"timeline"})
_HOST = frozenset({"host"})
_OF_RUN = frozenset({"run", "timeline"})
"""Where a run and its jobs can be acted on."""
_RUNBOOK = frozenset({"runbook"})
_FOUND_IN = frozenset({"run", "record"})
_PIPELINE = frozenset({"pipeline"})
_LOG = frozenset({"log"})

ACTIONS: tuple[Action, ...] = (
    _action("retry", "r", "retry", "run what failed again", Kind.CHANGE, screens=_OF_RUN | _RUNBOOK, footer=1),
    _action("skip", "S", "skip", "let it count as satisfied without passing", Kind.CHANGE, screens=_OF_RUN, footer=2),
    _action("roll-back", "B", "roll back", "take back what the whole run did, newest first", Kind.CHANGE,
            screens=_OF_RUN, footer=3),
    _action("cancel", "X", "cancel", "stop what is selected, on a stage's row the whole run", Kind.CHANGE,
            screens=_OF_RUN, footer=4),
    _action("pause", "P", "pause", "start nothing new until it is resumed; again: resume", Kind.CHANGE,
            screens=_OF_RUN, footer=5),
    _action("note", "M", "note", "write something down beside the run", Kind.CHANGE, screens=_OF_RUN),
    _action("give-secret", "V", "give secret", "give the run the secrets it waits for; what is typed is never shown",
            Kind.CHANGE, screens=_OF_RUN),
    _action("login", "L", "log in", "answer the host that asks before it lets us in; what is typed goes to it alone",
            Kind.CHANGE, screens=_RUN_AND_BOARD | _TIMELINE | _HOST),
    _action("shell", "!", "shell", "a shell on the selected host; exit comes back", Kind.CHANGE,
            keys=("exclamation_mark",), screens=_OF_RUN | _HOST | _RUNBOOK),
    _action("new-run", "+", "new run", "start a run: choose a pipeline, fill in its params; or an earlier run again",
            Kind.CHANGE, keys=("plus",), screens=_OF_RUN | {"board", "pipeline"}),
    _action("reconcile", "U", "ask again", "ask the hosts now what became of what is unknown; on a stage's row of all",
            Kind.LOOK, screens=_OF_RUN),
    _action("host", "H", "host", "the selected host: graphs, what ran there, how the line to it is", Kind.LOOK,
            screens=_OF_RUN),
    _action("check", "K", "check", "log in to this host now and say how it is: sudo, disk, clock, who else is there",
            Kind.LOOK, screens=_HOST, footer=5),
    _action("runbook", "o", "runbook", "the page of this failure, full screen", Kind.LOOK, screens=_RUN_AND_BOARD,
            footer=5),
    _action("next-error", "e", "next error", "the next error in the log", Kind.LOOK, screens=_RUN, footer=6),
    _action("previous-error", "E", "previous error", "the previous error in the log", Kind.LOOK, screens=_RUN),
    _action("find", "/", "find", "find in the log (RE2), in the record, among the runs", Kind.LOOK, keys=("slash",),
            screens=_FOUND_IN | {"board"}, footer=7),
    _action("next-match", "n", "next match", "the next match", Kind.LOOK, screens=_FOUND_IN),
    _action("previous-match", "N", "previous match", "the previous match", Kind.LOOK, screens=_FOUND_IN),
    _action("filter", "&", "filter", "only lines that match (RE2), ! first: those that do not", Kind.LOOK,
            keys=("ampersand",), screens=_RUN),
    _action("context", "x", "lines around", "lines around those that the filter leaves: none, 3, 10", Kind.LOOK,
            screens=_RUN),
    _action("jump", "J", "jump", "jump to a time (12:04, -5m), a line (:812) or a share (50%) of the log", Kind.LOOK,
            screens=_RUN),
    _action("all-hosts", "a", "all hosts", "the log of all hosts of the job by time; again: of one", Kind.LOOK,
            screens=_RUN),
    _action("alike", "u", "alike", "which hosts of the job said the same, and where the others differ", Kind.LOOK,
            screens=_RUN),
    _action("mark", "space", "mark", "mark a line, again: the range ends; in jobs: what r S X are about", Kind.LOOK,
            screens=_RUN),
    _action("save", "s", "save", "save the marked lines or the log as shown (logs --raw has bytes), the record",
            Kind.LOOK, screens=_FOUND_IN),
    _action("follow", "f", "follow", "stay at the end of the log, or let go", Kind.LOOK, screens=_RUN),
    _action("wrap", "w", "wrap", "wrap long lines", Kind.LOOK, screens=_RUN),
    _action("window-right", ">", "right", "half a window to the right along long lines", Kind.LOOK,
            keys=("greater_than_sign",), screens=_RUN),
    _action("window-left", "<", "left", "half a window back to the left", Kind.LOOK, keys=("less_than_sign",),
            screens=_RUN),
    _action("times", "t", "times", "show or hide the times of the log", Kind.LOOK, screens=_RUN),
    _action("colours", "C", "colours", "show or hide the colours that hosts sent", Kind.LOOK, screens=_RUN),
    _action("previous-attempt", "p", "attempts", "the log of the attempt before; again: back to the newest", Kind.LOOK,
            screens=_RUN),
    _action("sent", "@", "what was sent", "the commands and values that were really sent", Kind.LOOK, keys=("at",),
            screens=_RUN),
    _action("definition", "y", "definition", "the text of the pipeline; on a run as that pinned it", Kind.LOOK,
            screens=_RUN | _PIPELINE),
    _action("pipeline", "y", "pipeline", "the pipeline of the selected run: definition, plan, what ran before",
            Kind.LOOK, screens=frozenset({"board"}), footer=6),
    _action("details", "d", "details", "all that is known of what is selected", Kind.LOOK, screens=_OF_RUN),
    _action("timeline", "T", "timeline", "what ran, waited and was done when", Kind.LOOK, screens=_RUN),
    _action("record", "D", "record", "the whole story as text, for a postmortem", Kind.LOOK, screens=_OF_RUN),
    _action("zoom-in", "]", "closer", "see a shorter time around what is selected; left and right move", Kind.LOOK,
            keys=("right_square_bracket",), screens=_TIMELINE, footer=6),
    _action("zoom-out", "[", "wider", "see a longer time", Kind.LOOK, keys=("left_square_bracket",), screens=_TIMELINE,
            footer=7),
    _action("copy", "c", "copy", "copy the marked lines, the first bad line, a name, a command, an address", Kind.LOOK),
    _action("zoom", "z", "zoom", "give the focused pane the whole body", Kind.LOOK, screens=_RUN),
    _action("open", "enter", "open", "open: a run, or the log of a job run", Kind.MOVE, "l", "right",
            screens=_RUN_AND_BOARD | _TIMELINE | _HOST | _PIPELINE, footer=8),
    _action("back", "esc", "back", "back", Kind.MOVE, "h", "left", keys=("escape", "h", "left")),
    _action("up", "k", "up", "up", Kind.MOVE, "up"),
    _action("down", "j", "down", "down", Kind.MOVE, "down"),
    _action("top", "g", "top", "to the first row", Kind.MOVE, "home"),
    _action("bottom", "G", "bottom", "to the last row", Kind.MOVE, "end"),
    _action("half-page-up", "ctrl-u", "half a page up", "half a page up", Kind.MOVE, "pageup"),
    _action("half-page-down", "ctrl-d", "half a page down", "half a page down", Kind.MOVE, "pagedown"),
    _action("next-pane", "tab", "next pane", "the next pane", Kind.MOVE,
            screens=_OF_RUN | {"runbook", "host", "pipeline", "record"}),
    _action("pane", "1-5", "panes", "jump to a pane or a part by its number", Kind.MOVE,
            keys=("1", "2", "3", "4", "5"), screens=_OF_RUN | _HOST | _PIPELINE | {"record"}),
    _action("palette", ":", "actions", "every action by name", Kind.APP, keys=("colon",), footer=9),
    _action("help", "?", "help", "the keys of this screen", Kind.APP, keys=("question_mark",), footer=10),
    _action("quit", "q", "quit", "back; from the list of runs: leave onduty, runs go on", Kind.APP),
)  # fmt: skip


_PLACES = {
    "run": "on the screen of a run",
    "board": "on the list of runs",
    "host": "on the screen of a host",
    "timeline": "on the timeline of a run",
    "pipeline": "on the screen of a pipeline",
    "record": "on the record of a run",
}

_worn: tuple[Action, ...] = ACTIONS
"""The table with this person's keys: a process has one keyboard, and every sentence that names a key asks for it."""


def wear(actions: tuple[Action, ...] = ACTIONS) -> None:
    """From now on these are the keys; before a screen is made."""
    global _worn
    _worn = actions


def worn() -> tuple[Action, ...]:
    """The table with this person's keys."""
    return _worn


def action(name: str) -> Action:
    """The action of that name with this person's keys; ``KeyError`` when there is none."""
    return next((one for one in _worn if one.name == name), None) or _BY_NAME[name]


def key_of(name: str) -> str:
    """The key as it is shown, ``r``; ``: retry`` when it has none, for then the palette does it."""
    found = action(name)
    return found.key or f"{action('palette').key} {found.name}"


def elsewhere(screen: str) -> tuple[Action, ...]:
    """The actions of other screens whose key is free on this one."""
    taken = {key for one in on_screen(screen) for key in one.keys}
    return tuple(one for one in _worn if screen not in one.screens and one.keys and one.keys[0] not in taken)


def where_it_is(name: str) -> str:
    """Why a key does nothing on a screen whose action it is not: ``r is retry on the screen of a run``."""
    found = action(name)
    place = next(words for screen, words in _PLACES.items() if screen in found.screens)
    return f"{found.key} is {found.label} {place}; here it does nothing"


def on_screen(screen: str) -> tuple[Action, ...]:
    """The actions that can be pressed on a screen, in the order of the table."""
    return tuple(one for one in _worn if screen in one.screens)


_BY_NAME = {one.name: one for one in ACTIONS}
