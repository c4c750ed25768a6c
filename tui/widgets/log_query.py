"""What a person typed to search a log, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import re2

from tui.view.safe_text import SafeText, safe
from tui.widgets.log_search import Wanted

MAX_QUERY_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A pattern, or why it is none. In lower case it ignores case, as in less and lnav."""

    text: str = ""
    wanted: Wanted | None = None
    """None when there is nothing to search for."""
    pattern: Any = None
    """Compiled over str, for showing matches."""
    bad: SafeText | None = None
    """Why the text cannot be used."""

    @staticmethod
    def of(text: str, pattern: str | None = None) -> Query:
        """``pattern``: the part of ``text`` that is searched for; all of it when None."""
        text = text[:MAX_QUERY_CHARS]
        sought = text if pattern is None else pattern[:MAX_QUERY_CHARS]
        if not sought:
            return Query(text=text)
        ignore_case = sought == sought.lower()
        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = not ignore_case
        try:
            compiled = re2.compile(sought, options)
        except (re2.error, UnicodeError) as error:
            said = error.args[0] if error.args and not isinstance(error, UnicodeError) else "not text"
            return Query(text=text, bad=safe(said))
        return Query(text=text, wanted=Wanted(sought.encode(), ignore_case), pattern=compiled)
