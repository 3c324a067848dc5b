"""HTTP/1.1 on asyncio streams: one connection, its requests, and every way of answering them badly.

A handler gets a :class:`Request` and a :class:`Wire`. When the client leaves, the handler's task is cancelled, whatever
it is doing. This module knows nothing of models or protocols.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import h11

SIMULATED = ("x-rung-simulated", "1")
"""The header on every response: nobody may take a simulated answer for a model's."""

_BUFFERED = 2048
"""Go's server gives a content-length to bodies up to this size, and sends longer ones in chunks."""


@dataclass(frozen=True)
class Request:
    """One request, read whole."""

    method: str
    path: str
    """Without the query."""

    headers: Mapping[str, str]
    """Names in lower case."""

    body: bytes

    def parsed(self) -> Any:
        """The body as JSON, or None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Wire:
    """The answering side of one exchange."""

    def __init__(self, http: h11.Connection, writer: asyncio.StreamWriter, method: str) -> None:
        self._http = http
        self._writer = writer
        self._method = method
        self.status: int | None = None
        self.chunks = 0
        self.watch: Callable[[], None] = _nobody
        """Called whenever something was sent."""

    async def start(self, status: int, headers: Mapping[str, str], length: int | None = None) -> None:
        """Send status and headers; without a length the body goes out in chunks."""
        self.status = status
        fields = [SIMULATED, *headers.items()]
        if length is not None:
            fields.append(("content-length", str(length)))
        await self._put(h11.Response(status_code=status, headers=fields))

    async def send(self, data: bytes) -> None:
        """Send one piece of the body, as one chunk where it goes out in chunks."""
        self.chunks += 1
        await self._put(h11.Data(data=data))

    async def finish(self) -> None:
        """End the body properly."""
        await self._put(h11.EndOfMessage())

    async def respond(
        self, status: int, headers: Mapping[str, str], body: bytes, *, chunked: bool | None = None
    ) -> None:
        """Send a whole answer.

        Args:
            status: the status code.
            headers: all headers but the length.
            body: what follows; left out of an answer to HEAD.
            chunked: in chunks or with a length; None: as Go's server does, by size.
        """
        by_chunks = len(body) > _BUFFERED if chunked is None else chunked
        await self.start(status, headers, None if by_chunks else len(body))
        if body and self._method != "HEAD":
            await self.send(body)
        await self.finish()

    async def hang(self) -> None:
        """Say nothing more until the client leaves."""
        await asyncio.Event().wait()

    def reset(self) -> None:
        """Break the connection with a TCP reset."""
        raw: socket.socket | None = self._writer.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def cut(self) -> None:
        """Close the connection in the middle of the body: a proper TCP end, no HTTP end."""
        self._writer.close()

    async def _put(self, event: h11.Response | h11.Data | h11.EndOfMessage) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()
        self.watch()


def _nobody() -> None:
    """Nobody watches."""


Handler = Callable[[Request, Wire], Awaitable[None]]


class Connection:
    """One TCP connection, kept alive between requests as HTTP/1.1 does."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._http = h11.Connection(h11.SERVER)
        self._arrived = asyncio.Event()
        self._gone = asyncio.Event()

    async def run(self) -> None:
        """Answer requests until either side closes."""
        pump = asyncio.create_task(self._pump())
        try:
            while (request := await self._request()) is not None:
                await self._answer(request)
                if self._writer.is_closing() or self._http.our_state is not h11.DONE:
                    break
                self._http.start_next_cycle()
        except h11.RemoteProtocolError:
            self._writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        finally:
            pump.cancel()
            self._writer.close()

    def abort(self) -> None:
        """Close at once; what is already written still arrives."""
        self._writer.transport.abort()

    async def _pump(self) -> None:
        """Read all the time, so that the client's leaving is seen at once."""
        with contextlib.suppress(OSError):
            while data := await self._reader.read(65536):
                self._http.receive_data(data)
                self._arrived.set()
        self._gone.set()
        self._arrived.set()

    async def _request(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self._gone.is_set():
                    return None
                if self._http.they_are_waiting_for_100_continue:
                    self._writer.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                self._arrived.clear()
                await self._arrived.wait()
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
                path = head.target.decode("latin-1").partition("?")[0]
                return Request(head.method.decode("ascii"), path, headers, bytes(body))
            else:
                return None

    async def _answer(self, request: Request) -> None:
        """Run the handler until it is done or the client has left."""
        wire = Wire(self._http, self._writer, request.method)
        task = asyncio.ensure_future(self._handler(request, wire))
        gone = asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task
