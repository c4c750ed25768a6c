"""How a command is run: the values of ``shell:`` and ``sudo:``, the same on a task, a job and in defaults."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from runners.model.definition import ROOT, Shell
from runners.spec.connection_fields import user_of
from runners.spec.fields import TRUE_OR_FALSE, one_of, refuse, text_of
from runners.spec.nodes import Scalar

_SHELLS = [word.value for word in Shell]


def _sudo_user(value: object) -> str:
    """Whom sudo runs the command as; empty for ``false``."""
    text = text_of(value, "; write true, or the name of a user")
    plain = isinstance(value, Scalar) and value.plain
    if text in TRUE_OR_FALSE:
        if not plain:
            refuse(f'must be true or false without quotes, or the name of a user, not "{text}"')
        return ROOT if text.lower() == "true" else ""
    if text.isdecimal():
        refuse(f"must be true, false or the name of a user, not the number {text}")
    return user_of(value)


ShellWord = Annotated[str, BeforeValidator(one_of(_SHELLS)), WithJsonSchema({"enum": _SHELLS})]
SudoUser = Annotated[
    str,
    BeforeValidator(_sudo_user),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "minLength": 1}]}),
]
"""Empty: nobody, the command runs as the account that logged in."""
