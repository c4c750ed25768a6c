"""The log store on disk and the one in memory keep the same promises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runners.adapters.log_files import FileLogStore
from runners.ports.log_store import LogStore
from runners.testing.log_contract import LogStoreContract
from runners.testing.memory_store import MemoryLogStore


class TestFileLogStore(LogStoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[LogStore]:
        store = FileLogStore(tmp_path)
        yield store
        await store.close()


class TestMemoryLogStore(LogStoreContract):
    @pytest.fixture
    async def store(self) -> LogStore:
        return MemoryLogStore()
