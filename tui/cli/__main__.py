"""Entry point of ``onduty``: parse, run the verb, print what went wrong, map it to an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

EXIT_INTERRUPTED = 130
EXIT_BUG = 70


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (INTERFACE, "Exit codes")."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["--version"], ["-V"]):
        from tui.cli.version import version

        print(f"onduty {version()}")
        return 0
    from tui.cli.parser import parse
    from tui.cli.problems import print_bug, print_error

    try:
        verb = parse(arguments)
        return verb()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except KeyboardInterrupt:
        print("\ndetached; runs go on: onduty runs", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left (head, less): not an error, and Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        from runners.model.errors import OndutyError

        if isinstance(error, OndutyError):
            return print_error(error)
        return print_bug(error, arguments)


if __name__ == "__main__":
    sys.exit(main())
