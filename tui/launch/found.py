"""Which pipelines can be started from here: those of the site, those of the current folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPipeline:
    """A file with a pipeline."""

    name: str
    path: str
    """Absolute."""
    shown: str
    """From the current folder, where that is shorter."""
    of_site: bool = False
    """``onduty.yaml`` names it, or its folder: nobody named this very file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPipelines:
    """What was found, those of the site first, and what kept the rest from being found."""

    pipelines: tuple[FoundPipeline, ...] = ()
    site: str = ""
    """The ``onduty.yaml``; empty: there is none."""
    trouble: str = ""
    """Why the site cannot be used; empty: it can, or there is none."""


def find_pipelines() -> FoundPipelines:
    """Look at the site and at the current folder; files are read, nothing is executed."""
    from runners.model.errors import InputRefused
    from runners.spec.site import Site
    from tui.wiring import pipelines_of, site

    where, trouble = None, ""
    found: dict[str, FoundPipeline] = {}
    try:
        where = site()
    except InputRefused as error:
        trouble = error.message
    except OSError as error:
        trouble = f"{error.filename or 'this folder'}: {error.strerror}"
    for places, of_site in ((where.pipelines if where else (), True), ((".",), False)):
        for place in places:
            try:
                here = Site(file="", pipelines=(os.path.abspath(place),))
                for name, paths in pipelines_of(here).items():
                    for path in paths:
                        found.setdefault(os.path.realpath(path), _found(name, path, of_site))
            except OSError as error:
                # A folder that cannot be read keeps nobody from the others.
                trouble = trouble or f"{error.filename or place}: {error.strerror}"
    return FoundPipelines(pipelines=tuple(found.values()), site=where.file if where else "", trouble=trouble)


def file_of(name: str, folder: str) -> FoundPipeline | None:
    """The only file of ``folder`` that has the pipeline ``name``; None when there is none, or several."""
    from runners.spec.site import Site
    from tui.wiring import pipelines_of

    if not folder or not Path(folder).is_dir():
        return None
    try:
        paths = pipelines_of(Site(file="", pipelines=(folder,))).get(name, ())
    except OSError:
        return None
    return _found(name, paths[0], of_site=False) if len(paths) == 1 else None


def _found(name: str, path: str, of_site: bool) -> FoundPipeline:
    from tui.cli.inventories import short_path

    return FoundPipeline(name=name, path=path, shown=short_path(path), of_site=of_site)
