"""What waits to be written to one client.

Nobody who sends ever waits for the client: messages go into the outbox and one task carries them out, in order. A
client that stops reading first loses progress (whoever sends it asks :attr:`Outbox.congested`), and when so much
waits that it will not come back, the session.
"""

from __future__ import annotations

import asyncio
from collections import deque

from rung.lsp.frames import ByteWriter

_BATCH = 64 * 1024


class Outbox:
    """The queue and the task's body (:meth:`run`)."""

    def __init__(self, writer: ByteWriter, *, congested_at: int = 1 << 20, limit: int = 64 << 20) -> None:
        """Make it; nothing is written before :meth:`run`.

        Args:
            writer: where everything goes.
            congested_at: bytes waiting from which on progress is no longer worth sending.
            limit: bytes waiting from which on the client counts as gone.
        """
        self._writer = writer
        self._congested_at = congested_at
        self._limit = limit
        self._frames: deque[bytes] = deque()
        self._waiting = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self.overflow = asyncio.Event()
        """Set when the client has stopped reading for good."""

    @property
    def congested(self) -> bool:
        """Whether the client has fallen so far behind that progress would only cost memory."""
        return self._waiting >= self._congested_at

    def write(self, data: bytes) -> None:
        """Queue one whole message; dropped without a word once the session is over."""
        if self._closed:
            return
        self._frames.append(data)
        self._waiting += len(data)
        self._idle.clear()
        self._wake.set()
        if self._waiting > self._limit:
            self.overflow.set()
            self.close()

    async def run(self) -> None:
        """Carry messages out until closed.

        Raises:
            OSError: the client is gone.
        """
        try:
            while not self._closed:
                await self._wake.wait()
                while self._frames:
                    batch = self._batch()
                    self._writer.write(batch)
                    await self._writer.drain()
                    self._waiting -= len(batch)
                self._wake.clear()
                self._idle.set()
        finally:
            self.close()

    def close(self) -> None:
        """Take nothing more; what waits is lost."""
        self._closed = True
        self._frames.clear()
        self._waiting = 0
        self._idle.set()
        self._wake.set()

    async def flush(self, limit: float) -> None:
        """Wait until everything is carried out, for at most ``limit`` seconds."""
        try:
            await asyncio.wait_for(self._idle.wait(), limit)
        except TimeoutError:
            return

    def _batch(self) -> bytes:
        parts = [self._frames.popleft()]
        size = len(parts[0])
        while self._frames and size + len(self._frames[0]) <= _BATCH:
            parts.append(self._frames.popleft())
            size += len(parts[-1])
        return b"".join(parts)
