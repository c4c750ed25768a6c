"""How the command line says that something is wrong: one sentence, what to type next, an exit code."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence

from runners.model.errors import OndutyError


def print_error(error: OndutyError) -> int:
    """Print an error that a person can act on; returns its exit code."""
    from tui.view.safe_text import safe

    for line in getattr(error, "problems", ()):
        print(safe(line), file=sys.stderr)
    print(f"onduty: {safe(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"  try: {safe(error.hint)}", file=sys.stderr)
    return error.exit_code


def print_bug(error: BaseException, arguments: Sequence[str]) -> int:
    """Write a report without values of parameters, say where it is; returns 70."""
    path = write_report(error, f"onduty {arguments[0] if arguments else ''}")
    print(f"onduty: this is a bug ({type(error).__name__}); runs go on. The report is in {path}", file=sys.stderr)
    return 70


def write_report(error: BaseException, command: str) -> str:
    """Write where an exception came from, and nothing that it or the code had in hand; returns the file's path."""
    handle, path = tempfile.mkstemp(prefix="onduty-report-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as report:
        report.write(f"command: {command}\n")
        # Frames only: messages of strange exceptions may carry values that somebody typed.
        for frame in traceback.extract_tb(error.__traceback__):
            report.write(f"{frame.filename}:{frame.lineno} {frame.name}\n")
        report.write(f"{type(error).__name__}\n")
    return path
