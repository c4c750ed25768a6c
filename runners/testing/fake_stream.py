"""A connection to a server in memory that says one thing and ends."""

from __future__ import annotations


class FakeStream:
    """Keeps what ``ByteStream`` promises."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.sent = b""
        self.closed = False

    async def receive(self, max_bytes: int) -> bytes:
        """The next bytes."""
        data, self._answer = self._answer[:max_bytes], self._answer[max_bytes:]
        return data

    async def send(self, data: bytes) -> None:
        """Remember them."""
        if self.closed:
            raise ConnectionResetError(104, "Connection reset by peer")
        self.sent += data

    async def close(self) -> None:
        """No more."""
        self.closed = True
