"""Exit codes and signals in words."""

from __future__ import annotations

from runners.model.phases import Phase
from runners.model.state import JobRunState
from tui.view.safe_text import SafeText, own

EXIT_WORDS = {
    126: "found, but it may not be executed",
    127: "a command was not found",
    128: "git and others: a fatal error",
    255: "also what ssh says when its line breaks",
}
"""What shells mean by an exit code (POSIX.1-2024, XCU 2.8.2); 128 and 255 are habits of programs."""
SIGNAL_WORDS = {
    1: ("HUP", "its terminal or parent went away"),
    2: ("INT", "interrupted"),
    3: ("QUIT", "quit, with a core"),
    4: ("ILL", "illegal instruction"),
    6: ("ABRT", "it gave up by itself"),
    7: ("BUS", "bad memory access"),
    8: ("FPE", "arithmetic error"),
    9: ("KILL", "killed, often for lack of memory"),
    11: ("SEGV", "bad memory access"),
    13: ("PIPE", "nobody read its output"),
    14: ("ALRM", "its own alarm"),
    15: ("TERM", "asked to end"),
    24: ("XCPU", "its cpu limit"),
    25: ("XFSZ", "its file size limit"),
}
"""Signals by their number on Linux (signal(7)), in words."""


def what_it_means(run: JobRunState) -> SafeText:
    """An exit code or a signal in words, saying so where it is ambiguous; empty when there is nothing to add."""
    if run.signal is not None:
        name = run.signal.removeprefix("SIG")
        return own(next((words for known, words in SIGNAL_WORDS.values() if known == name), ""))
    code = run.exit_code
    if code is None or run.phase is Phase.TIMED_OUT:
        return own("")
    if code in EXIT_WORDS:
        return own(EXIT_WORDS[code])
    if code - 128 in SIGNAL_WORDS:
        name, words = SIGNAL_WORDS[code - 128]
        # A shell cannot tell `exit 143` from a child that TERM ended.
        return own(f"{name} ended a command ({words}), or it said {code} itself")
    return own("")
