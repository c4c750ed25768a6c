"""Following a run while controllers come and go: it goes on with the next one, and ends where there is none."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest

from runners.model.errors import ControllerUnreachable
from tui.cli import follow


class Gone:
    """A controller that answers and hangs up before it says anything."""

    said: tuple[object, ...] = ()

    async def events(self, uid: str, after: int, *, follow: bool) -> AsyncGenerator[object, None]:
        for one in self.said:
            yield one
        raise ControllerUnreachable("it hung up")

    async def status(self, uid: str) -> AsyncGenerator[object, None]:
        for one in self.said:
            yield one
        raise ControllerUnreachable("it hung up")


@pytest.mark.parametrize("what", ["events", "status"])
async def test_who_follows_tries_the_next_controller_and_ends_where_none_can_be_found(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = 0

    @asynccontextmanager
    async def controller() -> AsyncIterator[Gone]:
        nonlocal found
        found += 1
        if found > 3:
            raise ControllerUnreachable("a controller holds the state folder and did not answer")
        yield Gone()

    monkeypatch.setattr(follow, "controller", controller)
    monkeypatch.setattr(follow, "PAUSE_S", 0.0)
    stream = follow.events_of("uid", follow=True) if what == "events" else follow.status_of("uid")
    with pytest.raises(ControllerUnreachable, match="did not answer"):
        await anext(stream)
    assert found == 4
