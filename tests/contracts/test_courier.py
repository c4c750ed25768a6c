"""Files moved to and from this machine, under every shell that is here."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from runners.testing.courier_contract import CourierContract
from tests.contracts.test_transport_contract import SHELLS, LocalLab


class TestLocalCourier(CourierContract):
    @pytest_asyncio.fixture(params=SHELLS)
    async def lab(self, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[LocalLab]:
        shell = SHELLS[request.param]
        if shutil.which(shell[0]) is None:
            pytest.skip(f"NOT TESTED UNDER {request.param}: it is not installed")
        lab = LocalLab(tmp_path, shell)
        yield lab
        for opened in lab.transport.shells:
            opened.close()
            await opened.wait_closed()
