"""``onduty completion SHELL``: what a shell loads to complete words of ``onduty``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

SHELLS = ("bash", "zsh", "fish")


def register(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "completion",
        help="completion of commands, runs, jobs and hosts for your shell",
        epilog="""examples:
  source <(onduty completion bash)         in this shell
  onduty completion bash > ~/.local/share/bash-completion/completions/onduty
  onduty completion zsh > "${fpath[1]}/_onduty"
  onduty completion fish > ~/.config/fish/completions/onduty.fish

Names of runs and jobs come from the controller, when one runs; none is started.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    from tui.cli.completion_scripts import SCRIPTS

    sys.stdout.write(SCRIPTS[options.shell])
    return 0
