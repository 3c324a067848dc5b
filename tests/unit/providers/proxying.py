"""Proxies on bare sockets: one that speaks SOCKS5, one that speaks HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[int]:
    """The port of a server that talks so with everybody who comes."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert result is None or isinstance(result, asyncio.CancelledError), result


async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Pass on all bytes between a client and a server of this machine, until one of them leaves."""
    there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await source.read(65536):
                target.write(piece)
                await target.drain()

    pumps = [asyncio.ensure_future(pump(reader, there_writer)), asyncio.ensure_future(pump(there_reader, writer))]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in pumps:
            task.cancel()
        there_writer.close()


class Socks:
    """A SOCKS5 proxy (RFC 1928, 1929) that knows one name: whatever it is asked for, it leads to one server.

    Args:
        port: of that server.
        login: user and password it wants; None: nothing.
        reply: what it says to a request; 0 is yes.
    """

    def __init__(self, port: int, login: tuple[str, str] | None = None, reply: int = 0) -> None:
        self.port = port
        self.login = login
        self.reply = reply
        self.asked: list[tuple[str, int]] = []
        """Host and port of every request it took."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        wanted = 0 if self.login is None else 2
        if wanted not in methods:
            writer.write(b"\x05\xff")
            return
        writer.write(bytes((5, wanted)))
        if self.login is not None:
            await reader.readexactly(1)
            said = tuple([(await reader.readexactly((await reader.readexactly(1))[0])).decode() for _ in range(2)])
            writer.write(b"\x01\x00" if said == self.login else b"\x01\x01")
            if said != self.login:
                return
        _, _, _, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = ".".join(str(number) for number in await reader.readexactly(4))
        self.asked.append((host, int.from_bytes(await reader.readexactly(2), "big")))
        writer.write(bytes((5, self.reply, 0, 1, 0, 0, 0, 0, 0, 0)))
        if not self.reply:
            await join(reader, writer, self.port)


class Tunnel:
    """An HTTP proxy that is asked to connect: it leads to one server, or answers with a status.

    Args:
        port: of that server.
        status: its answer.
    """

    def __init__(self, port: int, status: str = "200 OK") -> None:
        self.port = port
        self.status = status
        self.heads: list[str] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(f"HTTP/1.1 {self.status}\r\n\r\n".encode())
        if self.status.startswith("200"):
            await join(reader, writer, self.port)


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Take all, and say nothing."""
    while await reader.read(65536):
        pass


def saying(words: bytes) -> Talk:
    """Say this to the first words, and leave."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(words)

    return talk
