"""Messages on the wire: a header with the length, then that many bytes of JSON.

Only cuts the stream into bodies; what is in them is for ``protocol``. A stream whose framing is broken cannot be
picked up again, since nothing in it marks where the next message begins: it ends the session.
"""

from __future__ import annotations

import asyncio
import typing

_HEADER_LIMIT = 8 * 1024
"""Bytes; real headers take about 100."""
_BODY_LIMIT = 128 * 1024 * 1024
"""Bytes; a client that opens a larger document means something else."""


class ByteReader(typing.Protocol):
    """What a session reads from; ``asyncio.StreamReader`` is one."""

    async def readline(self) -> bytes:
        """One line with its end, or what is left at the end of the stream."""
        ...

    async def readexactly(self, n: int, /) -> bytes:
        """So many bytes.

        Raises:
            asyncio.IncompleteReadError: the stream ended before.
        """
        ...


class ByteWriter(typing.Protocol):
    """What a session writes to; ``asyncio.StreamWriter`` is one."""

    def write(self, data: bytes, /) -> None:
        """Take the bytes; never waits."""
        ...

    async def drain(self) -> None:
        """Wait until the other side has taken enough of it.

        Raises:
            ConnectionError: there is no other side any more.
        """
        ...

    def close(self) -> None:
        """Say that nothing follows."""
        ...

    async def wait_closed(self) -> None:
        """Wait until everything written is gone."""
        ...


class FrameError(Exception):
    """The stream is not what the protocol says; the text names the fault and quotes nothing."""


async def read_frame(reader: ByteReader) -> bytes | None:
    """The next body; None where the stream ended, between two messages or inside one.

    Raises:
        FrameError: a header without a length, or one too long.
        OSError: the connection broke.
    """
    length: int | None = None
    taken = 0
    while True:
        try:
            line = await reader.readline()
        except ValueError:  # how a StreamReader says that a line never ends
            raise FrameError("a header line is too long") from None
        if not line.endswith(b"\n"):
            return None
        taken += len(line)
        if taken > _HEADER_LIMIT:
            raise FrameError("the header is too long")
        name, colon, value = line.strip().partition(b":")
        if not name and not colon:
            break
        if name.strip().lower() == b"content-length":
            length = _length(value)
    if length is None:
        raise FrameError("the header has no Content-Length")
    try:
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return None


def _length(value: bytes) -> int:
    digits = value.strip()
    if not digits.isdigit() or len(digits) > 12 or int(digits) > _BODY_LIMIT:
        raise FrameError("Content-Length is no number, or too large a one")
    return int(digits)


def frame(body: bytes) -> bytes:
    """The body with its header."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
