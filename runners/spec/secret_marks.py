"""A mark by which a value that is given again can be told from another one, and by which nobody finds the value.

Values of secrets are kept in memory only. What a host still holds of a run was printed with the values of then, so a
controller that came later has to notice when it is given another one: its mask would let the earlier value through.
Twelve bits notice 4,095 of 4,096 wrong values; whoever reads the mark and guesses is left with one guess in 4,096 that
fits, true or not, at the price of an scrypt (RFC 7914) for each. Pure.
"""

from __future__ import annotations

import hashlib

_WORK = 1 << 14
"""The cost of RFC 7914, section 2: 16 MiB and some tens of milliseconds."""
_BITS = 12


def secret_mark(value: str, *, run: str, name: str) -> str:
    """Three hexadecimal digits. The run's uid and the secret's name are the salt: equal values have unlike marks."""
    digest = hashlib.scrypt(value.encode(), salt=f"{run}/{name}".encode(), n=_WORK, r=8, p=1, dklen=2)
    return f"{int.from_bytes(digest, 'big') >> (16 - _BITS):03x}"
