"""Entry point of ``onduty``: parse, run the verb, print what went wrong, map it to an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence

EXIT_INTERRUPTED = 130
EXIT_BUG = 70


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (INTERFACE, "Exit codes")."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["--version"], ["-V"]):
        from tui.cli.version import version

        print(f"onduty {version()}")
        return 0
    _make_output_forgiving()
    try:
        code = _run(arguments)
        # Here and not at exit, where nobody could catch that the reader has left.
        sys.stdout.flush()
        sys.stderr.flush()
    except KeyboardInterrupt:
        # Between two instructions of our own, such as an import: a verb that had begun says so itself.
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        from tui.cli.output import forget_output

        # The reader of our output left (head, less): not an error.
        forget_output()
        return 0
    except OSError as error:
        return _output_failed(error, arguments)
    return code


def _run(arguments: list[str]) -> int:
    try:
        return _verb_of(arguments)()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except KeyboardInterrupt:
        print("\ndetached; runs go on: onduty runs", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        from runners.model.errors import OndutyError
        from tui.cli.problems import print_bug, print_error

        if isinstance(error, OndutyError):
            return print_error(error)
        if _is_about_output(error):
            raise
        return print_bug(error, arguments)


def _verb_of(arguments: list[str]) -> Callable[[], int]:
    if not arguments:
        # The screen needs none of the verbs' parsers, which take as long as drawing it.
        from tui.cli.screen import open_screen

        return open_screen
    from tui.cli.parser import parse

    return parse(arguments)


def _is_about_output(error: Exception) -> bool:
    """A write that failed without a file of its own: our output, redirected to a full or closed place."""
    return (
        isinstance(error, OSError)
        and error.filename is None
        and error.errno in (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT, errno.EFBIG)
    )


def _output_failed(error: OSError, arguments: list[str]) -> int:
    from tui.cli.output import forget_output
    from tui.cli.problems import print_bug

    forget_output()
    if not _is_about_output(error):
        return print_bug(error, arguments)
    print(f"onduty: the output cannot be written ({error.strerror}); runs go on", file=sys.stderr)
    return 1


def _make_output_forgiving() -> None:
    """No character may end a command: what the terminal's encoding lacks is printed as an escape."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # closed output: for the life of the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
