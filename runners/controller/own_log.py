"""What the controller writes down about itself: one line per thing, tracebacks included, without anybody's secret."""

from __future__ import annotations

import logging
from collections.abc import Callable


class MaskingFormatter(logging.Formatter):
    """Cleans each entry as a whole."""

    def __init__(self, clean: Callable[[str], str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._clean = clean

    def format(self, record: logging.LogRecord) -> str:
        """The whole entry."""
        return self._clean(super().format(record))
