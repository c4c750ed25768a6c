"""What several routes do: JSON out, numbers in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runners.model.errors import InputRefused
from runners.model.wire import encode

MAX_NUMBER = 2**62
"""Offsets and seqs are 64-bit integers in the store."""


def json_of(value: object) -> Response:
    """Any word of the model as an answer."""
    return Response(encode(value), media_type="application/json")


def number(request: Request, name: str, default: int) -> int:
    """A query parameter that counts something, from 0. Raises ``InputRefused``."""
    try:
        return min(max(0, int(request.query_params.get(name, default))), MAX_NUMBER)
    except ValueError:
        raise InputRefused(f"{name}: not a number") from None
