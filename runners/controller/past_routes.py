"""The routes that tell what went before: the history of a pipeline, and what a run has behind it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runners.controller.answers import json_of, number
from runners.engine.engine import Engine


class PastRoutes:
    """Each one asks the engine; none changes anything."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def history(self, request: Request) -> Response:
        """Earlier runs of a pipeline, newest first, and how they usually go."""
        name, environment = request.path_params["name"], request.query_params.get("environment", "")
        return json_of(await self._engine.pasts.history(name, number(request, "limit", 20), environment))

    async def usual(self, request: Request) -> Response:
        """How long runs like this one usually take."""
        return json_of(await self._engine.pasts.usual(request.path_params["uid"]))

    async def before(self, request: Request) -> Response:
        """What changed since the last good run, and whether the failure of ``?job=``, or the first, was seen before."""
        uid, job_run = request.path_params["uid"], request.query_params.get("job", "")
        return json_of(await self._engine.pasts.before(uid, job_run))
