"""Files that people write: UTF-8, or refused with a sentence."""

from __future__ import annotations

from pathlib import Path

from runners.model.errors import InputRefused


def read_utf8(path: Path, shown: str) -> str:
    """The text of ``path``; ``shown`` is its name in messages. Raises ``InputRefused``."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as problem:
        raise InputRefused(f"{shown}: {problem.strerror}; nothing was started") from None
    except UnicodeDecodeError as problem:
        raise InputRefused(f"{shown}: not UTF-8 (byte {problem.start}); nothing was started") from None
