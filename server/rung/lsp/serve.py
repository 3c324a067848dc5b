"""Run sessions: one over a pair of streams (:func:`serve`), any number over TCP (:func:`listen_tcp`)."""

from __future__ import annotations

import asyncio
import logging
import typing

from rung.lsp.failures import where
from rung.lsp.frames import ByteReader, ByteWriter, FrameError, read_frame
from rung.lsp.outbox import Outbox
from rung.lsp.parent import gone

if typing.TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rung.lsp.server import Server

_E = typing.TypeVar("_E")
_log = logging.getLogger(__name__)

_FLUSH = 1.0
"""Seconds a client has to take the last answers."""


async def serve(
    reader: ByteReader,
    writer: ByteWriter,
    engine: _E,
    *,
    build: Callable[[_E], Server] | None = None,
    watch_parent: bool = False,
) -> int:
    """Run one session until the client exits, breaks off or stops reading.

    Everything the session runs is cancelled and awaited before this returns, also when it is cancelled itself. The
    engine is left alone: other sessions may share it.

    Args:
        reader: from the client.
        writer: to the client; closed at the end.
        engine: handed to ``build``.
        build: makes the session's server with its handlers; None: Rung's own, for which ``engine`` is an Engine.
        watch_parent: also end when the process that ``initialize`` names has died. For a client on this machine only.

    Returns:
        The exit code that the specification asks for: 0 after ``shutdown``, else 1.
    """
    server = (build or _own_build())(engine)
    outbox = Outbox(writer)
    server.protocol.set_writer(outbox)
    roads = [
        asyncio.create_task(_read(server, reader), name="read"),
        asyncio.create_task(_write(outbox), name="write"),
        asyncio.create_task(server.closing.wait(), name="closing"),
        asyncio.create_task(outbox.overflow.wait(), name="overflow"),
    ]
    if watch_parent:
        roads.append(asyncio.create_task(_parent(server), name="parent"))
    try:
        await asyncio.wait(roads, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await server.close()
        await outbox.flush(_FLUSH)
        for road in roads:
            road.cancel()
        await asyncio.gather(*roads, return_exceptions=True)
        await _close(writer)
    return server.exit_code


def _own_build() -> Callable[[typing.Any], Server]:
    from rung.lsp.handlers import build  # noqa: PLC0415 - the transport knows no handlers unless nobody brings any

    return build


async def _read(server: Server, reader: ByteReader) -> None:
    try:
        while not server.closing.is_set():
            body = await read_frame(reader)
            if body is None:
                return
            server.protocol.receive(body)
            # A handler's first step runs before the next message is looked at: it sees the documents as they were
            # when its message was sent, even if the change that follows is already here.
            await asyncio.sleep(0)
    except FrameError as error:
        _log.warning("the client's stream is broken: %s", error)
    except OSError as error:
        _log.debug("the client is gone: %s", type(error).__name__)


async def _write(outbox: Outbox) -> None:
    try:
        await outbox.run()
    except OSError as error:
        _log.debug("the client takes no more: %s", type(error).__name__)


async def _parent(server: Server) -> None:
    await server.started.wait()
    await gone(server.process_id)
    _log.warning("the editor's process has ended; so does its session")


async def _close(writer: ByteWriter) -> None:
    writer.close()
    try:
        await asyncio.wait_for(writer.wait_closed(), _FLUSH)
    except TimeoutError:
        if isinstance(writer, asyncio.StreamWriter):
            writer.transport.abort()  # what it has not taken by now it never will
    except OSError as error:
        _log.debug("the client had gone before the end: %s", type(error).__name__)


class Listener:
    """A socket on which each connection gets a session of its own around one engine."""

    def __init__(
        self, handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], typing.Awaitable[object]]
    ) -> None:
        self._handle = handle
        self._sessions: set[asyncio.Task[None]] = set()
        self._socket: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._socket is not None
        return int(self._socket.sockets[0].getsockname()[1])

    async def open(self, host: str, port: int) -> None:
        """Begin to listen.

        Raises:
            OSError: the address is taken or not ours.
        """
        self._socket = await asyncio.start_server(self._connected, host, port)

    async def forever(self) -> None:
        """Accept clients until cancelled."""
        assert self._socket is not None
        await self._socket.serve_forever()

    async def close(self) -> None:
        """Accept no more, and end the sessions."""
        if self._socket is not None:
            self._socket.close()
        for session in self._sessions:
            session.cancel()
        if self._sessions:
            await asyncio.wait(self._sessions)

    async def __aenter__(self) -> typing.Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A plain function: what asyncio starts for a coroutine would log texts if it failed.
        task = asyncio.get_running_loop().create_task(self._session(reader, writer), name="session")
        self._sessions.add(task)
        task.add_done_callback(self._ended)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._handle(reader, writer)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sessions.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a session failed: %s", where(error))


async def listen_tcp(host: str, port: int, engine: _E, *, build: Callable[[_E], Server]) -> Listener:
    """Listen on a TCP port; whoever reaches it may use the engine, so the host should be a loopback address.

    Args:
        host: address to listen on.
        port: 0 for any that is free; :attr:`Listener.port` tells.
        engine: shared by all sessions.
        build: makes each session's server.

    Returns:
        The listener, already accepting; close it, or use it with ``async with``.

    Raises:
        OSError: the address is taken or not ours.
    """
    listener = Listener(lambda reader, writer: serve(reader, writer, engine, build=build))
    await listener.open(host, port)
    return listener
