"""Values of secrets that only the person or this command's environment has: read here, checked, passed on, not kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runners.model.secrets import SecretSource


def read_values(sources: Iterable[SecretSource], *, ask_instead: bool = False, undone: str) -> dict[str, str]:
    """By name, of those sources that a client reads; ``InputRefused`` with what to do about the first that has none.

    ``ask_instead``: ask the person where a variable is not set. ``undone`` ends the sentences: ``nothing was started``.
    """
    from runners.model.errors import InputRefused
    from runners.model.secrets import BY_CLIENT, SourceKind
    from runners.spec.secret_values import why_not_secret

    values: dict[str, str] = {}
    wanted = [source for source in sources if source.kind in BY_CLIENT]
    # First what nobody has to type: a person is not asked for nothing.
    for source in sorted(wanted, key=lambda source: source.kind is SourceKind.PROMPT):
        if source.kind is SourceKind.ENV and (value := from_environment(source, undone)) is not None:
            values[source.name] = value
        elif source.kind is SourceKind.PROMPT or (ask_instead and _can_ask()):
            values[source.name] = _ask(source, undone)
        else:
            raise InputRefused(
                f"secret {source.name}: {source.variable} is not set in your environment; {undone}",
                hint=f"export {source.variable} without writing it into the shell's history: "
                f"read -rs {source.variable} && export {source.variable}",
            )
        if reason := why_not_secret(source.name, values[source.name]):
            raise InputRefused(f"secret {source.name}: {reason}; {undone}")
    return values


def from_environment(source: SecretSource, undone: str) -> str | None:
    """Of its variable, which then leaves our environment; None where that is not set. Raises ``InputRefused``."""
    from runners.model.errors import InputRefused
    from tui.wiring import forget_variable

    raw = os.environb.get(source.variable.encode())
    if raw is None:
        return None
    # A controller that this command starts must not carry it about in its environment, and neither do we.
    forget_variable(source.variable)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InputRefused(f"secret {source.name}: {source.variable} is not valid UTF-8; {undone}") from None


def declares_secrets(text: str) -> bool:
    """Whether a pipeline has the key ``secrets``; also True where the text cannot be read, and planning says why.

    The word in a comment or a command is not the key, and a key may be written with escapes.
    """
    if "secrets" not in text and "\\" not in text:
        return False
    from runners.spec.nodes import read_tree

    tree, _ = read_tree(text, "")
    return tree is None or "secrets" in tree


def _can_ask() -> bool:
    """Whether there is a terminal to ask on, also when stdin is something else."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _ask(source: SecretSource, undone: str) -> str:
    import getpass

    from runners.model.errors import InputRefused
    from tui.view.safe_text import safe

    if not _can_ask():
        raise InputRefused(
            f"secret {source.name}: is typed at a terminal, and there is none; {undone}",
            hint="start it in a terminal, or let the pipeline read it from file:, env: or command:",
        )
    asked = source.text or f"{source.name} ({source.variable} is not set)"
    try:
        # On the terminal itself: neither stdin nor stdout may be one.
        return getpass.getpass(f"{safe(asked)}: ")
    except EOFError:
        raise InputRefused(f"secret {source.name}: nothing was typed; {undone}") from None
    except UnicodeDecodeError:
        raise InputRefused(f"secret {source.name}: is not valid UTF-8; {undone}") from None
    finally:
        sys.stderr.flush()
