"""The hosts that an SSH configuration names, as an inventory: every ``Host`` that is a name and no pattern.

Nothing else is read here: ``ssh -G`` says how each is reached, as for any host (ssh_config(5), PATTERNS).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from runners.model.ids import NAME
from runners.model.inventory import LOCAL, Host, Inventory
from runners.spec.report import Report, quoted

_HOST_LINE = re.compile(r'\s*"?host"?(?:\s*=\s*|\s+)(.+)', re.IGNORECASE)
_PATTERN = re.compile(r"[*?!]")


def read_ssh_hosts(text: str, included: Mapping[str, str], report: Report, *, ssh_config: str | None) -> Inventory:
    """The hosts of the file, then those of the files it includes; ``ssh_config`` is what ``ssh -F`` needs to be given.

    Names that cannot be used are warnings in ``report``: the others are good all the same.
    """
    hosts: dict[str, Host] = {}
    for file, content in ((report.file, text), *included.items()):
        here = Report(file)
        for number, line in enumerate(content.splitlines(), start=1):
            found = _HOST_LINE.match(line)
            for name in _words(found[1]) if found is not None else ():
                if _PATTERN.search(name) or name in hosts:
                    continue
                if name in ("all", LOCAL):
                    text = f"{quoted(name)} has a meaning of its own here and is left out"
                    here.add(number, 1, (), text, warning=True)
                elif not NAME.match(name):
                    text = f"{quoted(name)} cannot be used as a name (letters, digits, _ . - and at most 63)"
                    here.add(number, 1, (), f"{text} and is left out", warning=True)
                else:
                    hosts[name] = Host(name=name, ssh_config=ssh_config)
        report.problems.extend(here.problems)
    return Inventory(hosts=hosts, source=report.file)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()
