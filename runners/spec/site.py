"""``onduty.yaml``: where a site keeps its pipelines, inventories and runbooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import normpath

from runners.model.problems import Problem

SITE_NAME = "onduty.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Files and folders, all absolute, in the order in which they were named."""

    file: str
    """The ``onduty.yaml`` itself."""
    pipelines: tuple[str, ...] = ()
    inventories: tuple[str, ...] = ()
    runbooks: tuple[str, ...] = ()


def read_site(text: str | bytes, file: str, home: str) -> tuple[Site | None, tuple[Problem, ...]]:
    """Read a site's file; ``file`` is its absolute path. None exactly when there are problems.

    Relative paths start beside the file, ``~/`` at ``home``.
    """
    # Most folders have no such file, and the screen looks for one before its first frame.
    from runners.spec.models import SiteModel
    from runners.spec.nodes import read_tree
    from runners.spec.report import Report, in_order
    from runners.spec.translate import validate

    tree, problems = read_tree(text, file)
    report = Report(file)
    report.problems.extend(problems)
    if tree is None:
        return None, in_order(report.problems)
    model: SiteModel | None = validate(SiteModel, tree, report)
    if model is None or report.problems:
        return None, in_order(report.problems)
    whole = absolute_from(str(PurePosixPath(file).parent), home)
    return (
        Site(
            file=file,
            pipelines=tuple(whole(path) for path in model.pipelines),
            inventories=tuple(whole(path) for path in model.inventories),
            runbooks=tuple(whole(path) for path in model.runbooks),
        ),
        (),
    )


def absolute_from(folder: str, home: str) -> Callable[[str], str]:
    """What makes a path whole: relative ones start at ``folder``, ``~/`` at ``home``."""

    def absolute(path: str) -> str:
        if path == "~" or path.startswith("~/"):
            return normpath(f"{home}/{path[2:]}")
        return normpath(str(PurePosixPath(folder) / path))

    return absolute
