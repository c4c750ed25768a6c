"""Which line of a failed log to look at, and when two such lines are the same failure.

Pure. ``first_bad_line`` is the built-in list of DESIGN.md, section 5, used where no page's pattern matches. It reads
the whole tail tier by tier, because the first line with an ``error`` in it is rarely the cause: a cause that the kernel
named beats a level word, a level word beats "failed", and what only reports that something else ended comes last.
"""

from __future__ import annotations

import hashlib

import re2

from runbooks.patterns import compile_pattern
from runbooks.tail import Tail

MAX_FINGERPRINT_CHARS = 512

_CAUSE = compile_pattern(
    r"(?i)address already in use|EADDRINUSE|port is already allocated"
    r"|no space left on device|ENOSPC|disk quota exceeded|read-only file system"
    r"|out of memory|cannot allocate memory|oom-kill|too many open files|segmentation fault"
    r"|permission denied|EACCES|operation not permitted|access denied"
    r"|command not found|executable file not found|required file not found|bad interpreter"
    r"|(^|[/ ])[a-z.-]*sh: ((line )?\d+: )?[^ :]+: not found$|^[^ :]+: (line )?\d+: [^ :]+: not found$"
    r"|host key verification failed|certificate (verify failed|has expired)"
    r"|error while loading shared libraries"
)
_LEVEL = compile_pattern(
    r"(?i)\b(error|fatal|panic|panicked|critical|severe|emerg|denied|refused|not found|no such|unreachable)\b"
    r"|\w(Error|Exception)\b|\btimed? ?out\b|could not resolve|name resolution|syntax error"
    r"|unrecognized (option|argument)|unknown (option|command|argument)|invalid (option|argument|choice)"
)
_WEAK = compile_pattern(
    r"(?i)\b(failed|failure|fail|failing|cannot|can't|couldn't|unable|abort(ed|ing)?|killed|terminated|missing|rejected|expired)\b"
    r"|could not|did not|traceback"
)

# Not a failure at all: an echoed command (set -x), a count of zero, a file that has "error" in its name.
_NOISE = compile_pattern(
    r"(?i)^\++ .*$|\b(no|0|zero|without|any|ignore|on)[ _-](more )?(fatal[ _-])?(errors?|failures?|exceptions?)\b"
    r"|(^|[ ,(])0 (failed|denied|refused|unreachable)\b"
    r"|\b(errors?|failures|failed|unreachable|exceptions?)\b\"?[:=] ?\"?(0\b|null|none|false|\[\])"
    r"|\berrors?[ ._-](log|page|handler|handling|file|txt|html)"
)
# Someone said that it does not matter, or that it goes on.
_DEMOTED = compile_pattern(
    r"(?i)\bwarn(ing)?\b|\bignor(ed|ing)\b|\bretrying\b|\bwill retry\b|\btrying again\b|\bdeprecat|^\s"
)
# Says that something ended, not why; or a frame of a stack.
_CONSEQUENCE = compile_pattern(
    r"(?i)main process exited|control process exited|failed with result|^job for .* failed|request repeated too quickly"
    r"|\bexit(ed)? (with )?(code|status)\b|\bstatus=\d+|non-?zero (exit|code|status)|^g?make(\[\d+\])?: \*\*\*"
    r"|^npm ERR! (code|errno|a complete log)|error command failed with exit code|see .?systemctl status"
    r"|^traceback \(|^stack ?trace|^\s+(at|file|raise|throw|from) |^\s*throw "
)


def first_bad_line(tail: Tail) -> int | None:
    """Return the index of the line to look at first; None when every line is blank."""
    quiet = tail.without(_NOISE)
    cause, level, weak, demoted, consequence = (
        [found.index for found in quiet.matches(pattern)] for pattern in (_CAUSE, _LEVEL, _WEAK, _DEMOTED, _CONSEQUENCE)
    )
    late, ended = set(demoted), set(consequence)
    # A cause is often indented under the sentence that it explains, so of what is held back only indented causes come.
    indented = {index for index in late if quiet.line(index)[:1].isspace()}
    tiers = (
        (cause, ended | (late - indented)),
        (level, ended | late),
        (weak, ended | late),
        (cause, ended),
        (level, ended),
        (weak, ended),
        (consequence, set[int]()),
    )
    found = (index for indexes, refused in tiers for index in indexes if index not in refused)
    return next(found, tail.last_index())


_UNSTABLE = (
    # Times first: what is left of one would otherwise become several numbers.
    (r"(?i)\b\d{4}-\d\d-\d\d[t ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?z\b| ?[+-]\d\d:?\d\d)?", "<time>"),
    (r"(?i)\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec) +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?", "<time>"),
    (r"\b\d{1,4}[-/]\d\d[-/]\d{1,4}(?:[ t]\d\d:\d\d:\d\d(?:[.,]\d+)?)?", "<time>"),
    (r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
    (r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
    (r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:/\d{1,2}\b)?", "<ip>"),
    (
        r"(?i)\[[0-9a-f:]*:[0-9a-f:.]*(?:%\w+)?\]"
        r"|\b(?:[0-9a-f]{1,4}:){3,}[0-9a-f:]*[0-9a-f]\b|\b[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*::[0-9a-f:]*",
        "<ip>",
    ),
    (r"(?:\B~)?(?:\.{1,2})?/[\w.@%+~=-]+(?:/[\w.@%+~=-]*)*", "<path>"),
    (r"(?i)\b0x[0-9a-f]+\b", "<hex>"),
    (r"(?i)\b[0-9a-f]*\d[0-9a-f]*[a-f][0-9a-f]*\b", "<hex>"),
    (r"\d+(?:[.,]\d+)*", "<n>"),
)
_RULES = tuple((re2.compile(pattern), put) for pattern, put in _UNSTABLE)


def normalise(line: str) -> str:
    """Replace what differs from one failure to the next: times, uuids, addresses, paths, hex and numbers.

    The line should be clean (``clean_line``); the result is lower case, with single spaces.
    """
    text = " ".join(line[:MAX_FINGERPRINT_CHARS].encode("utf-8", "replace").decode().split())
    for pattern, put in _RULES:
        text = re2.sub(pattern, put, text)
    return text.lower()


def fingerprint(line: str) -> str:
    """16 hexadecimal digits that are equal for the same failure; empty for a blank line."""
    text = normalise(line)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest() if text else ""
