"""Variables of Ansible inventories as text for the environment, and why some cannot be passed on.

A scalar stays as it was typed (``012`` is "012", ``yes`` is "yes"); lists and mappings become JSON. Nothing is
evaluated: a Jinja expression or a vault value is noted with its place and refused where it is used.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from dataclasses import dataclass
from typing import Any

from yaml.resolver import Resolver

from runners.spec.nodes import Map, Node, Scalar, Seq

JINJA = "is a Jinja expression, which onduty does not evaluate"
VAULT = "is encrypted by Ansible Vault, which onduty does not open"
VAULT_TAG = "!vault"
UNSAFE_TAG = "!unsafe"
YAML_TAGS = frozenset({VAULT_TAG, "!vault-encrypted", UNSAFE_TAG})
VAULT_HEADER = "$ANSIBLE_VAULT;"

_JINJA = re.compile(r"\{\{|\{%|\{#")
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z")
_TRUE = frozenset({"true", "yes", "on", "y"})
_FALSE = frozenset({"false", "no", "off", "n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One variable."""

    text: str
    place: str
    """``group_vars/web.yml:3``."""
    why_not: str = ""
    """Why it cannot be used, as the end of a sentence about it; empty when it can."""

    @property
    def trouble(self) -> str:
        """``is a Jinja expression … (group_vars/web.yml:3)``."""
        return f"{self.why_not} ({self.place})" if self.why_not else ""


def from_ini(raw: str, place: str) -> Value:
    """A value of an INI file, after ``=``. Quoted text and structures are Python literals, as in Ansible."""
    text = raw
    try:
        with warnings.catch_warnings():
            # An invalid escape in somebody's value is no business of ours.
            warnings.simplefilter("ignore")
            literal = ast.literal_eval(raw)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        literal = raw
    if isinstance(literal, str):
        text = literal
    elif isinstance(literal, list | tuple | dict | set | frozenset):
        text = _json(literal)
    else:
        # A number or None; a comment after it is none of it.
        text = raw.partition("#")[0].strip()
    return Value(text=text, place=place, why_not=why_not(text))


def from_yaml(node: Node, file: str) -> Value:
    """A value of a YAML file."""
    place = f"{file}:{node.line}"
    if isinstance(node, Scalar):
        if node.tag in YAML_TAGS - {UNSAFE_TAG}:
            return Value(text="", place=place, why_not=VAULT)
        text = "" if node.plain and node in ("", "~", "null", "Null", "NULL") else str(node)
        return Value(text=text, place=place, why_not="" if node.tag == UNSAFE_TAG else why_not(text))
    found = _reasons(node)
    return Value(text="" if found else _json(_plain(node)), place=place, why_not=found)


def from_json(value: Any, place: str) -> Value:
    """A value of ``--list`` JSON."""
    if isinstance(value, dict):
        if "__ansible_vault" in value:
            return Value(text="", place=place, why_not=VAULT)
        if "__ansible_unsafe" in value:
            return Value(text=str(value["__ansible_unsafe"]), place=place)
    text = "" if value is None else value if isinstance(value, str) else _json(value)
    return Value(text=text, place=place, why_not=why_not(text))


def why_not(text: str) -> str:
    """Why the text cannot be taken as it is; empty when it can."""
    if text.startswith(VAULT_HEADER):
        return VAULT
    return JINJA if _JINJA.search(text) else ""


def _reasons(node: Node) -> str:
    if isinstance(node, Scalar):
        return from_yaml(node, "").why_not
    children = node.values() if isinstance(node, Map) else node
    return next((found for child in children if (found := _reasons(child))), "")


def _plain(node: Node) -> Any:
    """As JSON would say it, with YAML 1.1's words for true, false and nothing."""
    if isinstance(node, Map):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, Seq):
        return [_plain(item) for item in node]
    if not node.plain:
        return str(node)
    lower = node.lower()
    if lower in ("", "~", "null"):
        return None
    if (lower in _TRUE or lower in _FALSE) and _resolves_to(node, "bool"):
        return lower in _TRUE
    if _NUMBER.match(node):
        return float(node) if "." in node else int(node)
    return str(node)


def _resolves_to(text: str, kind: str) -> bool:
    return any(
        tag.endswith(f":{kind}") and pattern.match(text)
        for tag, pattern in Resolver.yaml_implicit_resolvers.get(text[:1], ())
    )


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_listed)
    except (TypeError, ValueError, RecursionError):
        return str(value)


def _listed(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, set | frozenset) else str(value)
