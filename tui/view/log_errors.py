"""Which lines of a log ``e`` and ``E`` stop at: the built-in list of DESIGN.md, section 5.

A coarser question than ``runbooks.fingerprint`` answers: not *the* line to look at, only lines worth a stop.
"""

from __future__ import annotations

import functools
from typing import Any

import re2

ERROR_PATTERN = (
    rb"\b(error|fatal|panic|panicked|traceback|critical|severe|emerg|denied|refused|not found|no such|unreachable)\b"
    rb"|[a-z](error|exception)\b|already in use|no space left|out of memory|cannot allocate|segmentation fault"
    rb"|timed out|read-only file system|quota exceeded|oom-kill|verification failed"
)
"""For ``LogSource.search`` with ``ignore_case=True``."""

_NOISE_PATTERN = (
    rb"^\++ |\b(no|0|zero|without|ignore|on)[ _-](more )?(fatal[ _-])?(errors?|failures?|exceptions?)\b"
    rb"|\b(errors?|exceptions?|unreachable|denied|refused)\b\"?[:=] ?\"?(0\b|null|none|false|\[\])"
    rb"|\berrors?[._-](log|page|handler|file|txt|html)"
)


def is_error_line(line: bytes) -> bool:
    """Whether ``e`` stops here: an error word, and not an echoed command, a count of zero or a file name."""
    error, noise = _compiled()
    lowered = line.lower()
    return error.search(lowered) is not None and noise.search(lowered) is None


@functools.cache
def _compiled() -> tuple[Any, Any]:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.never_nl = True
    options.log_errors = False
    return re2.compile(ERROR_PATTERN, options), re2.compile(_NOISE_PATTERN, options)
