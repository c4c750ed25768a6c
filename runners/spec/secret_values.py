"""What the value of a secret may be. The sentences name the secret, never what is in it."""

from __future__ import annotations

from runners.spec.names import MAX_ENV_BYTES, why_not_env_value

LEAST_BYTES = 6
"""Masking a shorter one would blot out ordinary words, and show by it what the secret is."""


def why_not_secret(name: str, value: str) -> str:
    """Say why ``value`` cannot be the secret ``name``; empty when it can."""
    reason = why_not_env_value(name, value)
    if reason:
        return reason
    size = len(value.strip().encode())
    if size < LEAST_BYTES:
        return f"is {'empty' if not value else f'{size} bytes long'}; a secret has at least {LEAST_BYTES}"
    return ""


def read_secret(name: str, raw: bytes) -> tuple[str, str]:
    """The value out of what a file or command gave, without one newline at its end, and why it cannot be used."""
    if len(raw) > MAX_ENV_BYTES + 1:
        return "", "is longer than 128 KiB, the most that can be passed to a command"
    if raw.endswith(b"\r\n"):
        raw = raw[:-2]
    elif raw.endswith(b"\n"):
        raw = raw[:-1]
    try:
        value = raw.decode("utf-8")
    except UnicodeDecodeError:
        return "", "is not valid UTF-8"
    return value, why_not_secret(name, value)
