"""An ``upload`` task: the files that were pinned when the run was planned, and no others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator

from runners.engine.errands import ErrandLog, Verdict
from runners.engine.moving import Progress, Where, into, name_of, size_text
from runners.model.kinds import PinnedFile, PinnedSource, Transfer
from runners.model.phases import FailureKind, Result
from runners.plan.sources import SourceRefused
from runners.ports.clock import Clock
from runners.ports.courier import Courier
from runners.ports.source_files import SourceFiles
from runners.ports.transport import HostSession


class UploadErrand:
    """Sends what is not there already; doing it twice sends nothing twice."""

    needs_session = True
    repeatable = True

    def __init__(
        self,
        transfer: Transfer,
        where: Where,
        *,
        folder: str,
        pinned: PinnedSource,
        sources: SourceFiles,
        clock: Clock,
    ) -> None:
        self._transfer = transfer
        self._where = where
        self._folder = folder
        self._pinned = pinned
        self._sources = sources
        self._clock = clock

    @property
    def what(self) -> str:
        """``upload conf/app.conf``."""
        return f"upload {self._transfer.src}"

    async def do(self, log: ErrandLog, session: HostSession | None) -> Verdict:
        """Check every file here, then send one after the other."""
        assert session is not None
        if reason := await asyncio.to_thread(self._why_changed):
            await log.line(reason)
            return Verdict(result=Result.ERROR, reason=reason, kind=FailureKind.ERROR)
        courier = await session.open_courier(self._where.workdir, self._where.dir, self._where.sharers)
        progress = Progress(log, self._clock, self._pinned.size_bytes)
        try:
            for number, file in enumerate(self._pinned.files, start=1):
                await self._send(courier, file, f"{self._where.key}.{number}", log, progress)
        finally:
            await courier.close()
        return Verdict()

    def _why_changed(self) -> str:
        """Say what is not as it was pinned; empty when all is. Blocks."""
        src = self._transfer.src
        try:
            now = {file.path: file for file in self._sources.pin(self._folder, src).files}
        except SourceRefused as problem:
            return f"{problem}; nothing was sent"
        for file in self._pinned.files:
            found = now.pop(file.path, None)
            shown = f"{src.rstrip('/')}/{file.path}" if file.path else src
            if found is None:
                return f"{shown} is not there any more; nothing was sent"
            if found.sha256 != file.sha256:
                return (
                    f"{shown} changed since the run was planned (sha256 {file.sha256[:12]}, now {found.sha256[:12]}); "
                    "nothing was sent"
                )
        if now:
            return f"{src.rstrip('/')}/{next(iter(now))} was added since the run was planned; nothing was sent"
        return ""

    async def _send(self, courier: Courier, file: PinnedFile, tag: str, log: ErrandLog, progress: Progress) -> None:
        transfer = self._transfer
        dest = into(transfer.dest, name_of(transfer.src))
        if file.path:
            dest = f"{dest.rstrip('/')}/{file.path}"
        pieces = self._pieces(file, progress)
        try:
            sent = await courier.put(
                dest,
                pieces,
                size_bytes=file.size_bytes,
                sha256=file.sha256,
                mode=file.mode if transfer.mode is None else transfer.mode,
                tag=tag,
            )
        finally:
            await pieces.aclose()
        what = f"{size_text(file.size_bytes)}, sha256 {file.sha256[:12]}"
        await log.line(f"{self._where.host}:{dest} {'written' if sent else 'is the same already'}, {what}")

    async def _pieces(self, file: PinnedFile, progress: Progress) -> AsyncGenerator[bytes, None]:
        source = self._sources.read(self._folder, self._transfer.src, file.path)
        try:
            # A file that goes away now is noticed by its sum over there.
            with contextlib.suppress(OSError):
                while (piece := await asyncio.to_thread(_next, source)) is not None:
                    yield piece
                    await progress.moved(len(piece))
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()


def _next(source: Iterator[bytes]) -> bytes | None:
    return next(source, None)
