"""Which inventory a command means, and what may be done with it.

One that was named with ``-i`` is the person's own choice. One that was merely found (beside the pipeline, or through
``onduty.yaml``) may have come with somebody else's repository: nothing of it is executed, and nothing of it weakens how
hosts are recognised, before the person vouched for it. Only commands that talk to hosts execute anything at all.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from runners.model.errors import InputRefused
from tui.cli.texts import Text, inventory_problems, plain_path

if TYPE_CHECKING:
    from runners.model.inventory import Inventory

INVENTORY_NAME = "inventory.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An inventory, not read yet."""

    path: Path
    shown: str
    found: bool
    """Nobody named this very file: what it could execute or weaken needs trust."""


def choose(pipeline: Text | None, given: str | None) -> Choice | None:
    """The inventory named on the command line, else ``inventory.yaml`` beside the pipeline (without one: in this
    folder), else the only one that ``onduty.yaml`` names, else None. Raises ``InputRefused``."""
    if given is not None:
        if Path(given).expanduser().exists():
            return Choice(path=plain_path(given), shown=given, found=False)
        return _of_site(given)
    shown = str(Path(pipeline.shown).with_name(INVENTORY_NAME)) if pipeline else INVENTORY_NAME
    beside = pipeline.path.with_name(INVENTORY_NAME) if pipeline else Path.cwd() / INVENTORY_NAME
    if beside.is_file():
        return Choice(path=beside, shown=shown, found=True)
    return _of_site(None)


def choices_of(pipeline: Text) -> tuple[Choice, ...]:
    """Every inventory that could be meant where none is named: the one beside the pipeline, then those of the site.

    Raises ``InputRefused`` for a site that cannot be used.
    """
    from tui.wiring import inventories_of, site

    where = site()
    found = [Choice(path=Path(path), shown=short_path(path), found=True)
             for path in (inventories_of(where) if where else {}).values()]  # fmt: skip
    beside = pipeline.path.with_name(INVENTORY_NAME)
    if beside.is_file():
        first = Choice(path=beside, shown=str(Path(pipeline.shown).with_name(INVENTORY_NAME)), found=True)
        found = [first, *(one for one in found if one.path != beside)]
    return tuple(found)


def _of_site(name: str | None) -> Choice | None:
    from runners.spec.report import did_you_mean
    from tui.wiring import inventories_of, site

    where = site()
    known = inventories_of(where) if where else {}
    if name is not None:
        if name not in known:
            at = f" and {where.file} names no inventory of that name" if where else ""
            raise InputRefused(f"{name}: no such file{at}{did_you_mean(name, known)}")
        return Choice(path=Path(known[name]), shown=short_path(known[name]), found=True)
    if len(known) > 1:
        assert where is not None
        raise InputRefused(
            f"{where.file} names several inventories: {', '.join(known)}", hint=f"-i {next(iter(known))}"
        )
    for path in known.values():
        return Choice(path=Path(path), shown=short_path(path), found=True)
    return None


def short_path(path: str) -> str:
    """A path from this folder where that is shorter to read."""
    near = os.path.relpath(path)
    return path if near.startswith("../..") else near


def inventory_for(pipeline: Text | None, given: str | None, *, execute: bool = False) -> Text | None:
    """The chosen inventory as it was read; None when there is none.

    With ``execute`` its command is run and what it weakens is used, both only where the person allowed it.
    """
    choice = choose(pipeline, given)
    return None if choice is None else read_choice(choice, execute=execute)


def read_choice(choice: Choice, *, execute: bool) -> Text:
    """Read it. Raises ``InputRefused`` when it cannot be read, or needs trust that it has not got."""
    from runners.spec.inventory_kind import PRINTED, command_of
    from tui.wiring import inventory_command, inventory_source, is_program, refuse_writable

    if choice.found:
        refuse_writable(choice.path)
    if is_program(choice.path):
        if not execute:
            raise ProgramNotExecuted(choice.shown)
        _refuse_untrusted(choice, "is a program")
        told = inventory_command([f"./{choice.path.name}", "--list"], choice.path.parent).read()
        return Text(path=choice.path, shown=choice.shown, content=told.text)
    read = inventory_source(choice.path, choice.shown).read()
    text = Text(path=choice.path, shown=choice.shown, content=read.text, files=read.files)
    words = command_of(text.content, str(choice.path)) if execute else ()
    if words:
        _refuse_untrusted(choice, f'names a command, "{words[0]}"')
        _refuse_writable_program(words[0], choice)
        told = inventory_command(words, choice.path.parent).read()
        text = replace(text, files={**text.files, PRINTED: told.text})
    if execute and choice.found:
        inventory, _ = inventory_problems(text)
        weakened = sorted({key for key in ("known_hosts", "ssh_config") if inventory and _sets(inventory, key)})
        if weakened:
            _refuse_untrusted(choice, f"sets {' and '.join(weakened)}")
    return text


class ProgramNotExecuted(InputRefused):
    """An inventory is a program, and this command executes nothing."""

    def __init__(self, shown: str) -> None:
        from runners.spec.own_inventory import NOT_EXECUTED

        super().__init__(f"{shown}: {NOT_EXECUTED}", hint=f"{shown} --list > hosts.json")


def read_named(shown: str, *, execute: bool = False) -> Text:
    """The inventory of ``-i``; raises ``InputRefused``."""
    choice = choose(None, shown)
    assert choice is not None
    return read_choice(choice, execute=execute)


def _sets(inventory: Inventory, key: str) -> bool:
    return any(getattr(host, key) is not None for host in inventory.hosts.values())


def _refuse_untrusted(choice: Choice, why: str) -> None:
    """Let through what was named, what lies in the user's own configuration folder, and what was vouched for."""
    from tui.wiring import config_home, trust_store

    if not choice.found or choice.path.resolve().is_relative_to(config_home().resolve()):
        return
    if not trust_store().is_trusted(choice.path, choice.path.read_bytes()):
        raise InputRefused(
            f"{choice.shown} {why}; it was found and not named with -i, and nobody vouched for it as it is now; "
            "nothing was started",
            hint=f"onduty trust {choice.shown}",
        )


def _refuse_writable_program(word: str, choice: Choice) -> None:
    from tui.wiring import refuse_writable

    if choice.found and "/" in word:
        refuse_writable(choice.path.parent / Path(word).expanduser())
