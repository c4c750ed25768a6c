"""How many examples properties try: some in every run, ``ONDUTY_DEEP`` times as many in ``make faults``."""

from __future__ import annotations

import os

DEPTH = int(os.environ.get("ONDUTY_DEEP", "1"))


def examples(usual: int) -> int:
    """Examples for a property that tries ``usual`` of them in every run."""
    return usual * DEPTH
