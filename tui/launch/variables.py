"""Values of secrets that come from this terminal's environment.

The first look takes a variable out of our environment, so that nothing that we start carries it; a screen starts more
than one run, so the value stays here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runners.model.secrets import SecretSource


class Variables:
    """What was read so far. It cannot be printed by mistake."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def __repr__(self) -> str:
        return "Variables()"

    def values(self, sources: Iterable[SecretSource]) -> dict[str, str]:
        """By the name of the secret, of the ``env:`` sources whose variable is set to something that can be used."""
        from runners.model.errors import InputRefused
        from runners.model.secrets import SourceKind
        from runners.spec.secret_values import why_not_secret
        from tui.cli.secret_values import from_environment

        found: dict[str, str] = {}
        for source in sources:
            if source.kind is not SourceKind.ENV:
                continue
            try:
                value = from_environment(source, "nothing was started")
            except InputRefused:
                # It is no text: the person is asked for it.
                value = None
            if value is not None:
                self._values[source.variable] = value
            kept = self._values.get(source.variable)
            if kept is not None and not why_not_secret(source.name, kept):
                found[source.name] = kept
        return found

    def known(self, sources: Iterable[SecretSource]) -> frozenset[str]:
        """Names of the secrets among ``sources`` whose variable is set; nothing is read."""
        from runners.model.secrets import SourceKind

        return frozenset(
            source.name
            for source in sources
            if source.kind is SourceKind.ENV and (source.variable in self._values or source.variable in os.environ)
        )
