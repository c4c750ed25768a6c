"""Files moved to and from this machine, under every shell that is here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from runners.testing.courier_contract import CourierContract
from tests.contracts.test_transport_contract import SHELLS, LocalLab, local_lab


class TestLocalCourier(CourierContract):
    @pytest_asyncio.fixture(params=SHELLS)
    async def lab(self, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[LocalLab]:
        async with local_lab(tmp_path, request.param) as lab:
            yield lab
