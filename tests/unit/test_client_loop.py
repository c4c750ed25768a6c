"""What the client does to the event loop that it is made in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runners.client.client import ControllerClient


async def test_a_cancelled_wait_whose_data_came_meanwhile_is_not_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with ControllerClient(tmp_path):
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        loop.call_soon(future.set_result, None)
        future.cancel()
        await asyncio.sleep(0)
        assert caplog.records == []
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)
        assert "ZeroDivisionError" in caplog.text
