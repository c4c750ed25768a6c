"""The terminal that it would draw on, and the site of the folder that it is typed in."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tui.cli.finding import Finding, bad, ok, warn

LEAST_COLUMNS, LEAST_ROWS = 60, 15


def terminal(environ: Mapping[str, str], *, is_terminal: bool, encoding: str) -> Iterator[Finding]:
    """TERM, colours, signs, size, tmux."""
    from tui.terminal import why_no_screen
    from tui.view.look import signs_in_ascii

    if not is_terminal:
        yield ok("terminal", "this is none: every command works, there is no screen")
        return
    if why := why_no_screen(environ):
        yield warn("terminal", why, "export TERM=xterm-256color")
        return
    columns, rows = shutil.get_terminal_size()
    text = f"TERM={environ.get('TERM')}, {_colours(environ)}, {columns}x{rows}"
    if environ.get("TMUX"):
        text += ", in tmux"
    elif environ.get("STY"):
        text += ", in screen"
    if columns < LEAST_COLUMNS or rows < LEAST_ROWS:
        yield warn("terminal", text, f"make it {LEAST_COLUMNS}x{LEAST_ROWS} or larger")
    else:
        yield ok("terminal", text)
    if signs_in_ascii(environ, encoding):
        yield warn(
            "signs", f"drawn in ASCII: the locale or the terminal says no UTF-8 ({encoding})", "export LANG=C.UTF-8"
        )
    else:
        yield ok("signs", "UTF-8")


def _colours(environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return "no colours (NO_COLOR)"
    if environ.get("COLORTERM", "") in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256" in environ.get("TERM", "") else "16 colours"


def own_settings() -> Iterator[Finding]:
    """The person's settings: there and whole, or what is wrong with them."""
    from runners.model.errors import InputRefused
    from tui.keys.actions import ACTIONS
    from tui.wiring import settings, settings_file

    file = settings_file()
    if file is None or not file.is_file():
        yield ok("settings", f"none{f' ({file} is not there)' if file else ''}: as it comes")
        return
    try:
        found = settings()
    except InputRefused as error:
        problems = getattr(error, "problems", ())
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        yield bad("settings", f"{problems[0]}{more}" if problems else error.message, f"onduty lint {file}")
        return
    keys = sum(own is not standard for own, standard in zip(found.actions, ACTIONS, strict=True))
    said = [f"{_count(keys, 'action')} with other keys"] if keys else []
    said += [f"theme {found.theme}"] if found.theme else []
    yield ok("settings", ", ".join([str(file), *said]))


def site_here() -> Iterator[Finding]:
    """The ``onduty.yaml`` of this folder: what it names, and what nobody vouched for."""
    from runners.model.errors import InputRefused
    from tui.wiring import inventories_of, pipelines_of, site

    try:
        found = site()
        if found is None:
            yield ok("site", f"no onduty.yaml in {Path.cwd()} or above it: files are named as files")
            return
        pipelines, inventories = pipelines_of(found), inventories_of(found)
    except InputRefused as error:
        yield bad("site", error.message, error.hint or "onduty lint onduty.yaml")
        return
    yield ok("site", f"{found.file}: {_count(len(pipelines), 'pipeline')}, {_count(len(inventories), 'inventory')}")
    for path in inventories.values():
        yield from _vouched(Path(path))


def _vouched(path: Path) -> Iterator[Finding]:
    """Nothing is executed here: that is what the trust is for."""
    from runners.model.errors import InputRefused
    from tui.cli.trust import NOTHING, allowed
    from tui.wiring import refuse_writable, trust_store

    shown = os.path.relpath(path)
    try:
        content = path.read_bytes()
        refuse_writable(path)
        wants = allowed(path, content, shown)
    except OSError as error:
        yield bad("inventory", f"{shown}: {error.strerror}")
        return
    except InputRefused as error:
        yield bad("inventory", error.message, error.hint)
        return
    if wants == [NOTHING]:
        return
    if trust_store().is_trusted(path, content):
        yield ok("inventory", f"{shown} is trusted as it is now ({'; '.join(wants)})")
    else:
        yield warn(
            "inventory", f"{shown} wants to {'; '.join(wants)}, and nobody vouched for it", f"onduty trust {shown}"
        )


def _count(number: int, what: str) -> str:
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"1 {what}" if number == 1 else f"{number} {plural}"


def encoding_of_output() -> str:
    """What this terminal is written in."""
    return getattr(sys.stdout, "encoding", None) or "ascii"
