"""``{{ host.address }}`` in fields that no shell reads: where names stand, and the text once they have values. Pure.

Filling is done once: a value that holds ``{{`` itself stays as it is. ``{{ '{{' }}`` gives two braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_TEMPLATE = re.compile(r"\{\{(?P<inside>.*?)\}\}", re.DOTALL)
_BRACES = ("'{{'", '"{{"')


class TemplateRefused(ValueError):
    """The text has braces that are no template."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a template asks for: ``("host", "labels", "zone")``."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.parts)


def parse(text: str) -> tuple[str | Name, ...]:
    """The text in pieces: as it stands, and names to be filled. Raises ``TemplateRefused``."""
    pieces: list[str | Name] = []
    at = 0
    for found in _TEMPLATE.finditer(text):
        pieces.append(_plain(text[at : found.start()]))
        inside = found["inside"].strip()
        if inside in _BRACES:
            pieces.append("{{")
        else:
            pieces.append(_name(inside))
        at = found.end()
    pieces.append(_plain(text[at:]))
    return tuple(piece for piece in pieces if piece != "")


def names(text: str) -> tuple[Name, ...]:
    """Every name that the text asks for, in order. Raises ``TemplateRefused``."""
    return tuple(piece for piece in parse(text) if isinstance(piece, Name))


def fill(text: str, value_of: Callable[[Name], str]) -> str:
    """The text with each name's value in its place. Raises ``TemplateRefused`` and what ``value_of`` raises."""
    return "".join(piece if isinstance(piece, str) else value_of(piece) for piece in parse(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Values that names may have."""

    values: Mapping[str, str]
    """By name, ``host.address`` as well as ``params.release``."""

    def value_of(self, name: Name) -> str:
        """Raises ``TemplateRefused`` for a name without a value."""
        try:
            return self.values[str(name)]
        except KeyError:
            raise TemplateRefused(f"{name} has no value here") from None

    def with_secrets(self, secrets: Mapping[str, str]) -> Scope:
        """The same with the values of secrets, by name."""
        return Scope(values={**self.values, **{f"secrets.{name}": value for name, value in secrets.items()}})

    def in_url(self) -> Scope:
        """The same where a URL is written: an IPv6 address stands in brackets there (RFC 3986, 3.2.2)."""
        address = self.values.get("host.address", "")
        if ":" not in address or address.startswith("["):
            return self
        return Scope(values={**self.values, "host.address": f"[{address}]"})

    def fill(self, text: str) -> str:
        """The text, filled. Raises ``TemplateRefused``."""
        return fill(text, self.value_of)

    def shown(self, text: str) -> str:
        """The text for people: a name without a value, as a secret's, stays as it was written."""

        def value_of(name: Name) -> str:
            return self.values.get(str(name), f"{{{{ {name} }}}}")

        try:
            return fill(text, value_of)
        except TemplateRefused:
            return text


def _plain(text: str) -> str:
    if "{{" in text:
        raise TemplateRefused('"{{" is not closed by "}}"')
    return text


def _name(inside: str) -> Name:
    parts = tuple(inside.split("."))
    if not inside or not all(part and not part.isspace() and part == part.strip() for part in parts) or " " in inside:
        shown = inside if inside.isprintable() and len(inside) <= 60 else "…"
        raise TemplateRefused(f'"{{{{ {shown} }}}}" is no name; write one such as {{{{ host.address }}}}')
    return Name(parts)
