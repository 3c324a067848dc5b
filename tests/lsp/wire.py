"""A JSON-RPC client that knows nothing but the wire: what it sends and gets is plain JSON.

No pygls in it, so that a test sees exactly what an editor would. Every wait has a limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

LIMIT = 20.0
"""Seconds until a wait counts as for ever; far more than anything here takes."""


def pack(*messages: Any) -> bytes:
    """The messages as they go over the wire, in one piece."""
    bodies = [json.dumps(message).encode() for message in messages]
    return b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies)


def call(msg_id: int | str, method: str, params: Any = None) -> Json:
    """A request."""
    message = {"jsonrpc": "2.0", "id": msg_id, "method": method}
    return message if params is None else {**message, "params": params}


def note(method: str, params: Any = None) -> Json:
    """A notification."""
    message = {"jsonrpc": "2.0", "method": method}
    return message if params is None else {**message, "params": params}


class Gone(AssertionError):  # noqa: N818 - it reads as a sentence where it is expected
    """The server closed the connection while the test waited for a message."""


class Client:
    """One client over two streams."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.received: list[Json] = []
        """Everything that came, in order."""
        self._unread: list[Json] = []
        self._ids = itertools.count(1)

    async def send(self, *messages: Json) -> None:
        """Send the messages in one write."""
        await self.send_raw(pack(*messages))

    async def send_raw(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await asyncio.wait_for(self.writer.drain(), LIMIT)

    async def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        await self.send(note(method, params))

    async def start(self, method: str, params: Any = None) -> int:
        """Send a request and return its id."""
        msg_id = next(self._ids)
        await self.send(call(msg_id, method, params))
        return msg_id

    async def request(self, method: str, params: Any = None) -> Json:
        """Send a request and return the whole response."""
        return await self.response(await self.start(method, params))

    async def result(self, method: str, params: Any = None) -> Any:
        """Send a request that must succeed."""
        response = await self.request(method, params)
        assert "error" not in response, response
        return response["result"]

    async def answer(self, request: Json, result: Any = None) -> None:
        """Answer a request of the server."""
        await self.send({"jsonrpc": "2.0", "id": request["id"], "result": result})

    async def response(self, msg_id: int | str | None) -> Json:
        """The response to that request."""
        return await self.expect(lambda message: "method" not in message and message.get("id") == msg_id)

    async def expect_method(self, method: str) -> Json:
        """The next notification or request of that method."""
        return await self.expect(lambda message: message.get("method") == method)

    async def expect(self, wanted: Callable[[Json], bool]) -> Json:
        """The first message not yet taken that is wanted.

        Raises:
            Gone: the connection ended.
            TimeoutError: it did not come.
        """
        for message in self._unread:
            if wanted(message):
                self._unread.remove(message)
                return message
        try:
            async with asyncio.timeout(LIMIT):
                while not wanted(message := await self._read()):
                    self._unread.append(message)
                return message
        except TimeoutError:
            raise TimeoutError(f"it did not come within {LIMIT:g} s; not taken so far: {self._unread}") from None

    async def ended(self) -> None:
        """Read until the server closes the connection."""
        with contextlib.suppress(Gone):
            await self.expect(lambda _: False)

    async def initialize(self, capabilities: Json | None = None, **params: Any) -> Json:
        """Do the handshake and return the result."""
        result = await self.result(
            "initialize", {"processId": None, "rootUri": None, "capabilities": capabilities or {}, **params}
        )
        await self.notify("initialized", {})
        assert isinstance(result, dict)
        return result

    async def open(self, uri: str, text: str, *, version: int = 1, language: str = "plaintext") -> None:
        """Open a document."""
        document = {"uri": uri, "languageId": language, "version": version, "text": text}
        await self.notify("textDocument/didOpen", {"textDocument": document})

    async def leave(self) -> None:
        """Shut down and exit as the specification says."""
        await self.result("shutdown")
        await self.notify("exit")

    async def close(self) -> None:
        """Break off."""
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def _read(self) -> Json:
        length = 0
        try:
            while (line := await self.reader.readline()) != b"\r\n":
                if not line.endswith(b"\r\n"):
                    raise Gone("the server closed the connection")
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            message = json.loads(await self.reader.readexactly(length))
        except (ConnectionError, asyncio.IncompleteReadError):
            raise Gone("the server closed the connection") from None
        assert isinstance(message, dict)
        self.received.append(message)
        return message


Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, Any]]


@contextlib.asynccontextmanager
async def paired(serve: Serve) -> AsyncIterator[tuple[Client, asyncio.Task[Any]]]:
    """A client and the session it talks to, over a socketpair in this process.

    Args:
        serve: runs the session on its end.
    """
    ours, theirs = socket.socketpair()
    session = asyncio.create_task(_session(serve, theirs), name="session")
    client = Client(*await asyncio.open_connection(sock=ours))
    try:
        yield client, session
    finally:
        await client.close()
        await within(asyncio.wait([session]))
        if not session.cancelled():
            session.exception()


async def _session(serve: Serve, sock: socket.socket) -> Any:
    reader, writer = await asyncio.open_connection(sock=sock)
    try:
        return await serve(reader, writer)
    finally:
        writer.close()


async def within(what: Awaitable[Any]) -> Any:
    """Its result, or a failure once it counts as stuck."""
    return await asyncio.wait_for(what, LIMIT)


class Process:
    """A server in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        self.process = process
        self.client = Client(process.stdout, process.stdin)

    async def finish(self) -> tuple[int, str]:
        """Wait for the process to end by itself; its exit code and all of its stderr."""
        assert self.process.stderr is not None
        errors = await within(self.process.stderr.read())
        return await within(self.process.wait()), errors.decode(errors="replace")


@contextlib.asynccontextmanager
async def spawned(script: str, *arguments: str) -> AsyncIterator[Process]:
    """A Python script as a language server on stdio; killed at the end if it is still there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    server = Process(process)
    try:
        yield server
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await server.client.close()
        await process.communicate()
