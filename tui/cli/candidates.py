"""What may come next on a command line, for the scripts of ``onduty completion``. Quick, quiet, and starts nothing.

The words of the commands are those of the parsers; names of runs, jobs and tasks come from the controller that runs,
names of hosts, pipelines and pages from files. Nothing is executed, and what cannot be answered is not answered.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from runners.client.client import ControllerClient
    from runners.model.api import RunDocument

T = TypeVar("T")

FILES = ":files"
"""Asks the shell for names of files."""
ANSWER_S = 2.0
"""A person waits with a finger on the key."""
MOST = 500
"""Candidates; more are no help."""
MOST_RUNS = 50
_PLAIN = re.compile(r"[\w./:@=+,%-]+\Z")
"""What a shell takes as it stands: a name with more in it could be a command, once it is on the line."""


@dataclass(slots=True, kw_only=True)
class Place:
    """Where on the line the cursor is."""

    current: str
    prefix: str = ""
    """Of ``--option=value``: what stands before the value."""
    action: argparse.Action | None = None
    """Whose value is wanted; None: there is nothing more to say."""
    parser: argparse.ArgumentParser
    said: dict[str, list[str]] = field(default_factory=dict)
    """Values so far, by the name of their option or argument."""


def run(arguments: Sequence[str]) -> int:
    """Print the candidates for ``SHELL WORD…``; always 0, whatever happens."""
    from tui.cli.output import forget_output

    with contextlib.suppress(Exception):
        for candidate in candidates(list(arguments[1:]) or [""]):
            sys.stdout.write(f"{candidate}\n")
    try:
        sys.stdout.flush()
    except OSError:
        forget_output()
    return 0


def candidates(words: Sequence[str]) -> list[str]:
    """What the last of ``words`` may become, as whole words; ``FILES`` first where files may be meant."""
    from tui.cli.parser import VERBS

    if len(words) > 1 and words[0] == "help":
        words = words[1:]
    if len(words) == 1:
        verbs = [verb for of_module in VERBS.values() for verb in of_module]
        options = ["--help", "--version"] if words[0].startswith("-") else []
        return fitting([*options, *verbs, "help"], words[0])
    place = locate(words)
    if place is None:
        return []
    found = list(_options(place)) if place.action is None and place.current.startswith("-") else list(_values(place))
    files = [FILES] if FILES in found and not place.prefix else []
    fit = fitting((one for one in found if one != FILES), place.current)
    return [*files, *(f"{place.prefix}{one}" for one in fit)]


def fitting(found: Iterable[str], current: str) -> list[str]:
    """Those that begin as ``current`` does, each once, and only what a shell takes as it stands."""
    fit = [one for one in dict.fromkeys(found) if one.startswith(current) and _PLAIN.match(one)]
    return fit[:MOST]


def locate(words: Sequence[str]) -> Place | None:
    """Which argument the last word is; None for a verb that does not exist."""
    from tui.cli.parser import build

    *before, current = words
    parser = _below(build(before[0]), before[0])
    if parser is None:
        return None
    place = Place(current=current, parser=parser)
    waiting: argparse.Action | None = None
    plain: list[str] = []
    for word in before[1:]:
        if waiting is not None:
            place.said.setdefault(waiting.dest, []).append(word)
            waiting = None
        elif (below := _below(place.parser, word)) is not None:
            place.parser, plain = below, []
        elif word.startswith("-"):
            name, equals, value = word.partition("=")
            action = place.parser._option_string_actions.get(name)
            if action is not None and equals:
                place.said.setdefault(action.dest, []).append(value)
            elif action is not None and action.nargs != 0:
                waiting = action
            elif action is not None:
                place.said.setdefault(action.dest, []).append("")
        else:
            plain.append(word)
    wanted = _positionals(place.parser, plain, place.said)
    if waiting is not None:
        place.action = waiting
    elif current.startswith("--") and "=" in current:
        name, _, place.current = current.partition("=")
        place.prefix = f"{name}="
        place.action = place.parser._option_string_actions.get(name)
    elif not current.startswith("-"):
        place.action = wanted
    return place


def _below(parser: argparse.ArgumentParser, word: str) -> argparse.ArgumentParser | None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found: argparse.ArgumentParser | None = action.choices.get(word)
            return found
    return None


def _positionals(
    parser: argparse.ArgumentParser, plain: Sequence[str], said: dict[str, list[str]]
) -> argparse.Action | None:
    """Hand the plain words to the arguments in order; which one the next word is for."""
    left = list(plain)
    for action in parser._actions:
        if action.option_strings or isinstance(action, argparse._SubParsersAction):
            if isinstance(action, argparse._SubParsersAction):
                return action
            continue
        if action.nargs in ("*", "+"):
            said[action.dest] = left
            return action
        if not left:
            return action
        said[action.dest] = [left.pop(0)]
    return None


def _options(place: Place) -> Iterator[str]:
    """Options that were not said yet, or may be said again."""
    for action in place.parser._actions:
        again = isinstance(action, argparse._AppendAction)
        if action.help is not argparse.SUPPRESS and (again or action.dest not in place.said):
            yield from action.option_strings


def _values(place: Place) -> Iterator[str]:
    action = place.action
    if action is None:
        return
    if action.choices is not None:
        yield from map(str, action.choices)
        return
    match (action.metavar, action.dest):
        case (_, "inventory"):
            yield FILES
            yield from _site_inventories()
        case (_, "file") if place.parser.prog.endswith((" run", " plan")):
            yield FILES
            yield from _site_pipelines()
        case ("FILE" | "PATH", _):
            yield FILES
        case ("RUN", _):
            yield from _runs()
        case ("JOB[@HOST]", _):
            yield from _jobs(place)
        case (_, "from_task" | "task"):
            yield from _tasks(place)
        case ("HOST", _) if place.parser.prog.endswith(" login"):
            yield from _logins()
        case (_, "words") if place.parser.prog.endswith(" hosts"):
            if not place.said.get("words"):
                yield "trust"
            yield from _hosts(place)
        case (_, "limit") if action.metavar == "PATTERN":
            yield from _hosts(place)
        case (_, "param"):
            yield from _params(place)
        case ("ID", _):
            from tui.wiring import library

            yield from library().pages
        case _:
            return


# ----- from the controller that runs


def _ask(question: Callable[[ControllerClient], Awaitable[T]]) -> T | None:
    """The answer of the controller; None when none runs, or it does not answer at once."""
    import asyncio

    from runners.client.place import SOCKET_NAME
    from tui.wiring import home

    if not (home() / SOCKET_NAME).exists():
        return None

    async def ask() -> T:
        from runners.client.client import ControllerClient

        async with asyncio.timeout(ANSWER_S), ControllerClient(home()) as client:
            return await question(client)

    from runners.model.errors import OndutyError

    try:
        return asyncio.run(ask())
    except (OndutyError, TimeoutError):
        return None


def _runs() -> Iterator[str]:
    found = _ask(lambda client: client.runs(MOST_RUNS))
    if found:
        yield from (run.id for run in found)
        yield "last"


def _logins() -> Iterator[str]:
    """Whoever asks, and the hosts that wait for that."""
    for host in _ask(lambda client: client.hosts()) or ():
        if host.login is not None:
            yield from (host.login.asker, host.name)


def _document(place: Place) -> RunDocument | None:
    named = place.said.get("run")
    if not named:
        return None

    async def ask(client: ControllerClient) -> RunDocument:
        return (await client.document(await client.find(named[0]))).document

    return _ask(ask)


def _jobs(place: Place) -> Iterator[str]:
    """``job`` and ``job@host`` where the job's name is unique in the run, else with their stage."""
    document = _document(place)
    if document is None:
        return
    stages: dict[str, set[str]] = {}
    for job in document.jobs:
        stages.setdefault(job.job, set()).add(job.stage)
    names = [(job.job if len(stages[job.job]) == 1 else f"{job.stage}/{job.job}", job) for job in document.jobs]
    said = {word for words in (place.said.get("jobs"), place.said.get("job")) for word in words or ()}
    if "@" not in place.current:
        yield from (name for name, _ in names if name not in said)
    # All hosts of all jobs would be no help before a job was chosen.
    if "@" in place.current or len(names) <= MOST_RUNS:
        for name, job in names:
            if f"{name}@{job.host}" not in said:
                yield f"{name}@{job.host}"
    if "/" in place.current:
        for _, job in names:
            yield f"{job.stage}/{job.job}"
            yield f"{job.stage}/{job.job}@{job.host}"


def _tasks(place: Place) -> Iterator[str]:
    document = _document(place)
    named = place.said.get("jobs") or place.said.get("job") or []
    wanted = {word.partition("@")[0].rpartition("/")[2] for word in named}
    for job in document.jobs if document else ():
        if not wanted or job.job in wanted:
            yield from (task.name for task in job.tasks)


# ----- from files


def _site_pipelines() -> Iterator[str]:
    from tui.wiring import pipelines_of, site

    if found := site():
        yield from pipelines_of(found)


def _site_inventories() -> Iterator[str]:
    from tui.wiring import inventories_of, site

    if found := site():
        yield from inventories_of(found)


def _hosts(place: Place) -> Iterator[str]:
    """Hosts and groups of the inventory that the command would use; behind a comma the next of several."""
    from tui.cli.inventories import inventory_for
    from tui.cli.texts import inventory_problems, read_pipeline_text

    file = place.said.get("file")
    pipeline = read_pipeline_text(file[0]) if file else None
    given = place.said.get("inventory")
    text = inventory_for(pipeline, given[-1] if given else None)
    inventory = inventory_problems(text)[0] if text else None
    before = place.current[: place.current.rfind(",") + 1]
    for name in (*inventory.hosts, *inventory.groups, "all") if inventory else ():
        yield f"{before}{name}"


def _params(place: Place) -> Iterator[str]:
    """``release=``, and behind it the values that it may have."""
    from runners.spec.pipeline import read_pipeline
    from tui.cli.texts import read_pipeline_text

    file = place.said.get("file")
    if not file:
        return
    text = read_pipeline_text(file[0])
    definition, _ = read_pipeline(text.content, text.shown)
    given = {word.partition("=")[0] for word in place.said.get("param", ())}
    for name, param in definition.params.items() if definition else ():
        if name in given:
            continue
        yield f"{name}="
        for choice in getattr(param, "choices", None) or ():
            yield f"{name}={choice}"
