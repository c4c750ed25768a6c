"""The version of this onduty; pyproject reads it from here, so that asking for it loads nothing."""

from __future__ import annotations

VERSION = "0.1.0"
