"""This machine keeps the promises about sudo, under each shell that hosts may have, with the real sudo."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from runners.model.definition import ROOT
from runners.testing.sudo_contract import SudoContract
from runners.testing.sudo_host_contract import SudoHostContract
from tests.contracts.test_transport_contract import SHELLS, LocalLab
from tests.sudo_program import SudoProgram


class LocalSudoLab(LocalLab):
    """This machine, with a sudo that can be told to refuse us."""

    def __init__(self, folder: Path, shell: Sequence[str]) -> None:
        # Another account's files in a folder of ours would stay there for ever.
        is_root = os.geteuid() == 0
        self.user = ROOT
        self.sudo = SudoProgram(folder / "bin", root_home=folder / "root" if is_root else None)
        super().__init__(folder, shell, path=self.sudo.path)

    def refuse_sudo(self) -> None:
        self.sudo.refuse()

    def allow_sudo(self) -> None:
        self.sudo.allow()


class TestLocalSudo(SudoContract, SudoHostContract):
    @pytest_asyncio.fixture(params=SHELLS)
    async def lab(self, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[LocalSudoLab]:
        shell = SHELLS[request.param]
        if shutil.which(shell[0]) is None:
            pytest.skip(f"NOT TESTED UNDER {request.param}: it is not installed")
        lab = LocalSudoLab(tmp_path, shell)
        yield lab
        # A failed test leaves its jobs waiting, which another run of this file could take for its own.
        lab.release()
        for opened in lab.transport.shells:
            opened.close()
            await opened.wait_closed()
