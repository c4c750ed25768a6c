"""Digests that name a text or a plan by its content."""

from __future__ import annotations

import hashlib

import msgspec

from runners.model.plan import Plan


def text_digest(text: str | bytes) -> str:
    """``sha256:…`` of a text's UTF-8 bytes."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def plan_bytes(plan: Plan) -> bytes:
    """The one JSON form of a plan: what is stored, and what its digest is taken of."""
    return msgspec.json.encode(plan, order="deterministic")


def plan_digest(plan: Plan) -> str:
    """``sha256:…`` of ``plan_bytes``."""
    return text_digest(plan_bytes(plan))
