"""A ``download`` task: files of the host into the run's own folder on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

from runners.engine.errands import ErrandLog, Verdict
from runners.engine.moving import Progress, Where, into, name_of, size_text
from runners.model.errors import HostRefused
from runners.model.kinds import Transfer
from runners.model.phases import FailureKind, Result
from runners.ports.clock import Clock
from runners.ports.courier import Courier, HostFile
from runners.ports.run_files import Landing, RunFiles
from runners.ports.transport import HostSession


class DownloadErrand:
    """Fetches all of it; doing it twice replaces what came."""

    needs_session = True
    repeatable = True

    def __init__(self, transfer: Transfer, where: Where, *, files: RunFiles, clock: Clock) -> None:
        self._transfer = transfer
        self._where = where
        self._files = files
        self._clock = clock

    @property
    def what(self) -> str:
        """``download /var/log/app.log``."""
        return f"download {self._transfer.src}"

    async def do(self, log: ErrandLog, session: HostSession | None) -> Verdict:
        """List, then fetch one after the other."""
        assert session is not None
        src, where = self._transfer.src, self._where
        courier = await session.open_courier(where.workdir, where.dir, where.sharers)
        try:
            listing = await courier.list(src)
            dest = into(self._transfer.dest, name_of(src))
            place = self._files.place(where.run, where.attempt, dest)
            progress = Progress(log, self._clock, sum(file.size_bytes for file in listing.files))
            for file in listing.files:
                await self._fetch(courier, file, dest, log, progress)
            for path in listing.left_out:
                await log.line(f"{src.rstrip('/')}/{path} left out: neither a file nor a folder")
        except (OSError, ValueError) as problem:
            reason = f"{getattr(problem, 'strerror', None) or problem}, while {src} was written here"
            return Verdict(result=Result.ERROR, reason=reason, kind=FailureKind.ERROR)
        finally:
            await courier.close()
        if listing.folder and not listing.files:
            await log.line(f"{src} holds no file")
        return Verdict(files=(place,) if listing.files else ())

    async def _fetch(self, courier: Courier, file: HostFile, dest: str, log: ErrandLog, progress: Progress) -> None:
        src = self._transfer.src
        from_path = f"{src.rstrip('/')}/{file.path}" if file.path else src
        to_path = f"{dest.rstrip('/')}/{file.path}" if file.path else dest
        landing = await self._files.land(self._where.run, self._where.attempt, to_path)
        digest = hashlib.sha256()
        try:
            theirs = await courier.get(from_path, file.size_bytes, _taker(landing, digest.update, progress))
            if theirs != digest.hexdigest():
                raise HostRefused(
                    f"{self._where.host}: {from_path} arrived with another sha256 than it has there (it changed while "
                    "it was read?); it was not kept"
                )
            kept = await landing.keep()
        finally:
            await landing.drop()
        await log.line(f"{kept} written, {size_text(file.size_bytes)}, sha256 {theirs[:12]}")


def _taker(
    landing: Landing, update: Callable[[bytes], object], progress: Progress
) -> Callable[[bytes], Awaitable[None]]:
    async def take(data: bytes) -> None:
        if data:
            update(data)
            await landing.write(data)
            await progress.moved(len(data))

    return take
