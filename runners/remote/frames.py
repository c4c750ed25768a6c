"""A follower's stream: lines, and between them raw bytes of logs, each announced by ``F KEY OFFSET BYTES``."""

from __future__ import annotations

from dataclasses import dataclass

MAX_LINE_BYTES = 4096


class FrameError(ValueError):
    """The stream is not what a follower sends; nothing after this can be believed."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one log. A frame that came in parts is several chunks."""

    key: str
    offset: int
    data: bytes


class FrameParser:
    """Bytes in, chunks and lines out; holds no more than one line."""

    def __init__(self) -> None:
        self._line = b""
        self._key = ""
        self._offset = 0
        self._left = 0

    def feed(self, data: bytes) -> list[Chunk | str]:
        """What ``data`` completes. Raises ``FrameError``."""
        found: list[Chunk | str] = []
        at = 0
        while at < len(data):
            if self._left:
                piece = data if at == 0 and len(data) <= self._left else data[at : at + self._left]
                found.append(Chunk(self._key, self._offset, piece))
                at += len(piece)
                self._offset += len(piece)
                self._left -= len(piece)
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._line += data[at:]
                at = len(data)
            else:
                line = (self._line + data[at:end]).decode("utf-8", "replace")
                self._line = b""
                at = end + 1
                if line.startswith("F "):
                    self._announce(line)
                else:
                    found.append(line)
            if len(self._line) > MAX_LINE_BYTES:
                raise FrameError("a line without an end")
        return found

    def _announce(self, line: str) -> None:
        words = line.split(" ")
        if len(words) != 4 or not words[2].isdigit() or not words[3].isdigit():
            raise FrameError(f"not a frame: {line!r}")
        self._key, self._offset, self._left = words[1], int(words[2]), int(words[3])
