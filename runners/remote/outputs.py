"""What a job wrote to ``$ONDUTY_OUTPUT``: ``key=value`` lines, taken apart.

One thing that is wrong costs one value or, where nobody can say what was meant, all of them; it never fails the task.
Problems name lines and sizes and keys of ours, never what stands there: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from runners.model.outputs import MOST_OUTPUT_BYTES, Outputs, too_large

MOST_LINES_NAMED = 10

_KEY = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")


def parse_outputs(data: bytes, *, size_bytes: int | None = None) -> Outputs:
    """Take a file apart: the value is everything behind the first ``=``, a later line wins over an earlier one.

    ``size_bytes`` is how large the file was, where ``data`` may be its beginning only. A file of more than
    ``MOST_OUTPUT_BYTES`` gives nothing: half of what a job wrote may be worse than none of it.
    """
    size_bytes = len(data) if size_bytes is None else size_bytes
    if size_bytes > MOST_OUTPUT_BYTES:
        return Outputs(problems=(too_large(size_bytes),))
    if not data and size_bytes:
        return Outputs(problems=("its outputs could not be read on the host",))
    values: dict[str, str] = {}
    bad: dict[int, str] = {}
    lines = data.split(b"\n")
    for number, line in enumerate(lines if lines[-1] else lines[:-1], start=1):
        key, equals, value = line.partition(b"=")
        if not line.strip():
            continue
        if not equals or not _KEY.match(key):
            bad[number] = "is not key=value (a key has letters, digits and _, at most 128)"
        elif b"\0" in value:
            bad[number] = "holds a NUL"
        else:
            try:
                text = value.decode()
            except UnicodeDecodeError:
                bad[number] = "is not UTF-8"
                continue
            name = key.decode()
            values.pop(name, None)
            values[name] = text
    return Outputs(values=values, problems=_sentences(bad))


def _sentences(bad: Mapping[int, str]) -> tuple[str, ...]:
    named = [f"line {number} of its outputs {why}; it was left out" for number, why in bad.items()]
    more = len(named) - MOST_LINES_NAMED
    if more > 0:
        named[MOST_LINES_NAMED:] = [f"{more} more lines of its outputs were left out"]
    return tuple(named)
